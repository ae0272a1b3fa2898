#include <fmt/format.h>

#include <array>

#include "platforms/mapping.hpp"

namespace rheo {

std::string listing(const std::vector<Command>& program) {
  std::string text;
  std::string indent = "  ";
  for (const Command& command : program) {
    if (command.opcode == Opcode::end_loop) indent = "  ";
    text += fmt::format("{}{:<18}", indent, command.operation_name());
    if (command.opcode == Opcode::loop) {
      text += fmt::format(" blocks of {} images", command.images_per_block);
      indent = "    ";
    } else if (command.opcode != Opcode::halt && command.opcode != Opcode::end_loop) {
      text += fmt::format(" unit {:<3} layer {:<3}", command.unit, command.layer);
      for (const MemoryOperand& operand : command.operands) {
        if (operand.access == Access::none) continue;
        constexpr std::array<std::string_view, 4> access{"", "r", "w", "rw"};
        text += fmt::format("  {}:{:#x}[{}{} {}]", access[static_cast<std::size_t>(operand.access)], operand.address,
                            operand.per_image ? "images x " : "", operand.values,
                            number_format_names[static_cast<std::size_t>(operand.format)]);
      }
    }
    text += '\n';
  }
  return text;
}

}  // namespace rheo
