#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "models/core/parameters.hpp"
#include "models/core/thread_team.hpp"
#include "workloads/spiking/unrolled.hpp"

namespace rheo::spiking {

/// The table [training]. Training runs on the host: the modelled hardware only infers.
struct SpikingRecipe {
  enum class Method : std::uint8_t { through_time, local };
  static constexpr std::array<std::string_view, 2> method_names{"through_time", "local"};
  enum class Optimiser : std::uint8_t { nesterov, adamax };
  static constexpr std::array<std::string_view, 2> optimiser_names{"nesterov", "adamax"};

  Method method = Method::through_time;
  Optimiser optimiser = Optimiser::nesterov;
  std::int64_t epochs = 10;
  std::int64_t batch_size = 64;
  std::int64_t ticks = 0;
  std::int64_t burn_in = 0;
  double learning_rate = 0.1;
  double last_learning_rate = 0.1;
  double momentum = 0.9;
  double decay = 0.875;
  double initial_scale = 1;
  bool through_reset = true;
  double readout_scale = 0.5;
  Surrogate surrogate;

  void describe(Parameters& p) {
    p.choice("method", method, method_names, "surrogate gradient through time, or local losses (DECOLLE)");
    p.choice("optimiser", optimiser, optimiser_names, "SGD with Nesterov momentum, or Adamax");
    p.integer("epochs", epochs, {1, 100'000}, "passes over the training set");
    p.integer("batch_size", batch_size, {1, 65'536}, "examples of one update");
    p.integer("ticks", ticks, {0, 1'000'000}, "of a training example; 0: the network's");
    p.integer("burn_in", burn_in, {0, 1'000'000}, "ticks at the start of an example without a loss (local)");
    p.number("learning_rate", learning_rate, {0, 1000}, "at the start");
    p.number("last_learning_rate", last_learning_rate, {0, 1000}, "at the end; half a cosine leads there");
    p.number("momentum", momentum, {0, 0.9999}, "of nesterov");
    p.number("decay", decay, {0, 1}, "what is left of a membrane after a tick");
    p.number("initial_scale", initial_scale, {0, 1000},
             "first weights are uniform within this over the square root of a neuron's inputs");
    p.flag("through_reset", through_reset, "the gradient also passes through the reset of a neuron that spiked");
    p.number("readout_scale", readout_scale, {0, 1000},
             "fixed readouts are uniform within this over the square root of their inputs (local)");
    p.section("surrogate", surrogate, "stands for the derivative of a spike");
  }
};

/// What the optimiser remembers: two values a weight, in the order of EventPlan (nesterov uses the first) and the
/// updates until now.
struct OptimiserState {
  FloatWeights first, second;
  std::uint64_t updates = 0;
};

/// Trains a spiking network batch by batch. Weights after a batch are a function of the weights before, the batch and
/// the seed: threads share the examples, and their gradients are summed in an order of their own.
class SpikingTrainer {
 public:
  /// Weights start as drawn from the seed.
  SpikingTrainer(const SpikingNetwork& network, const SpikingRecipe& recipe, std::uint64_t seed, ThreadTeam& team);

  struct BatchResult {
    double loss = 0;  ///< sum over the examples; local: of the last layer
    std::size_t correct = 0;
  };
  /// One update. `presentation` numbers the examples' encodings.
  BatchResult train(const SpikeData& data, std::span<const std::uint32_t> examples, std::uint64_t presentation,
                    double learning_rate);

  [[nodiscard]] const TrainedNetwork& network() const noexcept { return network_; }
  [[nodiscard]] FloatWeights weights() const;
  void set_weights(const FloatWeights& weights);
  [[nodiscard]] const OptimiserState& optimiser() const noexcept { return optimiser_; }
  void set_optimiser(OptimiserState state) { optimiser_ = std::move(state); }

  /// The gradient of the loss's mean over these examples, without an update; for checks.
  [[nodiscard]] FloatWeights gradient(const SpikeData& data, std::span<const std::uint32_t> examples,
                                      std::uint64_t presentation);

 private:
  /// A share of a batch, fixed whatever the threads.
  struct Part {
    PackedWeights gradient;
    BatchResult result;
  };
  static constexpr std::size_t parts = 8;

  BatchResult accumulate(const SpikeData& data, std::span<const std::uint32_t> examples, std::uint64_t presentation);
  void run_example(const SpikeData& data, std::uint32_t example, std::uint64_t presentation, float share,
                   Unrolled& unrolled, SpikeTrain& input, Part& part);
  void update(double learning_rate);

  SpikingRecipe recipe_;
  TrainedNetwork network_;
  std::size_t ticks_;
  ThreadTeam& team_;
  PackedWeights weights_;
  OptimiserState optimiser_;
  std::vector<Part> parts_;
  struct Workplace {
    Unrolled unrolled;
    SpikeTrain input;
  };
  std::vector<std::unique_ptr<Workplace>> workplaces_;  ///< by the first part they serve
};

/// The learning rate of a batch: half a cosine from the first to the last.
[[nodiscard]] double learning_rate_at(const SpikingRecipe& recipe, std::uint64_t batch, std::uint64_t batches);

/// The class of a vector of counts: the largest, the first of equals.
[[nodiscard]] std::uint32_t class_of(std::span<const std::uint32_t> counts);

}  // namespace rheo::spiking
