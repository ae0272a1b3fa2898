#pragma once

#include <bit>
#include <cstdint>

namespace rheo {

/// Divides by a number that stays the same, 1 or more: by a shift where it is a power of two, as sizes of memories
/// mostly are.
class Divisor {
 public:
  explicit constexpr Divisor(std::uint64_t divisor) noexcept
      : divisor_(divisor), shift_(std::has_single_bit(divisor) ? std::countr_zero(divisor) : -1) {}

  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return divisor_; }
  friend constexpr std::uint64_t operator/(std::uint64_t number, const Divisor& by) noexcept {
    return by.shift_ >= 0 ? number >> by.shift_ : number / by.divisor_;
  }
  friend constexpr std::uint64_t operator%(std::uint64_t number, const Divisor& by) noexcept {
    return by.shift_ >= 0 ? number & (by.divisor_ - 1) : number % by.divisor_;
  }

 private:
  std::uint64_t divisor_;
  int shift_;
};

}  // namespace rheo
