#include "workloads/spiking/unrolled.hpp"

#include <algorithm>
#include <cmath>

#include "models/core/counter_random.hpp"
#include "workloads/spiking/event_kernels.hpp"

namespace rheo::spiking {
namespace {

SpikingNetwork one_linear_layer(std::uint32_t inputs, std::uint32_t outputs) {
  return {"readout", {1, 1, inputs}, 1, {{"readout", SpikingLayer::Kind::linear, 1, 0, outputs, 1, 0, 0}}};
}

float threshold_of(const TrainedNetwork& network, std::size_t layer) {
  return static_cast<float>(network.network.layers[layer].threshold);
}

}  // namespace

TrainedNetwork::TrainedNetwork(SpikingNetwork given, double decay_factor)
    : network(std::move(given)), decay(static_cast<float>(decay_factor)) {
  for (std::size_t l = 0; l < network.layers.size(); ++l) plans.emplace_back(network, l);
}

void TrainedNetwork::draw_readouts(double scale, std::uint64_t seed) {
  readouts.clear();
  for (std::size_t l = 0; l + 1 < network.layers.size(); ++l) {
    const std::uint32_t inputs = network.output_of(l).values();
    EventPlan plan(one_linear_layer(inputs, network.classes()), 0);
    std::vector<std::uint32_t> words(std::size_t{inputs} * network.classes());
    // Streams of the weights themselves count from 0.
    random_words(RandomKey(seed, 1000 + static_cast<std::uint32_t>(l), RandomPurpose::initial_weights), 0, 0, words);
    const auto bound = static_cast<float>(scale / std::sqrt(inputs));
    std::vector<float> rows(words.size());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = bound * (2 * uniform_from_word(words[i]) - 1);
    std::vector<float> weights = plan.packed(std::span<const float>(rows));
    readouts.push_back({std::move(plan), std::move(weights)});
  }
}

PackedWeights TrainedNetwork::zero_weights() const {
  PackedWeights weights;
  for (const EventPlan& plan : plans) weights.emplace_back(plan.weights());
  return weights;
}

Unrolled::Unrolled(const TrainedNetwork& network, std::size_t ticks) : network_(network), ticks_(ticks) {
  for (const EventPlan& plan : network.plans) {
    Layer layer;
    layer.membranes.resize((ticks + 1) * plan.neurons());
    layer.spikes = SpikeTrain(ticks, plan.output().values());
    layer.sums.resize(plan.neurons());
    layer.slopes.resize(plan.neurons());
    layer.outputs.resize(plan.output().values());
    if (!plan.direct()) layer.neurons.resize(plan.neurons());
    layer.sensitive.resize(layer.spikes.words());
    layers_.push_back(std::move(layer));
  }
}

const float* Unrolled::membranes(std::size_t layer, std::size_t tick) const {
  return layers_[layer].membranes.data() + (tick + 1) * network_.plans[layer].neurons();
}

void Unrolled::forward(const PackedWeights& weights, const SpikeTrain& input) {
  for (std::size_t t = 0; t < ticks_; ++t) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Layer& layer = layers_[l];
      const EventPlan& plan = network_.plans[l];
      add_events(plan, l == 0 ? input.at(t) : layers_[l - 1].spikes.at(t), weights[l].data(), layer.sums.data());
      float* before = layer.membranes.data() + t * plan.neurons();
      float* after = before + plan.neurons();
      step_membranes(plan.neurons(), network_.decay, threshold_of(network_, l), before, layer.sums.data(), after);
      pack_spikes(plan, threshold_of(network_, l), after, layer.spikes.at(t));
    }
  }
}

std::vector<std::uint32_t> Unrolled::counts() const {
  const SpikeTrain& last = layers_.back().spikes;
  std::vector<std::uint32_t> counts(last.values());
  for (std::size_t t = 0; t < ticks_; ++t) {
    for_spikes(last.at(t), [&](std::size_t value) { ++counts[value]; });
  }
  return counts;
}

void Unrolled::find_sensitive(std::size_t l, std::size_t tick, const Surrogate& surrogate) {
  pack_sensitive(network_.plans[l], surrogate, threshold_of(network_, l), membranes(l, tick), layers_[l].sensitive);
  std::fill(layers_[l].outputs.begin(), layers_[l].outputs.end(), 0.0F);
}

