// The S2N2 networks on the streaming FPGA: simulated tick interval, classifications a second, energy and block RAM for
// stated foldings, beside tick-batching and beside crossbar tiles; how many lanes the thesis's tick resolutions would
// take; how fast the simulation is.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <systemc>

#include "benchmarks/s2n2/synthetic_network.hpp"
#include "models/core/error.hpp"
#include "models/core/rounding.hpp"
#include "models/stream/finn_cycles.hpp"
#include "platforms/stream_fpga/layer_mapping.hpp"
#include "platforms/stream_fpga/memory_account.hpp"
#include "platforms/stream_fpga/stream_chip.hpp"
#include "platforms/stream_fpga/tile_mapping.hpp"

namespace {

using namespace rheo;

/// A network at one folding.
struct Point {
  std::string name;
  std::string file;
  std::vector<std::string> set;
  double printed_tick_s;  ///< tables 2.6 and 2.9
};

/// The shipped configurations, those on the FPGA once more with a tenth or less of the lanes, those on tiles once more
/// with a clock that no FPGA has.
const std::vector<Point> points{
    {"rf1", "s2n2_rf1.toml", {}, 45e-9},
    {"rf1 small", "s2n2_rf1.toml", {"folding.pe=[4,2,2,1]", "folding.simd=[1,8,4,4]"}, 45e-9},
    {"rf2", "s2n2_rf2.toml", {}, 30e-9},
    {"rf2_hardware", "s2n2_rf2.toml", {"workload.network=rf2_hardware"}, 30e-9},
    {"cv", "s2n2_cv.toml", {}, 30e-9},
    {"cv wide", "s2n2_cv.toml", {"folding.pe=[16,24,32,10]", "folding.simd=[1,8,8,8]"}, 30e-9},
    {"rf1 tiles", "s2n2_rf1_tiles.toml", {}, 45e-9},
    {"rf1 tiles 1G", "s2n2_rf1_tiles.toml", {"clock_hz=1e9"}, 45e-9},
    {"cv tiles", "s2n2_cv_tiles.toml", {}, 30e-9},
    {"cv tiles 1G", "s2n2_cv_tiles.toml", {"clock_hz=1e9"}, 30e-9},
};

struct Options {
  std::string network;
  std::size_t examples = 1;
  std::string costs = RHEO_SOURCE_FOLDER "/models/cost/reference_costs.toml";
};

std::uint64_t accumulations(const std::vector<stream::LayerParameters>& layers) {
  std::uint64_t sum = 0;
  for (const stream::LayerParameters& layer : layers) {
    sum += layer.geometry.positions() * layer.in_features() * layer.outputs;
  }
  return sum;
}

/// The synthetic network as it would have been trained.
spiking::FloatNetwork in_floating_point(const spiking::QuantisedNetwork& network) {
  spiking::FloatNetwork all{network.network, {}, network.decay.factor()};
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const spiking::QuantisedLayer& layer = network.layers[i];
    all.network.layers[i].threshold = std::ldexp(layer.threshold, -static_cast<int>(layer.membrane_fraction_bits));
    auto& weights = all.weights.emplace_back();
    for (const std::int32_t w : layer.weights) {
      weights.push_back(std::ldexp(static_cast<float>(w), -static_cast<int>(layer.weight_fraction_bits)));
    }
  }
  return all;
}

/// Cycles a tick of a layer's slowest stage, if it never waits.
std::uint64_t formula_cycles(const StreamConfiguration& c, const TiledNetwork& mapped, std::size_t i) {
  const stream::LayerParameters& layer = mapped.layers[i];
  const std::uint64_t threshold =
      c.on_tiles() ? layer.geometry.positions() * stream::CrossbarCycles(mapped.matrices[i], layer.in_features(),
                                                                         layer.outputs, layer.folding, c.clock_hz)
                                                      .interval()
                   : stream::finn_threshold_cycles(layer.geometry, layer.outputs, layer.folding);
  return std::max(threshold, layer.has_window() ? stream::finn_window_cycles(layer.geometry, layer.window_lanes()) : 0);
}

/// Each run elaborates a chip of its own in a fresh simulation.
void fresh_simulation() {
  sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = new sc_core::sc_simcontext;
  sc_core::sc_set_time_resolution(10, sc_core::SC_FS);
}

