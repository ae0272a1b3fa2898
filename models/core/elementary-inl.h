// exp, log, tanh and sigmoid of vectors of floats, for code that Highway compiles once for every target.
//
// Each is a fixed sequence of additions, multiplications, fused multiply-adds, divisions and integer steps, all of
// which IEEE 754 rounds in one way only. A lane therefore has the same bits on AVX2 and on AVX-512, whatever its
// neighbours hold. Finite arguments give finite results; NaN gives NaN.
//
// The polynomials are minimax fits (Lawson's iteration, coefficients rounded to float from the lowest up).
// The errors named here were measured over every float (`vector_elementary_test.cpp` sweeps a part of them).
//
// Include it as the -inl.h headers of Highway are: before the target's code, within the file that foreach_target.h
// repeats.

#if defined(RHEO_MODELS_CORE_ELEMENTARY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RHEO_MODELS_CORE_ELEMENTARY_INL_H_
#undef RHEO_MODELS_CORE_ELEMENTARY_INL_H_
#else
#define RHEO_MODELS_CORE_ELEMENTARY_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// x = n ln 2 + r with |r| <= ln(2)/2, and e^r - 1. For |x| below 2^21, and r is exact to a rounding only for |n| <
/// 512.
template <class D, class V = hn::Vec<D>, class DI = hn::RebindToSigned<D>>
struct Reduced {
  hn::Vec<DI> exponent;  ///< n
  V expm1;               ///< e^r - 1
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE Reduced<D> reduce_exponential(D d, V x) {
  const hn::RebindToSigned<D> di;
  // Adding 1.5 * 2^23 leaves x / ln 2, rounded to the nearest integer, in the low bits.
  const V magic = hn::Set(d, 0x1.8p23f);
  const V shifted = hn::MulAdd(x, hn::Set(d, 0x1.715476p+0f), magic);
  const V n = hn::Sub(shifted, magic);
  // ln 2 in two parts; the upper has 15 bits, so that its product with n is exact.
  const V r = hn::NegMulAdd(n, hn::Set(d, 0x1.7f7d1cp-20f), hn::NegMulAdd(n, hn::Set(d, 0x1.62e4p-1f), x));
  V q = hn::Set(d, 0x1.6c54b4p-10f);
  q = hn::MulAdd(q, r, hn::Set(d, 0x1.12248ap-7f));
  q = hn::MulAdd(q, r, hn::Set(d, 0x1.5555bcp-5f));
  q = hn::MulAdd(q, r, hn::Set(d, 0x1.5554b6p-3f));
  q = hn::MulAdd(q, r, hn::Set(d, 0.5f));
  return {hn::Sub(hn::BitCast(di, shifted), hn::BitCast(di, magic)), hn::MulAdd(hn::Mul(r, r), q, r)};
}

/// 2^n for -126 <= n <= 127.
template <class D, class VI>
HWY_INLINE hn::Vec<D> power_of_two(D d, VI n) {
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(n, hn::Set(di, 127))));
}

/// e^x. Above ln(FLT_MAX) the largest float, never infinity; below -103.97 zero; subnormal results are kept.
/// Error: at most 1.1 ulp.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exp(D d, V x) {
  // Minimum and maximum take the second operand when one is NaN.
  x = hn::Max(hn::Set(d, -104.0f), hn::Min(hn::Set(d, 89.0f), x));
  const auto reduced = reduce_exponential(d, x);
  // 2^n in two factors, as n runs from -150 to 128; only the second product can round.
  const auto half = hn::ShiftRight<1>(reduced.exponent);
  const auto rest = hn::Sub(reduced.exponent, half);
  const V power = hn::Add(hn::Set(d, 1.0f), reduced.expm1);
  const V scaled = hn::Mul(hn::Mul(power, power_of_two(d, half)), power_of_two(d, rest));
  return hn::Min(hn::Set(d, hwy::HighestValue<float>()), scaled);
}

/// e^x - 1 without cancellation near zero, for -80 <= x <= 80. Error: at most 2 ulp.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpMinusOne(D d, V x) {
  const auto reduced = reduce_exponential(d, x);
  const V scale = power_of_two(d, reduced.exponent);
  return hn::MulAdd(scale, reduced.expm1, hn::Sub(scale, hn::Set(d, 1.0f)));
}

