#include "platforms/mapping.hpp"

#include <fmt/format.h>

#include "models/core/error.hpp"
#include "platforms/mapping/placement.hpp"
#include "platforms/mapping/program_writer.hpp"

namespace rheo {

std::size_t Mapping::tiles() const noexcept {
  std::size_t count = 0;
  for (const MatrixLayer& layer : layers) count += layer.tiles.size();
  return count;
}

std::uint64_t Mapping::parameters() const noexcept {
  std::uint64_t sum = 0;
  for (const MatrixLayer& layer : layers) sum += layer.parameters();
  for (const PoolMixture& mixture : mixtures) sum += mixture.channels;
  return sum;
}

Mapping map_network(const Graph& graph, const ChipConfiguration& chip, const MappingRequest& request) {
  Placement placement(graph, chip, request);
  write_programs(placement);
  Mapping& mapping = placement.mapping;
  const std::uint64_t program_bytes =
      (mapping.initialise.size() + mapping.training.size() + mapping.evaluation.size() + mapping.probe.size()) *
      sizeof(Command);
  if (program_bytes > chip.controller.program_memory) {
    throw InputError(
        "controller.program_memory",
        fmt::format("the program does not fit: the program memory holds {:.0f} bytes, the network needs {}",
                    chip.controller.program_memory, program_bytes));
  }
  return std::move(mapping);
}

}  // namespace rheo
