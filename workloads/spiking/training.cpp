#include "workloads/spiking/training.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "models/core/counter_random.hpp"
#include "workloads/spiking/event_kernels.hpp"

namespace rheo::spiking {
namespace {

void nesterov(std::span<const float> gradient, float rate, float momentum, std::span<float> velocity,
              std::span<float> weights) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    velocity[i] = momentum * velocity[i] + gradient[i];
    weights[i] -= rate * (gradient[i] + momentum * velocity[i]);
  }
}

/// Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2.
void adamax(std::span<const float> gradient, float rate, std::uint64_t update, std::span<float> mean,
            std::span<float> largest, std::span<float> weights) {
  constexpr float beta1 = 0.9F, beta2 = 0.999F, epsilon = 1e-8F;
  const auto step = static_cast<float>(rate / (1 - std::pow(static_cast<double>(beta1), static_cast<double>(update))));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    mean[i] = beta1 * mean[i] + (1 - beta1) * gradient[i];
    largest[i] = std::max(beta2 * largest[i], std::abs(gradient[i]) + epsilon);
    weights[i] -= step * mean[i] / largest[i];
  }
}

}  // namespace

SpikingTrainer::SpikingTrainer(const SpikingNetwork& network, const SpikingRecipe& recipe, std::uint64_t seed,
                               ThreadTeam& team)
    : recipe_(recipe),
      network_(network, recipe.decay),
      ticks_(recipe.ticks > 0 ? static_cast<std::size_t>(recipe.ticks) : network.ticks),
      team_(team),
      parts_(parts),
      workplaces_(parts) {
  FloatWeights first;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const std::size_t inputs = network.geometry_of(l).elements();
    std::vector<std::uint32_t> words(inputs * network.layers[l].outputs);
    random_words(RandomKey(seed, static_cast<std::uint32_t>(l), RandomPurpose::initial_weights), 0, 0, words);
    const auto bound = static_cast<float>(recipe.initial_scale / std::sqrt(static_cast<double>(inputs)));
    std::vector<float>& rows = first.emplace_back(words.size());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = bound * (2 * uniform_from_word(words[i]) - 1);
  }
  set_weights(first);
  if (recipe.method == SpikingRecipe::Method::local) network_.draw_readouts(recipe.readout_scale, seed);
  for (Part& part : parts_) part.gradient = network_.zero_weights();
  for (const EventPlan& plan : network_.plans) {
    optimiser_.first.emplace_back(plan.weights());
    if (recipe.optimiser == SpikingRecipe::Optimiser::adamax) optimiser_.second.emplace_back(plan.weights());
  }
}

FloatWeights SpikingTrainer::weights() const {
  FloatWeights rows;
  for (std::size_t l = 0; l < weights_.size(); ++l) {
    rows.push_back(network_.plans[l].unpacked(std::span<const float>(weights_[l])));
  }
  return rows;
}

void SpikingTrainer::set_weights(const FloatWeights& weights) {
  weights_.clear();
  for (std::size_t l = 0; l < weights.size(); ++l) {
    weights_.push_back(network_.plans[l].packed(std::span<const float>(weights[l])));
  }
}

void SpikingTrainer::run_example(const SpikeData& data, std::uint32_t example, std::uint64_t presentation, float share,
                                 Unrolled& unrolled, SpikeTrain& input, Part& part) {
  const std::uint32_t label = data.label(example);
  data.encode(example, presentation, input);
  unrolled.forward(weights_, input);
  const std::vector<std::uint32_t> counts = unrolled.counts();
  part.result.correct += class_of(counts) == label ? 1 : 0;
  if (recipe_.method == SpikingRecipe::Method::local) {
    const auto burn_in = std::min<std::size_t>(static_cast<std::size_t>(recipe_.burn_in), ticks_ - 1);
    part.result.loss +=
        unrolled.backward_locally(input, recipe_.surrogate, burn_in, label, share, part.gradient).back();
    return;
  }
  // The loss is the smooth L1 distance of the mean spikes to the one-hot label, averaged over the classes.
  std::vector<float> slopes(counts.size());
  const double ticks = static_cast<double>(ticks_);
  const double classes = static_cast<double>(counts.size());
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const double difference = counts[c] / ticks - (c == label ? 1.0 : 0.0);
    part.result.loss += smooth_l1(difference) / classes;
    slopes[c] = share * static_cast<float>(smooth_l1_slope(difference) / (classes * ticks));
  }
  unrolled.backward(weights_, input, recipe_.surrogate, recipe_.through_reset, slopes, part.gradient);
}

