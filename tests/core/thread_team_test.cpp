#include "models/core/thread_team.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rheo {
namespace {

class Team : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Team, CoversEveryIndexOnceInPartsOfWholeGrains) {
  ThreadTeam team(GetParam());
  EXPECT_EQ(team.size(), GetParam());
  for (const std::size_t grain : {1U, 3U, 16U, 100U}) {
    for (std::size_t count = 0; count <= 70; ++count) {
      std::vector<int> visits(count);
      std::mutex mutex;
      std::vector<std::pair<std::size_t, std::size_t>> parts;
      team.for_ranges(count, grain, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) ++visits[i];  // each index is one thread's
        const std::lock_guard lock(mutex);
        parts.emplace_back(first, last);
      });
      ASSERT_EQ(visits, std::vector<int>(count, 1)) << count << " by " << grain;
      ASSERT_LE(parts.size(), team.size());
      for (const auto& [first, last] : parts) {
        ASSERT_LT(first, last) << "no empty part";
        ASSERT_EQ(first % grain, 0U);
        ASSERT_TRUE(last % grain == 0 || last == count);
      }
    }
  }
}

TEST_P(Team, UsesAllItsThreadsAndTheCallerIsOne) {
  ThreadTeam team(GetParam());
  std::mutex mutex;
  std::set<std::thread::id> threads;
  team.for_ranges(64, 1, [&](std::size_t, std::size_t) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(threads.size(), GetParam());
  EXPECT_TRUE(threads.contains(std::this_thread::get_id()));
}

TEST_P(Team, ManyRoundsInARowSeeEachOthersResults) {
  ThreadTeam team(GetParam());
  std::vector<std::size_t> values(97);
  std::iota(values.begin(), values.end(), std::size_t{0});
  std::vector<std::size_t> next(values.size());
  constexpr std::size_t rounds = 3000;
  for (std::size_t round = 0; round < rounds; ++round) {
    team.for_ranges(values.size(), 1, [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) next[i] = values[(i + 1) % values.size()];
    });
    values.swap(next);
  }
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], (i + rounds) % values.size());
}

TEST_P(Team, AnExceptionOfAnyPartReachesTheCallerAfterAllPartsEnded) {
  ThreadTeam team(GetParam());
  constexpr std::size_t count = 12;
  for (std::size_t bad = 0; bad < count; ++bad) {
    std::atomic<int> running{0};
    std::atomic<int> ended{0};
    std::string message;
    try {
      team.for_ranges(count, 1, [&](std::size_t first, std::size_t last) {
        ++running;
        if (first <= bad && bad < last) {
          ++ended;
          throw std::runtime_error("part with " + std::to_string(bad));
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        ++ended;
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    EXPECT_EQ(message, "part with " + std::to_string(bad));
    EXPECT_EQ(running, ended);
  }
  // The team still works.
  std::atomic<std::size_t> sum{0};
  team.for_ranges(count, 1, [&](std::size_t first, std::size_t last) { sum += last - first; });
  EXPECT_EQ(sum, count);
}

TEST_P(Team, OfSeveralExceptionsOneReachesTheCaller) {
  ThreadTeam team(GetParam());
  for (int round = 0; round < 100; ++round) {
    EXPECT_THROW(team.for_ranges(8, 1, [](std::size_t, std::size_t) { throw std::invalid_argument("every part"); }),
                 std::invalid_argument);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Team, ::testing::Values(1, 2, 3));

TEST(ThreadTeam, OfSizeZeroIsTheCallerAlone) {
  ThreadTeam team(0);
  EXPECT_EQ(team.size(), 1U);
  std::size_t visited = 0;
  team.for_ranges(5, 2, [&](std::size_t first, std::size_t last) { visited += last - first; });
  EXPECT_EQ(visited, 5U);
}

TEST(ThreadTeam, SmallWorkStaysWithTheCaller) {
  ThreadTeam team(3);
  team.for_ranges(16, 16, [caller = std::this_thread::get_id()](std::size_t first, std::size_t last) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(first, 0U);
    EXPECT_EQ(last, 16U);
  });
}

TEST(ThreadTeam, TeamsThatNeverWorkedEndQuietly) {
  for (int i = 0; i < 50; ++i) ThreadTeam team(3);
}

}  // namespace
}  // namespace rheo
