#include "platforms/stream_fpga/stream_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <system_error>
#include <utility>

#include "platforms/files.hpp"
#include "platforms/progress.hpp"
#include "platforms/run_configuration.hpp"
#include "platforms/spiking_data.hpp"
#include "platforms/stream_fpga/layer_mapping.hpp"
#include "platforms/stream_fpga/memory_account.hpp"
#include "platforms/stream_fpga/stream_report.hpp"
#include "platforms/stream_fpga/tile_mapping.hpp"
#include "traces/spike_trace.hpp"

namespace rheo {
namespace {

std::filesystem::path new_folder(const StreamRunOptions& options) {
  std::error_code error;
  if (options.out.empty()) return numbered_folder("runs", options.name);
  if (std::filesystem::exists(options.out, error) &&
      (!std::filesystem::is_directory(options.out, error) || !std::filesystem::is_empty(options.out, error))) {
    throw InputError("--out", options.out.string() + " exists already; expected a new folder");
  }
  return options.out;
}

/// A folder made before the work, so that a place that cannot be written is refused. When the run leaves nothing in it,
/// it goes again.
class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    made_ = std::filesystem::create_directories(folder_, error);
    if (error) throw InputError("--out", folder_.string() + " cannot be made: " + error.message());
    if (::access(folder_.c_str(), W_OK) != 0) {
      throw InputError("--out", folder_.string() + " cannot be written: " + std::strerror(errno));
    }
  }
  ~RunFolder() {
    std::error_code not_empty;
    if (made_) std::filesystem::remove(folder_, not_empty);
  }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

 private:
  std::filesystem::path folder_;
  bool made_ = false;
};

/// The trained network, checked against the configuration's.
spiking::FloatNetwork trained_network(const StreamConfiguration& configuration) {
  if (configuration.workload.parameters_file.empty()) {
    throw InputError("workload.parameters_file", "is empty; expected a network.h5 of rheo train-spiking");
  }
  spiking::FloatNetwork trained = spiking::read_network_file(configuration.workload.parameters_file);
  if (trained.network.name != configuration.workload.network) {
    throw InputError("workload.parameters_file", fmt::format("holds the network {}; expected {}", trained.network.name,
                                                             configuration.workload.network));
  }
  if (!spiking::leaks_as_trained(trained, configuration.numbers.decay)) {
    throw InputError(
        configuration.leak_key(),
        fmt::format("leaves {:g} of a membrane a tick, the network was trained with {:g}; expected the same",
                    configuration.numbers.decay.factor(), trained.decay));
  }
  return trained;
}

SpikingExamples test_examples(const StreamConfiguration& configuration, std::size_t threads) {
  SpikingConfiguration data;
  data.seed = configuration.seed;
  data.network = configuration.workload.network;
  data.data = configuration.data;
  data.data.train_examples = 1;  // none are needed
  ThreadTeam team(threads);
  return load_spiking_examples(data, team);
}

}  // namespace

int run_stream(const StreamConfiguration& configuration, const StreamRunOptions& options,
               const volatile std::sig_atomic_t& interrupted) {
  if (options.trace && configuration.schedule != StreamSchedule::streaming) {
    throw InputError("--trace", "spikes are written down of schedule = \"streaming\" only");
  }
  const spiking::FloatNetwork trained = trained_network(configuration);
  const spiking::SpikingNetwork network = spiking::build_spiking_network(configuration.workload.network);
  require_fit(memory_account(configuration, network), configuration.part);
  TiledNetwork mapped;
  if (configuration.on_tiles()) {
    mapped = map_tiles(configuration, trained);
  } else {
    mapped.layers = map_layers(configuration, spiking::quantise(trained, fixed_point_widths(configuration.numbers)));
  }
  const CostTable costs = CostTable::from_file(cost_table_file(configuration.costs));
  const std::filesystem::path folder = new_folder(options);
  const SpikingExamples data = test_examples(configuration, options.threads);
  const std::size_t wanted = static_cast<std::size_t>(configuration.workload.test_samples);
  const std::size_t count = wanted == 0 ? data.test->examples() : std::min(wanted, data.test->examples());

  StreamChip chip(configuration, network, std::move(mapped.layers), mapped.matrices);
  require_costs(chip.activity(), costs);
  const RunFolder made(folder);
  const FolderLock lock(folder);
  std::unique_ptr<SpikeTrace> trace;
  if (options.trace) {
    std::vector<SpikeTrace::Layer> layers;
    for (std::size_t i = 0; i < network.layers.size(); ++i) {
      layers.push_back({network.layers[i].name, network.neurons_of(i).values()});
    }
    trace = std::make_unique<SpikeTrace>(folder / "spikes.h5", network.ticks, layers);
    chip.observe([&trace](std::size_t layer, std::uint64_t frame, const std::vector<std::uint64_t>& spikes) {
      trace->frame(layer, frame, spikes);
    });
  }
  const auto start = std::chrono::steady_clock::now();
  Progress progress(options.quiet);
  spiking::SpikingEvaluation test;
  test.classes = network.classes();
  test.ticks = network.ticks;
  spiking::SpikeTrain train(network.ticks, network.input.values());
  for (std::size_t example = 0; example < count; ++example) {
    if (interrupted != 0) {
      progress.line("interrupted; nothing is saved");
      return 130;
    }
    train.clear();
    data.test->encode(example, test_presentation, train);
    std::vector<std::vector<std::uint64_t>> frames;
    for (std::uint32_t tick = 0; tick < network.ticks; ++tick) {
      const auto words = train.at(tick);
      frames.emplace_back(words.begin(), words.end());
    }
    chip.run(std::move(frames));
    test.labels.push_back(data.test->label(example));
    test.snr_db.push_back(static_cast<float>(data.test->snr_db(example)));
    progress.update(static_cast<std::int64_t>(example + 1), static_cast<std::int64_t>(count),
                    fmt::format("{:.3g} s simulated", chip.seconds()));
  }
  chip.finish();
  if (chip.results().size() != count) throw SimulationError("the pipeline stalled: results are missing");
  for (const stream::DmaOut::Result& result : chip.results()) {
    test.counts.insert(test.counts.end(), result.values.begin(), result.values.end());
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;

  const auto report = stream_report(configuration, network, test, chip, costs, wall.count());
  const std::string printed = stream_report_text(report);
  StreamConfiguration resolved = configuration;
  ConfigurationText text;
  resolved.describe(text);
  if (trace) trace->finish();
  write_file(folder / "config.toml", text.str());
  write_file(folder / "report.txt", printed);
  write_file(folder / "report.json", report.dump(2) + "\n");
  std::cout << printed << "Everything is in " << folder.string() << '\n' << std::flush;
  return 0;
}

}  // namespace rheo
