#pragma once

#include <memory>
#include <span>
#include <vector>

#include "workloads/spiking/data/spike_data.hpp"
#include "workloads/spiking/event_plan.hpp"
#include "workloads/spiking/quantised.hpp"

namespace rheo::spiking {

/// A network tick by tick, without hardware.
class NetworkRun {
 public:
  virtual ~NetworkRun() = default;

  [[nodiscard]] virtual const SpikingNetwork& network() const = 0;
  /// Membranes and spikes as before the first tick.
  virtual void reset() = 0;
  /// Every layer sees this tick's spikes of the layer before.
  virtual void tick(std::span<const std::uint64_t> input) = 0;
  /// A layer's output after the last tick, bit-packed as in SpikeTrain.
  [[nodiscard]] virtual std::span<const std::uint64_t> spikes(std::size_t layer) const = 0;
};

/// In single precision, as training computes it.
class FloatRun : public NetworkRun {
 public:
  FloatRun(SpikingNetwork network, const FloatWeights& weights, double decay);

  [[nodiscard]] const SpikingNetwork& network() const override { return network_; }
  void reset() override;
  void tick(std::span<const std::uint64_t> input) override;
  [[nodiscard]] std::span<const std::uint64_t> spikes(std::size_t layer) const override {
    return layers_[layer].spikes;
  }

 private:
  struct Layer {
    EventPlan plan;
    AlignedValues<float> weights, sums, membranes;
    std::vector<std::uint64_t> spikes;
  };
  SpikingNetwork network_;
  float decay_;
  std::vector<Layer> layers_;
};

/// In integers, as QuantisedLayer says.
class IntegerRun : public NetworkRun {
 public:
  explicit IntegerRun(const QuantisedNetwork& network);

  [[nodiscard]] const SpikingNetwork& network() const override { return network_; }
  void reset() override;
  void tick(std::span<const std::uint64_t> input) override;
  [[nodiscard]] std::span<const std::uint64_t> spikes(std::size_t layer) const override {
    return layers_[layer].spikes;
  }
  /// How often, over all examples, a membrane of the layer was cut off at the lowest value. At the highest it fires and
  /// starts again: that changes nothing.
  [[nodiscard]] std::uint64_t clipped(std::size_t layer) const { return layers_[layer].clipped; }

 private:
  struct Layer {
    EventPlan plan;
    QuantisedLayer numbers;
    AlignedValues<std::int32_t> weights, sums, membranes;
    std::vector<std::uint64_t> spikes;
    std::uint64_t clipped = 0;
  };
  SpikingNetwork network_;
  stream::Decay decay_;
  std::vector<Layer> layers_;
};

}  // namespace rheo::spiking
