#include "workloads/spiking/unrolled.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

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
    AlignedValues<float> weights = plan.packed(std::span<const float>(rows));
    readouts.push_back({std::move(plan), std::move(weights)});
  }
}

PackedWeights TrainedNetwork::zero_weights() const {
  PackedWeights weights;
  for (const EventPlan& plan : plans) weights.emplace_back(plan.weights());
  return weights;
}

Unrolled::Unrolled(const TrainedNetwork& network, std::size_t ticks) : network_(network), ticks_(ticks) {
  const std::size_t rows = std::min(block, ticks);
  for (const EventPlan& plan : network.plans) {
    Layer layer;
    layer.membranes.resize((ticks + 1) * plan.neurons());
    layer.spikes = SpikeTrain(ticks, plan.output().values());
    layer.slopes.resize((rows + 1) * plan.neurons());
    layer.outputs.resize(rows * plan.output().values());
    if (!plan.direct()) layer.neurons.resize(plan.neurons());
    layer.sensitive = SpikeTrain(rows, plan.output().values());
    layers_.push_back(std::move(layer));
  }
}

const float* Unrolled::membranes(std::size_t layer, std::size_t tick) const {
  return layers_[layer].membranes.data() + (tick + 1) * network_.plans[layer].neurons();
}

SpikeRows Unrolled::input_of(std::size_t layer, const SpikeTrain& input, std::size_t first, std::size_t count) const {
  return (layer == 0 ? input : layers_[layer - 1].spikes).rows(first, count);
}

void Unrolled::forward(const PackedWeights& weights, const SpikeTrain& input) {
  for (std::size_t first = 0; first < ticks_; first += block) {
    const std::size_t count = std::min(block, ticks_ - first);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Layer& layer = layers_[l];
      const EventPlan& plan = network_.plans[l];
      const std::size_t neurons = plan.neurons();
      float* before = layer.membranes.data() + first * neurons;
      // The sums take the membranes' place.
      sum_events(plan, input_of(l, input, first, count), weights[l].data(), before + neurons);
      for (std::size_t t = first; t < first + count; ++t, before += neurons) {
        float* after = before + neurons;
        step_membranes(neurons, network_.decay, threshold_of(network_, l), before, after, after);
        pack_spikes(plan, threshold_of(network_, l), after, layer.spikes.at(t));
      }
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

void Unrolled::find_sensitive(std::size_t l, std::size_t first, std::size_t count, const Surrogate& surrogate) {
  Layer& layer = layers_[l];
  for (std::size_t t = 0; t < count; ++t) {
    pack_sensitive(network_.plans[l], surrogate, threshold_of(network_, l), membranes(l, first + t),
                   layer.sensitive.at(t));
  }
  std::fill(layer.outputs.begin(), layer.outputs.end(), 0.0F);
}

void Unrolled::step_back(std::size_t l, std::size_t first, std::size_t count, const Surrogate& surrogate,
                         bool through_reset) {
  Layer& layer = layers_[l];
  const EventPlan& plan = network_.plans[l];
  const std::size_t neurons = plan.neurons(), values = plan.output().values();
  // Of the tick after the block: the first row of the block before this one, which was later in time.
  float* later = layer.slopes.data() + count * neurons;
  if (first + count < ticks_) std::copy_n(layer.slopes.data(), neurons, later);
  for (std::size_t t = count; t-- > 0; later -= neurons) {
    const float* m = membranes(l, first + t);
    const float* outputs = layer.outputs.data() + t * values;
    if (!plan.direct()) {
      // A pooled spike is that of the largest membrane in its window.
      std::fill(layer.neurons.begin(), layer.neurons.end(), 0.0F);
      for (std::size_t i = 0; i < values; ++i) {
        const std::span<const std::uint32_t> window = plan.window_of(i);
        std::uint32_t largest = window[0];
        for (const std::uint32_t at : window) largest = m[at] > m[largest] ? at : largest;
        layer.neurons[largest] = outputs[i];
      }
      outputs = layer.neurons.data();
    }
    spiking::step_back(neurons, surrogate, network_.decay, threshold_of(network_, l), through_reset, m, outputs, later,
                       later - neurons);
  }
}

void Unrolled::backward(const PackedWeights& weights, const SpikeTrain& input, const Surrogate& surrogate,
                        bool through_reset, std::span<const float> slopes, PackedWeights& gradient) {
  for (Layer& layer : layers_) std::fill(layer.slopes.begin(), layer.slopes.end(), 0.0F);
  for (std::size_t at = 0; at < layers_.back().outputs.size(); at += slopes.size()) {
    std::copy(slopes.begin(), slopes.end(), layers_.back().outputs.begin() + static_cast<std::ptrdiff_t>(at));
  }
  for (std::size_t end = ticks_; end > 0;) {
    const std::size_t first = (end - 1) / block * block, count = end - first;
    for (std::size_t l = layers_.size(); l-- > 0;) {
      Layer& layer = layers_[l];
      const EventPlan& plan = network_.plans[l];
      step_back(l, first, count, surrogate, through_reset);
      add_gradient(plan, input_of(l, input, first, count), layer.slopes.data(), gradient[l].data());
      if (l == 0) continue;
      find_sensitive(l - 1, first, count, surrogate);
      pull_back(plan, layers_[l - 1].sensitive.rows(0, count), weights[l].data(), layer.slopes.data(),
                layers_[l - 1].outputs.data());
    }
    end = first;
  }
}

std::vector<double> Unrolled::backward_locally(const SpikeTrain& input, const Surrogate& surrogate, std::size_t burn_in,
                                               std::uint32_t label, float share, PackedWeights& gradient) {
  const std::uint32_t classes = network_.network.classes();
  const auto scale = 1.0 / (static_cast<double>(classes) * static_cast<double>(ticks_ - burn_in));
  std::vector<double> losses;
  AlignedValues<float> values((classes + 7) / 8 * 8);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const bool last = l + 1 == layers_.size();
    const std::size_t outputs = network_.plans[l].output().values();
    std::fill(layer.slopes.begin(), layer.slopes.end(), 0.0F);
    double loss = 0;
    for (std::size_t end = ticks_; end > 0;) {
      const std::size_t first = (end - 1) / block * block, count = end - first;
      find_sensitive(l, first, count, surrogate);
      for (std::size_t t = end; t-- > std::max(first, burn_in);) {
        float* slopes = layer.outputs.data() + (t - first) * outputs;
        if (last) {
          std::fill(values.begin(), values.end(), 0.0F);
          for_spikes(std::as_const(layer.spikes).at(t), [&](std::size_t value) { values[value] = 1; });
        } else {
          const TrainedNetwork::Readout& readout = network_.readouts[l];
          sum_events(readout.plan, layer.spikes.rows(t, 1), readout.weights.data(), values.data());
        }
        for (std::uint32_t c = 0; c < classes; ++c) {
          const double difference = values[c] - (c == label ? 1.0 : 0.0);
          loss += scale * smooth_l1(difference);
          values[c] = share * static_cast<float>(scale * smooth_l1_slope(difference));
        }
        if (last) {
          std::copy_n(values.begin(), classes, slopes);
        } else {
          const TrainedNetwork::Readout& readout = network_.readouts[l];
          pull_back(readout.plan, layer.sensitive.rows(t - first, 1), readout.weights.data(), values.data(), slopes);
        }
      }
      step_back(l, first, count, surrogate, false);
      add_gradient(network_.plans[l], input_of(l, input, first, count), layer.slopes.data(), gradient[l].data());
      end = first;
    }
    losses.push_back(loss);
  }
  return losses;
}

}  // namespace rheo::spiking
