#pragma once

namespace rheo {

/// The functions of elementary-inl.h for one value: the same bits on every machine, which those of the C library do
/// not promise.
[[nodiscard]] float exponential(float x);
[[nodiscard]] float logarithm(float x);
/// base^exponent for base >= 0; 0^0 is 1. Error about 2^-22 relative for moderate results.
[[nodiscard]] float power(float base, float exponent);

}  // namespace rheo