SpikingTrainer::BatchResult SpikingTrainer::accumulate(const SpikeData& data, std::span<const std::uint32_t> examples,
                                                       std::uint64_t presentation) {
  const float share = 1.0F / static_cast<float>(examples.size());
  team_.for_ranges(parts, 1, [&](std::size_t first, std::size_t last) {
    std::unique_ptr<Workplace>& workplace = workplaces_[first];
    if (!workplace) {
      workplace = std::make_unique<Workplace>(
          Workplace{Unrolled(network_, ticks_), SpikeTrain(ticks_, network_.network.input.values())});
    }
    for (std::size_t p = first; p < last; ++p) {
      Part& part = parts_[p];
      part.result = {};
      for (AlignedValues<float>& layer : part.gradient) std::fill(layer.begin(), layer.end(), 0.0F);
      for (std::size_t i = examples.size() * p / parts; i < examples.size() * (p + 1) / parts; ++i) {
        run_example(data, examples[i], presentation, share, workplace->unrolled, workplace->input, part);
      }
    }
  });
  BatchResult result = parts_[0].result;
  for (std::size_t p = 1; p < parts; ++p) {
    result.loss += parts_[p].result.loss;
    result.correct += parts_[p].result.correct;
    for (std::size_t l = 0; l < weights_.size(); ++l) add_values(parts_[p].gradient[l], parts_[0].gradient[l]);
  }
  return result;
}

void SpikingTrainer::update(double learning_rate) {
  ++optimiser_.updates;
  const auto rate = static_cast<float>(learning_rate);
  for (std::size_t l = 0; l < weights_.size(); ++l) {
    const std::span<const float> gradient = parts_[0].gradient[l];
    if (recipe_.optimiser == SpikingRecipe::Optimiser::nesterov) {
      nesterov(gradient, rate, static_cast<float>(recipe_.momentum), optimiser_.first[l], weights_[l]);
    } else {
      adamax(gradient, rate, optimiser_.updates, optimiser_.first[l], optimiser_.second[l], weights_[l]);
    }
  }
}

SpikingTrainer::BatchResult SpikingTrainer::train(const SpikeData& data, std::span<const std::uint32_t> examples,
                                                  std::uint64_t presentation, double learning_rate) {
  const BatchResult result = accumulate(data, examples, presentation);
  update(learning_rate);
  return result;
}

FloatWeights SpikingTrainer::gradient(const SpikeData& data, std::span<const std::uint32_t> examples,
                                      std::uint64_t presentation) {
  (void)accumulate(data, examples, presentation);
  FloatWeights rows;
  for (std::size_t l = 0; l < weights_.size(); ++l) {
    rows.push_back(network_.plans[l].unpacked(std::span<const float>(parts_[0].gradient[l])));
  }
  return rows;
}

double learning_rate_at(const SpikingRecipe& recipe, std::uint64_t batch, std::uint64_t batches) {
  const double done = static_cast<double>(batch) / static_cast<double>(batches);
  return recipe.last_learning_rate +
         0.5 * (recipe.learning_rate - recipe.last_learning_rate) * (1 + std::cos(std::numbers::pi * done));
}

std::uint32_t class_of(std::span<const std::uint32_t> counts) {
  return static_cast<std::uint32_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

}  // namespace rheo::spiking
