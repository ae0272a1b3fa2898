#pragma once

#include <vector>

#include "models/stream/layer_parameters.hpp"
#include "platforms/stream_fpga/stream_configuration.hpp"
#include "workloads/spiking/conversion.hpp"
#include "workloads/spiking/network.hpp"
#include "workloads/spiking/quantised.hpp"

namespace rheo {

/// The layers of a network as stages with the configuration's folding, FIFOs, widths and delays; without weights.
[[nodiscard]] std::vector<stream::LayerParameters> map_layers(const StreamConfiguration& configuration,
                                                              const spiking::SpikingNetwork& network);

/// The same with the weights, widths, thresholds and decay of a quantised network.
[[nodiscard]] std::vector<stream::LayerParameters> map_layers(const StreamConfiguration& configuration,
                                                              const spiking::QuantisedNetwork& network);

/// The widths in which trained weights are converted.
[[nodiscard]] spiking::FixedPointWidths fixed_point_widths(const SpikingNumberParameters& numbers);

/// Throws InputError, naming key and layer, when a folding does not divide what it folds.
void check_folding(const std::vector<stream::LayerParameters>& layers, const StreamConfiguration& configuration);

}  // namespace rheo
