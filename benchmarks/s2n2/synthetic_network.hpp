#pragma once

#include <cstdint>
#include <vector>

#include "workloads/spiking/quantised.hpp"

namespace rheo {

/// A network with weights at random, uniform over their width, and thresholds at which the layers spike about as often
/// as the thesis prints (of the layer behind; 5 % where nothing is printed). For timings and energies that need spikes
/// but no trained network.
[[nodiscard]] spiking::QuantisedNetwork synthetic_network(const spiking::SpikingNetwork& network,
                                                          std::uint32_t weight_bits, std::uint32_t membrane_bits,
                                                          std::uint64_t seed);

/// Input spikes of `ticks` ticks, packed, at the printed ratio of the first layer: one spike a tick where that is one
/// input's share, else each input by itself.
[[nodiscard]] std::vector<std::vector<std::uint64_t>> synthetic_example(const spiking::SpikingNetwork& network,
                                                                        std::uint64_t seed);

}  // namespace rheo
