#include "models/digital/local_response_norm.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "tests/digital/vector_targets.hpp"

namespace rheo::vector_math {
namespace {

using rheo::testing::instruction_sets;
using rheo::testing::OnInstructionSet;

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

Floats random_values(std::size_t n, unsigned seed, float limit) {
  std::mt19937 bits(seed);
  Floats values(n);
  for (float& value : values) value = (static_cast<float>(bits() >> 8) * 0x1p-23f - 1.0f) * limit;
  return values;
}

/// The formula, value by value, over a padded plane.
Doubles reference(const Doubles& in, const LocalResponseShape& s) {
  Doubles out(in.size());
  const long reach = static_cast<long>(s.size / 2);
  const auto height = static_cast<long>(s.height);
  const auto width = static_cast<long>(s.width);
  const auto at = [&](std::size_t image, long y, long x, std::size_t c) {
    return ((image * s.height + static_cast<std::size_t>(y)) * s.width + static_cast<std::size_t>(x)) * s.channels + c;
  };
  for (std::size_t image = 0; image < s.images; ++image) {
    for (long y = 0; y < height; ++y) {
      for (long x = 0; x < width; ++x) {
        for (std::size_t c = 0; c < s.channels; ++c) {
          double squares = 0;
          for (long row = y - reach; row <= y + reach; ++row) {
            for (long column = x - reach; column <= x + reach; ++column) {
              const bool inside = row >= 0 && row < height && column >= 0 && column < width;
              const double value = inside ? in[at(image, row, column, c)] : 0;
              squares += value * value;
            }
          }
          const double scale = 1 + static_cast<double>(s.alpha) / static_cast<double>(s.size * s.size) * squares;
          out[at(image, y, x, c)] = in[at(image, y, x, c)] * std::pow(scale, -static_cast<double>(s.beta));
        }
      }
    }
  }
  return out;
}

std::vector<LocalResponseShape> shapes() {
  std::vector<LocalResponseShape> list;
  for (const std::size_t c : {1, 3, 16, 17}) {
    list.push_back({2, 6, 5, c, 3, 1.0f, 0.75f});  // alpha large, so that it matters
    list.push_back({1, 6, 7, c, 5, 2.0f, 0.5f});
    list.push_back({2, 4, 4, c});  // as in cifar10_full
    list.push_back({1, 3, 3, c, 1, 0.3f, 2.0f});
  }
  return list;
}

TEST(LocalResponseNorm, IsTheFormula) {
  for (const LocalResponseShape& shape : shapes()) {
    const Floats in = random_values(shape.values(), 1, 4.0f);
    Floats out(in.size());
    local_response_norm_forward(in.data(), shape, out.data());
    const Doubles expected = reference({in.begin(), in.end()}, shape);
    for (std::size_t i = 0; i < out.size(); ++i) {
      ASSERT_NEAR(out[i], expected[i], 1e-6 * (1 + std::abs(expected[i]))) << i;
    }
  }
}

TEST(LocalResponseNorm, TheCentreOfAConstantPlaneHasAClosedForm) {
  // All x = 2, alpha = 1, size 3: s = 1 + 9 x 4 / 9 = 5 inside, 1 + 4 x 4 / 9 in the corner.
  const LocalResponseShape shape{1, 3, 3, 1, 3, 1.0f, 0.75f};
  const Floats in(9, 2.0f);
  Floats out(9);
  local_response_norm_forward(in.data(), shape, out.data());
  EXPECT_NEAR(out[4], 2 * std::pow(5.0, -0.75), 1e-6);
  EXPECT_NEAR(out[0], 2 * std::pow(25.0 / 9, -0.75), 1e-6);
}

/// Loss = sum of error x output; its slopes by central differences of the double reference.
TEST(LocalResponseNorm, BackwardIsTheSlopeOfTheForwardPass) {
  for (const LocalResponseShape& shape : shapes()) {
    const Floats in = random_values(shape.values(), 2, 3.0f);
    const Floats errors = random_values(shape.values(), 3, 1.0f);
    Floats back(in.size(), -1.0f);
    local_response_norm_backward(errors.data(), in.data(), shape, back.data());
    Doubles values(in.begin(), in.end());
    const auto loss = [&] {
      const Doubles out = reference(values, shape);
      double sum = 0;
      for (std::size_t i = 0; i < out.size(); ++i) sum += static_cast<double>(errors[i]) * out[i];
      return sum;
    };
    constexpr double h = 1e-5;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double centre = values[i];
      values[i] = centre + h;
      const double above = loss();
      values[i] = centre - h;
      const double slope = (above - loss()) / (2 * h);
      values[i] = centre;
      ASSERT_NEAR(back[i], slope, 3e-6) << i;
    }
  }
}

TEST(LocalResponseNorm, WithoutStrengthNothingChanges) {
  const LocalResponseShape shape{2, 4, 5, 3, 3, 0.0f, 0.75f};
  const Floats in = random_values(shape.values(), 4, 3.0f);
  Floats out(in.size());
  local_response_norm_forward(in.data(), shape, out.data());
  EXPECT_EQ(out, in);
  local_response_norm_backward(in.data(), in.data(), shape, out.data());
  EXPECT_EQ(out, in);
}

TEST(LocalResponseNorm, HugeValuesGiveNoNan) {
  const LocalResponseShape shape{1, 2, 2, 1, 3, 1.0f, 0.75f};
  const Floats in(4, std::numeric_limits<float>::max());
  Floats out(4);
  local_response_norm_forward(in.data(), shape, out.data());
  for (const float value : out) EXPECT_TRUE(std::isfinite(value));
  local_response_norm_backward(in.data(), in.data(), shape, out.data());
  for (const float value : out) EXPECT_TRUE(std::isfinite(value));
}

TEST(LocalResponseNorm, AnEvenWindowIsRefused) {
  float x[4] = {};
  const LocalResponseShape shape{1, 2, 2, 1, 2};
  EXPECT_THROW(local_response_norm_forward(x, shape, x), std::invalid_argument);
  EXPECT_THROW(local_response_norm_backward(x, x, shape, x), std::invalid_argument);
}

TEST(LocalResponseNorm, EveryInstructionSetAndAnySplitOfTheBatchGiveTheSameBits) {
  for (const std::size_t channels : {1, 3, 16, 17, 33}) {
    std::vector<std::uint32_t> expected;
    LocalResponseShape shape{4, 5, 6, channels, 3, 0.5f, 0.75f};
    const Floats in = random_values(shape.values(), 5, 3.0f);
    const Floats errors = random_values(shape.values(), 6, 1.0f);
    const std::size_t image = shape.values() / 4;
    for (const std::int64_t target : instruction_sets()) {
      const OnInstructionSet on(target);
      for (const std::size_t images_per_call : {4, 1, 3}) {
        Floats out(in.size()), back(in.size());
        for (std::size_t first = 0; first < 4; first += images_per_call) {
          shape.images = std::min<std::size_t>(images_per_call, 4 - first);
          const std::size_t at = first * image;
          local_response_norm_forward(in.data() + at, shape, out.data() + at);
          local_response_norm_backward(errors.data() + at, in.data() + at, shape, back.data() + at);
        }
        std::vector<std::uint32_t> bits;
        for (const Floats& list : {out, back}) {
          for (const float value : list) bits.push_back(std::bit_cast<std::uint32_t>(value));
        }
        if (expected.empty()) expected = bits;
        EXPECT_TRUE(bits == expected) << channels << " channels on " << hwy::TargetName(target);
      }
    }
  }
}

}  // namespace
}  // namespace rheo::vector_math
