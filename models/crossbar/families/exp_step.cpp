// The step follows exponentials of the weight: with z = 2 a w / (high - low) + b,
//   up:   m =  step max(0, 1 - A_up e^(gamma_up z))
//   down: m = -step max(0, 1 - A_down e^(-gamma_down z))
//   s = dw_min_std |m|, or with the extended noise s = dw_min_std (|m| + dw_min_std_add + dw_min_std_slope |w|)
// ExpStep of aihwkit (a fit to ReRAM of Gong et al. 2018, doi:10.1038/s41467-018-04485-1, and to PCM).
#include <algorithm>
#include <cmath>

#include "models/crossbar/device.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/exp_step.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/core/elementary-inl.h"
#include "models/crossbar/families/apply_pulses-inl.h"

#ifndef RHEO_EXP_STEP_PARAMETERS
#define RHEO_EXP_STEP_PARAMETERS
namespace rheo::crossbar {
namespace {

struct ExpStepParameters {
  float amplitude_up, amplitude_down, gamma_up, gamma_down, b, noise_add, noise_slope;
  bool extended_noise;
};

}  // namespace
}  // namespace rheo::crossbar
#endif

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace {

struct ExpStep {
  const CellArrays& cells;
  const rheo::crossbar::ExpStepParameters& p;

  template <class At>
  HWY_INLINE void operator()(const At& at, Lane w, LaneMask up, Lane& mean, Lane& deviation) const {
    const LaneTag df;
    const Lane one = hn::Set(df, 1.0F);
    const Lane step = hn::IfThenElse(up, at(cells.step_up), hn::Neg(at(cells.step_down)));
    // own[0] = 2 a / (high - low); 0 where the bounds leave no range, and then nothing moves
    const Lane scale = at(cells.own[0]);
    const Lane z = hn::MulAdd(w, scale, hn::Set(df, p.b));
    const Lane gamma = hn::IfThenElse(up, hn::Set(df, p.gamma_up), hn::Set(df, -p.gamma_down));
    const Lane amplitude = hn::IfThenElse(up, hn::Set(df, p.amplitude_up), hn::Set(df, p.amplitude_down));
    const Lane growth = rheo::HWY_NAMESPACE::Exp(df, hn::Mul(gamma, z));
    mean = hn::Mul(step, hn::Max(hn::NegMulAdd(amplitude, growth, one), hn::Zero(df)));
    if (p.extended_noise) {
      const Lane extra = hn::MulAdd(hn::Abs(w), hn::Set(df, p.noise_slope), hn::Set(df, p.noise_add));
      deviation = hn::Mul(hn::Add(hn::Abs(mean), extra), hn::Set(df, cells.cycle_to_cycle));
      deviation = hn::IfThenElseZero(hn::Ne(scale, hn::Zero(df)), deviation);
    } else {
      deviation = hn::Mul(mean, hn::Set(df, cells.cycle_to_cycle));
    }
  }
};

}  // namespace

std::uint64_t ApplyExpStep(const PulseApplication& pulses, const ExpStepParameters& parameters) {
  return ApplyEvents(ExpStep{pulses.cells, parameters}, pulses);
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(ApplyExpStep);

class Family final : public CellFamily {
 public:
  [[nodiscard]] std::unique_ptr<CellFamily> clone() const override { return std::make_unique<Family>(*this); }
  [[nodiscard]] std::string_view description() const noexcept override {
    return "the step follows exponentials of the weight";
  }
  void describe(Parameters& p) override {
    p.number("A_up", a_up_, {-1e6, 1e6}, "amplitude of the exponential of up steps");
    p.number("A_down", a_down_, {-1e6, 1e6}, "amplitude of the exponential of down steps");
    p.number("gamma_up", gamma_up_, {-1e3, 1e3}, "its growth upwards");
    p.number("gamma_down", gamma_down_, {-1e3, 1e3}, "its growth downwards");
    p.number("a", a_, {-1e3, 1e3}, "scale of the weight in the exponent, relative to half the range of the cell");
    p.number("b", b_, {-1e3, 1e3}, "offset in the exponent");
    p.number("dw_min_std_add", noise_add_, {-1e3, 1e3}, "extended noise: constant part, weight units");
    p.number("dw_min_std_slope", noise_slope_, {-1e3, 1e3}, "extended noise: part per weight");
  }
  [[nodiscard]] double granularity(const PopulationParameters& p) const override {
    const double down = p.dw_min * (1 - std::max(p.up_down, 0.0));
    const double step = down * std::max(1 - a_down_ * std::exp(-gamma_down_ * b_), 0.0);
    return step > 0 ? step : p.dw_min;
  }
  /// 2 a / (high - low)
  [[nodiscard]] std::size_t own_values() const noexcept override { return 1; }
  void complete(const PopulationParameters&, std::span<const float>, Cell& cell) const override {
    const float range = cell.bound_high - cell.bound_low;
    cell.own[0] = range > 0 ? 2.0F * static_cast<float>(a_) / range : 0.0F;
    if (!(range > 0)) cell.step_up = cell.step_down = 0;
  }
  std::uint64_t apply(const PulseApplication& pulses) const override {
    const bool extended = noise_add_ != 0 || noise_slope_ != 0;
    const ExpStepParameters p{static_cast<float>(a_up_),        static_cast<float>(a_down_),
                              static_cast<float>(gamma_up_),    static_cast<float>(gamma_down_),
                              static_cast<float>(b_),           static_cast<float>(noise_add_),
                              static_cast<float>(noise_slope_), extended};
    return HWY_DYNAMIC_DISPATCH(ApplyExpStep)(pulses, p);
  }

 private:
  double a_up_ = 0.00081;
  double a_down_ = 0.36833;
  double gamma_up_ = 12.44625;
  double gamma_down_ = 12.78785;
  double a_ = 0.244;
  double b_ = 0.2425;
  double noise_add_ = 0;
  double noise_slope_ = 0;
};

}  // namespace

std::unique_ptr<CellFamily> make_exp_step() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