void run(const Point& point, const Options& options, const CostTable& costs, bool zero_skipping,
         StreamSchedule schedule) {
  StreamConfiguration c =
      StreamConfiguration::load(std::string(RHEO_SOURCE_FOLDER) + "/platforms/" + point.file, point.set);
  c.zero_skipping = zero_skipping;
  c.schedule = schedule;
  // What does not fit is simulated all the same, and the demand printed.
  const FpgaPart part = c.part;
  c.part = FpgaPart::unlimited;
  const spiking::SpikingNetwork network = spiking::build_spiking_network(c.workload.network);
  c.events.capacity_bits.assign(network.layers.size(), 0);  // what these examples take
  const spiking::QuantisedNetwork quantised =
      synthetic_network(network, static_cast<std::uint32_t>(c.numbers.weight_bits),
                        static_cast<std::uint32_t>(c.numbers.membrane_bits), 1);
  TiledNetwork mapped;
  if (c.on_tiles()) {
    mapped = map_tiles(c, in_floating_point(quantised));
  } else {
    mapped.layers = map_layers(c, quantised);
  }
  fresh_simulation();
  StreamChip chip(c, network, mapped.layers, mapped.matrices);
  // Time of the processor: on a shared machine the wall clock also measures the others.
  const std::clock_t start = std::clock();
  for (std::size_t example = 0; example < options.examples; ++example)
    chip.run(synthetic_example(network, 2 + example));
  const double processor_s = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;

  const ChipActivity activity = chip.activity();
  const EnergyReport energy = energy_report(activity, Mode::evaluation, costs);
  const double idle = energy.by_phase.at("idle");
  const auto examples = static_cast<double>(options.examples);
  const double ticks = examples * network.ticks;
  std::uint64_t lanes = 0;
  std::uint64_t formula = 0;
  for (std::size_t i = 0; i < mapped.layers.size(); ++i) {
    const stream::Folding& folding = mapped.layers[i].folding;
    // On tiles the neurons alone are lanes.
    lanes += c.on_tiles() ? folding.pe : std::uint64_t{folding.pe} * folding.simd;
    formula = std::max(formula, formula_cycles(c, mapped, i));
  }
  StageUse slowest;
  std::uint64_t most_events = 0;
  for (const StageUse& use : chip.stages()) {
    if (use.busy_cycles > slowest.busy_cycles) slowest = use;
    most_events = std::max(most_events, use.events);
  }
  const double interval = chip.tick_interval_cycles();
  if (schedule == StreamSchedule::streaming && !zero_skipping) {
    fmt::print("  {} (pe x simd):", point.name);
    for (const stream::LayerParameters& layer : mapped.layers) {
      fmt::print(" {} {}x{}", layer.name, layer.folding.pe, layer.folding.simd);
    }
    if (c.on_tiles()) {
      std::size_t tiles = 0;
      for (const stream::CrossbarThreshold* layer : chip.tiles()) tiles += layer->tiles();
      fmt::print("; {} tiles of {} x {}, {}, {}-bit ADCs, {}-bit membranes, {:.0f} MHz\n", tiles, c.tiles.tile.rows,
                 c.tiles.tile.columns, c.tiles.device.preset, c.tiles.adc.bits, c.numbers.membrane_bits,
                 c.clock_hz / 1e6);
    } else {
      fmt::print("; {}-bit weights, {}-bit membranes\n", c.numbers.weight_bits, c.numbers.membrane_bits);
    }
  }
  fmt::print(
      "{:<13} {:<9} {:<4} {:>6} {:>9} {:>11.1f} {:>9.2f} {:>9.3f} {:>10.4g} {:>10.4g} {:>10.4g} {:>5}{} {:>9.0f} "
      "{:>7.2f}  {}\n",
      point.name,
      c.on_tiles()                            ? "tiles"
      : schedule == StreamSchedule::streaming ? "stream"
                                              : "batched",
      zero_skipping ? "skip" : "all", lanes, formula, interval, interval / c.clock_hz * 1e6,
      c.clock_hz / interval / network.ticks, energy.total_j / examples * 1e6, (energy.total_j - idle) / examples * 1e6,
      chip.seconds() / examples * 1e3, chip.bram18k(), chip.bram18k() > bram18k_of(part) ? "*" : " ",
      ticks / processor_s, static_cast<double>(most_events) / ticks, slowest.name);
  std::fflush(stdout);
}

