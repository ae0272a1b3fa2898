#pragma once

#include <span>
#include <vector>

#include "workloads/spiking/data/spike_data.hpp"
#include "workloads/spiking/event_plan.hpp"
#include "workloads/spiking/surrogate.hpp"

namespace rheo::spiking {

/// Weights, or their gradient, of every layer in the order of EventPlan.
using PackedWeights = std::vector<AlignedValues<float>>;

/// A network with the memory that training needs: its event plans and, for local learning, a fixed random readout for
/// every layer but the last.
struct TrainedNetwork {
  TrainedNetwork(SpikingNetwork network, double decay);

  SpikingNetwork network;
  float decay;
  std::vector<EventPlan> plans;

  /// From the outputs of a layer to the classes: linear, without neurons.
  struct Readout {
    EventPlan plan;
    AlignedValues<float> weights;
  };
  std::vector<Readout> readouts;

  /// Draws the readouts: uniform within +-scale / sqrt(outputs of the layer).
  void draw_readouts(double scale, std::uint64_t seed);
  [[nodiscard]] PackedWeights zero_weights() const;
};

/// One example over all its ticks: membranes and spikes of every layer kept for the way back.
class Unrolled {
 public:
  /// Keeps a reference to the network.
  Unrolled(const TrainedNetwork& network, std::size_t ticks);

  void forward(const PackedWeights& weights, const SpikeTrain& input);

  [[nodiscard]] const SpikeTrain& spikes(std::size_t layer) const { return layers_[layer].spikes; }
  /// Spikes of each output neuron.
  [[nodiscard]] std::vector<std::uint32_t> counts() const;

  /// Backpropagation through time with a surrogate for the spikes' derivative. `slopes` is the loss's derivative by
  /// each output neuron's spike, the same at every tick. Adds to `gradient`.
  void backward(const PackedWeights& weights, const SpikeTrain& input, const Surrogate& surrogate, bool through_reset,
                std::span<const float> slopes, PackedWeights& gradient);

  /// Deep continuous local learning (DECOLLE: Kaiser, Mostafa and Neftci, Front. Neurosci. 14:424, 2020): every layer
  /// learns from its own loss, the smooth L1 distance of its readout (the last layer: of its spikes) to the one-hot
  /// label at each tick from `burn_in` on, averaged over classes and those ticks; nothing passes from layer to layer.
  /// A synapse's trace is its past input, leaking as the membrane and cut off where the neuron was reset.
  /// `share` scales the gradient, which is added to. Returns each layer's loss.
  std::vector<double> backward_locally(const SpikeTrain& input, const Surrogate& surrogate, std::size_t burn_in,
                                       std::uint32_t label, float share, PackedWeights& gradient);

 private:
  /// Ticks that a layer computes before the next layer follows, which goes through its weights once for all of them.
  static constexpr std::size_t block = 64;

  struct Layer {
    AlignedValues<float> membranes;  ///< ticks + 1 times the neurons, the first 0
    SpikeTrain spikes;               ///< outputs
    // Of a block of ticks, in rows:
    AlignedValues<float> slopes;   ///< by the membranes; one row more, of the tick after the block
    AlignedValues<float> outputs;  ///< slopes by the outputs
    AlignedValues<float> neurons;  ///< slopes by the neurons' spikes at one tick, where not the outputs themselves
    SpikeTrain sensitive;          ///< outputs whose slope counts
  };

  [[nodiscard]] const float* membranes(std::size_t layer, std::size_t tick) const;
  [[nodiscard]] SpikeRows input_of(std::size_t layer, const SpikeTrain& input, std::size_t first,
                                   std::size_t count) const;
  /// Slopes of the membranes in a block of ticks, from those of the outputs.
  void step_back(std::size_t layer, std::size_t first, std::size_t count, const Surrogate& surrogate,
                 bool through_reset);
  void find_sensitive(std::size_t layer, std::size_t first, std::size_t count, const Surrogate& surrogate);

  const TrainedNetwork& network_;
  std::size_t ticks_;
  std::vector<Layer> layers_;
};

/// Smooth L1 distance (beta 1) of a value to its target, and its derivative by the value.
[[nodiscard]] constexpr double smooth_l1(double difference) noexcept {
  const double size = difference < 0 ? -difference : difference;
  return size < 1 ? 0.5 * size * size : size - 0.5;
}
[[nodiscard]] constexpr double smooth_l1_slope(double difference) noexcept {
  return difference < -1 ? -1 : difference > 1 ? 1 : difference;
}

}  // namespace rheo::spiking
