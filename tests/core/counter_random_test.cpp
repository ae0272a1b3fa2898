#include "models/core/counter_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "models/core/normal_table.hpp"
#include "tests/core/reference_random.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo {
namespace {

using testing::first_difference;
using testing::reference_normal_of;
using testing::reference_word;
using testing::same_bits;

const std::array all_purposes{RandomPurpose::cell_population,
                              RandomPurpose::initial_weights,
                              RandomPurpose::forward_noise,
                              RandomPurpose::backward_noise,
                              RandomPurpose::evaluation_noise,
                              RandomPurpose::row_trains,
                              RandomPurpose::column_trains,
                              RandomPurpose::cycle_to_cycle,
                              RandomPurpose::write_noise,
                              RandomPurpose::diffusion,
                              RandomPurpose::reset};

/// Purposes of the second, third, ... plane of cells of an array: the number of the plane stands above bit 16.
RandomPurpose in_plane(RandomPurpose purpose, std::uint32_t plane) {
  return static_cast<RandomPurpose>(static_cast<std::uint32_t>(purpose) | plane << 16);
}

std::vector<std::uint32_t> words(const RandomKey& key, std::uint64_t vector, std::uint64_t block, std::size_t count) {
  std::vector<std::uint32_t> out(count);
  random_words(key, vector, block, out);
  return out;
}

std::vector<float> normals(const RandomKey& key, std::uint64_t vector, std::uint64_t block, std::size_t count) {
  std::vector<float> out(count);
  random_normals(key, vector, block, out);
  return out;
}

TEST(RandomWords, AreThoseOfRandom123) {
  const std::vector<RandomKey> keys{
      RandomKey::from_words(0, 0), RandomKey::from_words(0x0123456789ABCDEFU, 0xFEDCBA9876543210U),
      RandomKey::from_words(~std::uint64_t{0}, ~std::uint64_t{0}), RandomKey(7, 3, RandomPurpose::row_trains)};
  const std::vector<std::uint64_t> counters{0, 1, 0xFFFFFFFFU, 0x100000000U, 0x0123456789ABCDEFU, ~std::uint64_t{0}};
  for (const RandomKey& key : keys) {
    for (const std::uint64_t vector : counters) {
      for (const std::uint64_t block : counters) {
        const std::vector<std::uint32_t> drawn = words(key, vector, block, 41);
        for (std::size_t i = 0; i < drawn.size(); ++i) {
          // The block counter wraps at 2^64.
          ASSERT_EQ(drawn[i], reference_word(key, vector, block + i / 4, i % 4))
              << "vector " << vector << " block " << block << " word " << i;
        }
      }
    }
  }
}

TEST(RandomWords, EveryLengthGivesAPrefixAndTouchesNothingBeyond) {
  const RandomKey key(1, 2, RandomPurpose::forward_noise);
  const std::vector<std::uint32_t> all = words(key, 9, 5, 80);
  for (std::size_t count = 0; count <= 64; ++count) {
    std::vector<std::uint32_t> out(80, 0xDEADBEEFU);
    std::vector<float> variates(80, -77.0F);
    random_words(key, 9, 5, std::span(out).first(count));
    random_normals(key, 9, 5, std::span(variates).first(count));
    for (std::size_t i = 0; i < out.size(); ++i) {
      ASSERT_EQ(out[i], i < count ? all[i] : 0xDEADBEEFU) << count << " words, word " << i;
      ASSERT_EQ(variates[i], i < count ? reference_normal_of(all[i]) : -77.0F) << count << " variates, number " << i;
    }
  }
}

TEST(RandomWords, ABlockOffsetSkipsFourWords) {
  const RandomKey key(1, 2, RandomPurpose::forward_noise);
  const std::vector<std::uint32_t> all = words(key, 9, 0, 256);
  for (std::uint64_t block = 0; block < 48; ++block) {
    const std::vector<std::uint32_t> part = words(key, 9, block, 23);
    for (std::size_t i = 0; i < part.size(); ++i) ASSERT_EQ(part[i], all[4 * block + i]) << block << ' ' << i;
  }
}

TEST(RandomWords, EveryInstructionSetGivesTheSameBits) {
  const std::vector<std::int64_t> sets = testing::instruction_sets();
  if (sets.size() < 2) GTEST_SKIP() << "this machine runs only one of the compiled instruction sets";
  const RandomKey key(123, 4, RandomPurpose::cycle_to_cycle);
  for (const std::size_t count : {1U, 7U, 8U, 15U, 16U, 31U, 1000U, 65536U}) {
    const std::vector<std::uint32_t> expected = words(key, 77, 3, count);
    const std::vector<float> expected_normals = normals(key, 77, 3, count);
    for (const std::int64_t set : sets) {
      const testing::OnInstructionSet use(set);
      EXPECT_TRUE(same_bits(words(key, 77, 3, count), expected)) << hwy::TargetName(set) << ' ' << count;
      EXPECT_TRUE(same_bits(normals(key, 77, 3, count), expected_normals)) << hwy::TargetName(set) << ' ' << count;
    }
  }
}

TEST(RandomWords, EveryBitIsFair) {
  const RandomKey key(11, 0, RandomPurpose::row_trains);
  constexpr std::size_t count = 1 << 22;
  std::array<std::uint64_t, 32> ones{};
  for (const std::uint32_t word : words(key, 0, 0, count)) {
    for (std::size_t bit = 0; bit < 32; ++bit) ones[bit] += (word >> bit) & 1U;
  }
  const double error = std::sqrt(0.25 * count);
  for (std::size_t bit = 0; bit < 32; ++bit) {
    EXPECT_NEAR(static_cast<double>(ones[bit]), 0.5 * count, 4 * error) << "bit " << bit;
  }
}

TEST(RandomWords, HalvesAreUniform) {
  // Trains compare halves of words: 65,536 values each, chi-squared of mean 65,535 and deviation 362.
  constexpr std::size_t count = 1 << 22;
  std::vector<std::uint32_t> low(65536);
  std::vector<std::uint32_t> high(65536);
  for (const std::uint32_t word : words(RandomKey(12, 0, RandomPurpose::column_trains), 5, 0, count)) {
    ++low[word & 0xFFFFU];
    ++high[word >> 16];
  }
  for (const std::vector<std::uint32_t>& seen : {low, high}) {
    double sum = 0;
    for (const std::uint32_t n : seen) sum += (n - 64.0) * (n - 64.0) / 64.0;
    EXPECT_NEAR(sum, 65535, 4 * 362);
  }
}

TEST(RandomKey, SeedStreamAndPurposeAllMakeAKeyOfTheirOwn) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> keys;
  std::size_t made = 0;
  for (const std::uint64_t seed : {0ULL, 1ULL, 2ULL, 3ULL, 0x100000000ULL, 0x200000000ULL, ~0ULL}) {
    for (std::uint32_t stream = 0; stream < 100; ++stream) {
      for (const RandomPurpose purpose : all_purposes) {
        for (const std::uint32_t plane : {0U, 1U, 2U, 7U}) {
          const RandomKey key(seed, stream, in_plane(purpose, plane));
          keys.emplace(key.expanded()[0], key.expanded()[1]);
          ++made;
        }
      }
    }
  }
  EXPECT_EQ(keys.size(), made);
}

