#include "workloads/spiking/conversion.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>
#include <stdexcept>

#include "workloads/spiking/network_run.hpp"
#include "workloads/spiking/training.hpp"

namespace rheo::spiking {
namespace {

constexpr int most_fraction_bits = 30;

std::int32_t rounded(double value, std::uint32_t bits) {
  const double highest = std::ldexp(1.0, static_cast<int>(bits) - 1) - 1;
  return static_cast<std::int32_t>(std::clamp(std::nearbyint(value), -highest - 1, highest));
}

double squared_error(std::span<const float> weights, std::uint32_t bits, int fraction) {
  double sum = 0;
  for (const float w : weights) {
    const double error = std::ldexp(static_cast<double>(rounded(std::ldexp(w, fraction), bits)), -fraction) - w;
    sum += error * error;
  }
  return sum;
}

/// The fractional bits with the least error, the fewest of equals.
int best_fraction(std::span<const float> weights, std::uint32_t bits) {
  double largest = 0;
  for (const float w : weights) largest = std::max(largest, std::abs(static_cast<double>(w)));
  if (largest == 0) return 0;
  // From where nothing is clipped to where only the largest eighth of the range is left.
  const int whole = std::clamp(static_cast<int>(bits) - 2 - std::ilogb(largest), 0, most_fraction_bits);
  int best = whole;
  double least = squared_error(weights, bits, whole);
  for (int fraction = whole + 1; fraction <= std::min(whole + 3, most_fraction_bits); ++fraction) {
    const double error = squared_error(weights, bits, fraction);
    if (error < least) {
      least = error;
      best = fraction;
    }
  }
  return best;
}

void require(bool good, const char* what) {
  if (!good) throw std::invalid_argument(what);
}

}  // namespace

QuantisedNetwork quantise(const FloatNetwork& network, const FixedPointWidths& widths) {
  require(widths.weight_bits >= 2 && widths.weight_bits <= 16, "weights have from 2 to 16 bits");
  require(widths.membrane_range > 0, "membranes have room for something");
  require(widths.membrane_bits >= 6 && widths.membrane_bits <= 32, "membranes have from 6 to 32 bits");
  QuantisedNetwork result{network.network, widths.decay, {}};
  for (std::size_t l = 0; l < network.weights.size(); ++l) {
    const double threshold = network.network.layers[l].threshold;
    const std::vector<float>& weights = network.weights[l];
    const int room = static_cast<int>(std::ceil(std::log2(std::max(widths.membrane_range * threshold, 1e-6))));
    const int most = std::clamp(static_cast<int>(widths.membrane_bits) - 1 - room, 0, most_fraction_bits);
    const int fraction = std::min(best_fraction(weights, widths.weight_bits), most);
    QuantisedLayer layer;
    layer.weight_bits = widths.weight_bits;
    layer.weight_fraction_bits = static_cast<std::uint32_t>(fraction);
    layer.membrane_bits = widths.membrane_bits;
    layer.membrane_fraction_bits =
        static_cast<std::uint32_t>(std::min(fraction + static_cast<int>(widths.leak_bits), most));
    layer.threshold =
        static_cast<std::int32_t>(std::floor(std::ldexp(threshold, static_cast<int>(layer.membrane_fraction_bits))));
    for (const float w : weights) layer.weights.push_back(rounded(std::ldexp(w, fraction), widths.weight_bits));
    result.layers.push_back(std::move(layer));
  }
  return result;
}

bool leaks_as_trained(const FloatNetwork& network, const stream::Decay& decay) noexcept {
  return std::abs(decay.factor() - network.decay) <= 0x1p-16;
}

FixedPointComparison compare(const FloatNetwork& network, const QuantisedNetwork& quantised, const SpikeData& data,
                             std::span<const std::uint32_t> examples, std::size_t ticks, std::uint64_t presentation,
                             ThreadTeam& team) {
  const std::size_t layers = network.network.layers.size();
  FixedPointComparison total;
  total.examples = examples.size();
  total.float_spikes.resize(layers);
  total.differing.resize(layers);
  total.clipped.resize(layers);
  for (std::size_t l = 0; l < layers; ++l) {
    total.outputs.push_back(std::uint64_t{network.network.output_of(l).values()} * ticks * examples.size());
    total.updates.push_back(std::uint64_t{network.network.neurons_of(l).values()} * ticks * examples.size());
  }
  std::mutex mutex;
  team.for_ranges(examples.size(), 1, [&](std::size_t first, std::size_t last) {
    FloatRun floating(network.network, network.weights, network.decay);
    IntegerRun integer(quantised);
    SpikeTrain input(ticks, network.network.input.values());
    std::vector<std::uint64_t> spikes(layers), differing(layers);
    std::size_t float_correct = 0, integer_correct = 0, same = 0;
    for (std::size_t i = first; i < last; ++i) {
      data.encode(examples[i], presentation, input);
      floating.reset();
      integer.reset();
      std::vector<std::uint32_t> float_counts(network.network.classes()), integer_counts(network.network.classes());
      for (std::size_t t = 0; t < ticks; ++t) {
        floating.tick(input.at(t));
        integer.tick(input.at(t));
        for (std::size_t l = 0; l < layers; ++l) {
          const auto a = floating.spikes(l), b = integer.spikes(l);
          for (std::size_t w = 0; w < a.size(); ++w) {
            spikes[l] += static_cast<std::uint64_t>(std::popcount(a[w]));
            differing[l] += static_cast<std::uint64_t>(std::popcount(a[w] ^ b[w]));
          }
        }
        for_spikes(floating.spikes(layers - 1), [&](std::size_t c) { ++float_counts[c]; });
        for_spikes(integer.spikes(layers - 1), [&](std::size_t c) { ++integer_counts[c]; });
      }
      const std::uint32_t label = data.label(examples[i]);
      float_correct += class_of(float_counts) == label ? 1 : 0;
      integer_correct += class_of(integer_counts) == label ? 1 : 0;
      same += class_of(float_counts) == class_of(integer_counts) ? 1 : 0;
    }
    const std::lock_guard lock(mutex);
    total.float_correct += float_correct;
    total.integer_correct += integer_correct;
    total.same_class += same;
    for (std::size_t l = 0; l < layers; ++l) {
      total.float_spikes[l] += spikes[l];
      total.differing[l] += differing[l];
      total.clipped[l] += integer.clipped(l);
    }
  });
  return total;
}

}  // namespace rheo::spiking
