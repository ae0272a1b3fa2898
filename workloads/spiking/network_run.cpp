#include "workloads/spiking/network_run.hpp"

#include <algorithm>

#include "workloads/spiking/event_kernels.hpp"

namespace rheo::spiking {
namespace {

template <class Layers>
SpikeRows input_of(const Layers& layers, std::size_t layer, std::span<const std::uint64_t> input) {
  const std::span<const std::uint64_t> words = layer == 0 ? input : layers[layer - 1].spikes;
  return {words.data(), 1, words.size()};
}

std::size_t words_of(const EventPlan& plan) { return (plan.output().values() + 63) / 64; }

}  // namespace

FloatRun::FloatRun(SpikingNetwork network, const FloatWeights& weights, double decay)
    : network_(std::move(network)), decay_(static_cast<float>(decay)) {
  for (std::size_t l = 0; l < network_.layers.size(); ++l) {
    const EventPlan plan(network_, l);
    layers_.push_back({plan, plan.packed(std::span<const float>(weights[l])), AlignedValues<float>(plan.neurons()),
                       AlignedValues<float>(plan.neurons()), std::vector<std::uint64_t>(words_of(plan))});
  }
}

void FloatRun::reset() {
  for (Layer& layer : layers_) {
    std::fill(layer.membranes.begin(), layer.membranes.end(), 0.0F);
    std::fill(layer.spikes.begin(), layer.spikes.end(), 0);
  }
}

void FloatRun::tick(std::span<const std::uint64_t> input) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const auto threshold = static_cast<float>(network_.layers[l].threshold);
    sum_events(layer.plan, input_of(layers_, l, input), layer.weights.data(), layer.sums.data());
    float* membranes = layer.membranes.data();
    step_membranes(layer.plan.neurons(), decay_, threshold, membranes, layer.sums.data(), membranes);
    pack_spikes(layer.plan, threshold, membranes, layer.spikes);
  }
}

IntegerRun::IntegerRun(const QuantisedNetwork& network) : network_(network.network), decay_(network.decay) {
  for (std::size_t l = 0; l < network_.layers.size(); ++l) {
    const EventPlan plan(network_, l);
    const QuantisedLayer& numbers = network.layers[l];
    layers_.push_back({plan, numbers, plan.packed(std::span<const std::int32_t>(numbers.weights)),
                       AlignedValues<std::int32_t>(plan.neurons()), AlignedValues<std::int32_t>(plan.neurons()),
                       std::vector<std::uint64_t>(words_of(plan))});
    layers_.back().numbers.weights.clear();
  }
}

void IntegerRun::reset() {
  for (Layer& layer : layers_) {
    std::fill(layer.membranes.begin(), layer.membranes.end(), 0);
    std::fill(layer.spikes.begin(), layer.spikes.end(), 0);
  }
}

void IntegerRun::tick(std::span<const std::uint64_t> input) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    sum_events(layer.plan, input_of(layers_, l, input), layer.weights.data(), layer.sums.data());
    const std::int64_t lowest = layer.numbers.lowest(), highest = layer.numbers.highest();
    for (std::size_t n = 0; n < layer.membranes.size(); ++n) {
      std::int32_t& m = layer.membranes[n];
      const std::int64_t sum = layer.numbers.unclipped(decay_, m, m > layer.numbers.threshold, layer.sums[n]);
      m = static_cast<std::int32_t>(std::clamp(sum, lowest, highest));
      layer.clipped += sum < lowest ? 1 : 0;
    }
    std::fill(layer.spikes.begin(), layer.spikes.end(), 0);
    for (std::size_t i = 0; i < layer.plan.output().values(); ++i) {
      bool fires = false;
      if (layer.plan.direct()) {
        fires = layer.membranes[i] > layer.numbers.threshold;
      } else {
        for (const std::uint32_t at : layer.plan.window_of(i)) {
          fires = fires || layer.membranes[at] > layer.numbers.threshold;
        }
      }
      layer.spikes[i / 64] |= std::uint64_t{fires} << i % 64;
    }
  }
}

}  // namespace rheo::spiking
