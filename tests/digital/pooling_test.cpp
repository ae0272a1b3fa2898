// Ceiling mode, stochastic and mixed pooling; vector_math_test.cpp holds max and average pooling.
#include "models/digital/pooling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

#include "tests/digital/vector_targets.hpp"

namespace rheo::vector_math {
namespace {

using rheo::testing::instruction_sets;
using rheo::testing::OnInstructionSet;

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

Floats random_values(std::size_t n, unsigned seed, float limit = 2.0f) {
  std::mt19937 bits(seed);
  Floats values(n);
  for (float& value : values) value = (static_cast<float>(bits() >> 8) * 0x1p-23f - 1.0f) * limit;
  return values;
}

std::vector<std::uint32_t> bits_of(const Floats& values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

/// The cells of the window of each output value, as indices into the input, by plain loops. The output's size is
/// counted, not computed: windows begin every `stride` cells while they fit (with ceiling: while cells are left and
/// they begin inside).
std::vector<std::vector<std::size_t>> plain_windows(const PoolShape& s) {
  const auto starts = [&](std::size_t size) {
    const auto end = static_cast<long>(size + s.padding);
    std::vector<long> list;
    for (long at = -static_cast<long>(s.padding);; at += static_cast<long>(s.stride)) {
      const bool fits = at + static_cast<long>(s.kernel) <= end;
      const bool cells_are_left = list.empty() || list.back() + static_cast<long>(s.kernel) < end;
      if (!fits && !(s.ceiling && cells_are_left && at < static_cast<long>(size))) return list;
      list.push_back(at);
    }
  };
  std::vector<std::vector<std::size_t>> windows;
  for (std::size_t image = 0; image < s.images; ++image) {
    for (const long y : starts(s.height)) {
      for (const long x : starts(s.width)) {
        for (std::size_t c = 0; c < s.channels; ++c) {
          std::vector<std::size_t> cells;
          for (long row = y; row < y + static_cast<long>(s.kernel); ++row) {
            for (long column = x; column < x + static_cast<long>(s.kernel); ++column) {
              if (row < 0 || column < 0 || row >= static_cast<long>(s.height) || column >= static_cast<long>(s.width))
                continue;
              cells.push_back(
                  ((image * s.height + static_cast<std::size_t>(row)) * s.width + static_cast<std::size_t>(column)) *
                      s.channels +
                  c);
            }
          }
          windows.push_back(cells);
        }
      }
    }
  }
  return windows;
}

std::vector<PoolShape> shapes() {
  std::vector<PoolShape> list;
  for (const std::size_t c : {1, 3, 16, 17, 32}) {
    list.push_back({2, 8, 8, c, 3, 2, 0, true});  // as the pooling of cifar10_full
    list.push_back({2, 8, 8, c, 3, 2, 1});
    list.push_back({1, 7, 6, c, 3, 2, 1, true});
    list.push_back({1, 6, 9, c, 2, 2, 0, true});
    list.push_back({3, 5, 4, c, 4, 3, 0, true});
  }
  return list;
}

TEST(PoolShape, CeilingModeHalvesThePlanesOfCifar) {
  const auto out = [](std::size_t size, std::size_t padding, bool ceiling) {
    return PoolShape{1, size, size, 1, 3, 2, padding, ceiling}.out_height();
  };
  for (const std::size_t size : {32, 16, 8}) {
    EXPECT_EQ(out(size, 0, true), size / 2);
    EXPECT_EQ(out(size, 1, false), size / 2);
    EXPECT_EQ(out(size, 0, false), size / 2 - 1);
  }
}

TEST(PoolShape, AWindowMustBeginInsideTheImage) {
  // 4 cells, windows of 2 every 3 with padding 1: they begin at -1, 2 and 5; the last one would see no cell.
  EXPECT_EQ((PoolShape{1, 4, 4, 1, 2, 3, 1, true}.out_height()), 2u);
  // Windows of 1 every 2 on 4 cells: 0, 2; the rounded-up third begins at 4, outside.
  EXPECT_EQ((PoolShape{1, 4, 4, 1, 1, 2, 0, true}.out_height()), 2u);
}

TEST(PoolShape, TheOutputSizeIsTheNumberOfWindows) {
  for (const PoolShape& shape : shapes()) EXPECT_EQ(shape.output_size(), plain_windows(shape).size());
}

TEST(Pooling, MaxAndAverageInCeilingModeSeeTheCellsInsideOnly) {
  for (const PoolShape& shape : shapes()) {
    const Floats in = random_values(shape.input_size(), 1);
    const Floats errors = random_values(shape.output_size(), 2);
    Floats largest(shape.output_size()), average(shape.output_size());
    Floats largest_back(shape.input_size()), average_back(shape.input_size());
    max_pool_forward(in.data(), shape, largest.data());
    max_pool_backward(errors.data(), in.data(), largest.data(), shape, largest_back.data());
    average_pool_forward(in.data(), shape, average.data());
    average_pool_backward(errors.data(), shape, average_back.data());
    const auto windows = plain_windows(shape);
    Floats expected_max_back(shape.input_size()), expected_average_back(shape.input_size());
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const auto best = *std::ranges::max_element(windows[i], {}, [&](std::size_t cell) { return in[cell]; });
      EXPECT_EQ(largest[i], in[best]);
      expected_max_back[best] += errors[i];
      float sum = 0;
      for (const std::size_t cell : windows[i]) sum += in[cell];
      EXPECT_EQ(average[i], sum / static_cast<float>(windows[i].size()));
      for (const std::size_t cell : windows[i]) {
        expected_average_back[cell] += errors[i] / static_cast<float>(windows[i].size());
      }
    }
    EXPECT_EQ(largest_back, expected_max_back);
    EXPECT_EQ(average_back, expected_average_back);
  }
}

// ---- Stochastic ----

TEST(StochasticPooling, ChoosesAsTheScalarCodeDoes) {
  const RandomKey key(7, 3, RandomPurpose::stochastic_pooling);
  constexpr std::uint64_t first_image = 1000;
  for (const PoolShape& shape : shapes()) {
    const Floats in = random_values(shape.input_size(), 3);
    Floats out(shape.output_size());
    stochastic_pool_forward(in.data(), shape, key, first_image, out.data());
    const auto windows = plain_windows(shape);
    const std::size_t per_image = windows.size() / shape.images;
    std::vector<std::uint32_t> words(per_image);
    for (std::size_t i = 0; i < windows.size(); ++i) {
      if (i % per_image == 0) random_words(key, first_image + i / per_image, 0, words);
      float sum = 0;
      for (const std::size_t cell : windows[i]) sum += std::max(in[cell], 0.0f);
      const float threshold = uniform_from_word(words[i % per_image]) * sum;
      float expected = in[windows[i].front()];
      float running = 0;
      for (const std::size_t cell : windows[i]) {
        running += std::max(in[cell], 0.0f);
        if (running > threshold) {
          expected = in[cell];
          break;
        }
      }
      ASSERT_EQ(out[i], expected) << i;
    }
  }
}

TEST(StochasticPooling, ChoosesEveryCellAsOftenAsItsShareSays) {
  // One window 1, 2, 3, 0 of 4000 channels and images: shares 1/6, 2/6, 3/6, 0.
  constexpr std::size_t channels = 400, images = 10;
  const PoolShape shape{images, 2, 2, channels, 2, 2};
  Floats in(shape.input_size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    const std::size_t cell = i / channels % 4;
    in[i] = cell == 3 ? 0.0f : static_cast<float>(cell + 1);
  }
  Floats out(shape.output_size());
  stochastic_pool_forward(in.data(), shape, RandomKey(1, 0, RandomPurpose::stochastic_pooling), 0, out.data());
  std::map<float, int> times;
  for (const float value : out) ++times[value];
  EXPECT_EQ(times[0.0f], 0);
  const double n = static_cast<double>(out.size());
  for (const int cell : {1, 2, 3}) {
    const double share = cell / 6.0;
    EXPECT_NEAR(times[static_cast<float>(cell)] / n, share, 4 * std::sqrt(share * (1 - share) / n));
  }
}

TEST(StochasticPooling, TheMeanIsWhatTheChoicesComeTo) {
  const PoolShape shape{1, 8, 8, 3, 3, 2, 0, true};
  const Floats in = random_values(shape.input_size(), 4);
  Floats mean(shape.output_size());
  stochastic_pool_mean(in.data(), shape, mean.data());
  Doubles sums(shape.output_size());
  constexpr int draws = 4000;
  const RandomKey key(2, 0, RandomPurpose::stochastic_pooling);
  Floats out(shape.output_size());
  for (int draw = 0; draw < draws; ++draw) {
    stochastic_pool_forward(in.data(), shape, key, static_cast<std::uint64_t>(draw), out.data());
    for (std::size_t i = 0; i < out.size(); ++i) sums[i] += static_cast<double>(out[i]);
  }
  const auto windows = plain_windows(shape);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    double weights = 0;
    double squares = 0;
    for (const std::size_t cell : windows[i]) {
      const double weight = std::max(static_cast<double>(in[cell]), 0.0);
      weights += weight;
      squares += weight * weight;
    }
    EXPECT_NEAR(mean[i], weights > 0 ? squares / weights : 0, 1e-6);
    if (weights == 0) continue;  // the first cell then, whatever it is
    EXPECT_NEAR(sums[i] / draws, static_cast<double>(mean[i]), 5 * 1.0 / std::sqrt(draws));
  }
}

TEST(StochasticPooling, TheErrorGoesToTheChosenCell) {
  const PoolShape shape{2, 8, 8, 5, 3, 2, 0, true};
  const Floats in = random_values(shape.input_size(), 5);
  const Floats errors = random_values(shape.output_size(), 6);
  Floats out(shape.output_size()), back(shape.input_size());
  stochastic_pool_forward(in.data(), shape, RandomKey(3, 0, RandomPurpose::stochastic_pooling), 0, out.data());
  max_pool_backward(errors.data(), in.data(), out.data(), shape, back.data());
  Floats expected(shape.input_size());
  const auto windows = plain_windows(shape);
  std::size_t not_the_largest = 0;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const auto chosen = std::ranges::find(windows[i], out[i], [&](std::size_t cell) { return in[cell]; });
    ASSERT_NE(chosen, windows[i].end());
    expected[*chosen] += errors[i];
    not_the_largest += std::ranges::any_of(windows[i], [&](std::size_t cell) { return in[cell] > out[i]; }) ? 1 : 0;
  }
  EXPECT_EQ(back, expected);
  EXPECT_GT(not_the_largest, windows.size() / 3) << "it must not be max pooling";
}

