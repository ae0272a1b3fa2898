#include "workloads/training/range_test.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <limits>

namespace rheo {
namespace {

using ::testing::HasSubstr;

/// `count` steps with rates from 1e-4 to 1, evenly on a logarithmic axis, and the loss at each of them; `noise` is the
/// height of a fixed disturbance.
std::vector<RangeTestSample> curve(std::size_t count, const std::function<double(double)>& loss, double noise = 0) {
  std::vector<RangeTestSample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    const double lr = std::pow(10.0, -4 + 4 * static_cast<double>(i) / static_cast<double>(count - 1));
    const double disturbance = noise * std::sin(static_cast<double>(i * i % 1009));
    samples.push_back({lr, loss(lr) + disturbance});
  }
  return samples;
}

/// A parabola over log10(lr): 2.3 at 1e-4, 0.5 at 1e-2, its lowest, 2.3 at 1.
double valley(double lr) { return 0.5 + 0.45 * std::pow(std::log10(lr) + 2, 2); }

/// 2.3, then a straight fall from 1e-3 to 0.5 at 1e-1, then a wall.
double wall(double lr) {
  if (lr > 0.1) return 50;
  return 2.3 - 0.9 * std::max(0.0, std::log10(lr) + 3);
}

TEST(RangeTest, ValleyGivesTheRateWhereTheLossHasRisenByATenthOfItsFall) {
  const RangeTestResult result = read_range_test(curve(401, valley));
  ASSERT_EQ(result.status, RangeTestStatus::ok) << result.explanation;
  EXPECT_NEAR(std::log10(result.lr_lowest_loss), -2, 0.06);  // the median makes a valley flat over half a window
  // The first full window is centred on step 10, where the loss is 0.5 + 0.45 x 1.9^2: 0.45 d^2 = 0.1 x 0.45 x 1.9^2.
  EXPECT_NEAR(std::log10(result.lr_max), -2 + std::sqrt(0.1) * 1.9, 0.011);
  EXPECT_DOUBLE_EQ(result.lr_min, result.lr_max / 4);
  EXPECT_EQ(result.smoothed.size(), 401u);
  EXPECT_NEAR(std::log10(result.lr_steepest), -3.9, 0.02);  // a parabola falls fastest at its start
}

TEST(RangeTest, WallGivesTheLastRateBeforeIt) {
  const RangeTestResult result = read_range_test(curve(401, wall));
  ASSERT_EQ(result.status, RangeTestStatus::ok) << result.explanation;
  EXPECT_NEAR(std::log10(result.lr_max), -1, 0.011);
  EXPECT_LE(result.lr_max, 0.1);
  EXPECT_GT(result.lr_steepest, 1e-3);
  EXPECT_LT(result.lr_steepest, 1e-1);
}

TEST(RangeTest, NoiseAndOutliersMoveTheSuggestionLittle) {
  std::vector<RangeTestSample> samples = curve(401, valley, 0.1);
  samples[150].loss = 40;
  samples[250].loss = -40;
  const RangeTestResult result = read_range_test(samples);
  ASSERT_EQ(result.status, RangeTestStatus::ok) << result.explanation;
  EXPECT_NEAR(std::log10(result.lr_max), -2 + std::sqrt(0.1) * 1.9, 0.3);
}

TEST(RangeTest, DivergenceIsARise) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const RangeTestResult result = read_range_test(curve(401, [&](double lr) { return lr > 0.1 ? bad : wall(lr); }));
    ASSERT_EQ(result.status, RangeTestStatus::ok) << result.explanation;
    EXPECT_NEAR(std::log10(result.lr_max), -1, 0.011);
    EXPECT_LT(result.smoothed.size(), 401u);
  }
}

TEST(RangeTest, ReadingIsAdjustable) {
  const RangeTestResult result = read_range_test(curve(401, valley), {.clear_rise = 0.5, .lr_min_divisor = 10});
  EXPECT_NEAR(std::log10(result.lr_max), -2 + std::sqrt(0.5) * 1.9, 0.011);
  EXPECT_DOUBLE_EQ(result.lr_min, result.lr_max / 10);
}

TEST(RangeTest, StillFallingAtTheEndIsNoSuggestion) {
  const RangeTestResult result = read_range_test(curve(401, [](double lr) { return 2.3 - 0.5 * std::log10(lr); }));
  EXPECT_EQ(result.status, RangeTestStatus::no_rise);
  EXPECT_EQ(result.lr_max, 0);
  EXPECT_THAT(result.explanation, HasSubstr("higher schedule.lr_max"));
}

TEST(RangeTest, NothingLearntIsNoSuggestion) {
  const auto flat = [](double) { return 2.3; };
  const auto rising = [](double lr) { return 2.3 + lr; };
  for (const auto& samples : {curve(401, flat), curve(401, flat, 0.1), curve(401, rising)}) {
    const RangeTestResult result = read_range_test(samples);
    EXPECT_EQ(result.status, RangeTestStatus::no_fall) << result.explanation;
    EXPECT_EQ(result.lr_max, 0);
  }
}

TEST(RangeTest, TooFewSteps) {
  EXPECT_EQ(read_range_test({}).status, RangeTestStatus::too_few);
  EXPECT_EQ(read_range_test(curve(9, valley)).status, RangeTestStatus::too_few);
  EXPECT_EQ(read_range_test(curve(10, valley)).status, RangeTestStatus::ok);
  const auto early = curve(401, [](double lr) { return lr > 1.05e-4 ? NAN : 2.3; });
  EXPECT_EQ(read_range_test(early).status, RangeTestStatus::too_few);
  EXPECT_THAT(read_range_test(early).explanation, HasSubstr("lower schedule.lr_min"));
}

TEST(RangeTest, RatesMustRise) {
  std::vector<RangeTestSample> samples = curve(20, valley);
  samples[7].lr = samples[6].lr;
  EXPECT_EQ(read_range_test(samples).status, RangeTestStatus::not_rising);
  samples[7].lr = NAN;
  EXPECT_EQ(read_range_test(samples).status, RangeTestStatus::not_rising);
  samples = curve(20, valley);
  samples[0].lr = 0;
  EXPECT_EQ(read_range_test(samples).status, RangeTestStatus::not_rising);
}

}  // namespace
}  // namespace rheo
