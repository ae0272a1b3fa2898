#pragma once

#include <vector>

#include "models/stream/crossbar_threshold.hpp"
#include "models/stream/layer_parameters.hpp"
#include "platforms/stream_fpga/stream_configuration.hpp"
#include "workloads/spiking/network_file.hpp"

namespace rheo {

/// A spiking network on crossbar tiles: the stages of the layers, and of each the matrix on its tiles.
struct TiledNetwork {
  std::vector<stream::LayerParameters> layers;
  std::vector<stream::CrossbarMatrix> matrices;
};

/// Where the layers of a network lie, without weights: tiles, converters' settings in thresholds of a layer.
[[nodiscard]] TiledNetwork map_tiles(const StreamConfiguration& configuration, const spiking::SpikingNetwork& network);

/// The same with trained weights. They are scaled, layer by layer, so that `tile.weight_range` of the largest is the
/// full scale of a cell; larger ones are cut to it. Bound, noise and offsets of the ADCs count thresholds of the layer.
/// Membranes count ADC steps:
///     threshold = floor(levels / bound 2^leak_bits)
/// Without a converter that rounds (the ideal device, read.perfect, adc.quantise = false) they are single precision.
/// Throws InputError where the threshold does not fit the membranes.
[[nodiscard]] TiledNetwork map_tiles(const StreamConfiguration& configuration, const spiking::FloatNetwork& trained);

}  // namespace rheo
