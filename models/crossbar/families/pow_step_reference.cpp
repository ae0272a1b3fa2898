// The power law of pow_step, read against a reference device that is subtracted: with v = w + reference,
//   up: m = step ((high - v) / (high - low))^gamma_up, down: m = -step ((v - low) / (high - low))^gamma_down
//   s = dw_min_std |m|
// and the bounds clip v. The reference may hold the symmetry point, where up and down steps are equal.
// PowStepReference of aihwkit, which finds that point by pulsing; here it is the root itself.
#include "models/core/elementary.hpp"
#include "models/crossbar/device.hpp"
#include "models/crossbar/families/power_law.hpp"
#include "models/crossbar/families/reference_device.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/pow_step_reference.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/crossbar/families/steps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {

std::uint64_t ApplyPowStepReference(const PulseApplication& pulses) {
  return ApplyEvents(PowStep{pulses.cells}, pulses);
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
    power_.describe(p);
    reference_.describe(p);
  }
  [[nodiscard]] double granularity(const PopulationParameters& p) const override { return power_.granularity(p); }
  /// Exponents upwards and downwards, the reference.
  [[nodiscard]] std::size_t own_values() const noexcept override { return 3; }
  [[nodiscard]] std::size_t own_variates() const noexcept override { return 3; }
  void complete(const PopulationParameters&, std::span<const float> xi, Cell& cell) const override {
    power_.complete(xi, cell);
    std::optional<float> symmetry;
    if (reference_.subtract_symmetry_point && cell.bound_high > 0 && cell.bound_low < 0 && cell.step_up > 0) {
      symmetry = symmetry_point(cell);
    }
    cell.own[2] = reference_.subtract(xi[2], symmetry, cell);
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

  PowerLaw power_;
  ReferenceDevice reference_;
};

}  // namespace

std::unique_ptr<CellFamily> make_pow_step_reference() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
