#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "models/core/number_format.hpp"
#include "models/core/patch_geometry.hpp"
#include "models/core/scope.hpp"
#include "models/digital/partition.hpp"
#include "models/digital/vector_math.hpp"

namespace rheo {

/// What a command asks a unit to do. Operands are listed in order; W is the tile's part of the layer's matrix.
/// Forward, backward, update and accumulate may be indexed: a replica of the matrix then takes its own part of each
/// image's vectors, the positions that the table [3] names for it (see Command::replica).
enum class Opcode : std::uint8_t {
  transfer,         ///< DMA: [1] = [0], byte for byte
  forward,          ///< tile: [1] = W^T [0], patches of [0] to pixels of [1]
  backward,         ///< tile: [1] = W [0], pixels of [0] to patches of [1]; patches that overlap want `accumulate`;
                    ///< indexed: to the replica's places in a list [1] of the patches of all entries of the table
  update,           ///< tile: pulses for W -= lr [0] [1]^T (one_hot: [1] holds the rows of the matrix itself)
  end_batch,        ///< tile: what its cells do once a mini-batch: decay, diffusion, transfers, refreshes
  accumulate,       ///< tile: gradient [2] += [0] [1]^T, digitally
  program_weights,  ///< tile: W = its part of the matrix [0]
  read_weights,     ///< tile: its part of the matrix [0] = W
  vector,           ///< vector unit, see VectorOperation
  loop,             ///< controller: repeat up to end_loop once per block of `images` images
  end_loop,
  halt,  ///< controller: wait for everything in flight and tell the host
};
inline constexpr std::array<std::string_view, 12> opcode_names{"transfer",     "forward",    "backward", "update",
                                                               "end of batch", "accumulate", "program",  "read back",
                                                               "vector",       "loop",       "end",      "halt"};

enum class VectorOperation : std::uint8_t {
  normalise_pixels,       ///< [1] = [0] scalar[0] + scalar[1], [0] bytes
  bias_activation,        ///< [0] = f([0] + bias [1])
  activation_backward,    ///< [0] *= f' at output [1]
  max_pool,               ///< [1] = windows of [0]
  max_pool_backward,      ///< [3] = errors [0] routed to the first largest of each window of [1], [2] = pooled
  average_pool,           ///< [1] = windows of [0]
  average_pool_backward,  ///< [1] = errors [0] spread over their windows
  softmax_cross_entropy,  ///< [0] = (softmax [0] - one-hot label [1]) / batch; [2] = loss and prediction
  bias_gradient,          ///< [1] += sum over pixels of [0]
  momentum_step,          ///< weights [0], gradients [1] (zeroed), velocity [2]
  momentum_velocity,      ///< velocity [1] = momentum [1] + gradients [0]; gradients zeroed, weights untouched
  fill_zero,              ///< [0] = 0
  add,                    ///< [2] = [0] + [1]
  batch_norm_statistics,  ///< means and variances of [1] = those of [0]'s channels over all its pixels
  batch_norm,             ///< [2] = gamma ([0] - mean) / sqrt(variance + constants[0]) + beta, parameters [1]
  batch_norm_backward,    ///< errors [0] in place, inputs [1], parameters [2]; gradients of gamma, beta [3] += ...
  stochastic_pool,        ///< [1] = a cell of each window of [0], chosen by chance; backward: max_pool_backward
  stochastic_pool_mean,   ///< [1] = means of what stochastic_pool would choose in [0]
  mixed_pool,             ///< [2] = mixtures of maximum and average of the windows of [0], parameters [1]
  mixed_pool_backward,    ///< [3] = errors [0] spread over the windows of [1]; gradients in parameters [2] += ...
  local_response_norm,    ///< [1] = [0] normalised within the channel
  local_response_norm_backward,  ///< [2] = errors [0] at inputs [1]
  draw_partition,                ///< [0] = tables that share the geometry's positions out by chance, an image each
  replica_bias_activation,  ///< [0] = f([0] + bias of the position's replica [1]) by table [2]; positions left out: 0
  replica_bias_gradient,    ///< [1] += errors [0], each to its replica's row, by table [2]
  fold_patches,             ///< [1] = sum of the patches [0] at the positions of table [2]
};
// Batch normalisation's parameters are one fixed operand of 4 x channels values: mean, variance, gamma, beta.
// Mixed pooling's parameters are one fixed operand of 2 x channels values: beta, then the gradient of beta;
// constants[0] is mu. Local response normalisation: the geometry's kernel is the window's size, constants are alpha and
// beta.
// draw_partition: images whose numbers differ only in the remainder by constants[0] share a table.
inline constexpr std::array<std::string_view, 26> vector_operation_names{"normalise",
                                                                         "bias+activation",
                                                                         "activation'",
                                                                         "max-pool",
                                                                         "max-pool'",
                                                                         "average-pool",
                                                                         "average-pool'",
                                                                         "softmax+loss",
                                                                         "bias gradient",
                                                                         "momentum step",
                                                                         "momentum velocity",
                                                                         "zero",
                                                                         "add",
                                                                         "batch-norm statistics",
                                                                         "batch-norm",
                                                                         "batch-norm'",
                                                                         "stochastic-pool",
                                                                         "stochastic mean",
                                                                         "mixed-pool",
                                                                         "mixed-pool'",
                                                                         "local norm",
                                                                         "local norm'",
                                                                         "shuffle",
                                                                         "replica bias",
                                                                         "replica bias'",
                                                                         "fold"};

using Activation = vector_math::Activation;
inline constexpr std::array<std::string_view, 5> activation_names{"identity", "tanh", "relu", "celu", "sigmoid"};

enum class Access : std::uint8_t { none, read, write, read_write };

/// A tensor in the data address space. A per-image operand of block b lies at
/// address + b * block_stride + (b mod 2) * parity_stride. A stored number is value * scale in `format`.
struct MemoryOperand {
  std::uint64_t address = 0;
  std::uint64_t block_stride = 0;
  std::uint64_t parity_stride = 0;
  std::uint32_t values = 0;  ///< per image, or in all when not per_image
  NumberFormat format = NumberFormat::fp32;
  Access access = Access::none;
  bool per_image = true;
  float scale = 1;
  std::uint32_t part = 0;  ///< not 0: only this part of the tensor is touched; parts with other numbers are disjoint

