// Every pulse moves the weight by the same mean step, whatever the weight:
//   m = +-step, s = dw_min_std step
// Gokmen and Vlasov 2016; ConstantStep of aihwkit.
#include "models/crossbar/cell_family.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/constant_step.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/crossbar/families/apply_pulses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace {

struct ConstantStep {
  const CellArrays& cells;

  template <class At>
  HWY_INLINE void operator()(const At& at, Lane, LaneMask up, Lane& mean, Lane& deviation) const {
    const LaneTag df;
    mean = hn::IfThenElse(up, at(cells.step_up), hn::Neg(at(cells.step_down)));
    deviation = hn::Mul(mean, hn::Set(df, cells.cycle_to_cycle));
  }
};

}  // namespace

std::uint64_t ApplyConstantStep(const PulseApplication& pulses) {
  return ApplyEvents(ConstantStep{pulses.cells}, pulses);
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(ApplyConstantStep);

class Family final : public CellFamily {
 public:
  [[nodiscard]] std::unique_ptr<CellFamily> clone() const override { return std::make_unique<Family>(*this); }
  [[nodiscard]] std::string_view description() const noexcept override {
    return "every pulse moves the weight by the same mean step";
  }
  void describe(Parameters&) override {}
  [[nodiscard]] bool depends_on_weight() const noexcept override { return false; }
  std::uint64_t apply(const PulseApplication& pulses) const override {
    return HWY_DYNAMIC_DISPATCH(ApplyConstantStep)(pulses);
  }
};

}  // namespace

std::unique_ptr<CellFamily> make_constant_step() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
