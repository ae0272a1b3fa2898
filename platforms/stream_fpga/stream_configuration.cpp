#include "platforms/stream_fpga/stream_configuration.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "platforms/device_presets.hpp"
#include "platforms/stream_fpga/layer_mapping.hpp"
#include "platforms/stream_fpga/tile_mapping.hpp"

namespace rheo {
namespace {

/// The one key that says who reads the rest.
struct PlatformName {
  std::string platform;
  void describe(Parameters& p) { p.text("platform", platform, "the chip that runs the workload"); }
};

struct Accounting {
  std::vector<double>& spike_ratio;
  void describe(Parameters& p) {
    p.numbers("spike_ratio", spike_ratio, 0, {0, 1},
              "share of each layer's inputs that spike at a tick, for event buffers; absent: as printed in the thesis");
  }
};

struct Device {
  FpgaPart& part;
  void describe(Parameters& p) { p.choice("part", part, fpga_part_names, "FPGA whose block RAM the network must fit"); }
};

/// The numbers of membranes alone.
struct MembraneNumbers {
  SpikingNumberParameters& numbers;
  void describe(Parameters& p) { numbers.describe_membranes(p); }
};

std::string platform_of(Configuration& source) {
  PlatformName name;
  source.read(name);
  return name.platform;
}

void require_one_a_layer(const Configuration& source, std::string_view key, const std::vector<double>& values,
                         std::size_t layers) {
  if (!values.empty() && values.size() != layers) {
    throw InputError(source.where(key), fmt::format("{} numbers; expected {}, one a layer", values.size(), layers));
  }
}

void require_integers(const Configuration& source, std::string_view key, const std::vector<double>& values) {
  for (const double value : values) {
    if (value != std::floor(value)) throw InputError(source.where(key), fmt::format("{}: expected integers", value));
  }
}

}  // namespace

std::uint64_t bram18k_of(FpgaPart part) noexcept {
  switch (part) {
    case FpgaPart::pynq_z1:
      return 280;
    case FpgaPart::zcu111:
      return 2160;
    case FpgaPart::unlimited:
      break;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

void StreamConfiguration::describe(Parameters& p) {
  const std::vector<std::string> names{std::string(stream_fpga_platform), std::string(stream_tiles_platform)};
  p.choice("platform", platform, std::span<const std::string>(names), "the chip that runs the workload");
  p.integer("seed", seed, {0, std::numeric_limits<std::int64_t>::max()}, "of all random numbers");
  p.number("clock_hz", clock_hz, {1e3, 1e12}, "clock of the stages, Hz");
  p.text("costs", costs, "cost table: energy, static power and area of every action and part");
  p.choice("schedule", schedule, stream_schedule_names, "all layers at once, or layer by layer with event buffers");
  p.flag("zero_skipping", zero_skipping, "only lanes with a spike do work");
  p.section("workload", workload, "what the chip runs");
  p.section("data", data, "test examples");
  if (on_tiles()) {
    tiles.describe(p);
  } else {
    Device device{part};
    p.section("device", device, "the FPGA");
  }
  p.section("folding", folding, "how many lanes the stages have");
  p.section("fifo", fifo, "bounded streams between the stages");
  if (on_tiles()) {
    MembraneNumbers membranes{numbers};
    p.section("numbers", membranes, "integers of the neurons");
  } else {
    p.section("numbers", numbers, "integers of the network");
  }
  p.section("delays", delays, "propagation delays of whole layers");
  p.section("dma", dma, "DMA that brings the input");
  Accounting accounting{spike_ratio};
  p.section("accounting", accounting, "memory of event buffers");
  p.section("events", events, "event buffers of tick-batching");
}

std::string StreamConfiguration::leak_key() const {
  for (const char* key : {"numbers.decay_numerator", "numbers.decay_bits"}) {
    const bool used = numbers.decay.kind == stream::Decay::Kind::multiplier || std::string_view(key).ends_with("bits");
    if (used && origins.contains(key)) return key;
  }
  return "numbers.decay";
}

InputError StreamConfiguration::placed(const InputError& error) const {
  const std::string key = error.where().substr(0, error.where().find(' '));
  const auto found = origins.find(key);
  return found == origins.end() ? error : InputError(found->second, error.fault());
}

StreamConfiguration StreamConfiguration::load(const std::filesystem::path& file, const std::vector<std::string>& set) {
  Configuration source = Configuration::from_file(file);
  for (const std::string& word : set) source.set(word);
  if (platform_of(source) == stream_tiles_platform) {
    source.replace_table_below("device", "preset");
    add_device_preset(source);
  }
  StreamConfiguration run;
  source.read(run);
  source.refuse_unknown_keys("rheo list keys stream_fpga");
  ConfigurationText keys;
  run.describe(keys);
  for (const auto& [key, value] : keys.values()) {
    if (std::string where = source.where(key); where != key) run.origins[key] = std::move(where);
  }

  spiking::SpikingNetwork network;
  try {
    network = spiking::build_spiking_network(run.workload.network);
  } catch (const InputError& error) {
    throw InputError(source.where("workload.network"), error.fault());
  }
  check_spiking_data(source, run.data, network);
  const std::size_t layers = network.layers.size();
  for (const auto& [key, values] :
       {std::pair{"folding.pe", &run.folding.pe}, std::pair{"folding.simd", &run.folding.simd},
        std::pair{"folding.window_simd", &run.folding.window_simd}, std::pair{"fifo.depth", &run.fifo.depth},
        std::pair{"fifo.window_depth", &run.fifo.window_depth}, std::pair{"delays.axonal", &run.delays.axonal},
        std::pair{"delays.synaptic", &run.delays.synaptic},
        std::pair{"events.capacity_bits", &run.events.capacity_bits}}) {
    require_one_a_layer(source, key, *values, layers);
    require_integers(source, key, *values);
  }
  require_one_a_layer(source, "accounting.spike_ratio", run.spike_ratio, layers);
  const stream::Decay& decay = run.numbers.decay;
  if (decay.kind == stream::Decay::Kind::multiplier && decay.numerator >> decay.bits != 0) {
    throw InputError(source.where(run.leak_key()),
                     fmt::format("the numerator {} is not below 2^{}; expected {} or less", decay.numerator, decay.bits,
                                 (1U << decay.bits) - 1));
  }
  if (run.on_tiles()) {
    check_device(source, run.tiles.device);
    require_one_a_layer(source, "adc.layer_bound", run.tiles.layer_bound, layers);
    if (run.schedule != StreamSchedule::streaming) {
      throw InputError(source.where("schedule"), "tiles take the spikes of a tick as they come; expected streaming");
    }
  }
  try {
    check_folding(map_layers(run, network), run);
    if (run.on_tiles()) (void)map_tiles(run, network);
  } catch (const InputError& error) {
    throw run.placed(error);
  }
  return run;
}

bool names_streaming_platform(const std::filesystem::path& file, const std::vector<std::string>& set) {
  // A pipe can be read only once, by whoever runs it.
  std::error_code ignored;  // whoever runs it says what is wrong with the file
  Configuration source = std::filesystem::is_regular_file(file, ignored) ? Configuration::from_file(file)
                                                                         : Configuration::from_text("", file.string());
  for (const std::string& word : set) source.set(word);
  const std::string platform = platform_of(source);
  return platform == stream_fpga_platform || platform == stream_tiles_platform;
}

}  // namespace rheo
