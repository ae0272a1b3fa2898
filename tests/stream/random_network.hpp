#pragma once

#include <random>
#include <string>
#include <vector>

#include "models/stream/pipeline.hpp"

namespace rheo::stream::testing {

inline std::uint32_t random_divisor(std::mt19937_64& random, std::uint32_t of) {
  std::vector<std::uint32_t> divisors;
  for (std::uint32_t d = 1; d <= of; ++d) {
    if (of % d == 0) divisors.push_back(d);
  }
  return divisors[random() % divisors.size()];
}

inline std::uint32_t between(std::mt19937_64& random, std::uint32_t low, std::uint32_t high) {
  return low + static_cast<std::uint32_t>(random() % (high - low + 1));
}

/// Two convolutions, the second with pooling, and one or two fully connected layers: widths, foldings, depths, decays
/// at random. Without delays.
inline std::vector<LayerParameters> random_network(std::mt19937_64& random) {
  std::vector<LayerParameters> layers;
  FrameShape shape{between(random, 7, 10), between(random, 7, 10), between(random, 1, 3)};
  const std::uint32_t count = between(random, 3, 4);
  for (std::uint32_t i = 0; i < count; ++i) {
    LayerParameters layer;
    layer.name = "layer" + std::to_string(i);
    layer.outputs = between(random, 2, 12);
    if (i < 2) {
      const std::uint32_t kernel = between(random, 1, 3);
      const std::uint32_t padding = kernel > 1 ? between(random, 0, 1) : 0;
      layer.geometry = {shape.height, shape.width, shape.channels, kernel, between(random, 2, 3), 1, padding};
      if (i == 1) layer.pool = 2;
    } else {
      layer.geometry = PatchGeometry::pixels(1, 1, static_cast<std::uint32_t>(shape.bits()));
    }
    const auto inputs = static_cast<std::uint32_t>(layer.geometry.elements());
    layer.window_simd = random_divisor(random, layer.geometry.channels);
    layer.folding = {random_divisor(random, layer.outputs), random_divisor(random, inputs)};
    layer.weight_bits = between(random, 3, 9);
    const std::int32_t bound = 1 << (layer.weight_bits - 1);
    std::uniform_int_distribution<std::int32_t> weight(-bound, bound - 1);
    layer.weights.resize(std::size_t{inputs} * layer.outputs);
    for (std::int32_t& w : layer.weights) w = weight(random);
    layer.lif.input_shift = between(random, 0, 3);
    layer.lif.membrane_bits = layer.weight_bits + layer.lif.input_shift + between(random, 0, 3);
    layer.lif.threshold = (bound << layer.lif.input_shift) / 2;
    layer.lif.decay.kind = random() % 2 == 0 ? Decay::Kind::shift : Decay::Kind::multiplier;
    layer.lif.decay.bits = between(random, 1, 6);
    layer.lif.decay.numerator = between(random, 1, (1U << layer.lif.decay.bits) - 1);
    layer.lif.decay.rounding = random() % 2 == 0 ? Decay::Rounding::floor : Decay::Rounding::nearest;
    // Two words of the wider side always suffice.
    layer.fifo_depth = between(random, 2, 9);
    layer.window_fifo_depth = between(random, 2, 9);
    shape = layer.output();
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace rheo::stream::testing