/// Pairs of streams that a user would take for independent, over 2^20 numbers each.
class Independence : public ::testing::Test {
 protected:
  static constexpr std::size_t length = 4096;
  static constexpr std::size_t vectors = 256;

  static void expect_independent(const RandomKey& a, const RandomKey& b, std::uint64_t vectors_apart,
                                 std::uint64_t blocks_apart, const std::string& what) {
    constexpr double count = static_cast<double>(length * vectors);
    double product = 0;
    double squares = 0;
    double differing_bits = 0;
    for (std::uint64_t v = 0; v < vectors; ++v) {
      const std::vector<float> x = normals(a, v, 0, length);
      const std::vector<float> y = normals(b, v + vectors_apart, blocks_apart, length);
      const std::vector<std::uint32_t> s = words(a, v, 0, length);
      const std::vector<std::uint32_t> t = words(b, v + vectors_apart, blocks_apart, length);
      for (std::size_t i = 0; i < length; ++i) {
        product += static_cast<double>(x[i]) * y[i];
        squares += (static_cast<double>(x[i]) * x[i] - 1) * (static_cast<double>(y[i]) * y[i] - 1);
        differing_bits += std::popcount(s[i] ^ t[i]);
      }
    }
    EXPECT_LT(std::abs(product / count), 4 / std::sqrt(count)) << what;
    EXPECT_LT(std::abs(squares / count), 4 * 2 / std::sqrt(count)) << what << ": magnitudes";
    EXPECT_NEAR(differing_bits / count, 16.0, 4 * std::sqrt(8 / count)) << what;
  }
};

