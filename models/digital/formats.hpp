#pragma once

#include <cstddef>
#include <span>

#include "models/core/number_format.hpp"

namespace rheo {

/// Memory to values: what is stored, divided by `scale`. `bytes` holds values.size() numbers of the format.
void decode(NumberFormat format, float scale, std::span<const std::byte> bytes, std::span<float> values);

/// Values to memory: value * scale, rounded to nearest even, saturated to the largest finite value (int8: +-127,
/// uint8: 0 to 255).
void encode(NumberFormat format, float scale, std::span<const float> values, std::span<std::byte> bytes);

}  // namespace rheo
