// The step is a power of the distance to the bound it moves to:
//   up: m = step ((high - w) / (high - low))^gamma_up, down: m = -step ((w - low) / (high - low))^gamma_down
//   s = dw_min_std |m|
// PowStep of aihwkit.
#include "models/crossbar/device.hpp"
#include "models/crossbar/families/power_law.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/pow_step.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/crossbar/families/steps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {

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
  void describe(Parameters& p) override { power_.describe(p); }
  [[nodiscard]] double granularity(const PopulationParameters& p) const override { return power_.granularity(p); }
  /// Exponents upwards and downwards.
  [[nodiscard]] std::size_t own_values() const noexcept override { return 2; }
  [[nodiscard]] std::size_t own_variates() const noexcept override { return 2; }
  void complete(const PopulationParameters&, std::span<const float> xi, Cell& cell) const override {
    power_.complete(xi, cell);
  }
  std::uint64_t apply(const PulseApplication& pulses) const override {
    return HWY_DYNAMIC_DISPATCH(ApplyPowStep)(pulses);
  }

 private:
  PowerLaw power_;
};

}  // namespace

std::unique_ptr<CellFamily> make_pow_step() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