TEST(StochasticPooling, WithoutAPositiveCellTheFirstStands) {
  const PoolShape shape{1, 2, 2, 1, 2, 2};
  const Floats in = {-3.0f, -1.0f, -2.0f, 0.0f};
  float out = 1;
  stochastic_pool_forward(in.data(), shape, RandomKey(1, 0, RandomPurpose::stochastic_pooling), 0, &out);
  EXPECT_EQ(out, -3.0f);
  stochastic_pool_mean(in.data(), shape, &out);
  EXPECT_EQ(out, 0.0f);
}

TEST(StochasticPooling, HugeValuesGiveNoNan) {
  const PoolShape shape{1, 2, 2, 1, 2, 2};
  const Floats in(4, std::numeric_limits<float>::max());
  float out = 1;
  stochastic_pool_forward(in.data(), shape, RandomKey(1, 0, RandomPurpose::stochastic_pooling), 0, &out);
  EXPECT_EQ(out, in[0]);
  stochastic_pool_mean(in.data(), shape, &out);
  EXPECT_EQ(out, in[0]);
}

// ---- Mixed ----

constexpr double mu = 10;

double alpha_of(double beta) { return 1 / (1 + std::exp(-mu * beta)); }

Doubles mixed_reference(const Doubles& in, const Doubles& beta, const PoolShape& shape) {
  Doubles out;
  const auto windows = plain_windows(shape);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    double largest = -1e300;
    double sum = 0;
    for (const std::size_t cell : windows[i]) {
      largest = std::max(largest, in[cell]);
      sum += in[cell];
    }
    const double alpha = alpha_of(beta[i % shape.channels]);
    out.push_back(alpha * largest + (1 - alpha) * sum / static_cast<double>(windows[i].size()));
  }
  return out;
}

