#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/stream/decay.hpp"
#include "workloads/spiking/network.hpp"

namespace rheo::spiking {

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
  [[nodiscard]] constexpr std::int64_t next(const stream::Decay& decay, std::int64_t membrane, bool fired,
                                            std::int64_t sum) const noexcept {
    return std::clamp(unclipped(decay, membrane, fired, sum), lowest(), highest());
  }
  /// The same before it is clipped.
  [[nodiscard]] constexpr std::int64_t unclipped(const stream::Decay& decay, std::int64_t membrane, bool fired,
                                                 std::int64_t sum) const noexcept {
    return (fired ? 0 : decay(membrane)) + sum * (std::int64_t{1} << (membrane_fraction_bits - weight_fraction_bits));
  }
};

/// A network as the hardware computes it: integers only.
struct QuantisedNetwork {
  SpikingNetwork network;
  stream::Decay decay;
  std::vector<QuantisedLayer> layers;
};

}  // namespace rheo::spiking
