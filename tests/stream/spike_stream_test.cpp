#include "models/stream/spike_stream.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "tests/stream/streams.hpp"

namespace rheo::stream {
namespace {

using namespace rheo::stream::testing;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using SpikeStreamTest = rheo::testing::SystemCTest;

struct Link {
  Link(const SpikeStreamParameters& parameters, std::uint64_t reader_interval = 1)
      : stream("stream", parameters, 1),
        source("source", stage_context(), always_ready(), parameters.frame_bits, stream),
        sink("sink", stream, reader_interval) {}
  SpikeStream stream;
  DmaIn source;
  Sink sink;
};

TEST_F(SpikeStreamTest, AWordIsReadTheCycleAfterItWasWritten) {
  Link link({1, 1, 2, 4});
  link.source.send(packed({1, 0, 1, 1}));
  sc_core::sc_start();
  EXPECT_THAT(link.sink.cycles, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(link.sink.spikes, ElementsAre(1, 0, 1, 1));
}

TEST_F(SpikeStreamTest, DepthOneTakesTwoCyclesAWord) {
  Link link({1, 1, 1, 4});
  link.source.send(packed({1, 0, 1, 1}));
  sc_core::sc_start();
  // Written in 0, 2, 4, 6: a read in cycle c makes room for cycle c + 1.
  EXPECT_THAT(link.sink.cycles, ElementsAre(1, 3, 5, 7));
  EXPECT_EQ(link.stream.peak_bits(), 1U);
}

TEST_F(SpikeStreamTest, ASlowReaderHoldsTheWriterBack) {
  // The reader takes a word every 3 cycles: 1, 4, 7, ... The writer is ahead by the depth: word n waits for the read of
  // word n - 4 and so is written one cycle after it.
  Link link({1, 1, 4, 16}, 3);
  std::mt19937_64 random(1);
  link.source.send(packed(random_spikes(random, 16, 0.5)));
  sc_core::sc_start();
  ASSERT_EQ(link.sink.cycles.size(), 16U);
  for (std::size_t n = 0; n < 16; ++n) EXPECT_EQ(link.sink.cycles[n], 1 + 3 * n);
  EXPECT_EQ(link.stream.last_write(), link.sink.cycles[16 - 4 - 1] + 1);
  EXPECT_EQ(link.stream.peak_bits(), 4U);
}

TEST_F(SpikeStreamTest, ADeepFifoFillsAsFarAsTheReaderIsBehind) {
  // 32 words written in cycles 0 to 31, one read in 1, 3, 5, ...: after the write in cycle c there are c + 1 - floor(c
  // / 2) words, in cycle 31 that is 32 - 15 = 17.
  Link link({1, 1, 1000, 32}, 2);
  std::mt19937_64 random(1);
  link.source.send(packed(random_spikes(random, 32, 0.5)));
  sc_core::sc_start();
  EXPECT_EQ(link.stream.last_write(), 31U);
  EXPECT_EQ(link.stream.peak_bits(), 17U);
}

/// Reads a word, rests for a while, reads the next one.
class FitfulReader : public Stage {
 public:
  FitfulReader(const sc_core::sc_module_name& name, SpikeStream& in, std::vector<Cycle> rests)
      : Stage(name, stage_context(), {}), in_(in), rests_(std::move(rests)) {
    in_.connect_reader(*this);
  }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {}; }
  std::vector<Cycle> cycles;

 private:
  void work() override {
    while (in_.ready_to_read()) {
      const Cycle cycle = std::max(next_, in_.data_from());
      in_.read(cycle);
      step(cycle);
      rest_until(cycle + rests_[cycles.size()]);
      cycles.push_back(cycle);
    }
  }
  SpikeStream& in_;
  std::vector<Cycle> rests_;
};

class FillTest : public SpikeStreamTest, public ::testing::WithParamInterface<std::tuple<int, unsigned, unsigned>> {};

TEST_P(FillTest, CyclesAndPeakAreThoseOfAWordByWordCount) {
  const auto [seed, w, r] = GetParam();
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  constexpr std::uint64_t bits = 1200;
  const std::uint64_t depth = 2 + random() % 12;
  const std::uint64_t capacity = depth * std::max(w, r);
  // Calm and busy phases of the reader.
  std::vector<Cycle> rests(bits / r);
  for (std::size_t i = 0; i < rests.size(); ++i) rests[i] = i / 20 % 3 == 0 ? 0 : random() % (i / 20 % 3 * 4);
  SpikeStream stream("stream", {w, r, depth, bits}, 1);
  DmaIn source("source", stage_context(), {1U << 20, 0, 0}, bits, stream);
  FitfulReader reader("reader", stream, rests);
  source.send(packed(Spikes(bits, 1)));
  sc_core::sc_start();

  // Cycle after cycle: both look at the state at its beginning.
  std::vector<Cycle> reads;
  std::uint64_t written = 0, read = 0, peak = 0, ready_from = 0;
  for (Cycle cycle = 0; read < bits / r; ++cycle) {
    const bool writes = written < bits / w && written * w + w - read * r <= capacity;
    const bool takes = cycle >= ready_from && (read + 1) * r <= written * w;
    peak = std::max(peak, (written + (writes ? 1 : 0)) * w - read * r);
    if (takes) {
      reads.push_back(cycle);
      ready_from = cycle + 1 + rests[read];
      ++read;
    }
    if (writes) ++written;
  }
  EXPECT_EQ(reader.cycles, reads);
  EXPECT_EQ(stream.peak_bits(), peak);
}

INSTANTIATE_TEST_SUITE_P(Readers, FillTest,
                         ::testing::Combine(::testing::Range(1, 9), ::testing::Values(1U, 2U, 6U),
                                            ::testing::Values(1U, 2U, 5U)));

class WidthTest : public SpikeStreamTest, public ::testing::WithParamInterface<std::pair<unsigned, unsigned>> {};

TEST_P(WidthTest, ChangingTheWidthKeepsOrderAndTakesTheSlowerSidesCycles) {
  const auto [write_bits, read_bits] = GetParam();
  Link link({write_bits, read_bits, 4, 240});
  std::mt19937_64 random(7);
  std::vector<Spikes> frames;
  Spikes all;
  for (int i = 0; i < 5; ++i) {
    frames.push_back(random_spikes(random, 240, 0.3));
    all.insert(all.end(), frames.back().begin(), frames.back().end());
  }
  send_all(link.source, frames);
  sc_core::sc_start();
  EXPECT_EQ(link.sink.spikes, all);
  EXPECT_EQ(link.stream.bits_read(), link.stream.bits_written());
  EXPECT_EQ(link.stream.spikes(), static_cast<std::uint64_t>(std::count(all.begin(), all.end(), 1)));
  const Cycle slower = 240 / std::min(write_bits, read_bits);
  const std::vector<Cycle> distances = intervals(link.sink.frame_ends());
  EXPECT_THAT(std::vector<Cycle>(distances.begin() + 1, distances.end()), Each(slower));
}

INSTANTIATE_TEST_SUITE_P(Widths, WidthTest,
                         ::testing::Values(std::pair{1U, 1U}, std::pair{1U, 8U}, std::pair{8U, 1U}, std::pair{3U, 5U},
                                           std::pair{5U, 3U}, std::pair{80U, 16U}, std::pair{16U, 80U},
                                           std::pair{240U, 1U}, std::pair{24U, 24U}));

/// Reads nothing before it is opened.
class Gate : public Stage {
 public:
  Gate(const sc_core::sc_module_name& name, SpikeStream& in) : Stage(name, stage_context(), {}), in_(in) {
    in_.connect_reader(*this);
  }
  void open_after(Cycle cycle) {
    open_ = true;
    rest_until(cycle);
    wake_after(cycle);
  }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {}; }