TEST(MixedPooling, BeginsNearMaxPooling) { EXPECT_NEAR(alpha_of(2 / mu), 0.8808, 1e-4); }

TEST(MixedPooling, IsTheMixtureOfMaximumAndAverage) {
  for (const PoolShape& shape : shapes()) {
    const Floats in = random_values(shape.input_size(), 7);
    const Floats beta = random_values(shape.channels, 8, 0.4f);
    Floats out(shape.output_size());
    mixed_pool_forward(in.data(), shape, beta.data(), mu, out.data());
    const Doubles expected = mixed_reference({in.begin(), in.end()}, {beta.begin(), beta.end()}, shape);
    for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], 1e-6);
  }
}

/// Loss = sum of error x output; its slopes by central differences of the double reference.
TEST(MixedPooling, BackwardIsTheSlopeOfTheForwardPass) {
  for (const PoolShape& shape : {PoolShape{2, 8, 8, 3, 3, 2, 0, true}, PoolShape{1, 5, 6, 17, 3, 2, 1}}) {
    const Floats in = random_values(shape.input_size(), 9);
    const Floats beta = random_values(shape.channels, 10, 0.3f);
    const Floats errors = random_values(shape.output_size(), 11);
    Floats back(shape.input_size(), -1.0f);
    Floats gradients(shape.channels, 0.5f);  // added to
    mixed_pool_backward(errors.data(), in.data(), shape, beta.data(), mu, back.data(), gradients.data());

    const auto loss = [&](const Doubles& values, const Doubles& betas) {
      const Doubles out = mixed_reference(values, betas, shape);
      double sum = 0;
      for (std::size_t i = 0; i < out.size(); ++i) sum += static_cast<double>(errors[i]) * out[i];
      return sum;
    };
    const Doubles values(in.begin(), in.end());
    const Doubles betas(beta.begin(), beta.end());
    constexpr double h = 1e-7;  // far below the distances of the random values: the maximum stays where it is
    const auto slope = [&](Doubles list, std::size_t i, const auto& of) {
      const double centre = list[i];
      list[i] = centre + h;
      const double above = of(list);
      list[i] = centre - h;
      return (above - of(list)) / (2 * h);
    };
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_NEAR(back[i], slope(values, i, [&](const Doubles& list) { return loss(list, betas); }), 2e-6) << i;
    }
    for (std::size_t c = 0; c < betas.size(); ++c) {
      const double expected = 0.5 + slope(betas, c, [&](const Doubles& list) { return loss(values, list); });
      ASSERT_NEAR(gradients[c], expected, 1e-4 * (1 + std::abs(expected))) << c;
    }
  }
}

