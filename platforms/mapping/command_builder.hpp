#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "platforms/mapping/placement.hpp"

namespace rheo {

/// Operands and commands of a placed network: what a piece of a memory looks like to a command, and commands with the
/// fields filled in that the placement decides.
class CommandBuilder {
 public:
  /// The placement must outlive the builder.
  explicit CommandBuilder(const Placement& placement) : placed_(placement) {}

  // ---- operands ----

  [[nodiscard]] MemoryOperand activation(std::size_t t, const BlockLayout& block, Access access) const {
    const NumberFormat format = placed_.network.tensors[t].format;
    return {block.at("activation " + placed_.network.tensors[t].name),
            0,
            block.parity(),
            placed_.network.tensors[t].shape.values(),
            format,
            access,
            true,
            format == NumberFormat::fp32 ? 1.0F : static_cast<float>(placed_.chip.numbers.activation_scale)};
  }
  [[nodiscard]] MemoryOperand error(std::size_t t, const BlockLayout& block, Access access) const {
    const NumberFormat format = placed_.network.tensors[t].error_format;
    return {block.at("error " + placed_.network.tensors[t].name),
            0,
            block.parity(),
            placed_.network.tensors[t].shape.values(),
            format,
            access,
            true,
            format == NumberFormat::fp32 ? 1.0F : static_cast<float>(placed_.chip.numbers.gradient_scale)};
  }
  [[nodiscard]] MemoryOperand error_share(std::size_t t, std::uint32_t images, Access access) const {
    return batch_share(placed_.network.tensors[t].error_dram, placed_.network.tensors[t].shape.values(),
                       placed_.network.tensors[t].error_format, images, access);
  }
  [[nodiscard]] static MemoryOperand fixed(std::uint64_t address, std::uint64_t values, Access access) {
    return {address, 0, 0, static_cast<std::uint32_t>(values), NumberFormat::fp32, access, false, 1};
  }
  /// The block's share of a tensor that lies in one piece for the whole batch.
  [[nodiscard]] static MemoryOperand batch_share(std::uint64_t address, std::uint32_t values, NumberFormat format,
                                                 std::uint32_t images, Access access) {
    return {address, std::uint64_t{values} * bytes_of(format) * images, 0, values, format, access, true, 1};
  }

  // ---- commands ----

  [[nodiscard]] static Command plain(Opcode opcode) {
    Command command;
    command.opcode = opcode;
    return command;
  }
  [[nodiscard]] static Command loop(std::uint32_t images) {
    Command command = plain(Opcode::loop);
    command.images_per_block = images;
    return command;
  }
  [[nodiscard]] static Command transfer(LayerIndex layer, MemoryOperand from, MemoryOperand to) {
    Command command = plain(Opcode::transfer);
    command.phase = Phase::transfer;
    command.layer = layer;
    command.unit = unit_index::dma;
    from.access = Access::read;
    to.access = Access::write;
    // Bytes are copied as they are, whatever they mean.
    for (MemoryOperand* operand : {&from, &to}) operand->scale = 1;
    command.operands = {from, to};
    return command;
  }
  [[nodiscard]] static Command vector(LayerIndex layer, VectorOperation operation,
                                      std::initializer_list<MemoryOperand> operands) {
    Command command = plain(Opcode::vector);
    command.operation = operation;
    command.layer = layer;
    command.unit = unit_index::vector_unit;
    std::copy(operands.begin(), operands.end(), command.operands.begin());
    return command;
  }
  [[nodiscard]] Command on_tile(const TilePlacement& tile, Opcode opcode, Phase phase) const {
    const MatrixLayer& layer = placed_.mapping.layers[tile.layer];
    Command command = plain(opcode);
    command.phase = phase;
    command.layer = static_cast<LayerIndex>(tile.layer + 1);
    command.unit = tile.unit;
    command.geometry = layer.geometry;
    command.first_input = tile.first_input;
    command.inputs = tile.inputs;
    command.first_output = tile.first_output;
    command.outputs = tile.outputs;
    command.layer_inputs = layer.inputs;
    command.layer_outputs = layer.outputs;
    command.replica = tile.replica;
    command.replicas = static_cast<std::uint16_t>(layer.assignment.replicas);
    return command;
  }
  /// The matrix, or another of its size, of the tile's replica.
  [[nodiscard]] MemoryOperand matrix_of(const TilePlacement& tile, std::uint64_t first, Access access) const {
    const MatrixLayer& layer = placed_.mapping.layers[tile.layer];
    return fixed(first + tile.replica * layer.matrix_bytes(), std::uint64_t{layer.inputs} * layer.outputs, access);
  }

  // ---- replicas that share the positions out by a table ----

  static void need_table(const MatrixLayer& layer, bool training, BlockLayout& block) {
    if (layer.indexed(training) && layer.assignment.drawn) block.need("table " + layer.name, layer.table_bytes());
  }
  [[nodiscard]] static MemoryOperand table(const MatrixLayer& layer, const BlockLayout& block, Access access) {
    if (layer.assignment.drawn) {
      return {block.at("table " + layer.name),
              0,
              block.parity(),
              layer.table_bytes(),
              NumberFormat::uint8,
              access,
              true,
              1};
    }
    return {layer.table, 0, 0, layer.table_bytes(), NumberFormat::uint8, access, false, 1};
  }
  [[nodiscard]] static MemoryOperand tables_in_dram(const MatrixLayer& layer, const BlockLayout& block) {
    return batch_share(layer.table, layer.table_bytes(), NumberFormat::uint8, block.images(), Access::read);
  }
  /// Lets the tile take the positions of its replica only.
  void take_positions(Command& command, const MatrixLayer& layer, const BlockLayout& block) const {
    command.operands[Command::table_operand] = table(layer, block, Access::read);
    command.regions = static_cast<std::uint8_t>(layer.assignment.regions);
  }
  /// Replicas write disjoint parts of a tensor.
  [[nodiscard]] static MemoryOperand part_of(MemoryOperand operand, const TilePlacement& tile) {
    operand.part = tile.replica + 1U;
    return operand;
  }
  /// A vector operation over the positions of the table.
  [[nodiscard]] static Command by_table(const Step& step, const MatrixLayer& layer, const BlockLayout& block,
                                        VectorOperation operation, const MemoryOperand& first,
                                        const MemoryOperand& second) {
    Command command = vector(step.account, operation, {first, second, table(layer, block, Access::read)});
    command.geometry = layer.geometry;
    command.regions = static_cast<std::uint8_t>(layer.assignment.regions);
    command.replicas = static_cast<std::uint16_t>(layer.assignment.replicas);
    return command;
  }
  /// The patches of the backward pass, one for each entry of the table.
  [[nodiscard]] static MemoryOperand slots(const MatrixLayer& layer, const BlockLayout& block, Access access) {
    return {block.at("patches " + layer.name),
            0,
            block.parity(),
            layer.assignment.positions * layer.inputs,
            NumberFormat::fp32,
            access,
            true,
            1};
  }

 private:
  const Placement& placed_;
};

}  // namespace rheo
