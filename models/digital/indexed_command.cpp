#include "models/digital/indexed_command.hpp"

#include <cstring>

#include "models/core/error.hpp"
#include "models/digital/partition.hpp"
#include "models/digital/patch_access.hpp"

namespace rheo {

std::vector<std::uint16_t> table_positions(const MemoryOperand& operand, std::span<const std::byte> table,
                                           std::size_t image) {
  std::vector<std::uint16_t> positions(operand.values / sizeof(std::uint16_t));
  const auto own = table.subspan(operand.per_image ? image * operand.values : 0, operand.values);
  std::memcpy(positions.data(), own.data(), own.size());
  return positions;
}

IndexedCommand::IndexedCommand(const Command& asked)
    : asked_(asked),
      compact_(asked),
      count_(asked.replica_positions()),
      first_(part_begin(asked.operands[Command::table_operand].values / sizeof(std::uint16_t), asked.replicas,
                        asked.replica)),
      entries_(asked.operands[Command::table_operand].values / sizeof(std::uint16_t)) {
  const auto count = static_cast<std::uint32_t>(count_);
  compact_.geometry = PatchGeometry::pixels(1, count, asked.layer_inputs);
  for (std::size_t i = 0; i < Command::max_operands; ++i) {
    if (view(i) == View::pixels) compact_.operands[i].values = count * asked.layer_outputs;
    if (view(i) == View::patches || view(i) == View::slots) compact_.operands[i].values = count * asked.layer_inputs;
  }
  compact_.operands[Command::table_operand] = {};
}

IndexedCommand::IndexedCommand(const Command& asked, std::span<const std::byte> table) : IndexedCommand(asked) {
  const MemoryOperand& operand = asked.operands[Command::table_operand];
  const std::size_t plane = asked.geometry.positions();
  for (std::size_t image = 0; image < asked.images; ++image) {
    const std::vector<std::uint16_t> all = table_positions(operand, table, image);
    for (std::size_t i = first_; i < first_ + count_; ++i) {
      if (all[i] >= plane || (i > first_ && all[i] <= all[i - 1])) {
        throw SimulationError("command " + asked.name() + ": what lies at address " + std::to_string(operand.address) +
                              " is no table of positions");
      }
      positions_.push_back(all[i]);
    }
  }
}

std::size_t IndexedCommand::index_of(std::uint64_t address) const {
  std::size_t found = Command::max_operands;
  for (std::size_t i = 0; i < Command::table_operand; ++i) {
    const MemoryOperand& operand = asked_.operands[i];
    if (operand.access == Access::none || operand.address > address) continue;
    if (found == Command::max_operands || operand.address > asked_.operands[found].address) found = i;
  }
  if (found == Command::max_operands) {
    throw SimulationError("command " + asked_.name() + ": none of its operands lies at " + std::to_string(address));
  }
  return found;
}

IndexedCommand::View IndexedCommand::view(std::size_t operand) const noexcept {
  if (operand > 1) return View::plain;
  if (asked_.opcode == Opcode::backward) return operand == 0 ? View::pixels : View::slots;
  return operand == 0 ? View::patches : View::pixels;
}

void IndexedCommand::gather(std::size_t operand, const float* tensor, float* compact) const {
  if (view(operand) != View::patches) {
    for (const Run& run : runs(operand)) std::memcpy(compact + run.in_compact, tensor + run.in_tensor, run.values * 4);
    return;
  }
  const std::size_t elements = asked_.layer_inputs;
  for (std::size_t vector = asked_.first_vector; vector < asked_.first_vector + asked_.vectors; ++vector) {
    gather_patches(tensor + vector / count_ * asked_.geometry.image_values(), asked_.geometry, asked_.regions,
                   std::span(positions_).subspan(vector, 1), compact + vector * elements);
  }
}

std::vector<IndexedCommand::Run> IndexedCommand::runs(std::size_t operand) const {
  std::vector<Run> list;
  const bool slots = view(operand) == View::slots;
  const std::size_t values = slots ? asked_.layer_inputs : asked_.layer_outputs;
  const std::size_t image_places = slots ? entries_ : asked_.geometry.positions();
  for (std::size_t vector = asked_.first_vector; vector < asked_.first_vector + asked_.vectors; ++vector) {
    const std::size_t place = slots ? first_ + vector % count_ : positions_[vector];
    list.push_back({(vector / count_ * image_places + place) * values, vector * values, values});
  }
  return list;
}

}  // namespace rheo