TEST(MixedPooling, AtTheEndsItIsMaxAndAveragePooling) {
  const PoolShape shape{2, 8, 8, 5, 3, 2, 0, true};
  const Floats in = random_values(shape.input_size(), 12);
  Floats out(shape.output_size()), expected(shape.output_size());
  mixed_pool_forward(in.data(), shape, Floats(5, 10.0f).data(), mu, out.data());  // alpha = 1 to the last bit
  max_pool_forward(in.data(), shape, expected.data());
  EXPECT_EQ(out, expected);
  mixed_pool_forward(in.data(), shape, Floats(5, -20.0f).data(), mu, out.data());
  average_pool_forward(in.data(), shape, expected.data());
  EXPECT_EQ(out, expected);
}

TEST(Pooling, WhatHasNoWindowIsRefused) {
  float x[16] = {};
  const PoolShape wrong{1, 2, 2, 1, 2, 2, 2};
  EXPECT_THROW(stochastic_pool_forward(x, wrong, RandomKey(), 0, x), std::invalid_argument);
  EXPECT_THROW(stochastic_pool_mean(x, wrong, x), std::invalid_argument);
  EXPECT_THROW(mixed_pool_forward(x, wrong, x, mu, x), std::invalid_argument);
  EXPECT_THROW(mixed_pool_backward(x, x, wrong, x, mu, x, x), std::invalid_argument);
}

// ---- The same bits on every instruction set and for any split of the batch ----

Floats results_of_everything(std::size_t channels, std::size_t images_per_call) {
  constexpr std::size_t images = 6;
  PoolShape shape{1, 7, 6, channels, 3, 2, 0, true};
  const std::size_t in_size = shape.input_size();
  const std::size_t out_size = shape.output_size();
  const Floats in = random_values(images * in_size, 20, 3.0f);
  const Floats errors = random_values(images * out_size, 21);
  const Floats beta = random_values(channels, 22, 0.4f);
  const RandomKey key(5, 2, RandomPurpose::stochastic_pooling);
  Floats chosen(images * out_size), mean(images * out_size), mixed(images * out_size), largest(images * out_size);
  Floats mixed_back(images * in_size), gradients(channels);
  for (std::size_t first = 0; first < images; first += images_per_call) {
    shape.images = std::min(images_per_call, images - first);
    const float* values = in.data() + first * in_size;
    stochastic_pool_forward(values, shape, key, 40 + first, chosen.data() + first * out_size);
    stochastic_pool_mean(values, shape, mean.data() + first * out_size);
    max_pool_forward(values, shape, largest.data() + first * out_size);
    mixed_pool_forward(values, shape, beta.data(), mu, mixed.data() + first * out_size);
    mixed_pool_backward(errors.data() + first * out_size, values, shape, beta.data(), mu,
                        mixed_back.data() + first * in_size, gradients.data());
  }
  Floats results;
  for (const Floats& list : {chosen, mean, mixed, largest, mixed_back, gradients}) {
    results.insert(results.end(), list.begin(), list.end());
  }
  return results;
}

TEST(Pooling, EveryInstructionSetAndAnySplitOfTheBatchGiveTheSameBits) {
  for (const std::size_t channels : {1, 3, 16, 17, 32, 65}) {
    std::vector<std::uint32_t> expected;
    for (const std::int64_t target : instruction_sets()) {
      const OnInstructionSet on(target);
      for (const std::size_t images_per_call : {6, 1, 4}) {
        const auto bits = bits_of(results_of_everything(channels, images_per_call));
        if (expected.empty()) expected = bits;
        EXPECT_TRUE(bits == expected) << channels << " channels, " << images_per_call << " images a call on "
                                      << hwy::TargetName(target);
      }
    }
  }
}

}  // namespace
}  // namespace rheo::vector_math
