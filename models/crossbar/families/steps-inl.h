// Steps that several families share; as functors for ApplyEvents (apply_pulses-inl.h).
#if defined(RHEO_STEPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef RHEO_STEPS_INL_H
#undef RHEO_STEPS_INL_H
#else
#define RHEO_STEPS_INL_H
#endif

#include "models/core/elementary-inl.h"
#include "models/crossbar/families/apply_pulses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {

/// m = +-(step + slope w), the slopes upwards and downwards in own[0] and own[1]; the noise follows m or the step at 0.
struct LinearStep {
  const CellArrays& cells;
  bool multiplicative;

  template <class At>
  HWY_INLINE void operator()(const At& at, Lane w, LaneMask up, Lane& mean, Lane& deviation) const {
    const LaneTag df;
    const Lane step = hn::IfThenElse(up, at(cells.step_up), hn::Neg(at(cells.step_down)));
    const Lane slope = hn::IfThenElse(up, at(cells.own[0]), hn::Neg(at(cells.own[1])));
    mean = hn::MulAdd(slope, w, step);
    deviation = hn::Mul(multiplicative ? mean : step, hn::Set(df, cells.cycle_to_cycle));
  }
};

/// m = +-step (distance to the bound that the pulse moves to / range)^gamma, the exponents in own[0] and own[1].
/// A reference that is subtracted moves weight and bounds alike and leaves distances and range as they are.
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

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
