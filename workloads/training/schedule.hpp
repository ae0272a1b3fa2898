#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo {

enum class ScheduleKind { constant, step, one_cycle, cyclical, range_test };
inline constexpr std::array<std::string_view, 5> schedule_kind_names = {"constant", "step", "one_cycle", "cyclical",
                                                                        "range_test"};
enum class RiseKind { linear, exponential };
enum class WarmupKind { linear, constant };
inline constexpr std::array<std::string_view, 2> rise_kind_names = {"linear", "exponential"};
inline constexpr std::array<std::string_view, 2> warmup_kind_names = {"linear", "constant"};

/// A key with a value that does not fit the others.
struct ScheduleFault {
  std::string key;   ///< full, such as "schedule.lr_min"
  std::string text;  ///< what is expected
};

/// How the learning rate and the momentum move in a training run; the table [schedule] of a configuration.
///
///   constant    lr throughout
///   step        lr times gamma after every step_epochs epochs
///               both begin with warmup_epochs epochs at a reduced rate: times warmup_factor (constant), or times a
///               factor that rises batch by batch from warmup_factor to 1 (linear)
///   one_cycle   a triangle of 2 x step_epochs epochs from lr_min to lr_max and back, linear batch by batch, while the
///               momentum goes from momentum_max to momentum_min and back; over the epochs that remain the rate goes
///               linearly from lr_min to lr_min / 100, which it would reach just after the last batch, and the
///               momentum stays at momentum_max
///   cyclical    that triangle again and again
///   range_test  from lr_min in the first batch to lr_max in the last, linearly or exponentially
///
/// The momentum is `momentum` where nothing else is said. Sources: Smith, "Cyclical learning rates for training neural
/// networks", 2017; Smith and Topin, "Super-convergence", 2018.
struct ScheduleParameters {
  ScheduleKind kind = ScheduleKind::constant;
  double lr = 0.01;
  double lr_min = 0.01;
  double lr_max = 0.1;
  double gamma = 0.1;
  std::int64_t step_epochs = 5;
  double momentum = 0;
  double momentum_min = 0.85;
  double momentum_max = 0.95;
  RiseKind rise = RiseKind::linear;
  WarmupKind warmup = WarmupKind::linear;
  std::int64_t warmup_epochs = 0;
  double warmup_factor = 0.1;

  /// The keys inside the table: parent.section("schedule", schedule, "...").
  void describe(Parameters& p);

  /// What the ranges of single keys cannot say, for a run of `epochs` epochs.
  [[nodiscard]] std::optional<ScheduleFault> check(std::int64_t epochs) const;
};

/// What a training step needs to know of the schedule.
struct StepRates {
  double lr = 0;
  double momentum = 0;
};

/// The rates of batch `step`, counted over the whole run from 0; step = steps_per_epoch x epochs is the end of the run.
/// A pure function, with nothing but +, -, *, / and square roots inside: the same bits on every machine.
/// The parameters must have passed check(); std::invalid_argument for a step outside of the run or an empty run.
[[nodiscard]] StepRates rates_at(const ScheduleParameters& schedule, std::int64_t step, std::int64_t steps_per_epoch,
                                 std::int64_t epochs);

}  // namespace rheo