TEST_F(Independence, OfNeighbouringVectorsAndBlocks) {
  const RandomKey key(5, 1, RandomPurpose::forward_noise);
  expect_independent(key, key, 1, 0, "the next vector");
  expect_independent(key, key, 0, 1, "the next block");
  expect_independent(key, key, 0, std::uint64_t{1} << 32, "the next repeat, draw or pulse");
  expect_independent(key, key, 0, std::uint64_t{64} << 32, "the next segment of a line's train");
  expect_independent(key, key, 0, std::uint64_t{1} << 44, "the next segment of a cell's noise");
  expect_independent(key, key, std::uint64_t{1} << 62, 0, "vectors and writes that no vector causes");
}

TEST_F(Independence, OfPlanes) {
  for (const RandomPurpose purpose : {RandomPurpose::cell_population, RandomPurpose::cycle_to_cycle,
                                      RandomPurpose::write_noise, RandomPurpose::diffusion, RandomPurpose::reset}) {
    expect_independent(RandomKey(5, 1, purpose), RandomKey(5, 1, in_plane(purpose, 1)), 0, 0, "planes 0 and 1");
    expect_independent(RandomKey(5, 1, in_plane(purpose, 1)), RandomKey(5, 1, in_plane(purpose, 2)), 0, 0,
                       "planes 1 and 2");
  }
}

TEST_F(Independence, OfPositionsInAVector) {
  // Variates and their squares at all distances up to 64: neighbouring cells, registers, rows.
  const RandomKey key(5, 1, RandomPurpose::cycle_to_cycle);
  constexpr std::size_t furthest = 64;
  std::array<double, furthest + 1> products{};
  std::array<double, furthest + 1> squares{};
  for (std::uint64_t v = 0; v < vectors; ++v) {
    const std::vector<float> x = normals(key, v, 0, length + furthest);
    for (std::size_t apart = 1; apart <= furthest; ++apart) {
      double product = 0;
      double square = 0;
      for (std::size_t i = 0; i < length; ++i) {
        const double a = x[i];
        const double b = x[i + apart];
        product += a * b;
        square += (a * a - 1) * (b * b - 1);
      }
      products[apart] += product;
      squares[apart] += square;
    }
  }
  constexpr double count = static_cast<double>(length * vectors);
  for (std::size_t apart = 1; apart <= furthest; ++apart) {
    EXPECT_LT(std::abs(products[apart] / count), 4.5 / std::sqrt(count)) << apart;
    EXPECT_LT(std::abs(squares[apart] / count), 4.5 * 2 / std::sqrt(count)) << apart;
  }
}

TEST_F(Independence, OfPurposes) {
  for (std::size_t i = 1; i < all_purposes.size(); ++i) {
    expect_independent(RandomKey(5, 1, all_purposes[i - 1]), RandomKey(5, 1, all_purposes[i]), 0, 0,
                       "purposes " + std::to_string(i) + " and " + std::to_string(i + 1));
  }
}

