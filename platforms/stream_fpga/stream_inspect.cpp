#include "platforms/stream_fpga/stream_inspect.hpp"

#include <fmt/format.h>

#include "models/stream/finn_cycles.hpp"
#include "platforms/stream_fpga/layer_mapping.hpp"
#include "platforms/stream_fpga/memory_account.hpp"
#include "platforms/stream_fpga/tile_mapping.hpp"

namespace rheo {
namespace {

using Json = nlohmann::ordered_json;
using stream::LayerParameters;
using stream::StageMemory;

/// What both forms of the listing show.
struct Listing {
  explicit Listing(const StreamConfiguration& c)
      : configuration(c),
        network(spiking::build_spiking_network(c.workload.network)),
        layers(c.on_tiles() ? map_tiles(c, network).layers : map_layers(c, network)),
        account(memory_account(c, network)) {
    if (c.on_tiles()) tiled = map_tiles(c, network);
  }

  const StreamConfiguration& configuration;
  spiking::SpikingNetwork network;
  std::vector<LayerParameters> layers;
  TiledNetwork tiled;  ///< on tiles
  MemoryAccount account;

  [[nodiscard]] std::vector<stream::CrossbarMatrix::Part> parts(std::size_t layer) const {
    return tiled.matrices[layer].parts(layers[layer].in_features(), layers[layer].outputs);
  }
  [[nodiscard]] stream::CrossbarCycles cycles(std::size_t layer) const {
    return {tiled.matrices[layer], layers[layer].in_features(), layers[layer].outputs, layers[layer].folding,
            configuration.clock_hz};
  }
  /// Cycles a tick of the stage that multiplies, if it never waits.
  [[nodiscard]] std::uint64_t threshold_cycles(std::size_t layer) const {
    if (configuration.on_tiles()) return cycles(layer).interval() * layers[layer].geometry.positions();
    return stream::finn_threshold_cycles(layers[layer].geometry, layers[layer].outputs, layers[layer].folding);
  }
  [[nodiscard]] std::string fault() const { return does_not_fit(account, configuration.part); }
  [[nodiscard]] std::string_view part() const { return fpga_part_names[static_cast<std::size_t>(configuration.part)]; }
};

Json memory_json(const StageMemory& memory) { return {{"bits", memory.bits()}, {"bram18k", memory.bram18k()}}; }

std::uint64_t window_cycles(const LayerParameters& layer) {
  return layer.has_window() ? stream::finn_window_cycles(layer.geometry, layer.window_lanes()) : 0;
}

std::uint64_t pool_cycles(const LayerParameters& layer) {
  return layer.pool > 1 ? stream::finn_pool_cycles(layer.neurons(), layer.output(), layer.folding.pe) : 0;
}

Json tiles_json(const Listing& listing, std::size_t layer) {
  Json parts = Json::array();
  for (const auto& part : listing.parts(layer)) {
    parts.push_back({{"first_row", part.first_input},
                     {"rows", part.inputs},
                     {"first_column", part.first_output},
                     {"columns", part.outputs}});
  }
  const stream::CrossbarCycles cycles = listing.cycles(layer);
  return {{"parts", parts},
          {"cycles",
           {{"load", cycles.load},
            {"read", cycles.read},
            {"convert", cycles.convert},
            {"neurons", cycles.neurons},
            {"interval", cycles.interval()}}}};
}

std::string tiles_text(const Listing& listing) {
  const stream::SpikeTileParameters& tile = listing.configuration.tiles.tile;
  std::string text = fmt::format("\nTiles of {} x {}; cycles of a patch, of which the longest sets the pace\n",
                                 tile.rows, tile.columns);
  text += fmt::format("  {:<8} {:>12} {:>6} {:>12} {:>6} {:>6} {:>8} {:>8}\n", "layer", "matrix", "tiles", "cells used",
                      "load", "read", "convert", "neurons");
  for (std::size_t i = 0; i < listing.layers.size(); ++i) {
    const LayerParameters& layer = listing.layers[i];
    const std::size_t tiles = listing.parts(i).size();
    const stream::CrossbarCycles cycles = listing.cycles(i);
    const double used = static_cast<double>(layer.in_features()) * layer.outputs /
                        static_cast<double>(tiles * static_cast<std::size_t>(tile.rows * tile.columns));
    text += fmt::format("  {:<8} {:>12} {:>6} {:>11.1f}% {:>6} {:>6} {:>8} {:>8}\n", layer.name,
                        fmt::format("{}x{}", layer.in_features(), layer.outputs), tiles, 100 * used, cycles.load,
                        cycles.read, cycles.convert, cycles.neurons);
  }
  return text;
}

}  // namespace

Json inspect_json(const StreamConfiguration& configuration) {
  const Listing listing(configuration);
  Json layers = Json::array();
  for (std::size_t i = 0; i < listing.layers.size(); ++i) {
    const LayerMemory& memory = listing.account.layers[i];
    const LayerParameters& layer = listing.layers[i];
    layers.push_back(
        {{"name", memory.name},
         {"kind", memory.convolution ? "convolution" : "linear"},
         {"inputs", memory.inputs},
         {"outputs", layer.neurons().bits()},
         {"ticks", memory.ticks},
         {"spike_ratio", memory.spike_ratio},
         {"tick_batching_bits", memory.tick_batching_bits},
         {"binary_tensor_bits", memory.binary_tensor_bits},
         {"break_even", memory.break_even},
         {"events_are_smaller", memory.break_even < 1},
         {"input_buffer_bits", memory.input_buffer_bits},
         {"input_buffer_bits_printed_rule", memory.input_buffer_bits_printed_rule},
         {"pe", layer.folding.pe},
         {"simd", layer.folding.simd},
         {"window_simd", layer.has_window() ? layer.window_lanes() : 0},
         {"formula_cycles",
          {{"window", window_cycles(layer)}, {"threshold", listing.threshold_cycles(i)}, {"pool", pool_cycles(layer)}}},
         {"memory",
          {{"input_buffer", memory_json(memory.input)},
           {"line_buffer", memory_json(memory.lines)},
           {"weights", memory_json(memory.weights)},
           {"membranes", memory_json(memory.membranes)},
           {"fifos", {{"bits", memory.fifo_bits}, {"bram18k", memory.fifo_bram18k}}},
           {"delay_line", {{"bits", memory.delay_bits}, {"bram18k", memory.delay_bram18k}}},
           {"event_buffer", memory_json(memory.events)}}},
         {"bram18k", memory.bram18k()}});
    if (configuration.on_tiles()) layers.back()["tiles"] = tiles_json(listing, i);
  }
  Json device{{"part", listing.part()},
              {"bram18k_used", listing.account.bram18k()},
              {"bram18k_least", listing.account.least_bram18k()}};
  if (configuration.part != FpgaPart::unlimited) device["bram18k"] = bram18k_of(configuration.part);
  device["fits"] = listing.fault().empty();
  device["event_buffers_grow_with_the_run"] = listing.account.events_by_run;
  return {{"platform", configuration.platform},
          {"network", listing.network.name},
          {"schedule", stream_schedule_names[static_cast<std::size_t>(configuration.schedule)]},
          {"weights", listing.network.weights()},
          {"neurons", listing.network.neurons()},
          {"ticks", listing.network.ticks},
          {"clock_hz", configuration.clock_hz},
          {"layers", layers},
          {"device", device}};
}

std::string inspect_text(const StreamConfiguration& configuration) {
  const Listing listing(configuration);
  const spiking::SpikingNetwork& network = listing.network;
  std::string text =
      fmt::format("{}: {} weights {}, {} membranes of {} bits, {} ticks an example\n", network.name, network.weights(),
                  configuration.on_tiles() ? "in " + configuration.tiles.device.preset + " cells"
                                           : fmt::format("of {} bits", configuration.numbers.weight_bits),
                  network.neurons(), listing.layers.front().lif.membrane_bits, network.ticks);

  text += "\nInput buffers: encoded events of all ticks (tick-batching) beside one patch of spikes (streaming)\n";
  text += fmt::format("  {:<8} {:>6} {:>8} {:>8} {:>14} {:>14} {:>10} {:>13} {:>12}\n", "layer", "ticks", "inputs",
                      "spikes", "events, bits", "spikes, bits", "patch, bits", "printed rule", "p log2 ST");
  for (const LayerMemory& layer : listing.account.layers) {
    text += fmt::format("  {:<8} {:>6} {:>8} {:>7.4g}% {:>14} {:>14} {:>11} {:>13} {:>12.4g}{}\n", layer.name,
                        layer.ticks, layer.inputs, 100 * layer.spike_ratio, layer.tick_batching_bits,
                        layer.binary_tensor_bits, layer.input_buffer_bits, layer.input_buffer_bits_printed_rule,
                        layer.break_even, layer.break_even < 1 ? "  events smaller" : "");
  }
  text +=
      "  patch: kernel x kernel x input channels; of a dense layer its inputs. The thesis prints a dense layer's "
      "outputs\n  (printed rule). spikes: one bit an input and tick; events are smaller where p log2 ST < 1.\n";

  text += "\nFolding; cycles a tick of stages that never wait (FINN's formulas; `rheo run` simulates)\n";
  text += fmt::format("  {:<8} {:>6} {:>6} {:>7} {:>10} {:>10} {:>10}\n", "layer", "pe", "simd", "window", "swu",
                      configuration.on_tiles() ? "tiles" : "mvtu", "pool");
  for (std::size_t i = 0; i < listing.layers.size(); ++i) {
    const LayerParameters& layer = listing.layers[i];
    text += fmt::format("  {:<8} {:>6} {:>6} {:>7} {:>10} {:>10} {:>10}\n", layer.name, layer.folding.pe,
                        layer.folding.simd, layer.has_window() ? layer.window_lanes() : 0, window_cycles(layer),
                        listing.threshold_cycles(i), pool_cycles(layer));
  }
  if (configuration.on_tiles()) text += tiles_text(listing);

  const bool batched = configuration.schedule == StreamSchedule::tick_batching;
  text += fmt::format("\nMemory in bits / 18-Kbit block RAMs (0: look-up tables), {}\n",
                      stream_schedule_names[static_cast<std::size_t>(configuration.schedule)]);
  text += fmt::format("  {:<8} {:>14} {:>16} {:>18} {:>18} {:>14} {:>14}\n", "layer", "patch", "lines", "weights",
                      "membranes", "FIFOs", batched ? "events" : "delay line");
  const auto cell = [](std::uint64_t bits, std::uint64_t blocks) { return fmt::format("{} / {}", bits, blocks); };
  const auto memory = [&cell](const StageMemory& it) { return cell(it.bits(), it.bram18k()); };
  for (const LayerMemory& layer : listing.account.layers) {
    text += fmt::format("  {:<8} {:>14} {:>16} {:>18} {:>18} {:>14} {:>14}\n", layer.name, memory(layer.input),
                        memory(layer.lines), memory(layer.weights), memory(layer.membranes),
                        cell(layer.fifo_bits, layer.fifo_bram18k),
                        batched ? memory(layer.events) : cell(layer.delay_bits, layer.delay_bram18k));
  }
  if (listing.account.events_by_run) {
    text += "  Event buffers of 0 bits are as large as the examples of a run take: not counted here.\n";
  }
  if (listing.account.output_delay_bits > 0) {
    text += fmt::format("  delay line at the output: {}\n",
                        cell(listing.account.output_delay_bits, listing.account.output_delay_bram18k));
  }
  const std::uint64_t blocks = listing.account.bram18k();
  text += fmt::format("  block RAMs: {}; weights and membranes without any waste: {}\n", blocks,
                      listing.account.least_bram18k());
  if (configuration.part != FpgaPart::unlimited) {
    const std::string fault = listing.fault();
    text += fmt::format(
        "Device {}: {}\n", listing.part(),
        fault.empty()
            ? fmt::format("fits, {} of {} block RAMs ({:.0f} %)", blocks, bram18k_of(configuration.part),
                          100.0 * static_cast<double>(blocks) / static_cast<double>(bram18k_of(configuration.part)))
            : fault);
  }
  return text;
}

}  // namespace rheo