  [[nodiscard]] constexpr std::uint64_t count(std::uint32_t images) const noexcept {
    return std::uint64_t{values} * (per_image ? images : 1U);
  }
  [[nodiscard]] constexpr std::uint64_t bytes(std::uint32_t images) const noexcept {
    return count(images) * bytes_of(format);
  }
  [[nodiscard]] constexpr bool reads() const noexcept { return access == Access::read || access == Access::read_write; }
  [[nodiscard]] constexpr bool writes() const noexcept {
    return access == Access::write || access == Access::read_write;
  }

  friend bool operator==(const MemoryOperand&, const MemoryOperand&) = default;
};

/// One command, as it lies in the program memory (fixed size, no pointers). What stands under "filled in"
/// is set by the controller when it issues the command.
struct Command {
  static constexpr std::size_t max_operands = 4;
  static constexpr std::size_t table_operand = 3;  ///< of an indexed command

  Opcode opcode = Opcode::halt;
  VectorOperation operation = VectorOperation::fill_zero;
  Activation activation = Activation::identity;
  Phase phase = Phase::digital;
  LayerIndex layer = shared_layer;
  std::uint16_t unit = 0;                     ///< index of the unit on the controller's command link
  bool accumulate = false;                    ///< forward, backward: add to the output instead of replacing it
  bool one_hot = false;                       ///< update: row r of [1] is the error of the r-th unit vector
  bool ceiling = false;                       ///< pooling: a last window that reaches over the image's end counts
  std::uint8_t regions = 0;                   ///< not 0: patches see their own of regions x regions parts of the image
  PatchGeometry geometry;                     ///< matrix commands: patches of the layer's input; pooling: the windows
  std::uint32_t first_input = 0, inputs = 0;  ///< rows of the layer's matrix that this tile holds
  std::uint32_t first_output = 0, outputs = 0;        ///< columns
  std::uint32_t layer_inputs = 0, layer_outputs = 0;  ///< the whole matrix
  std::array<MemoryOperand, max_operands> operands{};
  std::array<float, 2> constants{};
  std::uint32_t images_per_block = 0;  ///< loop