TEST_F(Independence, OfStreamsAndSeeds) {
  const RandomPurpose purpose = RandomPurpose::cycle_to_cycle;
  for (std::uint32_t n : {0U, 1U, 41U}) {
    expect_independent(RandomKey(5, n, purpose), RandomKey(5, n + 1, purpose), 0, 0, "streams");
    expect_independent(RandomKey(n, 1, purpose), RandomKey(n + 1, 1, purpose), 0, 0, "seeds");
  }
  expect_independent(RandomKey(5, 6, purpose), RandomKey(6, 5, purpose), 0, 0, "seed and stream exchanged");
}

/// Upper tail of the standard normal distribution, the argument of its inverse being a probability.
double tail(double z) { return cdf(complement(boost::math::normal(), z)); }
double inverse_tail(double p) { return quantile(complement(boost::math::normal(), p)); }

TEST(NormalTable, IsTheInverseOfTheTailInEveryOctave) {
  for (int octave = 0; octave <= 30; ++octave) {
    double worst = 0;
    for (int i = 0; i <= 2000; ++i) {
      const double m = 1 + i / 2000.0;
      const double p = std::ldexp(m, octave - 32);
      const std::size_t at = static_cast<std::size_t>(octave + 127) % 32;
      const double z =
          normal_table[0][at] + m * (normal_table[1][at] + m * (normal_table[2][at] + m * double{normal_table[3][at]}));
      worst = std::max(worst, std::abs(z - inverse_tail(p)));
    }
    EXPECT_LT(worst, 2.1e-4) << "p from 2^" << octave - 32;
  }
  for (const auto& coefficients : normal_table) EXPECT_EQ(coefficients[30], 0.0F) << "p = 1/2 is z = 0";
}

TEST(Normals, FollowTheirWordAndDecreaseWithIt) {
  const auto variate = [](std::uint32_t word) { return static_cast<double>(reference_normal_of(word)); };
  // The smallest tail, 2^-32, the next octave's ends, and the middle.
  EXPECT_NEAR(variate(0), inverse_tail(0x1p-32), 2.1e-4);
  EXPECT_EQ(variate(1), variate(0));
  EXPECT_NEAR(variate(3), inverse_tail(0x3p-32), 2.1e-4);
  EXPECT_NEAR(variate(0x7FFFFFFF), 0.0, 2.1e-4);
  EXPECT_EQ(variate(0x80000000U), -variate(0));
  // The same formula in Highway gives the same bits, for 2^20 words of both signs and all common octaves.
  const RandomKey key(3, 3, RandomPurpose::evaluation_noise);
  const std::vector<std::uint32_t> drawn = words(key, 1, 0, 1 << 20);
  std::vector<float> expected;
  expected.reserve(drawn.size());
  for (const std::uint32_t word : drawn) {
    expected.push_back(reference_normal_of(word));
    const double p = static_cast<double>((word & 0x7FFFFFFFU) | 1U) * 0x1p-32;
    ASSERT_NEAR(std::abs(expected.back()), inverse_tail(p), 2.1e-4) << word;
  }
  const std::vector<float> made = normals(key, 1, 0, 1 << 20);
  ASSERT_TRUE(same_bits(made, expected)) << "first at " << first_difference(made, expected);
}

