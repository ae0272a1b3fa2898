#include "platforms/stream_fpga/layer_mapping.hpp"

#include <fmt/format.h>

#include "models/core/error.hpp"

namespace rheo {
namespace {

using stream::LayerParameters;

std::uint64_t value_or(const std::vector<double>& values, std::size_t layer, std::uint64_t otherwise) {
  return values.empty() ? otherwise : static_cast<std::uint64_t>(values[layer]);
}

void require_divisor(std::string_view key, const LayerParameters& layer, std::uint32_t value, std::uint32_t of,
                     std::string_view what) {
  if (value != 0 && of % value == 0) return;
  throw InputError(std::string(key),
                   fmt::format("{} for layer {}; expected a divisor of its {} {}", value, layer.name, of, what));
}

}  // namespace

std::vector<LayerParameters> map_layers(const StreamConfiguration& configuration,
                                        const spiking::SpikingNetwork& network) {
  std::vector<LayerParameters> layers;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    LayerParameters layer;
    layer.name = network.layers[i].name;
    layer.geometry = network.geometry_of(i);
    layer.outputs = network.layers[i].outputs;
    layer.pool = network.layers[i].pool;
    layer.weight_bits = static_cast<std::uint32_t>(configuration.numbers.weight_bits);
    layer.lif.membrane_bits = static_cast<std::uint32_t>(configuration.numbers.membrane_bits);
    layer.lif.decay = configuration.numbers.decay;
    layer.folding.pe = static_cast<std::uint32_t>(value_or(configuration.folding.pe, i, 1));
    layer.folding.simd = static_cast<std::uint32_t>(value_or(configuration.folding.simd, i, 1));
    layer.window_simd = static_cast<std::uint32_t>(value_or(configuration.folding.window_simd, i, 0));
    layer.axonal_delay = value_or(configuration.delays.axonal, i, 0);
    layer.synaptic_delay = value_or(configuration.delays.synaptic, i, 0);
    layer.fifo_depth = value_or(configuration.fifo.depth, i, stream::default_fifo_depth);
    layer.window_fifo_depth = value_or(configuration.fifo.window_depth, i, stream::default_fifo_depth);
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::vector<LayerParameters> map_layers(const StreamConfiguration& configuration,
                                        const spiking::QuantisedNetwork& network) {
  std::vector<LayerParameters> layers = map_layers(configuration, network.network);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const spiking::QuantisedLayer& from = network.layers.at(i);
    LayerParameters& layer = layers[i];
    layer.weights = from.weights;
    layer.weight_bits = from.weight_bits;
    layer.lif.membrane_bits = from.membrane_bits;
    layer.lif.threshold = from.threshold;
    layer.lif.input_shift = from.membrane_fraction_bits - from.weight_fraction_bits;
    layer.lif.decay = network.decay;
  }
  return layers;
}

spiking::FixedPointWidths fixed_point_widths(const SpikingNumberParameters& numbers) {
  spiking::FixedPointWidths widths;
  widths.weight_bits = static_cast<std::uint32_t>(numbers.weight_bits);
  widths.membrane_bits = static_cast<std::uint32_t>(numbers.membrane_bits);
  widths.leak_bits = static_cast<std::uint32_t>(numbers.leak_bits);
  widths.membrane_range = numbers.membrane_range;
  widths.decay = numbers.decay;
  return widths;
}

void check_folding(const std::vector<LayerParameters>& layers, const StreamConfiguration& configuration) {
  for (const LayerParameters& layer : layers) {
    require_divisor("folding.pe", layer, layer.folding.pe, layer.outputs, "outputs");
    require_divisor("folding.simd", layer, layer.folding.simd, layer.in_features(), "inputs");
    if (!layer.has_window()) continue;
    const bool own = layer.window_simd != 0;
    require_divisor(own || !configuration.folding.window_simd.empty() ? "folding.window_simd" : "folding.simd", layer,
                    layer.window_lanes(), layer.geometry.channels, "channels, which its sliding window folds");
  }
}

}  // namespace rheo
