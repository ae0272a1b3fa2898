#include "workloads/training/schedule.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace rheo {
namespace {

/// From a at t = 0 to b at t = 1, exact at both ends.
double between(double a, double b, double t) { return a * (1 - t) + b * t; }

/// The same with a constant ratio from step to step: a (b / a)^t, the power as the product of the roots
/// (b/a)^(1/2), (b/a)^(1/4), ... that the binary digits of t name. Within 1e-14 of the true value.
double between_exponentially(double a, double b, double t) {
  if (t >= 1) return b;
  double root = b / a;
  double power = 1;
  for (int digit = 0; digit < 53; ++digit) {
    root = std::sqrt(root);
    t *= 2;
    if (t >= 1) {
      power *= root;
      t -= 1;
    }
  }
  return a * power;
}

double stepped(const ScheduleParameters& s, std::int64_t epoch) {
  double lr = s.lr;
  for (std::int64_t i = 0; i < epoch / s.step_epochs; ++i) lr *= s.gamma;
  return lr;
}

/// `step` within a triangle that rises for `half` steps and falls for `half` steps.
StepRates triangle(const ScheduleParameters& s, std::int64_t step, std::int64_t half) {
  const std::int64_t height = step <= half ? step : 2 * half - step;
  const double t = static_cast<double>(height) / static_cast<double>(half);
  return {between(s.lr_min, s.lr_max, t), between(s.momentum_max, s.momentum_min, t)};
}

double warmed_up(const ScheduleParameters& s, double lr, std::int64_t step, std::int64_t steps_per_epoch) {
  const std::int64_t steps = s.warmup_epochs * steps_per_epoch;
  if (step >= steps) return lr;
  if (s.warmup == WarmupKind::constant) return lr * s.warmup_factor;
  return lr * between(s.warmup_factor, 1, static_cast<double>(step) / static_cast<double>(steps));
}

}  // namespace

void ScheduleParameters::describe(Parameters& p) {
  constexpr Range<double> rate{0, 1000};
  constexpr Range<double> fraction{0, 1};
  constexpr Range<double> momentum_range{0, 0.9999};
  constexpr Range<std::int64_t> epochs{1, 1000000};
  p.choice("kind", kind, schedule_kind_names, "how the learning rate moves");
  p.number("lr", lr, rate, "learning rate of constant and step (its first)");
  p.number("lr_min", lr_min, rate, "lowest learning rate of one_cycle (before annealing), cyclical and range_test");
  p.number("lr_max", lr_max, rate, "highest learning rate of one_cycle, cyclical and range_test");
  p.number("gamma", gamma, fraction, "step: factor on the learning rate after every step_epochs epochs");
  p.integer("step_epochs", step_epochs, epochs,
            "step: epochs between two changes; one_cycle and cyclical: epochs of one rise, and of one fall");
  p.number("momentum", momentum, momentum_range, "momentum of constant, step and range_test");
  p.number("momentum_min", momentum_min, momentum_range, "one_cycle and cyclical: momentum at the highest rate");
  p.number("momentum_max", momentum_max, momentum_range, "one_cycle and cyclical: momentum at the lowest rate");
  p.choice("rise", rise, rise_kind_names, "range_test: how the learning rate rises");
  p.choice("warmup", warmup, warmup_kind_names,
           "constant and step: how a factor on the learning rate moves in the first epochs: linearly to 1, or not");
  p.integer("warmup_epochs", warmup_epochs, {0, 1000000}, "constant and step: epochs with that factor");
  p.number("warmup_factor", warmup_factor, fraction, "constant and step: that factor in the first batch");
}

std::optional<ScheduleFault> ScheduleParameters::check(std::int64_t epochs) const {
  const bool triangular = kind == ScheduleKind::one_cycle || kind == ScheduleKind::cyclical;
  const bool constant_or_step = kind == ScheduleKind::constant || kind == ScheduleKind::step;
  if ((triangular || kind == ScheduleKind::range_test) && !(lr_min <= lr_max)) {
    return ScheduleFault{"schedule.lr_min", fmt::format("expected at most schedule.lr_max = {}", lr_max)};
  }
  if (triangular && !(momentum_min <= momentum_max)) {
    return ScheduleFault{"schedule.momentum_min",
                         fmt::format("expected at most schedule.momentum_max = {}", momentum_max)};
  }
  if (kind == ScheduleKind::one_cycle && step_epochs > epochs / 2) {
    return ScheduleFault{"schedule.step_epochs",
                         fmt::format("a cycle of 2 x {} epochs does not fit; expected at most half of "
                                     "workload.epochs = {}",
                                     step_epochs, epochs)};
  }
  if (kind == ScheduleKind::range_test && rise == RiseKind::exponential && !(lr_min > 0)) {
    return ScheduleFault{"schedule.lr_min", "expected more than 0 for an exponential rise"};
  }
  if (!constant_or_step && warmup_epochs > 0) {
    return ScheduleFault{"schedule.warmup_epochs", "expected 0: only constant and step warm up"};
  }
  return std::nullopt;
}

StepRates rates_at(const ScheduleParameters& s, std::int64_t step, std::int64_t steps_per_epoch, std::int64_t epochs) {
  const std::int64_t total = steps_per_epoch * epochs;
  if (steps_per_epoch < 1 || epochs < 1 || step < 0 || step > total) {
    throw std::invalid_argument("rates_at: no such step in the run");
  }
  const std::int64_t half = s.step_epochs * steps_per_epoch;
  switch (s.kind) {
    case ScheduleKind::constant:
      return {warmed_up(s, s.lr, step, steps_per_epoch), s.momentum};
    case ScheduleKind::step:
      return {warmed_up(s, stepped(s, step / steps_per_epoch), step, steps_per_epoch), s.momentum};
    case ScheduleKind::one_cycle: {
      if (step <= 2 * half) return triangle(s, step, half);
      const double t = static_cast<double>(step - 2 * half) / static_cast<double>(total - 2 * half);
      return {between(s.lr_min, s.lr_min / 100, t), s.momentum_max};
    }
    case ScheduleKind::cyclical:
      return triangle(s, step % (2 * half), half);
    case ScheduleKind::range_test: {
      const double t = step >= total - 1 ? 1 : static_cast<double>(step) / static_cast<double>(total - 1);
      const double lr =
          s.rise == RiseKind::linear ? between(s.lr_min, s.lr_max, t) : between_exponentially(s.lr_min, s.lr_max, t);
      return {lr, s.momentum};
    }
  }
  throw std::invalid_argument("rates_at: no such kind of schedule");
}

}  // namespace rheo
