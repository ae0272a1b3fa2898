// The attack's step and its signal-to-noise ratio against closed forms.
#include "workloads/robustness/fast_gradient_sign.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace rheo::testing {
namespace {

using Pixels = std::vector<std::uint8_t>;

TEST(FastGradientSign, MovesEveryPixelByEpsilonAlongTheSignWithinTheRange) {
  const Pixels pixels{100, 100, 100, 2, 253, 0};
  const std::vector<float> gradient{1e-30F, -5, 0, -1, 1, -1};
  EXPECT_EQ(robustness::fast_gradient_sign(pixels, gradient, 3), (Pixels{103, 97, 100, 0, 255, 0}));
  EXPECT_EQ(robustness::fast_gradient_sign(pixels, gradient, 0), pixels);
  EXPECT_THROW(robustness::fast_gradient_sign(pixels, std::vector<float>(5), 3), std::invalid_argument);
}

TEST(FastGradientSign, TheRatioIsThatOfTheNormsInDecibels) {
  // 100 against 10 everywhere: a factor of 10, 20 dB.
  const Pixels grey(48, 100);
  EXPECT_NEAR(robustness::mean_signal_to_noise_db(grey, Pixels(48, 110), 48), 20, 1e-12);
  // One image as before, one that did not change, one with a factor of 100.
  Pixels three(3 * 48, 100);
  Pixels changed = three;
  for (int i = 0; i < 48; ++i) changed[static_cast<std::size_t>(i)] = 90;
  for (int i = 96; i < 144; ++i) changed[static_cast<std::size_t>(i)] = 101;
  EXPECT_NEAR(robustness::mean_signal_to_noise_db(three, changed, 48), (20.0 + 40.0) / 2, 1e-12);
  EXPECT_TRUE(std::isinf(robustness::mean_signal_to_noise_db(three, three, 48)));
  EXPECT_THROW(static_cast<void>(robustness::mean_signal_to_noise_db(three, three, 47)), std::invalid_argument);
}

}  // namespace
}  // namespace rheo::testing
