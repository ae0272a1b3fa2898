#include "models/memory/dma.hpp"

#include <cstring>

#include "models/core/error.hpp"

namespace rheo {

Dma::Dma(const sc_core::sc_module_name& name, std::uint16_t index, const UnitContext& context,
         const DmaParameters& parameters)
    : Unit(name, index, context,
           {{"dma.byte", "byte", "bytes that the DMA engine moved", "dma.byte"},
            {"dma.descriptor", "descriptor", "descriptors that the DMA engine executed", "controller.command"}},
           static_cast<std::size_t>(parameters.channels)),
      parameters_(parameters) {}

std::vector<InventoryItem> Dma::inventory() const {
  return {{"dma", "dma", static_cast<std::uint64_t>(parameters_.channels)}};
}

ValueCounts Dma::compute(const Command& command) {
  if (command.opcode != Opcode::transfer) {
    throw SimulationError("the DMA engine cannot execute command " + command.name());
  }
  const auto from = memory(command, command.operands[0]);
  const auto to = memory(command, command.operands[1]);
  if (from.size() != to.size())
    throw SimulationError("command " + command.name() + ": source and destination differ in size");
  std::memmove(to.data(), from.data(), from.size());
  return {};
}

Unit::Work Dma::account(const Command& command, ValueCountsView /*counts*/) {
  const std::uint64_t bytes = command.operands[0].bytes(command.images);
  count(byte, command, bytes);
  count(descriptor, command, 1);

  const auto burst = static_cast<std::uint64_t>(parameters_.burst_bytes);
  Work work;
  work.reads.push_back(Traffic::contiguous(command.operands[0].address, bytes));
  work.writes.push_back(Traffic::contiguous(command.operands[1].address, bytes));
  work.items = (bytes + burst - 1) / burst;
  work.interval =
      sc_core::sc_time(parameters_.round_trip / static_cast<double>(parameters_.outstanding), sc_core::SC_SEC);
  work.latency = cycles(static_cast<std::uint64_t>(parameters_.setup_cycles));
  return work;
}

}  // namespace rheo
