// The step is a power of the distance to the bound it moves to:
//   up: m = step ((high - w) / (high - low))^gamma_up, down: m = -step ((w - low) / (high - low))^gamma_down
//   s = dw_min_std |m|
// PowStep of aihwkit.
#include <algorithm>
#include <cmath>

#include "models/crossbar/device.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/pow_step.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/core/elementary-inl.h"
#include "models/crossbar/families/apply_pulses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace {

struct PowStep {
  const CellArrays& cells;

  template <class At>
  HWY_INLINE void operator()(const At& at, Lane w, LaneMask up, Lane& mean, Lane& deviation) const {
    const LaneTag df;
    const Lane low = at(cells.bound_low);
    const Lane high = at(cells.bound_high);
    const Lane step = hn::IfThenElse(up, at(cells.step_up), hn::Neg(at(cells.step_down)));
    const Lane gamma = hn::IfThenElse(up, at(cells.own[0]), at(cells.own[1]));
    const Lane distance = hn::IfThenElse(up, hn::Sub(high, w), hn::Sub(w, low));
    const Lane range = hn::Max(hn::Sub(high, low), hn::Set(df, 1e-30F));
    mean = hn::Mul(step, rheo::HWY_NAMESPACE::Power(df, hn::Div(distance, range), gamma));
    deviation = hn::Mul(mean, hn::Set(df, cells.cycle_to_cycle));
  }
};

}  // namespace

std::uint64_t ApplyPowStep(const PulseApplication& pulses) { return ApplyEvents(PowStep{pulses.cells}, pulses); }

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(ApplyPowStep);

class Family final : public CellFamily {
 public:
  [[nodiscard]] std::unique_ptr<CellFamily> clone() const override { return std::make_unique<Family>(*this); }
  [[nodiscard]] std::string_view description() const noexcept override {
    return "the step is a power of the distance to the bound";
  }
  void describe(Parameters& p) override {
    p.number("pow_gamma", gamma_, {0.0, 1e3}, "exponent of the distance");
    p.number("pow_gamma_dtod", gamma_dtod_, {0.0, 1e3}, "its device-to-device deviation, relative");
    p.number("pow_up_down", up_down_, {-1.0, 1.0}, "mean difference between up and down exponents, relative");
    p.number("pow_up_down_dtod", up_down_dtod_, {0.0, 1e3}, "device-to-device deviation of that difference");
  }
  [[nodiscard]] double granularity(const PopulationParameters& p) const override {
    return p.dw_min * std::pow(0.5, gamma_);
  }
  /// Exponents upwards and downwards.
  [[nodiscard]] std::size_t own_values() const noexcept override { return 2; }
  [[nodiscard]] std::size_t own_variates() const noexcept override { return 2; }
  void complete(const PopulationParameters&, std::span<const float> xi, Cell& cell) const override {
    const auto gamma = static_cast<float>(gamma_);
    const auto bias = static_cast<float>(up_down_);
    const float gain = 1.0F + static_cast<float>(gamma_dtod_) * xi[0];
    const float r = static_cast<float>(up_down_dtod_) * xi[1];
    cell.own[0] = std::abs(gamma * (gain + r + std::min(bias, 0.0F)));
    cell.own[1] = std::abs(gamma * (gain - r - std::max(bias, 0.0F)));
    if (!(cell.bound_high > cell.bound_low)) cell.step_up = cell.step_down = 0;
  }
  std::uint64_t apply(const PulseApplication& pulses) const override {
    return HWY_DYNAMIC_DISPATCH(ApplyPowStep)(pulses);
  }

 private:
  double gamma_ = 1;
  double gamma_dtod_ = 0.1;
  double up_down_ = 0;
  double up_down_dtod_ = 0;
};

}  // namespace

std::unique_ptr<CellFamily> make_pow_step() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
