#include "platforms/stream_fpga/quantisation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/core/error.hpp"

namespace rheo {
namespace {

using spiking::FixedPointDecay;

/// The most fractional bits at which every weight, rounded, lies in the range of `bits`.
std::int32_t fraction_bits(const std::vector<float>& weights, std::uint32_t bits) {
  double highest = 0;
  double lowest = 0;
  for (const float w : weights) {
    highest = std::max(highest, static_cast<double>(w));
    lowest = std::min(lowest, static_cast<double>(w));
  }
  const double bound = std::ldexp(1.0, static_cast<int>(bits) - 1);
  std::int32_t fraction = 30;
  while (fraction > 0 &&
         (std::round(std::ldexp(highest, fraction)) > bound - 1 || std::round(std::ldexp(lowest, fraction)) < -bound)) {
    --fraction;
  }
  return fraction;
}

}  // namespace

spiking::QuantisedNetwork quantise(const spiking::FloatNetwork& network, const SpikingNumberParameters& numbers) {
  spiking::QuantisedNetwork quantised;
  quantised.network = network.network;
  quantised.decay.kind = numbers.decay.kind == stream::Decay::Kind::shift ? FixedPointDecay::Kind::shift
                                                                          : FixedPointDecay::Kind::multiplier;
  quantised.decay.bits = numbers.decay.bits;
  quantised.decay.numerator = numbers.decay.numerator;
  quantised.decay.rounding = numbers.decay.rounding == stream::Decay::Rounding::floor
                                 ? FixedPointDecay::Rounding::floor
                                 : FixedPointDecay::Rounding::nearest;
  const auto weight_bits = static_cast<std::uint32_t>(numbers.weight_bits);
  for (std::size_t i = 0; i < network.weights.size(); ++i) {
    spiking::QuantisedLayer layer;
    layer.weight_bits = weight_bits;
    layer.membrane_bits = static_cast<std::uint32_t>(numbers.membrane_bits);
    layer.weight_fraction_bits = static_cast<std::uint32_t>(fraction_bits(network.weights[i], weight_bits));
    layer.membrane_fraction_bits = layer.weight_fraction_bits + static_cast<std::uint32_t>(numbers.membrane_fraction);
    const double bound = std::ldexp(1.0, static_cast<int>(weight_bits) - 1);
    for (const float w : network.weights[i]) {
      const double scaled =
          std::round(std::ldexp(static_cast<double>(w), static_cast<int>(layer.weight_fraction_bits)));
      layer.weights.push_back(static_cast<std::int32_t>(std::clamp(scaled, -bound, bound - 1)));
    }
    const double threshold =
        std::floor(std::ldexp(network.network.layers[i].threshold, static_cast<int>(layer.membrane_fraction_bits)));
    if (threshold > static_cast<double>(layer.highest())) {
      throw InputError("numbers.membrane_bits",
                       fmt::format("{} with {} fractional bits cannot hold the threshold {} of layer {}; expected more "
                                   "bits, or fewer fractional ones (numbers.membrane_fraction)",
                                   layer.membrane_bits, layer.membrane_fraction_bits,
                                   network.network.layers[i].threshold, network.network.layers[i].name));
    }
    layer.threshold = static_cast<std::int32_t>(threshold);
    quantised.layers.push_back(std::move(layer));
  }
  return quantised;
}

}  // namespace rheo
