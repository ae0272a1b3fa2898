#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/patch_geometry.hpp"
#include "workloads/network/graph.hpp"

namespace rheo::spiking {

/// One layer of leaky integrate-and-fire neurons (LIF) with one state each, without bias:
///
///     m <- (1 - out) d m + sum of the weights whose input spikes,   out <- m > threshold
///
/// every tick; m and out are 0 before the first tick of an example. Source: "Reshaping Deep Neural Networks for
/// Efficient Hardware Inference" (S2N2), equations 2.1 to 2.4.
struct SpikingLayer {
  enum class Kind : std::uint8_t { convolution, linear };

  std::string name;
  Kind kind = Kind::convolution;
  std::uint32_t kernel = 1;   ///< side of the square kernel, stride 1; linear: 1
  std::uint32_t padding = 0;  ///< convolution
  std::uint32_t outputs = 1;  ///< channels; linear: neurons
  std::uint32_t pool = 1;  ///< max pooling of the output spikes, window = stride, incomplete windows left out; 1: none
  double threshold = 0.3;
  double spike_ratio = 0;  ///< share of the layer's inputs that spike at a tick, as printed; 0: not printed
};

/// A feed-forward network of LIF layers. The class is the output neuron with the most spikes.
struct SpikingNetwork {
  std::string name;
  TensorShape input;
  std::uint32_t ticks = 1;  ///< of one example
  std::vector<SpikingLayer> layers;

  /// What enters layer `layer`, as a tensor; a linear layer takes it flattened, channels last.
  [[nodiscard]] TensorShape input_of(std::size_t layer) const;
  /// The neurons of a layer: its output before pooling.
  [[nodiscard]] TensorShape neurons_of(std::size_t layer) const;
  /// What leaves a layer: its output after pooling.
  [[nodiscard]] TensorShape output_of(std::size_t layer) const;
  /// The patches of a layer's input, one for each position of its neurons (linear: one). elements() x outputs weights.
  [[nodiscard]] PatchGeometry geometry_of(std::size_t layer) const;

  [[nodiscard]] std::uint32_t classes() const { return output_of(layers.size() - 1).values(); }
  [[nodiscard]] std::uint64_t weights() const;
  /// Membranes of all layers.
  [[nodiscard]] std::uint64_t neurons() const;
};

/// The network by name: rf1 (table 2.3), rf2 (table 2.5), rf2_hardware (rf2 whose dense layers are the two convolutions
/// of the published hardware: 3x3 to 16 channels, 7x7 to 6 channels, 2x2x6 = 24 outputs), cv (table 2.8).
/// Throws InputError with a suggestion for an unknown name.
[[nodiscard]] SpikingNetwork build_spiking_network(std::string_view name);
/// The names, in alphabetical order.
[[nodiscard]] const std::vector<std::string>& spiking_networks();

/// Float weights of a network: for each layer elements() x outputs, row by row, elements in the order of PatchGeometry
/// (kernel row, kernel column, input channel).
using FloatWeights = std::vector<std::vector<float>>;

}  // namespace rheo::spiking
