#pragma once

#include <cstdint>

namespace rheo::stream {

/// Leak of an integer membrane, on hardware and in the host's integer run alike.
struct Decay {
  enum class Kind : std::uint8_t {
    shift,       ///< m - (m >> bits), an arithmetic shift: d = 1 - 2^-bits; one subtraction
    multiplier,  ///< (numerator m) >> bits: d = numerator / 2^bits; one multiplication
  };
  enum class Rounding : std::uint8_t {
    floor,    ///< towards minus infinity, the arithmetic shift alone
    nearest,  ///< half of the last place is added before the shift: halves go up
  };

  Kind kind = Kind::shift;
  std::uint32_t bits = 3;       ///< 1 to 15
  std::uint32_t numerator = 7;  ///< of the multiplier, below 2^bits
  Rounding rounding = Rounding::floor;

  [[nodiscard]] constexpr std::int64_t operator()(std::int64_t membrane) const noexcept {
    if (kind == Kind::shift) return membrane - (membrane >> bits);
    const std::int64_t half = rounding == Rounding::nearest ? std::int64_t{1} << (bits - 1) : 0;
    return (membrane * numerator + half) >> bits;
  }
  /// d
  [[nodiscard]] constexpr double factor() const noexcept {
    const double one = static_cast<double>(std::uint32_t{1} << bits);
    return kind == Kind::shift ? 1 - 1 / one : numerator / one;
  }
  friend bool operator==(const Decay&, const Decay&) = default;
};

}  // namespace rheo::stream
