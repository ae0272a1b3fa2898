#pragma once

#include <cstdint>

namespace rheo {

/// a / b, rounded up; b > 0.
[[nodiscard]] constexpr std::uint64_t ceil_divide(std::uint64_t a, std::uint64_t b) noexcept { return (a + b - 1) / b; }

/// The smallest multiple of `step` that is at least `value`; step > 0.
[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) noexcept {
  return ceil_divide(value, step) * step;
}

}  // namespace rheo
