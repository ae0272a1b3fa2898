// The command line: `rheo --help`.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <systemc>

#include "models/core/hdf5.hpp"
#include "models/core/suggest.hpp"
#include "platforms/device_command.hpp"
#include "platforms/device_list.hpp"
#include "platforms/evaluation.hpp"
#include "platforms/evaluation_command.hpp"
#include "platforms/files.hpp"
#include "platforms/inspect.hpp"
#include "platforms/spiking_command.hpp"
#include "platforms/stream_fpga/stream_inspect.hpp"
#include "platforms/stream_fpga/stream_run.hpp"
#include "platforms/sweep_command.hpp"
#include "platforms/trace_command.hpp"
#include "platforms/training_run.hpp"
#include "workloads/network/zoo.hpp"
#include "workloads/spiking/network.hpp"

namespace {

using namespace rheo;

constexpr int success = 0;
constexpr int failed = 1;
constexpr int bad_input = 2;

volatile std::sig_atomic_t interrupted = 0;

/// One line on standard error, whatever bytes the user's words hold and whether or not anybody reads it.
void complain(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  std::fputs((line + "\n").c_str(), stderr);
}

/// Files opened later must not become standard streams.
void open_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream) {
    if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", stream == 0 ? O_RDONLY : O_WRONLY) < 0) std::abort();
  }
}