TEST(Normals, HaveTheMomentsAndTailsOfTheNormalDistribution) {
  constexpr std::size_t length = 1 << 14;
  constexpr std::size_t vectors = 4096;
  constexpr double count = static_cast<double>(length) * vectors;  // 6.7e7
  const RandomKey key(2024, 0, RandomPurpose::forward_noise);
  std::vector<float> variates(length);
  double sum = 0;
  double sum2 = 0;
  double sum3 = 0;
  double sum4 = 0;
  std::array<std::uint64_t, 4> upper{};  // beyond 2, 3, 4, 5
  std::array<std::uint64_t, 4> lower{};
  for (std::uint64_t v = 0; v < vectors; ++v) {
    random_normals(key, v, 0, variates);
    for (const float f : variates) {
      const double x = f;
      const double x2 = x * x;
      sum += x;
      sum2 += x2;
      sum3 += x * x2;
      sum4 += x2 * x2;
      if (x2 > 4) {
        auto& side = x > 0 ? upper : lower;
        for (std::size_t i = 0; i < 4 && x2 > static_cast<double>((i + 2) * (i + 2)); ++i) ++side[i];
      }
    }
  }
  EXPECT_NEAR(sum / count, 0.0, 4 * std::sqrt(1 / count));
  EXPECT_NEAR(sum2 / count, 1.0, 4 * std::sqrt(2 / count));
  const double variance = sum2 / count;
  const double skewness = (sum3 / count - 3 * sum / count * variance) / std::pow(variance, 1.5);
  EXPECT_NEAR(skewness, 0.0, 4 * std::sqrt(6 / count));
  EXPECT_NEAR(sum4 / count / (variance * variance), 3.0, 4 * std::sqrt(24 / count));
  for (std::size_t i = 0; i < 4; ++i) {
    const double z = static_cast<double>(i) + 2;
    const double expected = count * tail(z);
    EXPECT_NEAR(static_cast<double>(upper[i]), expected, 4 * std::sqrt(expected)) << "above " << z;
    EXPECT_NEAR(static_cast<double>(lower[i]), expected, 4 * std::sqrt(expected)) << "below " << -z;
  }
}

TEST(Normals, FollowTheDistributionFunction) {
  // Kolmogorov and Smirnov; the table alone is off by up to 8e-5 of probability.
  std::vector<float> sample = normals(RandomKey(77, 2, RandomPurpose::cycle_to_cycle), 3, 0, 1 << 22);
  std::sort(sample.begin(), sample.end());
  double largest = 0;
  for (std::size_t i = 0; i < sample.size(); i += 16) {
    const double expected = 1 - tail(sample[i]);
    largest = std::max(largest, std::abs(static_cast<double>(i) / static_cast<double>(sample.size()) - expected));
  }
  EXPECT_LT(largest, 1.95 / std::sqrt(static_cast<double>(sample.size())) + 8e-5);
}

TEST(UniformFromWord, LiesStrictlyBetween0And1) {
  EXPECT_GT(uniform_from_word(0), 0.0F);
  EXPECT_LT(uniform_from_word(0xFFFFFFFFU), 1.0F);
  EXPECT_EQ(uniform_from_word(0) + uniform_from_word(0xFFFFFFFFU), 1.0F) << "as far from 0 as from 1";
  float last = 0;
  for (std::uint64_t word = 0; word <= 0xFFFFFFFFU; word += 0xFFFF) {
    const float u = uniform_from_word(static_cast<std::uint32_t>(word));
    ASSERT_NEAR(u, static_cast<double>(word) * 0x1p-32, 0x1p-23) << word;
    ASSERT_GE(u, last) << word;
    last = u;
  }
}

TEST(UniformFromWord, HasTheMomentsOfTheUniformDistribution) {
  constexpr double count = 1 << 22;
  double sum = 0;
  double sum2 = 0;
  for (const std::uint32_t word : words(RandomKey(8, 8, RandomPurpose::initial_weights), 0, 0, 1 << 22)) {
    const double u = uniform_from_word(word) - 0.5;
    sum += u;
    sum2 += u * u;
  }
  EXPECT_NEAR(sum / count, 0.0, 4 * std::sqrt(1.0 / 12 / count));
  EXPECT_NEAR(sum2 / count, 1.0 / 12, 4 * std::sqrt((1.0 / 80 - 1.0 / 144) / count));
}

}  // namespace
}  // namespace rheo
