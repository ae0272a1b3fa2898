#include "platforms/inspect.hpp"

#include <fmt/format.h>

#include "platforms/training_run.hpp"

namespace rheo {
namespace {

using Json = nlohmann::ordered_json;

Json allocations(const std::vector<Allocation>& list) {
  Json json = Json::array();
  for (const Allocation& a : list) json.push_back({{"name", a.name}, {"address", a.address}, {"bytes", a.bytes}});
  return json;
}

}  // namespace

Json inspect_json(const RunConfiguration& configuration) {
  const TrainingRun run(configuration);
  const Mapping& mapping = run.mapping();
  Json layers = Json::array();
  for (const MatrixLayer& layer : mapping.layers) {
    Json tiles = Json::array();
    for (const TilePlacement& tile : layer.tiles) {
      tiles.push_back({{"unit", tile.unit},
                       {"replica", tile.replica},
                       {"rows", {tile.first_input, tile.first_input + tile.inputs}},
                       {"columns", {tile.first_output, tile.first_output + tile.outputs}}});
    }
    layers.push_back({{"name", layer.name},
                      {"rows", layer.inputs},
                      {"columns", layer.outputs},
                      {"vectors", layer.geometry.positions()},
                      {"replicas", layer.assignment.replicas},
                      {"tiles", tiles}});
  }
  return {
      {"network", run.graph().name()},
      {"parameters", mapping.parameters()},
      {"layers", layers},
      {"images_per_block",
       {{"forward", mapping.forward_images}, {"backward", mapping.backward_images}, {"update", mapping.update_images}}},
      {"buffer",
       {{"capacity_bytes", configuration.chip.buffer.capacity},
        {"used_bytes", mapping.buffer_used},
        {"parameters", allocations(mapping.buffer)}}},
      {"dram",
       {{"capacity_bytes", configuration.chip.dram.capacity},
        {"used_bytes", mapping.dram_used},
        {"tensors", allocations(mapping.dram)}}},
      {"program_commands",
       {{"initialise", mapping.initialise.size()},
        {"training", mapping.training.size()},
        {"evaluation", mapping.evaluation.size()}}},
      {"remarks", mapping.remarks}};
}

std::string inspect_text(const RunConfiguration& configuration) {
  const TrainingRun run(configuration);
  const Mapping& mapping = run.mapping();
  std::string text =
      fmt::format("{}: {} weights and biases, {} tiles of {} x {}\n", run.graph().name(), mapping.parameters(),
                  mapping.tiles(), configuration.chip.tile.rows, configuration.chip.tile.columns);
  text += "\nLayers\n";
  for (const MatrixLayer& layer : mapping.layers) {
    text += fmt::format("  {:<10} matrix {:>5} x {:<5} {:>5} vectors an image\n", layer.name, layer.inputs,
                        layer.outputs, layer.geometry.positions());
    for (const TilePlacement& tile : layer.tiles) {
      text += fmt::format("    unit {:<3} rows {:>4} to {:<4} columns {:>4} to {}\n", tile.unit, tile.first_input,
                          tile.first_input + tile.inputs - 1, tile.first_output, tile.first_output + tile.outputs - 1);
    }
  }
  text += fmt::format("\nImages per block: {} forward, {} backward, {} update\n", mapping.forward_images,
                      mapping.backward_images, mapping.update_images);
  text += fmt::format("\nBuffer: {} of {:.0f} bytes\n", mapping.buffer_used, configuration.chip.buffer.capacity);
  for (const Allocation& a : mapping.buffer) text += fmt::format("  {:#12x} {:>10}  {}\n", a.address, a.bytes, a.name);
  text += fmt::format("DRAM: {} of {:.0f} bytes\n", mapping.dram_used, configuration.chip.dram.capacity);
  for (const Allocation& a : mapping.dram) text += fmt::format("  {:#12x} {:>10}  {}\n", a.address, a.bytes, a.name);
  text += "\nTraining program\n" + listing(mapping.training) + "\nEvaluation program\n" + listing(mapping.evaluation);
  for (const std::string& remark : mapping.remarks) text += "Remark: " + remark + "\n";
  return text;
}

}  // namespace rheo
