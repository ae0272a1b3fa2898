#include "workloads/training/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace rheo {
namespace {

constexpr std::int64_t per_epoch = 100;

StepRates at(const ScheduleParameters& schedule, std::int64_t step, std::int64_t epochs) {
  return rates_at(schedule, step, per_epoch, epochs);
}

TEST(Schedule, Constant) {
  const ScheduleParameters schedule{.kind = ScheduleKind::constant, .lr = 0.03, .momentum = 0.9};
  for (const std::int64_t step : {0, 1, 99, 100, 499}) {
    EXPECT_EQ(at(schedule, step, 5).lr, 0.03);
    EXPECT_EQ(at(schedule, step, 5).momentum, 0.9);
  }
}

/// "step/0.01/0.94/2": 0.01, times 0.94 every 2 epochs.
TEST(Schedule, StepMultipliesAtTheFirstBatchOfEveryOtherEpoch) {
  const ScheduleParameters schedule{
      .kind = ScheduleKind::step, .lr = 0.01, .gamma = 0.94, .step_epochs = 2, .momentum = 0.9};
  EXPECT_EQ(at(schedule, 199, 50).lr, 0.01);
  EXPECT_EQ(at(schedule, 200, 50).lr, 0.01 * 0.94);
  EXPECT_EQ(at(schedule, 399, 50).lr, 0.01 * 0.94);
  EXPECT_EQ(at(schedule, 400, 50).lr, 0.01 * 0.94 * 0.94);
  EXPECT_NEAR(at(schedule, 4999, 50).lr, 0.01 * std::pow(0.94, 24), 1e-15);
  EXPECT_EQ(at(schedule, 4999, 50).momentum, 0.9);
}

TEST(Schedule, AConstantWarmUpHoldsItsFactorToTheLastBatch) {
  ScheduleParameters schedule{.kind = ScheduleKind::step,
                              .lr = 0.025,
                              .gamma = 0.1,
                              .step_epochs = 300,
                              .warmup = WarmupKind::constant,
                              .warmup_epochs = 5,
                              .warmup_factor = 0.05};
  EXPECT_EQ(at(schedule, 0, 700).lr, 0.025 * 0.05);
  EXPECT_EQ(at(schedule, 499, 700).lr, 0.025 * 0.05);
  EXPECT_EQ(at(schedule, 500, 700).lr, 0.025);
  EXPECT_EQ(at(schedule, 300 * per_epoch, 700).lr, 0.025 * 0.1);
  schedule.warmup = WarmupKind::linear;
  EXPECT_GT(at(schedule, 499, 700).lr, 0.02);
}

/// "CLR/0.01-0.1/5, 0.95-0.85/5" over 12 epochs.
const ScheduleParameters one_cycle{.kind = ScheduleKind::one_cycle, .lr_min = 0.01, .lr_max = 0.1, .step_epochs = 5};

TEST(Schedule, OneCycleCorners) {
  EXPECT_EQ(at(one_cycle, 0, 12).lr, 0.01);
  EXPECT_EQ(at(one_cycle, 0, 12).momentum, 0.95);
  EXPECT_EQ(at(one_cycle, 500, 12).lr, 0.1);
  EXPECT_EQ(at(one_cycle, 500, 12).momentum, 0.85);
  EXPECT_EQ(at(one_cycle, 1000, 12).lr, 0.01);
  EXPECT_EQ(at(one_cycle, 1000, 12).momentum, 0.95);
  EXPECT_EQ(at(one_cycle, 1200, 12).lr, 0.0001);
  EXPECT_EQ(at(one_cycle, 1200, 12).momentum, 0.95);
}

TEST(Schedule, OneCycleIsLinearBetweenItsCorners) {
  EXPECT_NEAR(at(one_cycle, 1, 12).lr, 0.01 + 0.09 / 500, 1e-15);
  EXPECT_NEAR(at(one_cycle, 125, 12).lr, 0.01 + 0.09 / 4, 1e-15);
  EXPECT_NEAR(at(one_cycle, 125, 12).momentum, 0.95 - 0.1 / 4, 1e-15);
  EXPECT_NEAR(at(one_cycle, 875, 12).lr, 0.01 + 0.09 / 4, 1e-15);
  EXPECT_NEAR(at(one_cycle, 875, 12).momentum, 0.95 - 0.1 / 4, 1e-15);
  EXPECT_NEAR(at(one_cycle, 1100, 12).lr, (0.01 + 0.0001) / 2, 1e-15);
  EXPECT_EQ(at(one_cycle, 1001, 12).momentum, 0.95);
}

TEST(Schedule, OneCycleWithoutRoomToAnneal) {
  EXPECT_FALSE(one_cycle.check(10));
  EXPECT_EQ(at(one_cycle, 1000, 10).lr, 0.01);
  EXPECT_NEAR(at(one_cycle, 999, 10).lr, 0.01 + 0.09 / 500, 1e-15);
}

TEST(Schedule, CyclicalRepeatsTheTriangle) {
  ScheduleParameters cyclical = one_cycle;
  cyclical.kind = ScheduleKind::cyclical;
  for (const std::int64_t step : {0, 1, 499, 500, 501, 999}) {
    EXPECT_EQ(at(cyclical, step, 25).lr, at(one_cycle, step, 25).lr);
    EXPECT_EQ(at(cyclical, step + 1000, 25).lr, at(cyclical, step, 25).lr);
    EXPECT_EQ(at(cyclical, step + 1000, 25).momentum, at(cyclical, step, 25).momentum);
  }
  EXPECT_EQ(at(cyclical, 1000, 25).lr, 0.01);
  EXPECT_EQ(at(cyclical, 2500, 25).lr, 0.1);
}

TEST(Schedule, RangeTestRisesFromTheFirstBatchToTheLast) {
  ScheduleParameters schedule{.kind = ScheduleKind::range_test, .lr_min = 1e-4, .lr_max = 1, .momentum = 0.9};
  EXPECT_EQ(at(schedule, 0, 2).lr, 1e-4);
  EXPECT_EQ(at(schedule, 199, 2).lr, 1);
  EXPECT_EQ(at(schedule, 200, 2).lr, 1);
  EXPECT_NEAR(at(schedule, 50, 2).lr, 1e-4 + (1 - 1e-4) * 50 / 199, 1e-15);
  EXPECT_EQ(at(schedule, 50, 2).momentum, 0.9);

  schedule.rise = RiseKind::exponential;
  EXPECT_EQ(at(schedule, 0, 2).lr, 1e-4);
  EXPECT_EQ(at(schedule, 199, 2).lr, 1);
  for (std::int64_t step = 1; step < 199; ++step) {
    const double expected = 1e-4 * std::pow(1e4, static_cast<double>(step) / 199);
    EXPECT_NEAR(at(schedule, step, 2).lr / expected, 1, 1e-14) << step;
  }
  EXPECT_EQ(rates_at(schedule, 0, 1, 1).lr, 1);  // a run of one batch
}

TEST(Schedule, WarmUpRisesLinearlyToTheWholeRate) {
  const ScheduleParameters schedule{
      .kind = ScheduleKind::constant, .lr = 0.4, .warmup_epochs = 2, .warmup_factor = 0.25};
  EXPECT_EQ(at(schedule, 0, 5).lr, 0.1);
  EXPECT_NEAR(at(schedule, 100, 5).lr, 0.25, 1e-15);
  EXPECT_NEAR(at(schedule, 199, 5).lr, 0.4 - 0.3 / 200, 1e-15);
  EXPECT_EQ(at(schedule, 200, 5).lr, 0.4);
}

TEST(Schedule, CheckNamesTheKeyAndTheLimit) {
  ScheduleParameters schedule = one_cycle;
  EXPECT_FALSE(schedule.check(12));
  EXPECT_FALSE(schedule.check(10));
  ASSERT_TRUE(schedule.check(9));
  EXPECT_EQ(schedule.check(9)->key, "schedule.step_epochs");
  EXPECT_EQ(schedule.check(9)->text,
            "a cycle of 2 x 5 epochs does not fit; expected at most half of workload.epochs = 9");

  schedule.lr_min = 0.2;
  ASSERT_TRUE(schedule.check(12));
  EXPECT_EQ(schedule.check(12)->key, "schedule.lr_min");
  EXPECT_EQ(schedule.check(12)->text, "expected at most schedule.lr_max = 0.1");
  schedule.kind = ScheduleKind::constant;
  EXPECT_FALSE(schedule.check(1));  // what a kind does not use does not matter

  schedule = one_cycle;
  schedule.momentum_max = 0.8;
  EXPECT_EQ(schedule.check(12).value().key, "schedule.momentum_min");
  schedule = one_cycle;
  schedule.warmup_epochs = 1;
  EXPECT_EQ(schedule.check(12).value().key, "schedule.warmup_epochs");
  schedule = {.kind = ScheduleKind::range_test, .lr_min = 0, .rise = RiseKind::exponential};
  EXPECT_EQ(schedule.check(1).value().key, "schedule.lr_min");
  schedule.rise = RiseKind::linear;
  EXPECT_FALSE(schedule.check(1));
}

TEST(Schedule, StepsOutsideOfTheRunAreRefused) {
  EXPECT_THROW((void)at(one_cycle, -1, 12), std::invalid_argument);
  EXPECT_THROW((void)at(one_cycle, 1201, 12), std::invalid_argument);
  EXPECT_THROW((void)rates_at(one_cycle, 0, 0, 12), std::invalid_argument);
}

/// Collects the keys of the description.
class Keys : public Parameters {
 public:
  using Parameters::choice;
  std::string keys;
  void integer(std::string_view key, std::int64_t& value, Range<std::int64_t> range, std::string_view) override {
    add(key, value >= range.low && value <= range.high);
  }
  void number(std::string_view key, double& value, Range<double> range, std::string_view) override {
    add(key, value >= range.low && value <= range.high);
  }
  void quantity(std::string_view key, double&, Dimension, Range<double>, std::string_view) override { add(key, true); }
  void numbers(std::string_view key, std::vector<double>&, std::size_t, Range<double>, std::string_view) override {
    add(key, true);
  }
  void flag(std::string_view key, bool&, std::string_view) override { add(key, true); }
  void text(std::string_view key, std::string&, std::string_view) override { add(key, true); }
  void choice(std::string_view key, std::string&, std::span<const std::string>, std::string_view) override {
    add(key, true);
  }
  void begin_section(std::string_view, std::string_view) override {}
  void end_section() override {}

 private:
  void add(std::string_view key, bool in_range) {
    keys += std::string(key) + " ";
    EXPECT_TRUE(in_range) << key;
  }
};

TEST(Schedule, DescribesEveryKeyAndItsDefaultsAreInRange) {
  ScheduleParameters schedule;
  Keys keys;
  schedule.describe(keys);
  EXPECT_EQ(keys.keys,
            "kind lr lr_min lr_max gamma step_epochs momentum momentum_min momentum_max rise warmup "
            "warmup_epochs warmup_factor ");
  EXPECT_FALSE(schedule.check(1));
}

}  // namespace
}  // namespace rheo