 private:
  void work() override {
    if (open_) worked(in_.read_run(next_, 1000));
  }
  SpikeStream& in_;
  bool open_ = false;
};

TEST_F(SpikeStreamTest, AWriterWhoseReaderCannotGoOnWaitsForIt) {
  SpikeStream stream("stream", {1, 1, 4, 16}, 1);
  DmaIn source("source", stage_context(), always_ready(), 16, stream);
  Gate gate("gate", stream);
  source.send(packed(Spikes(16, 1)));
  sc_core::sc_start();
  EXPECT_EQ(stream.words_written(), 4U);
  gate.open_after(99);
  sc_core::sc_start();
  EXPECT_EQ(stream.words_written(), 16U);
  EXPECT_EQ(stream.words_read(), 16U);
  EXPECT_EQ(gate.now(), 100U + 16U);  // a word a cycle from 100 on
}

TEST_F(SpikeStreamTest, TimeOfTheKernelEndsWithTheLastWord) {
  Link link({1, 1, 2, 4});
  link.source.send(packed({1, 0, 1, 1}));
  sc_core::sc_start();
  // The reader is woken at the end of cycle 3, in which the last word was written.
  EXPECT_EQ(sc_core::sc_time_stamp(), sc_core::sc_time(4 * 5, sc_core::SC_NS));
}

TEST_F(SpikeStreamTest, WidthsThatBlockEachOtherAreRefused) {
  // 5 bits may hold 3 unread bits and then have no room for the next 3.
  EXPECT_THROW(
      {
        try {
          SpikeStream stream("stream", {3, 5, 1, 15}, 1);
        } catch (const InputError& error) {
          EXPECT_THAT(error.what(), HasSubstr("expected at least 2"));
          throw;
        }
      },
      InputError);
}

}  // namespace
}  // namespace rheo::stream
