#include "models/digital/burst_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace rheo {
namespace {

/// A memory that serves one burst at a time, each for `service` ticks, and answers `latency` later.
class Memory {
 public:
  Memory(std::uint64_t service, std::uint64_t latency) : service_(service), latency_(latency) {}
  std::uint64_t serve(std::uint64_t now) {
    free_ = std::max(free_, now) + service_;
    return free_ + latency_;
  }

 private:
  std::uint64_t service_, latency_, free_ = 0;
};

struct Case {
  std::uint64_t chunks, items;
  BurstSchedule::Law law;
  std::uint64_t service, latency;  ///< of the memory
  bool writes = true;
};

/// Plays a command with a read and a write for each portion, each to a memory of its own; returns its end.
std::uint64_t play(const Case& c) {
  BurstSchedule schedule(c.chunks, c.items, c.law, 0);
  Memory source(c.service, c.latency);
  Memory sink(c.service, c.latency);
  std::uint64_t now = 0;
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  const std::uint64_t writes = c.writes ? c.chunks : 0;
  while (true) {
    schedule.arrived_before(read);
    if (read == c.chunks && written == writes) return schedule.end();
    const std::uint64_t read_from = read < c.chunks ? schedule.read_from(read) : BurstSchedule::never;
    const std::uint64_t write_from = written < writes ? schedule.write_from(written) : BurstSchedule::never;
    now = std::max(now, std::min(read_from, write_from));
    if (write_from <= read_from) {
      schedule.written(now, sink.serve(now));
      ++written;
    } else {
      schedule.read(read, now, source.serve(now));
      ++read;
    }
  }
}

TEST(BurstScheduleTest, OneAtATimePaysTheRoundTripOfEveryBurst) {
  // Each read begins when the one before has ended: (10 + 90) each; the last one is worked on and written.
  EXPECT_EQ(play({20, 20, {1, 5, 1}, 10, 90}), 20 * 100 + 5 + 100U);
}

TEST(BurstScheduleTest, EnoughInFlightHidesTheRoundTrip) {
  // The memory is busy all the time: a burst every 10 ticks.
  EXPECT_EQ(play({20, 20, {1, 5, 16}, 10, 90}), 20 * 10 + 90 + 5 + 100U);
}

TEST(BurstScheduleTest, ThroughputIsWhatIsInFlightOverTheRoundTrip) {
  for (const std::uint64_t outstanding : {1, 2, 5}) {
    const std::uint64_t end = play({1000, 1000, {0, 0, outstanding}, 1, 99, false});
    EXPECT_NEAR(static_cast<double>(end), 1000.0 * 100 / static_cast<double>(outstanding), 100);
  }
}

TEST(BurstScheduleTest, ASlowUnitDecides) {
  // The first portion arrives at 100; 20 portions of 3 items, 50 ticks an item; the last result is written.
  EXPECT_EQ(play({20, 60, {50, 70, 4}, 10, 90}), 100 + 59 * 50 + 70 + 100U);
}

TEST(BurstScheduleTest, NoMoreIsReadThanThereIsRoomFor) {
  BurstSchedule schedule(6, 6, {1000, 1000, 2}, 0);
  for (std::uint64_t chunk = 0; chunk < 2; ++chunk) {
    EXPECT_EQ(schedule.read_from(chunk), 0U);
    schedule.read(chunk, 0, 10 + chunk);
  }
  schedule.arrived_before(2);
  EXPECT_EQ(schedule.read_from(2), 10U);  // portion 0 has begun, and a read has ended
  schedule.read(2, 10, 20);
  schedule.arrived_before(3);
  EXPECT_EQ(schedule.read_from(3), 1010U);  // portion 1 begins when portion 0 has had its interval
}

TEST(BurstScheduleTest, ResultsOfAPortionThatHasNotArrivedAreNotWritten) {
  BurstSchedule schedule(2, 2, {10, 30, 8}, 5);
  EXPECT_EQ(schedule.write_from(0), BurstSchedule::never);
  schedule.read(0, 5, 25);
  schedule.arrived_before(1);
  EXPECT_EQ(schedule.write_from(0), 55U);
  EXPECT_EQ(schedule.write_from(1), BurstSchedule::never);
}

TEST(BurstScheduleTest, WithoutReadsTheWorkBeginsAtOnce) {
  BurstSchedule schedule(3, 3, {10, 10, 1}, 100);
  schedule.arrived_before(3);
  EXPECT_EQ(schedule.write_from(0), 110U);
  EXPECT_EQ(schedule.write_from(2), 130U);
  EXPECT_EQ(schedule.end(), 130U);
}

}  // namespace
}  // namespace rheo