void Unrolled::step_back(std::size_t l, std::size_t tick, const Surrogate& surrogate, bool through_reset) {
  Layer& layer = layers_[l];
  const EventPlan& plan = network_.plans[l];
  const float* m = membranes(l, tick);
  if (!plan.direct()) {
    // A pooled spike is that of the largest membrane in its window.
    std::fill(layer.neurons.begin(), layer.neurons.end(), 0.0F);
    for (std::size_t i = 0; i < layer.outputs.size(); ++i) {
      const std::span<const std::uint32_t> window = plan.window_of(i);
      std::uint32_t largest = window[0];
      for (const std::uint32_t at : window) largest = m[at] > m[largest] ? at : largest;
      layer.neurons[largest] = layer.outputs[i];
    }
  }
  const std::vector<float>& outputs = plan.direct() ? layer.outputs : layer.neurons;
  spiking::step_back(plan.neurons(), surrogate, network_.decay, threshold_of(network_, l), through_reset, m,
                     outputs.data(), layer.slopes.data());
}

void Unrolled::backward(const PackedWeights& weights, const SpikeTrain& input, const Surrogate& surrogate,
                        bool through_reset, std::span<const float> slopes, PackedWeights& gradient) {
  for (Layer& layer : layers_) std::fill(layer.slopes.begin(), layer.slopes.end(), 0.0F);
  std::copy(slopes.begin(), slopes.end(), layers_.back().outputs.begin());
  for (std::size_t t = ticks_; t-- > 0;) {
    for (std::size_t l = layers_.size(); l-- > 0;) {
      Layer& layer = layers_[l];
      const EventPlan& plan = network_.plans[l];
      step_back(l, t, surrogate, through_reset);
      add_gradient(plan, l == 0 ? input.at(t) : layers_[l - 1].spikes.at(t), layer.slopes.data(), gradient[l].data());
      if (l == 0) continue;
      find_sensitive(l - 1, t, surrogate);
      pull_back(plan, layers_[l - 1].sensitive, weights[l].data(), layer.slopes.data(), layers_[l - 1].outputs.data());
    }
  }
}

std::vector<double> Unrolled::backward_locally(const SpikeTrain& input, const Surrogate& surrogate, std::size_t burn_in,
                                               std::uint32_t label, float share, PackedWeights& gradient) {
  const std::uint32_t classes = network_.network.classes();
  const auto scale = 1.0 / (static_cast<double>(classes) * static_cast<double>(ticks_ - burn_in));
  std::vector<double> losses;
  std::vector<float> values((classes + 7) / 8 * 8);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const bool last = l + 1 == layers_.size();
    std::fill(layer.slopes.begin(), layer.slopes.end(), 0.0F);
    double loss = 0;
    for (std::size_t t = ticks_; t-- > 0;) {
      find_sensitive(l, t, surrogate);
      if (t >= burn_in) {
        std::fill(values.begin(), values.end(), 0.0F);
        if (last) {
          for_spikes(layer.spikes.at(t), [&](std::size_t value) { values[value] = 1; });
        } else {
          const TrainedNetwork::Readout& readout = network_.readouts[l];
          add_events(readout.plan, layer.spikes.at(t), readout.weights.data(), values.data());
        }
        for (std::uint32_t c = 0; c < classes; ++c) {
          const double difference = values[c] - (c == label ? 1.0 : 0.0);
          loss += scale * smooth_l1(difference);
          values[c] = share * static_cast<float>(scale * smooth_l1_slope(difference));
        }
        if (last) {
          std::copy_n(values.begin(), classes, layer.outputs.begin());
        } else {
          const TrainedNetwork::Readout& readout = network_.readouts[l];
          pull_back(readout.plan, layer.sensitive, readout.weights.data(), values.data(), layer.outputs.data());
        }
      }
      step_back(l, t, surrogate, false);
      add_gradient(network_.plans[l], l == 0 ? input.at(t) : layers_[l - 1].spikes.at(t), layer.slopes.data(),
                   gradient[l].data());
    }
    losses.push_back(loss);
  }
  return losses;
}

}  // namespace rheo::spiking