/// What shallow FIFOs between sliding windows and MVTUs cost: while a window unit fills its lines the MVTU behind it
/// lives on what the FIFO holds.
void run_depths(const Point& point) {
  fmt::print("{:<13}", point.name);
  for (const std::uint64_t depth : {1, 2, 8, 32, 128, 512, 2048}) {
    StreamConfiguration c =
        StreamConfiguration::load(std::string(RHEO_SOURCE_FOLDER) + "/platforms/" + point.file, point.set);
    c.part = FpgaPart::unlimited;
    spiking::SpikingNetwork network = spiking::build_spiking_network(c.workload.network);
    network.ticks = 16;
    c.fifo.window_depth.assign(network.layers.size(), static_cast<double>(depth));
    std::vector<stream::LayerParameters> layers = map_layers(c, network);
    // Values do not matter to the time without zero-skipping.
    for (stream::LayerParameters& layer : layers) {
      layer.weights.resize(std::size_t{layer.in_features()} * layer.outputs);
    }
    fresh_simulation();
    StreamChip chip(c, network, layers);
    chip.run(synthetic_example(network, 1));
    fmt::print(" {:>10.1f}", chip.tick_interval_cycles());
  }
  fmt::print("\n");
}

void print_lanes(const Point& point) {
  const StreamConfiguration c =
      StreamConfiguration::load(std::string(RHEO_SOURCE_FOLDER) + "/platforms/" + point.file, point.set);
  const spiking::SpikingNetwork network = spiking::build_spiking_network(c.workload.network);
  const std::vector<stream::LayerParameters> layers = map_layers(c, network);
  const std::uint64_t additions = accumulations(layers);
  const double cycles = point.printed_tick_s * c.clock_hz;
  fmt::print("{:<13} {:>12} accumulations a tick; {:.0f} ns at {:.0f} MHz are {:.0f} cycles: {} lanes\n", point.name,
             additions, point.printed_tick_s * 1e9, c.clock_hz / 1e6, cycles,
             ceil_divide(additions, static_cast<std::uint64_t>(std::llround(cycles))));
}

int benchmark(int argc, char** argv) {
  CLI::App app{"The S2N2 networks on the streaming FPGA, with synthetic weights at the printed spike ratios."};
  Options options;
  app.add_option("--network", options.network,
                 "one of the points: rf1, \"rf1 small\", rf2, rf2_hardware, cv, \"cv wide\", \"rf1 tiles\", ...");
  app.add_option("--examples", options.examples, "of each run")->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);

  const CostTable costs = CostTable::from_file(options.costs);
  fmt::print("Lanes that the printed tick resolutions would take\n");
  for (const Point& point : points) {
    if (point.name.find(' ') == std::string::npos) print_lanes(point);
  }
  fmt::print("\n{:<13} {:<9} {:<4} {:>6} {:>9} {:>11} {:>9} {:>9} {:>10} {:>10} {:>10} {:>6} {:>9} {:>7}  {}\n",
             "network", "schedule", "zero", "lanes", "formula", "cycles/tick", "us/tick", "class/s", "uJ/class",
             "dyn uJ", "ms/class", "BRAM18", "ticks/s", "events", "busiest stage");
  for (const Point& point : points) {
    if (!options.network.empty() && options.network != point.name) continue;
    for (const StreamSchedule schedule : {StreamSchedule::streaming, StreamSchedule::tick_batching}) {
      if (schedule == StreamSchedule::tick_batching && point.file.ends_with("_tiles.toml")) continue;
      for (const bool zero_skipping : {false, true}) run(point, options, costs, zero_skipping, schedule);
    }
  }
  fmt::print(
      "formula: cycles a tick of the slowest stage if it never waits; cycles/tick: simulated; class/s: one example "
      "after the other;\nlanes: on tiles those of the neurons; dyn: without static power; batched: event buffers as "
      "large "
      "as these examples take; *: more block RAM than the device has;\nticks/s: simulated in a second of processor "
      "time; "
      "events: of the SystemC kernel a tick, for the stage that has most.\n");
  fmt::print("\nCycles a tick by the depth of the FIFOs between sliding windows and MVTUs, streaming\n{:<13}", "words");
  for (const std::uint64_t depth : {1, 2, 8, 32, 128, 512, 2048}) fmt::print(" {:>10}", depth);
  fmt::print("\n");
  for (const Point& point : points) {
    if (point.file.ends_with("_tiles.toml")) continue;
    if (options.network.empty() || options.network == point.name) run_depths(point);
  }
  return 0;
}

}  // namespace

int sc_main(int argc, char** argv) {
  try {
    return benchmark(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

int main(int argc, char** argv) {
  setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}
