#include "platforms/stream_fpga/tile_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/core/error.hpp"
#include "platforms/stream_fpga/layer_mapping.hpp"

namespace rheo {
namespace {

using stream::CrossbarMatrix;

/// The largest weight of a nominal cell.
float full_scale(const crossbar::DeviceParameters& device) {
  if (device.ideal) return 1;
  const crossbar::PopulationParameters& cells = device.cell.population;
  return static_cast<float>(std::max(cells.w_max, -cells.w_min));
}

bool gives_codes(const TileArrayParameters& tiles) {
  return !tiles.device.ideal && !tiles.read.perfect && tiles.adc.quantise;
}

/// Of the layer's ADCs, in thresholds.
double bound_of(const TileArrayParameters& tiles, std::size_t layer) {
  return tiles.layer_bound.empty() ? tiles.adc.bound : tiles.layer_bound[layer];
}

stream::LifParameters neurons(const StreamConfiguration& configuration, std::size_t layer) {
  const SpikingNumberParameters& numbers = configuration.numbers;
  const TileArrayParameters& tiles = configuration.tiles;
  stream::LifParameters lif;
  lif.decay = numbers.decay;
  if (!gives_codes(tiles)) {
    lif.membrane_bits = 32;
    return lif;
  }
  lif.membrane_bits = static_cast<std::uint32_t>(numbers.membrane_bits);
  lif.input_shift = static_cast<std::uint32_t>(numbers.leak_bits);
  const double threshold =
      std::floor(std::ldexp(tiles.adc.levels() / bound_of(tiles, layer), static_cast<int>(numbers.leak_bits)));
  if (threshold > static_cast<double>(lif.highest())) {
    throw InputError("numbers.membrane_bits",
                     fmt::format("the threshold is {:.0f} in steps of the ADC and {} fractional bits; expected more "
                                 "than {} bits, fewer leak_bits or a larger adc.bound",
                                 threshold, numbers.leak_bits, numbers.membrane_bits));
  }
  lif.threshold = static_cast<std::int32_t>(threshold);
  return lif;
}

}  // namespace

TiledNetwork map_tiles(const StreamConfiguration& configuration, const spiking::SpikingNetwork& network) {
  const TileArrayParameters& tiles = configuration.tiles;
  TiledNetwork mapped;
  mapped.layers = map_layers(configuration, network);
  std::uint32_t stream = 0;
  for (std::size_t i = 0; i < mapped.layers.size(); ++i) {
    stream::LayerParameters& layer = mapped.layers[i];
    layer.lif = neurons(configuration, i);
    CrossbarMatrix matrix;
    matrix.tile = tiles.tile;
    matrix.settings.device = tiles.device;
    matrix.settings.dac.noise = tiles.dac.noise;
    matrix.settings.adc = tiles.adc;
    matrix.settings.conductance = tiles.conductance;
    matrix.settings.read = tiles.read;
    matrix.settings.wires = tiles.wires;
    matrix.settings = stream::spike_driven(matrix.settings);
    matrix.seed = static_cast<std::uint64_t>(configuration.seed);
    matrix.first_stream = stream;
    stream += static_cast<std::uint32_t>(matrix.parts(layer.in_features(), layer.outputs).size());
    mapped.matrices.push_back(std::move(matrix));
  }
  return mapped;
}

TiledNetwork map_tiles(const StreamConfiguration& configuration, const spiking::FloatNetwork& trained) {
  TiledNetwork mapped = map_tiles(configuration, trained.network);
  for (std::size_t i = 0; i < mapped.layers.size(); ++i) {
    CrossbarMatrix& matrix = mapped.matrices[i];
    const std::vector<float>& weights = trained.weights.at(i);
    const float full = full_scale(configuration.tiles.device);
    float largest = 0;
    for (const float w : weights) largest = std::max(largest, std::abs(w));
    largest *= static_cast<float>(configuration.tiles.weight_range);
    // The ideal device holds what it is given.
    const float scale = configuration.tiles.device.ideal || largest == 0 ? 1.0F : full / largest;
    matrix.weights.reserve(weights.size());
    for (const float w : weights) {
      matrix.weights.push_back(configuration.tiles.device.ideal ? w : std::clamp(w * scale, -full, full));
    }
    const double threshold = trained.network.layers[i].threshold * double{scale};
    crossbar::AdcParameters& adc = matrix.settings.adc;
    adc.bound = bound_of(configuration.tiles, i) * threshold;
    adc.noise *= threshold;
    adc.offset_deviation *= threshold;
    if (!gives_codes(configuration.tiles)) {
      matrix.real = stream::RealLif{static_cast<float>(threshold), static_cast<float>(trained.decay)};
    }
  }
  return mapped;
}

}  // namespace rheo
