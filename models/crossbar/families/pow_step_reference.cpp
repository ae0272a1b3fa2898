// The power law of pow_step, read against a reference device that is subtracted: with v = w + reference,
//   up: m = step ((high - v) / (high - low))^gamma_up, down: m = -step ((v - low) / (high - low))^gamma_down
//   s = dw_min_std |m|
// and the bounds clip v. The reference may hold the symmetry point, where up and down steps are equal.
// PowStepReference of aihwkit, which finds that point by pulsing; here it is the root itself.
#include <algorithm>
#include <cmath>

#include "models/core/elementary.hpp"
#include "models/crossbar/device.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/pow_step_reference.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/core/elementary-inl.h"
#include "models/crossbar/families/apply_pulses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace {

struct PowStepReference {
  const CellArrays& cells;

  // Bounds are kept relative to the reference, which moves both and leaves distances and range as they are.
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

std::uint64_t ApplyPowStepReference(const PulseApplication& pulses) {
  return ApplyEvents(PowStepReference{pulses.cells}, pulses);
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(ApplyPowStepReference);

class Family final : public CellFamily {
 public:
  [[nodiscard]] std::unique_ptr<CellFamily> clone() const override { return std::make_unique<Family>(*this); }
  [[nodiscard]] std::string_view description() const noexcept override {
    return "the step is a power of the distance to the bound, read against a reference device";
  }
  void describe(Parameters& p) override {
    p.number("pow_gamma", gamma_, {0.0, 1e3}, "exponent of the distance");
    p.number("pow_gamma_dtod", gamma_dtod_, {0.0, 1e3}, "its device-to-device deviation, relative");
    p.number("pow_up_down", up_down_, {-1.0, 1.0}, "mean difference between up and down exponents, relative");
    p.number("pow_up_down_dtod", up_down_dtod_, {0.0, 1e3}, "device-to-device deviation of that difference");
    p.number("reference_mean", reference_mean_, {-1e6, 1e6}, "mean of the reference, weight units");
    p.number("reference_std", reference_std_, {0.0, 1e6}, "device-to-device deviation of the reference, weight units");
    p.flag("subtract_symmetry_point", subtract_symmetry_point_, "the reference holds the symmetry point");
  }
  [[nodiscard]] double granularity(const PopulationParameters& p) const override {
    return p.dw_min * std::pow(0.5, gamma_);
  }
  /// Exponents upwards and downwards, the reference.
  [[nodiscard]] std::size_t own_values() const noexcept override { return 3; }
  [[nodiscard]] std::size_t own_variates() const noexcept override { return 3; }
  void complete(const PopulationParameters&, std::span<const float> xi, Cell& cell) const override {
    const auto gamma = static_cast<float>(gamma_);
    const auto bias = static_cast<float>(up_down_);
    const float gain = 1.0F + static_cast<float>(gamma_dtod_) * xi[0];
    const float r = static_cast<float>(up_down_dtod_) * xi[1];
    cell.own[0] = std::abs(gamma * (gain + r + std::min(bias, 0.0F)));
    cell.own[1] = std::abs(gamma * (gain - r - std::max(bias, 0.0F)));
    if (!(cell.bound_high > cell.bound_low)) cell.step_up = cell.step_down = 0;
    float reference = static_cast<float>(reference_mean_) + static_cast<float>(reference_std_) * xi[2];
    if (subtract_symmetry_point_ && cell.bound_high > 0 && cell.bound_low < 0 && cell.step_up > 0) {
      const float symmetry = symmetry_point(cell);
      reference += symmetry;
      cell.reset_bias += symmetry;
    }
    cell.own[2] = reference;
    cell.bound_high -= reference;
    cell.bound_low -= reference;
  }
  std::uint64_t apply(const PulseApplication& pulses) const override {
    return HWY_DYNAMIC_DISPATCH(ApplyPowStepReference)(pulses);
  }

 private:
  /// Where up and down steps are equal: up steps fall and down steps grow with the weight, so bisection finds it.
  [[nodiscard]] static float symmetry_point(const Cell& cell) {
    const float range = cell.bound_high - cell.bound_low;
    float low = cell.bound_low;
    float high = cell.bound_high;
    for (int i = 0; i < 40; ++i) {
      const float middle = 0.5F * (low + high);
      const float up = cell.step_up * power((cell.bound_high - middle) / range, cell.own[0]);
      const float down = cell.step_down * power((middle - cell.bound_low) / range, cell.own[1]);
      (up > down ? low : high) = middle;
    }
    return 0.5F * (low + high);
  }

  double gamma_ = 1;
  double gamma_dtod_ = 0.1;
  double up_down_ = 0;
  double up_down_dtod_ = 0;
  double reference_mean_ = 0;
  double reference_std_ = 0;
  bool subtract_symmetry_point_ = false;
};

}  // namespace

std::unique_ptr<CellFamily> make_pow_step_reference() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
