#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/core/thread_team.hpp"
#include "workloads/spiking/data/spike_data.hpp"
#include "workloads/spiking/network_file.hpp"
#include "workloads/spiking/quantised.hpp"

namespace rheo::spiking {

/// How many bits hardware spends.
struct FixedPointWidths {
  std::uint32_t weight_bits = 8;     ///< sign included, 2 to 16
  std::uint32_t membrane_bits = 16;  ///< sign included, 6 to 32
  /// Places of the membrane behind those of the weights: what the leak shifts out. Every x 0.875 would need three more.
  std::uint32_t leak_bits = 3;
  stream::Decay decay;
  double membrane_range = 4;  ///< room that membranes have at least, thresholds, > 0

  friend bool operator==(const FixedPointWidths&, const FixedPointWidths&) = default;
};

/// The network in fixed point, all layers of the same widths. A layer's weights have as many fractional bits as leave
/// the smallest squared error, those out of range clipped; its membrane has `leak_bits` more, but at most as many as
/// leave room for `membrane_range` thresholds (then the weights have no more than the membrane either). The threshold
/// is rounded down: for membranes of these places that changes no comparison. Throws std::invalid_argument for widths
/// out of range.
[[nodiscard]] QuantisedNetwork quantise(const FloatNetwork& network, const FixedPointWidths& widths);

/// Whether a leak is the one that the network was trained with, to half a place of the finest multiplier (15 bits).
[[nodiscard]] bool leaks_as_trained(const FloatNetwork& network, const stream::Decay& decay) noexcept;

/// A network in fixed point beside the same in floating point.
struct FixedPointComparison {
  std::size_t examples = 0;
  std::size_t float_correct = 0, integer_correct = 0;
  std::size_t same_class = 0;
  std::vector<std::uint64_t> outputs;       ///< of each layer, over all examples and ticks
  std::vector<std::uint64_t> float_spikes;  ///< of these
  std::vector<std::uint64_t> differing;     ///< outputs that spike in one of the two alone
  std::vector<std::uint64_t> updates;       ///< of each layer's membranes, one a neuron and tick
  std::vector<std::uint64_t> clipped;       ///< of these: see IntegerRun::clipped()
};

/// Both run side by side on the same input; differences of a layer include what the layers before it do differently.
[[nodiscard]] FixedPointComparison compare(const FloatNetwork& network, const QuantisedNetwork& quantised,
                                           const SpikeData& data, std::span<const std::uint32_t> examples,
                                           std::size_t ticks, std::uint64_t presentation, ThreadTeam& team);

}  // namespace rheo::spiking
