#pragma once

#include "platforms/stream_fpga/stream_configuration.hpp"
#include "workloads/spiking/network_file.hpp"
#include "workloads/spiking/quantised.hpp"

namespace rheo {

/// A trained network as the stages compute it. Of each layer:
///   weights: round to nearest (halves away from 0) at the finest power of two at which the largest still fits
///     numbers.weight_bits;
///   membranes: numbers.membrane_fraction more fractional bits than the weights;
///   threshold: rounded down, which an integer membrane cannot tell from the real one.
/// Throws InputError when a threshold does not fit the membranes.
[[nodiscard]] spiking::QuantisedNetwork quantise(const spiking::FloatNetwork& network,
                                                 const SpikingNumberParameters& numbers);

}  // namespace rheo
