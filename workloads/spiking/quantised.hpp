#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "workloads/spiking/network.hpp"

namespace rheo::spiking {

/// How a membrane of integers leaks.
struct FixedPointDecay {
  enum class Kind : std::uint8_t {
    shift,       ///< m - (m >> bits), the shift arithmetic: d = 1 - 2^-bits
    multiplier,  ///< numerator m / 2^bits, rounded
  };
  enum class Rounding : std::uint8_t {
    floor,    ///< towards minus infinity: the arithmetic shift alone
    nearest,  ///< half of the last place added before the shift: halves go up
  };

  Kind kind = Kind::shift;
  std::uint32_t bits = 3;       ///< 1 to 15
  std::uint32_t numerator = 7;  ///< multiplier: below 2^bits
  Rounding rounding = Rounding::floor;

  [[nodiscard]] constexpr std::int64_t operator()(std::int64_t membrane) const noexcept {
    if (kind == Kind::shift) return membrane - (membrane >> bits);
    const std::int64_t half = rounding == Rounding::nearest ? std::int64_t{1} << (bits - 1) : 0;
    return (membrane * numerator + half) >> bits;
  }
  [[nodiscard]] constexpr double factor() const noexcept {
    const double one = static_cast<double>(std::uint32_t{1} << bits);
    return kind == Kind::shift ? 1 - 1 / one : numerator / one;
  }
  friend bool operator==(const FixedPointDecay&, const FixedPointDecay&) = default;
};

/// A layer in two's complement. A weight is weights[...] 2^-weight_fraction_bits, a membrane and the threshold count
/// 2^-membrane_fraction_bits. Each tick
///
///     sum = sum of the weights whose input spikes, exact, << (membrane_fraction_bits - weight_fraction_bits)
///     m <- saturated((out ? 0 : decay(m)) + sum),   out <- m > threshold
///
/// where saturated() clips to the range of membrane_bits, once a tick.
struct QuantisedLayer {
  std::uint32_t weight_bits = 8;             ///< sign included, 2 to 16
  std::uint32_t weight_fraction_bits = 6;    ///< may exceed weight_bits
  std::uint32_t membrane_bits = 16;          ///< sign included, 4 to 32
  std::uint32_t membrane_fraction_bits = 9;  ///< at least weight_fraction_bits
  std::int32_t threshold = 0;
  std::vector<std::int32_t> weights;  ///< elements() x outputs, row by row, as FloatWeights

  [[nodiscard]] constexpr std::int64_t lowest() const noexcept { return -(std::int64_t{1} << (membrane_bits - 1)); }
  [[nodiscard]] constexpr std::int64_t highest() const noexcept { return (std::int64_t{1} << (membrane_bits - 1)) - 1; }
  /// The membrane after a tick; `fired`: the neuron spiked at the tick before; `sum`: of the weights, not shifted.
  [[nodiscard]] constexpr std::int64_t next(const FixedPointDecay& decay, std::int64_t membrane, bool fired,
                                            std::int64_t sum) const noexcept {
    const std::int64_t kept = fired ? 0 : decay(membrane);
    return std::clamp(kept + sum * (std::int64_t{1} << (membrane_fraction_bits - weight_fraction_bits)), lowest(),
                      highest());
  }
};

/// A network as the hardware computes it: integers only.
struct QuantisedNetwork {
  SpikingNetwork network;
  FixedPointDecay decay;
  std::vector<QuantisedLayer> layers;
};

}  // namespace rheo::spiking
