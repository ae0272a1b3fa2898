// The step changes linearly with the weight, by its own slope in each direction:
//   multiplicative noise: m = +-(step + slope w), s = dw_min_std |m|
//   additive noise:       m = +-(step + slope w), s = dw_min_std step
// with slope = -|gamma + gamma_dtod xi| step / bound, gamma the relative loss of step at the bound (1: none is left).
// LinearStep of aihwkit.
#include "models/crossbar/device.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/linear_step.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/crossbar/families/steps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {

std::uint64_t ApplyLinearStep(const PulseApplication& pulses, bool multiplicative) {
  return ApplyEvents(LinearStep{pulses.cells, multiplicative}, pulses);
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(ApplyLinearStep);

class Family final : public CellFamily {
 public:
  [[nodiscard]] std::unique_ptr<CellFamily> clone() const override { return std::make_unique<Family>(*this); }
  [[nodiscard]] std::string_view description() const noexcept override {
    return "the step changes linearly with the weight";
  }
  void describe(Parameters& p) override {
    p.number("gamma_up", gamma_up_, {-1e3, 1e3}, "relative loss of the up step from weight 0 to the upper bound");
    p.number("gamma_down", gamma_down_, {-1e3, 1e3}, "the same downwards");
    p.number("gamma_up_dtod", gamma_up_dtod_, {0.0, 1e3}, "device-to-device deviation of gamma_up");
    p.number("gamma_down_dtod", gamma_down_dtod_, {0.0, 1e3}, "device-to-device deviation of gamma_down");
    p.flag("allow_increasing", allow_increasing_, "gamma may come out negative: steps that grow towards the bound");
    p.flag("mean_bound_reference", mean_bound_reference_, "slopes refer to the mean bounds, not to each cell's");
    p.flag("mult_noise", mult_noise_, "noise follows the step at the weight, not the step at 0");
  }
  /// Slopes upwards and downwards.
  [[nodiscard]] std::size_t own_values() const noexcept override { return 2; }
  [[nodiscard]] std::size_t own_variates() const noexcept override { return 2; }
  void complete(const PopulationParameters& p, std::span<const float> xi, Cell& cell) const override {
    float up = static_cast<float>(gamma_up_) + static_cast<float>(gamma_up_dtod_) * xi[0];
    float down = static_cast<float>(gamma_down_) + static_cast<float>(gamma_down_dtod_) * xi[1];
    if (!allow_increasing_) {
      up = std::abs(up);
      down = std::abs(down);
    }
    const float high = mean_bound_reference_ ? static_cast<float>(p.w_max) : cell.bound_high;
    const float low = mean_bound_reference_ ? static_cast<float>(p.w_min) : cell.bound_low;
    cell.own[0] = high != 0 ? -up * cell.step_up / high : 0.0F;
    cell.own[1] = low != 0 ? -down * cell.step_down / low : 0.0F;
  }
  std::uint64_t apply(const PulseApplication& pulses) const override {
    return HWY_DYNAMIC_DISPATCH(ApplyLinearStep)(pulses, mult_noise_);
  }

 private:
  double gamma_up_ = 0;
  double gamma_down_ = 0;
  double gamma_up_dtod_ = 0.05;
  double gamma_down_dtod_ = 0.05;
  bool allow_increasing_ = false;
  bool mean_bound_reference_ = true;
  bool mult_noise_ = true;
};

}  // namespace

std::unique_ptr<CellFamily> make_linear_step() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