/// Natural logarithm, subnormal arguments included. Zero and negative arguments give the lowest float instead of minus
/// infinity or NaN; plus infinity counts as 2^128. Error: at most 0.8 ulp.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Log(D d, V x) {
  const hn::RebindToSigned<D> di;
  const auto subnormal = hn::Lt(x, hn::Set(d, 0x1p-126f));
  const V normal = hn::IfThenElse(subnormal, hn::Mul(x, hn::Set(d, 0x1p25f)), x);
  // normal = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
  const auto root_half = hn::Set(di, 0x3f3504f3);
  const auto bits = hn::Add(hn::BitCast(di, normal), hn::Set(di, 0x3f800000 - 0x3f3504f3));
  const V f = hn::Sub(hn::BitCast(d, hn::Add(hn::And(bits, hn::Set(di, 0x7fffff)), root_half)), hn::Set(d, 1.0f));
  V e = hn::ConvertTo(d, hn::Sub(hn::ShiftRight<23>(bits), hn::Set(di, 127)));
  e = hn::Sub(e, hn::IfThenElseZero(subnormal, hn::Set(d, 25.0f)));
  // log(1 + f) = f - f^2/2 + f^3 p(f)
  V p = hn::Set(d, -0x1.38c32cp-4f);
  p = hn::MulAdd(p, f, hn::Set(d, 0x1.0571ecp-3f));
  p = hn::MulAdd(p, f, hn::Set(d, -0x1.0d8c58p-3f));
  p = hn::MulAdd(p, f, hn::Set(d, 0x1.22d74ep-3f));
  p = hn::MulAdd(p, f, hn::Set(d, -0x1.547162p-3f));
  p = hn::MulAdd(p, f, hn::Set(d, 0x1.99a026p-3f));
  p = hn::MulAdd(p, f, hn::Set(d, -0x1.00022ap-2f));
  p = hn::MulAdd(p, f, hn::Set(d, 0x1.555554p-2f));
  const V f2 = hn::Mul(f, f);
  V y = hn::Mul(hn::Mul(f2, f), p);
  y = hn::MulAdd(e, hn::Set(d, 0x1.7f7d1cp-20f), y);
  y = hn::NegMulAdd(hn::Mul(f, hn::Set(d, 0.5f)), f, y);
  y = hn::MulAdd(e, hn::Set(d, 0x1.62e4p-1f), hn::Add(f, y));
  y = hn::IfThenElse(hn::Le(x, hn::Zero(d)), hn::Set(d, hwy::LowestValue<float>()), y);
  return hn::IfThenElse(hn::Eq(x, x), y, x);
}

/// base^exponent = e^(exponent ln base) for base >= 0, where 0^0 is 1 and 0 to any other power 0. The rounding of the
/// logarithm is magnified by |exponent ln base|: about 2^-22 relative for results within 2^+-4.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Power(D d, V base, V exponent) {
  const V zero = hn::Zero(d);
  const V result = Exp(d, hn::Mul(exponent, Log(d, base)));
  const V of_zero = hn::IfThenElseZero(hn::Eq(exponent, zero), hn::Set(d, 1.0f));
  return hn::IfThenElse(hn::Gt(base, zero), result, of_zero);
}

/// Hyperbolic tangent with the sign of x, so that tanh(-x) = -tanh(x) to the bit: x + x^3 p(x^2) for |x| below 0.5625,
/// from there on 1 - 2 / (e^2|x| + 1). Exactly x near zero and exactly 1 from 9.02 on. Error: at most 1.4 ulp. Monotone
/// over all floats, so the largest tanh of a window is the tanh of its largest value.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Tanh(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V magnitude = hn::Min(hn::Set(d, 10.0f), hn::Abs(x));
  const V square = hn::Mul(magnitude, magnitude);
  V p = hn::Set(d, -0x1.94a92ep-8f);
  p = hn::MulAdd(p, square, hn::Set(d, 0x1.581e7ep-6f));
  p = hn::MulAdd(p, square, hn::Set(d, -0x1.b906eap-5f));
  p = hn::MulAdd(p, square, hn::Set(d, 0x1.110c62p-3f));
  p = hn::MulAdd(p, square, hn::Set(d, -0x1.555548p-2f));
  const V near_zero = hn::MulAdd(hn::Mul(square, magnitude), p, magnitude);
  const auto reduced = reduce_exponential(d, hn::Add(magnitude, magnitude));
  const V scale = power_of_two(d, reduced.exponent);
  const V denominator = hn::MulAdd(scale, reduced.expm1, hn::Add(scale, one));
  const V far = hn::Sub(one, hn::Div(hn::Set(d, 2.0f), denominator));
  return hn::CopySignToAbs(hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 0.5625f)), near_zero, far), x);
}

/// 1 / (1 + e^-x), computed from e^-|x| on both sides, so that small results keep their relative accuracy.
/// Error: at most 2.5 ulp.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V decay = Exp(d, hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), decay, one), hn::Add(one, decay));
}

}  // namespace rheo::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