/// The first Ctrl-C lets the batch end and saves; a second one ends the process.
void on_interrupt(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

const std::vector<std::string> list_topics{"platforms", "networks", "devices", "datasets", "keys"};

/// Whose keys `rheo list keys` prints; the first when nothing is said.
const std::vector<std::string> key_owners{"analog_training_chip", std::string(stream_fpga_platform),
                                          std::string(stream_tiles_platform), "train-spiking"};

template <class Configured>
std::string keys_of(Configured defaults = {}) {
  ConfigurationText text;
  defaults.describe(text);
  return text.str();
}

void print_keys(const std::string& owner) {
  if (owner == stream_fpga_platform || owner == stream_tiles_platform) {
    StreamConfiguration defaults;
    defaults.platform = owner;
    fmt::print("{}", keys_of(defaults));
  } else if (owner == "train-spiking") {
    fmt::print("{}", keys_of<SpikingConfiguration>());
  } else {
    fmt::print("{}", keys_of<RunConfiguration>());
    // A run refuses these, so that they stand here as comments.
    std::istringstream lines(keys_of<EvaluationConfiguration>());
    for (std::string line; std::getline(lines, line);) fmt::print("{}\n", line.empty() ? line : "# " + line);
  }
}

void print_list(const std::string& topic, const std::string& owner) {
  if (topic.empty() || topic == "platforms") {
    fmt::print(
        "platforms\n  analog_training_chip  crossbar tiles with ADCs, DACs and pulse generators, buffer, DRAM, DMA, "
        "controller, vector unit\n"
        "  stream_fpga           streaming stages of a spiking network on an FPGA: sliding windows, "
        "matrix-vector-threshold units, pooling\n"
        "  stream_tiles          the same stages with the matrices on crossbar tiles: spikes drive 1-bit DACs, "
        "membranes behind the ADCs\n");
  }
  if (topic.empty() || topic == "networks") {
    fmt::print("networks\n");
    for (const NetworkEntry& entry : networks()) fmt::print("  {:<20}  {}\n", entry.name, entry.description);
    for (const std::string& name : spiking::spiking_networks()) fmt::print("  {:<20}  spiking, of S2N2\n", name);
  }
  if (topic.empty() || topic == "devices") {
    fmt::print("devices (device.preset; or a TOML file of your own)\n{}", device_preset_list());
  }
  if (topic == "devices") fmt::print("\n{}", device_family_list());
  if (topic.empty() || topic == "datasets") {
    fmt::print("datasets\n");
    for (const DatasetEntry& entry : list_datasets()) {
      fmt::print("  {:<20}  {}; {}{}\n", entry.name, entry.description, entry.available ? "" : "absent: ", entry.where);
    }
  }
  if (topic == "keys") print_keys(owner);
}

struct Words {
  std::string config;
  std::vector<std::string> set;
  std::string out, topic, owner;
  std::string seed;
  std::size_t threads = 1;
  bool resume = false, trace = false, quiet = false, json = false;
};

std::filesystem::path demonstration() { return share_folder() / "platforms/lenet_gv.toml"; }

RunConfiguration configuration_of(const Words& words, const std::vector<std::string>& extra = {}) {
  std::filesystem::path file = words.config;
  if (file.empty()) {
    const std::filesystem::path saved = std::filesystem::path(words.out) / "config.toml";
    file = words.resume && std::filesystem::exists(saved) ? saved : demonstration();
  }
  std::vector<std::string> set = words.set;
  if (!words.seed.empty()) set.push_back("seed=" + words.seed);
  set.insert(set.end(), extra.begin(), extra.end());
  return RunConfiguration::load(file, set);
}

RunOptions options_of(const Words& words, const std::string& suffix) {
  if (words.resume && words.out.empty())
    throw InputError("--resume", "expected --out DIR: the folder of the run to go on with");
  RunOptions options;
  options.out = words.out;
  options.name =
      (words.config.empty() ? demonstration() : std::filesystem::path(words.config)).stem().string() + suffix;
  options.threads = words.threads;
  options.resume = words.resume;
  options.trace = words.trace;
  options.quiet = words.quiet;
  return options;
}

void add_common(CLI::App& command, Words& words, bool needs_config) {
  auto* config = command.add_option("CONFIG", words.config, "TOML file; none: the demonstration");
  if (needs_config) config->required();
  command.add_option("--set", words.set, "KEY=VALUE laid over the file, as often as you like")->allow_extra_args(false);
  command.add_option("--seed", words.seed, "seed of all random numbers");
}

void add_run_words(CLI::App& command, Words& words) {
  command.add_option("--out", words.out, "folder for the results; none: a new one below runs/");
  command.add_option("--threads", words.threads, "threads of the arithmetic; the results do not depend on them")
      ->check(CLI::Range(1, 1024));
  command.add_flag("--quiet", words.quiet, "no progress");
}

/// `inspect` and `run` of a configuration of a streaming platform.
int run_streaming(const Words& words, bool inspect) {
  std::vector<std::string> set = words.set;
  if (!words.seed.empty()) set.push_back("seed=" + words.seed);
  const StreamConfiguration configuration = StreamConfiguration::load(words.config, set);
  if (!inspect) {
    if (words.resume) throw InputError("--resume", "an inference has no checkpoints; expected a new run");
    const std::string name = std::filesystem::path(words.config).stem().string();
    try {
      return run_stream(configuration, {words.out, name, words.threads, words.trace, words.quiet}, interrupted);
    } catch (const InputError& error) {
      throw configuration.placed(error);
    }
  }
  std::cout << (words.json ? inspect_json(configuration).dump(2) + "\n" : inspect_text(configuration));
  return success;
}

int run_words(const std::vector<std::string>& words);

int run_command_line(int argc, char** argv) {
  CLI::App app{
      "Rheo simulates hardware that computes where the data lies: accuracy, time, energy, memory and area\n"
      "of a workload from one execution on a SystemC/TLM-2.0 model of the chip.",
      "rheo"};
  app.set_version_flag("--version", std::string("rheo ") + RHEO_VERSION);
  app.require_subcommand(1);
  app.footer("Exit status: 0 done, 1 the run failed, 2 bad usage or bad input, 130 interrupted (and saved).");
  Words words;

  CLI::App& run = *app.add_subcommand("run", "train a network on the chip and report");
  add_common(run, words, false);
  add_run_words(run, words);
  run.add_flag("--resume", words.resume, "go on with the run in --out");
  run.add_flag(
      "--trace", words.trace,
      "write down every command, into trace.h5: for rheo trace and rheo replay; of spiking networks every spike, "
      "into spikes.h5");
  CLI::App& range = *app.add_subcommand("lr-range", "learning-rate range test: train while the rate rises");
  add_common(range, words, true);
  add_run_words(range, words);
  CLI::App& inspect = *app.add_subcommand("inspect", "print mapping, memory and programs without simulating");
  add_common(inspect, words, true);
  inspect.add_flag("--json", words.json, "as JSON");
  CLI::App& list = *app.add_subcommand("list", "print what there is: platforms, networks, devices, datasets, keys");
  list.add_option("TOPIC", words.topic, "one of them");
  list.add_option("OWNER", words.owner, fmt::format("whose keys: {}", fmt::join(key_owners, ", ")));
  EvaluationCommand evaluation(app);
  DeviceCommand device(app);
  SpikingCommand spiking(app);
  SweepCommand sweep(app);
  TraceCommand trace(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::string hint;
    if (argc > 1 && app.get_subcommands().empty() && argv[1][0] != '-') {
      const std::vector<std::string> commands{"run",    "lr-range", "evaluate",      "reduce",         "inspect",
                                              "list",   "device",   "train-spiking", "spiking-widths", "trace",
                                              "replay", "sweep",    "pareto"};
      hint = did_you_mean(argv[1], commands);
    }
    complain(fmt::format("rheo: {}{}; see rheo --help", error.what(), hint));
    return bad_input;
  }

  if (device.asked()) return device.run();
  if (spiking.asked()) {
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGTERM, on_interrupt);
    return spiking.run(interrupted);
  }
  if (list.parsed()) {
    if (!words.topic.empty() && std::find(list_topics.begin(), list_topics.end(), words.topic) == list_topics.end()) {
      throw InputError("rheo list " + words.topic, "no such topic; expected " +
                                                       fmt::format("{}", fmt::join(list_topics, ", ")) +
                                                       did_you_mean(words.topic, list_topics));
    }
    if (!words.owner.empty() && words.topic != "keys") {
      throw InputError("rheo list " + words.topic,
                       "takes no second word; expected `rheo list keys " + words.owner + "`");
    }
    if (!words.owner.empty() && std::find(key_owners.begin(), key_owners.end(), words.owner) == key_owners.end()) {
      throw InputError("rheo list keys " + words.owner,
                       fmt::format("nothing of that name has keys; expected {}{}", fmt::join(key_owners, ", "),
                                   did_you_mean(words.owner, key_owners)));
    }
    print_list(words.topic, words.owner);
    return success;
  }
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  if (evaluation.asked()) return evaluation.run(interrupted);
  if (sweep.asked()) return sweep.run(run_words, interrupted);
  if (trace.asked()) return trace.run(interrupted);
  for (const auto& [option, value] : {std::pair{"CONFIG", &words.config}, std::pair{"--out", &words.out}}) {
    for (CLI::App* command : app.get_subcommands()) {
      const CLI::Option* given = command->get_option_no_throw(option);
      if (given != nullptr && given->count() > 0 && value->empty())
        throw InputError(option, "is empty; expected a name");
    }
  }
  if (!range.parsed() && !words.config.empty() && names_streaming_platform(words.config, words.set))
    return run_streaming(words, inspect.parsed());
  // The range test has a schedule of its own, whatever the file's.
  const RunConfiguration configuration = configuration_of(
      words, range.parsed() ? std::vector<std::string>{"schedule.kind=range_test"} : std::vector<std::string>{});
  try {
    if (inspect.parsed()) {
      std::cout << (words.json ? inspect_json(configuration).dump(2) + "\n" : inspect_text(configuration));
      return success;
    }
    if (range.parsed()) return run_lr_range(configuration, options_of(words, "-lr-range"), interrupted);
    return run_training(configuration, options_of(words, ""), interrupted);
  } catch (const InputError& error) {
    throw configuration.placed(error);
  }
}

/// The whole of a command, errors and all: its exit status.
int run_whole(int argc, char** argv) {
  try {
    const int status = run_command_line(argc, argv);
    std::cout.flush();
    if (status == success && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout)) {
      complain("rheo: the output cannot be written");
      return failed;
    }
    return status;
  } catch (const InputError& error) {
    complain(error.what());
    return bad_input;
  } catch (const std::exception& error) {
    complain(std::string("rheo: the run failed: ") + error.what());
    return failed;
  }
}

/// `rheo` with these words, in the process of a point of a sweep.
int run_words(const std::vector<std::string>& words) {
  std::vector<std::string> all{"rheo"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return run_whole(static_cast<int>(all.size()), arguments.data());
}

}  // namespace

int sc_main(int argc, char** argv) {
  sc_core::sc_set_time_resolution(10, sc_core::SC_FS);
  return run_whole(argc, argv);
}

int main(int argc, char** argv) {
  open_standard_streams();
  hdf5::forgo_cleanup_at_exit();
  setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}
