#include "models/core/elementary.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/core/elementary.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/core/elementary-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::HWY_NAMESPACE {
namespace {

const hn::CappedTag<float, 1> single;

}  // namespace

float ExpOf(float x) { return hn::GetLane(Exp(single, hn::Set(single, x))); }
float LogOf(float x) { return hn::GetLane(Log(single, hn::Set(single, x))); }
float PowerOf(float base, float exponent) {
  return hn::GetLane(Power(single, hn::Set(single, base), hn::Set(single, exponent)));
}

}  // namespace rheo::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo {
namespace {

HWY_EXPORT(ExpOf);
HWY_EXPORT(LogOf);
HWY_EXPORT(PowerOf);

}  // namespace

float exponential(float x) { return HWY_DYNAMIC_DISPATCH(ExpOf)(x); }
float logarithm(float x) { return HWY_DYNAMIC_DISPATCH(LogOf)(x); }
float power(float base, float exponent) { return HWY_DYNAMIC_DISPATCH(PowerOf)(base, exponent); }

}  // namespace rheo
#endif  // HWY_ONCE
