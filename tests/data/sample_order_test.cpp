#include "workloads/data/sample_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "workloads/data/word_stream.hpp"

namespace rheo {
namespace {

TEST(SampleOrder, IsAPermutation) {
  for (const std::size_t count : {0u, 1u, 2u, 10u, 60000u}) {
    std::vector<std::uint32_t> order = sample_order(count, 7, 3);
    std::sort(order.begin(), order.end());
    std::vector<std::uint32_t> expected(count);
    std::iota(expected.begin(), expected.end(), 0u);
    EXPECT_EQ(order, expected);
  }
}

TEST(SampleOrder, DependsOnSeedAndEpochAlone) {
  const std::uint64_t high = std::uint64_t{1} << 32;
  const auto order = sample_order(1000, 7, 3);
  EXPECT_EQ(order, sample_order(1000, 7, 3));
  EXPECT_NE(order, sample_order(1000, 7, 4));
  EXPECT_NE(order, sample_order(1000, 8, 3));
  EXPECT_NE(order, sample_order(1000, 7 + high, 3));
  EXPECT_NE(order, sample_order(1000, 7, 3 + high));
}

/// The order of a recorded run must stay what it was.
TEST(SampleOrder, StaysWhatItIs) {
  EXPECT_EQ(sample_order(8, 1, 0), (std::vector<std::uint32_t>{1, 7, 2, 3, 5, 6, 0, 4}));
}

/// 24 permutations of 4 samples over 24,000 epochs, 1000 expected each: chi-square with 23 degrees of freedom exceeds
/// 49.7 once in a thousand.
TEST(SampleOrder, EveryPermutationIsAsLikely) {
  std::map<std::vector<std::uint32_t>, int> seen;
  for (std::uint64_t epoch = 0; epoch < 24000; ++epoch) ++seen[sample_order(4, 1, epoch)];
  ASSERT_EQ(seen.size(), 24u);
  double chi_square = 0;
  for (const auto& [order, times] : seen) chi_square += (times - 1000.0) * (times - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 49.7);
  EXPECT_GT(chi_square, 7.5);  // too even is not random either
}

/// 2^32 words do not spread evenly over n = 3 x 2^30 values: without rejection every third value would come twice as
/// often as the two between.
TEST(WordStream, BelowIsUnbiasedWhereItMatters) {
  WordStream words(1, StreamPurpose::sample_order, 0);
  int remainders[3] = {};
  for (int i = 0; i < 30000; ++i) ++remainders[words.below(3u << 30) % 3];
  for (const int times : remainders) EXPECT_NEAR(times, 10000, 4 * 82);  // binomial deviation 81.6
  for (int i = 0; i < 100; ++i) EXPECT_EQ(words.below(1), 0u);
}

/// Words are Random123's own, known answer: Philox 4x32-10 with counter and key 0 begins 6627e8d5.
TEST(WordStream, PurposesDoNotShareWords) {
  EXPECT_EQ(r123::Philox4x32()({{0, 0, 0, 0}}, {{0, 0}})[0], 0x6627e8d5u);
  WordStream order(0, StreamPurpose::sample_order, 0);
  WordStream digits(0, StreamPurpose::synthetic_images, 0);
  const auto block = r123::Philox4x32()({{0, 1, 0, 0}}, {{0, 0}});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(order.next(), block[static_cast<std::size_t>(i)]);
  EXPECT_NE(order.next(), digits.next());
}

}  // namespace
}  // namespace rheo
