// The step falls linearly to nothing at the cell's own bounds:
//   multiplicative noise: m = +-step (1 - w / bound), s = dw_min_std |m|
//   additive noise:       m = +-step (1 - w / bound), s = dw_min_std step
// SoftBounds of aihwkit: LinearStep with gamma 1 and each cell's bounds.
#include "models/crossbar/device.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/soft_bounds.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/crossbar/families/steps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {

std::uint64_t ApplySoftBounds(const PulseApplication& pulses, bool multiplicative) {
  return ApplyEvents(LinearStep{pulses.cells, multiplicative}, pulses);
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(ApplySoftBounds);

class Family final : public CellFamily {
 public:
  [[nodiscard]] std::unique_ptr<CellFamily> clone() const override { return std::make_unique<Family>(*this); }
  [[nodiscard]] std::string_view description() const noexcept override {
    return "the step falls linearly to nothing at the cell's own bounds";
  }
  void describe(Parameters& p) override {
    p.flag("mult_noise", mult_noise_, "noise follows the step at the weight, not the step at 0");
  }
  /// Slopes upwards and downwards.
  [[nodiscard]] std::size_t own_values() const noexcept override { return 2; }
  void complete(const PopulationParameters&, std::span<const float>, Cell& cell) const override {
    cell.own[0] = cell.bound_high != 0 ? -cell.step_up / cell.bound_high : 0.0F;
    cell.own[1] = cell.bound_low != 0 ? -cell.step_down / cell.bound_low : 0.0F;
  }
  std::uint64_t apply(const PulseApplication& pulses) const override {
    return HWY_DYNAMIC_DISPATCH(ApplySoftBounds)(pulses, mult_noise_);
  }

 private:
  bool mult_noise_ = true;
};

}  // namespace

std::unique_ptr<CellFamily> make_soft_bounds() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
