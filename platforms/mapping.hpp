#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/digital/command.hpp"
#include "platforms/chip_configuration.hpp"
#include "workloads/network/graph.hpp"
#include "workloads/rapa/tiling.hpp"

namespace rheo {

/// Indices of the units on the controller's command link.
namespace unit_index {
inline constexpr std::uint16_t dma = 0;
inline constexpr std::uint16_t vector_unit = 1;
inline constexpr std::uint16_t first_tile = 2;
}  // namespace unit_index

/// First addresses of the memories on the data bus.
namespace data_map {
inline constexpr std::uint64_t buffer = 0;
inline constexpr std::uint64_t host = 0x4000'0000;
inline constexpr std::uint64_t dram = 0x1'0000'0000;
}  // namespace data_map

/// A tile and the part of a layer's matrix that it holds.
struct TilePlacement {
  std::uint16_t unit = 0;
  std::uint16_t layer = 0;  ///< index into Mapping::layers
  std::uint32_t first_input = 0, inputs = 0, first_output = 0, outputs = 0;
  std::uint16_t replica = 0;
};

/// A convolution or linear layer on the chip, with all replicas of its matrix. What belongs to a replica lies one
/// replica after the other.
struct MatrixLayer {
  std::string name;
  PatchGeometry geometry;  ///< patches of its input
  std::uint32_t inputs = 0, outputs = 0;
  bool convolution = false;
  std::vector<TilePlacement> tiles;
  std::uint64_t bias = 0, bias_gradient = 0, bias_velocity = 0;  ///< buffer addresses, `outputs` fp32 values each
  std::uint64_t weights = 0;  ///< data address of the inputs x outputs fp32 matrix that programs the tiles
  std::uint64_t gradient = 0, velocity = 0;  ///< buffer addresses, where gradients are accumulated digitally
  rapa::Assignment assignment;               ///< of output positions to replicas
  std::uint64_t table =
      0;  ///< of the assignment: buffer address of the fixed one, DRAM address of a batch of drawn ones

  /// Bytes of one replica's fp32 matrix.
  [[nodiscard]] std::uint64_t matrix_bytes() const noexcept { return std::uint64_t{inputs} * outputs * sizeof(float); }
  /// Weights and biases of all replicas.
  [[nodiscard]] std::uint64_t parameters() const noexcept {
    return (std::uint64_t{inputs} + 1) * outputs * assignment.replicas;
  }
  /// Bytes of one table.
  [[nodiscard]] std::uint32_t table_bytes() const noexcept {
    return assignment.positions * static_cast<std::uint32_t>(sizeof(std::uint16_t));
  }
  /// Whether tiles take their positions from a table; a perforated layer's in training only.
  [[nodiscard]] bool indexed(bool training) const noexcept {
    return assignment.uses_table() && (training || assignment.replicas > 1);
  }
};

/// The learnable mixtures of a mixed pooling layer.
struct PoolMixture {
  std::string name;
  std::uint32_t channels = 0;
  float first_beta = 0;          ///< of every channel, before training
  std::uint64_t parameters = 0;  ///< buffer address: `channels` fp32 values of beta, then of their gradient
  std::uint64_t velocity = 0;    ///< buffer address, `channels` fp32 values
};

/// A named piece of a memory.
struct Allocation {
  std::string name;
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
};

/// Offsets in the host's window.
struct HostLayout {
  std::uint64_t images = 0, labels = 0, results = 0, bytes = 0;
  std::uint32_t batch_limit = 0;
};

/// What the probe leaves in the DRAM for the host: a tensor of a whole batch.
struct ProbedTensor {
  std::string name;
  TensorShape shape;
  NumberFormat format = NumberFormat::fp32;
  float scale = 1;            ///< a value is stored times this
  std::uint64_t address = 0;  ///< data address
};

/// Where everything of a network lies on the chip, and the programs that run it.
struct Mapping {
  std::vector<MatrixLayer> layers;
  std::vector<PoolMixture> mixtures;
  std::vector<std::string> layer_names;  ///< by LayerIndex - 1: matrix layers in order, then pooling, norms and loss
  std::vector<Command> initialise, training, evaluation, probe;
  std::vector<ProbedTensor> probed;  ///< activations: the images, then the outputs of the steps in order
  ProbedTensor probed_gradient;      ///< of the loss with respect to the images
  std::uint32_t forward_images = 0, backward_images = 0, update_images = 0;  ///< per block
  std::vector<Allocation> buffer, dram;
  std::uint64_t buffer_used = 0;
  std::uint64_t dram_used = 0;
  HostLayout host;
  bool same_start = false;           ///< replicas begin with the same weights
  std::vector<std::string> remarks;  ///< decisions that a user should know of

  [[nodiscard]] std::size_t tiles() const noexcept;
  /// Weights and biases of all replicas, and what pooling layers learn.
  [[nodiscard]] std::uint64_t parameters() const noexcept;
};

/// What a chip is to do beside programming its weights. Memory is kept for these programs only.
enum class ProgramSet : std::uint8_t {
  training,    ///< to train and to evaluate
  evaluation,  ///< to evaluate
  probe,       ///< to evaluate, and to probe: the passes of an evaluation and back to the images, all results kept
};

/// What the mapping needs to know beside network and chip.
struct MappingRequest {
  std::uint32_t batch_size = 1;
  double pixel_mean = 0;
  double pixel_deviation = 1;
  MomentumTarget momentum = MomentumTarget::digital_only;
  rapa::TilingParameters tiling;
  std::uint64_t seed = 1;  ///< of random_fixed assignments
  ProgramSet programs = ProgramSet::training;
};

/// Places each layer on tiles (matrices larger than a tile are split evenly), assigns addresses in buffer and
/// DRAM and writes the programs. Throws InputError naming the memory, its capacity and the demand when something
/// does not fit, and for a network that the chip cannot carry.
[[nodiscard]] Mapping map_network(const Graph& graph, const ChipConfiguration& chip, const MappingRequest& request);

/// One line a command.
[[nodiscard]] std::string listing(const std::vector<Command>& program);

}  // namespace rheo
