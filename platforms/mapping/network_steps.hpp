#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "platforms/mapping.hpp"

namespace rheo {

/// A tensor of the network that exists in memory: the input, or the output of a step.
struct Tensor {
  std::string name;
  TensorShape shape;
  NumberFormat format = NumberFormat::fp32;  ///< of the activations
  NumberFormat error_format = NumberFormat::fp32;
  std::uint64_t dram = 0;        ///< activations of the whole batch
  std::uint64_t error_dram = 0;  ///< errors of the whole batch
};

/// One step of the network, in order: what the chip does with one or two nodes of the graph.
struct Step {
  enum class Kind : std::uint8_t { matrix, pool, norm, loss } kind = Kind::matrix;
  std::size_t layer = 0;  ///< matrix: index into Mapping::layers; mixed pooling: into Mapping::mixtures
  LayerIndex account = shared_layer;
  std::size_t in = 0, out = 0;  ///< tensors
  vector_math::Activation activation = vector_math::Activation::identity;
  Pool2d pool;
  LocalResponseNorm norm;
  PatchGeometry window;  ///< of pooling and normalisation
};

/// A chain of layers as the chip sees it.
struct NetworkSteps {
  std::vector<Tensor> tensors;  ///< the input first, the logits last
  std::vector<Step> steps;      ///< the loss last
};

/// Reads the graph into steps; fills the mapping's layers (not yet placed), mixtures and layer names. Throws
/// InputError for a network that the chip cannot carry.
[[nodiscard]] NetworkSteps read_network(const Graph& graph, Mapping& mapping);

}  // namespace rheo
