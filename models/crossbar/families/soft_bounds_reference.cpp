// Soft bounds, read against a reference device that is subtracted: with v = w + reference,
//   multiplicative noise: m = +-step (1 - v / bound), s = dw_min_std |m|
//   additive noise:       m = +-step (1 - v / bound), s = dw_min_std step
// and the bounds clip v. The reference may hold the symmetry point, where up and down steps are equal:
//   (step_up - step_down) / (step_up / high - step_down / low).
// SoftBoundsReference of aihwkit.
#include "models/crossbar/device.hpp"
#include "models/crossbar/families/reference_device.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/soft_bounds_reference.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/crossbar/families/apply_pulses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace {

struct SoftBoundsReference {
  const CellArrays& cells;
  bool multiplicative;

  // Bounds are kept relative to the reference: high - reference, and own[1] = 1 / high, own[2] = 1 / low.
  template <class At>
  HWY_INLINE void operator()(const At& at, Lane w, LaneMask up, Lane& mean, Lane& deviation) const {
    const LaneTag df;
    const Lane step = hn::IfThenElse(up, at(cells.step_up), hn::Neg(at(cells.step_down)));
    const Lane inverse = hn::IfThenElse(up, at(cells.own[1]), at(cells.own[2]));
    const Lane v = hn::Add(w, at(cells.own[0]));
    mean = hn::Mul(step, hn::NegMulAdd(v, inverse, hn::Set(df, 1.0F)));
    deviation = hn::Mul(multiplicative ? mean : step, hn::Set(df, cells.cycle_to_cycle));
  }
};

}  // namespace

std::uint64_t ApplySoftBoundsReference(const PulseApplication& pulses, bool multiplicative) {
  return ApplyEvents(SoftBoundsReference{pulses.cells, multiplicative}, pulses);
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(ApplySoftBoundsReference);

class Family final : public CellFamily {
 public:
  [[nodiscard]] std::unique_ptr<CellFamily> clone() const override { return std::make_unique<Family>(*this); }
  [[nodiscard]] std::string_view description() const noexcept override {
    return "soft bounds, read against a reference device";
  }
  void describe(Parameters& p) override {
    p.flag("mult_noise", mult_noise_, "noise follows the step at the weight, not the step at 0");
    p.number("slope_up_dtod", slope_up_dtod_, {0.0, 1e3}, "device-to-device deviation of the up slope, relative");
    p.number("slope_down_dtod", slope_down_dtod_, {0.0, 1e3}, "device-to-device deviation of the down slope, relative");
    reference_.describe(p);
  }
  /// The reference, and the inverse bounds.
  [[nodiscard]] std::size_t own_values() const noexcept override { return 3; }
  [[nodiscard]] std::size_t own_variates() const noexcept override { return 3; }
  void complete(const PopulationParameters&, std::span<const float> xi, Cell& cell) const override {
    const bool two_sided = cell.bound_high > 0 && cell.bound_low < 0;
    if (two_sided) {
      cell.bound_high /= std::abs(1.0F + static_cast<float>(slope_up_dtod_) * xi[0]);
      cell.bound_low /= std::abs(1.0F + static_cast<float>(slope_down_dtod_) * xi[1]);
    }
    const float slopes = two_sided ? cell.step_up / cell.bound_high - cell.step_down / cell.bound_low : 0.0F;
    std::optional<float> symmetry;
    if (reference_.subtract_symmetry_point && slopes > 0) symmetry = (cell.step_up - cell.step_down) / slopes;
    cell.own[1] = cell.bound_high > 0 ? 1.0F / cell.bound_high : 0.0F;
    cell.own[2] = cell.bound_low < 0 ? 1.0F / cell.bound_low : 0.0F;
    cell.own[0] = reference_.subtract(xi[2], symmetry, cell);
  }
  std::uint64_t apply(const PulseApplication& pulses) const override {
    return HWY_DYNAMIC_DISPATCH(ApplySoftBoundsReference)(pulses, mult_noise_);
  }

 private:
  bool mult_noise_ = false;
  double slope_up_dtod_ = 0;
  double slope_down_dtod_ = 0;
  ReferenceDevice reference_;
};

}  // namespace

std::unique_ptr<CellFamily> make_soft_bounds_reference() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