  // Filled in at issue.
  Mode mode = Mode::training;
  bool begins_batch = false;       ///< its first image is the batch's
  std::uint32_t images = 0;        ///< of this block
  std::uint32_t batch_images = 0;  ///< of the whole batch
  std::uint32_t first_vector = 0;  ///< matrix commands: vectors [first_vector, first_vector + vectors)
  std::uint32_t vectors = 0;
  std::uint64_t first_sample = 0;  ///< number of the block's first image in the run: keys the random numbers
  std::uint64_t sequence = 0;      ///< number in the order of the programs: names the command in traces and errors
  float learning_rate = 0;
  float momentum = 0;
  float weight_decay = 0;

  /// Replica `replica` of `replicas`. Tables of positions are little-endian 16-bit numbers, counted as uint8 values;
  /// the replica has the entries from part_begin(entries, replicas, replica) on (partition.hpp), ascending.
  std::uint16_t replica = 0, replicas = 1;

  [[nodiscard]] bool is_indexed() const noexcept {
    return is_matrix_block() && operands[table_operand].access != Access::none;
  }
  /// Positions of an image that an indexed command computes.
  [[nodiscard]] std::size_t replica_positions() const noexcept {
    const std::size_t entries = operands[table_operand].values / sizeof(std::uint16_t);
    return part_begin(entries, replicas, std::size_t{replica} + 1) - part_begin(entries, replicas, replica);
  }
  [[nodiscard]] Scope scope() const noexcept { return {mode, phase, layer}; }
  [[nodiscard]] bool is_matrix_block() const noexcept {
    return opcode == Opcode::forward || opcode == Opcode::backward || opcode == Opcode::update ||
           opcode == Opcode::accumulate;
  }
  /// "forward", or for the vector unit what it does: "max-pool".
  [[nodiscard]] std::string_view operation_name() const noexcept {
    return opcode == Opcode::vector ? vector_operation_names[static_cast<std::size_t>(operation)]
                                    : opcode_names[static_cast<std::size_t>(opcode)];
  }
  /// "#12 forward layer 2 on unit 3": for error messages.
  [[nodiscard]] std::string name() const;

  friend bool operator==(const Command&, const Command&) = default;
};
static_assert(std::is_trivially_copyable_v<Command>);

/// A unit's answer, written to the controller.
struct Completion {
  std::uint64_t sequence = 0;
  std::uint16_t unit = 0;
};

/// The controller's registers as the host writes them (one struct at offset 0), and the doorbell.
struct HostRegisters {
  std::uint64_t entry = 0;         ///< byte address of the program's first command in program memory
  std::uint64_t first_sample = 0;  ///< of the batch
  std::uint32_t images = 0;        ///< in the batch
  Mode mode = Mode::training;
  float learning_rate = 0;
  float momentum = 0;
  float weight_decay = 0;
};

/// Address map of the controller's host port.
namespace controller_map {
inline constexpr std::uint64_t registers = 0;        ///< HostRegisters, write
inline constexpr std::uint64_t doorbell = 0x1000;    ///< any write starts the program
inline constexpr std::uint64_t program = 0x10'0000;  ///< program memory, read and write
}  // namespace controller_map

}  // namespace rheo
