#include "platforms/replay.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "models/core/error.hpp"
#include "platforms/files.hpp"
#include "platforms/progress.hpp"
#include "platforms/report.hpp"
#include "platforms/report_sections.hpp"
#include "platforms/run_folder.hpp"

namespace rheo {
namespace {

using Json = nlohmann::ordered_json;

/// Images without pixels: what the mapping of a network needs of them.
Dataset without_pixels(const std::string& name, const TracedImages& images) {
  const auto set = [&](std::uint64_t count) {
    ImageSet s;
    s.count = count;
    s.height = images.height;
    s.width = images.width;
    s.channels = images.channels;
    s.classes = images.classes;
    return s;
  };
  return {name, set(images.train), set(images.test), images.pixel_mean, images.pixel_deviation};
}

std::map<std::string, ConfigurationText::Entry> entries_of(const RunConfiguration& configuration) {
  RunConfiguration copy = configuration;
  ConfigurationText text;
  copy.describe(text);
  std::map<std::string, ConfigurationText::Entry> entries;
  for (const auto& entry : text.entries()) entries.emplace(entry.key, entry);
  return entries;
}

bool has_deviations(const crossbar::AdcParameters& adc) {
  return adc.noise_deviation != 0 || adc.offset_deviation != 0 || adc.gain_deviation != 0 ||
         adc.nonlinearity_deviation != 0;
}

/// Why values depend on the time, if they do.
std::string time_in_values(const ChipConfiguration& chip) {
  if (chip.device.programmed) return "the cells of this device change with time";
  if (!chip.controller.scoreboard) return "without a scoreboard (controller.scoreboard) values depend on the timing";
  return {};
}

/// What a replay compares with the recorded run: a name, where it stands in report.json, its unit.
constexpr std::array<std::tuple<const char*, const char*, const char*>, 5> compared_numbers{
    {{"training", "/time/simulated_s", "s"},
     {"testing", "/evaluation/simulated_s", "s"},
     {"energy of training", "/energy/total_j", "J"},
     {"energy of testing", "/evaluation/energy_j", "J"},
     {"area", "/area/total_mm2", "mm2"}}};
constexpr const char* wall_time = "/time/wall_s";

double number_of(const Json& report, const char* path) { return report.at(Json::json_pointer(path)).get<double>(); }

bool same_mapping(const Mapping& a, const Mapping& b) {
  return a.initialise == b.initialise && a.training == b.training && a.evaluation == b.evaluation &&
         a.probe == b.probe && a.host.bytes == b.host.bytes && a.dram_used == b.dram_used;
}

constexpr std::string_view wants_a_run = "`rheo run` with the same change executes it";

}  // namespace

Replay::Replay(const std::filesystem::path& trace, const std::vector<std::string>& set)
    : name_(trace.string()), trace_(trace) {
  if (!trace_.header().from_start) {
    throw InputError(name_,
                     "begins at a checkpoint in the middle of a run; expected the folder of the run, which has the "
                     "part before, or a trace from the beginning");
  }
  if (trace_.programs().empty()) throw InputError(name_, "ends before the first program did; there is nothing to time");
  read_report();
  require_images();
  const std::string& text = trace_.header().configuration;
  const RunConfiguration recorded = RunConfiguration::from_resolved(text, name_, {});
  configuration_ = RunConfiguration::from_resolved(text, name_, set);
  require_retimable(recorded);
  require_same_mapping(recorded, set);
}

void Replay::read_report() {
  if (trace_.report().empty()) return;
  try {
    recorded_ = Json::parse(trace_.report());
    for (const auto& [name, path, unit] : compared_numbers) static_cast<void>(number_of(recorded_, path));
    static_cast<void>(number_of(recorded_, wall_time));
  } catch (const nlohmann::json::exception&) {
    throw InputError(name_, "holds a report that is none of Rheo");
  }
}

void Replay::require_images() const {
  const TracedImages& images = trace_.header().images;
  if (images.height == 0 || images.width == 0 || images.channels == 0 || images.classes < 2) {
    throw InputError(name_, "says nothing of the images of its run");
  }
}

void Replay::require_retimable(const RunConfiguration& recorded) {
  const auto before = entries_of(recorded);
  const auto after = entries_of(configuration_);
  const auto visit = [&](const std::string& key, const ConfigurationText::Entry& entry) {
    const auto a = before.find(key);
    const auto b = after.find(key);
    if (a != before.end() && b != after.end() && a->second.value == b->second.value) return;
    const auto refuse = [&](const std::string& why) {
      throw configuration_.placed(InputError(key, fmt::format("{}; {}", why, wants_a_run)));
    };
    if (!entry.retimable) refuse("decides values or commands, which a trace cannot tell anew");
    if (const std::string why = time_in_values(recorded.chip); !why.empty() && key != "costs") refuse(why);
    const ChipConfiguration& chip = recorded.chip;
    if (key.ends_with("adc.shared_by") && (has_deviations(chip.adc) || has_deviations(chip.backward.adc))) {
      refuse("converters deviate from each other, so that values depend on who shares one");
    }
    changed_.push_back(key);
  };
  for (const auto& [key, entry] : before) visit(key, entry);
  for (const auto& [key, entry] : after) {
    if (!before.contains(key)) visit(key, entry);
  }
}

void Replay::require_same_mapping(const RunConfiguration& recorded, const std::vector<std::string>& set) {
  const auto run_of = [&](const RunConfiguration& configuration) {
    try {
      return std::make_unique<TrainingRun>(configuration,
                                           without_pixels(configuration.workload.dataset, trace_.header().images));
    } catch (const InputError& error) {
      throw configuration.placed(error);
    }
  };
  run_ = run_of(configuration_);
  if (changed_.empty()) return;
  const Mapping before = run_of(recorded)->mapping();
  if (same_mapping(before, run_->mapping())) return;
  // Word by word, to name the one.
  for (std::size_t count = 1; count <= set.size(); ++count) {
    const std::vector<std::string> some(set.begin(), set.begin() + static_cast<std::ptrdiff_t>(count));
    const auto configuration = RunConfiguration::from_resolved(trace_.header().configuration, name_, some);
    if (same_mapping(before, run_of(configuration)->mapping())) continue;
    throw InputError("--set " + set[count - 1], fmt::format("wants another mapping of the network; {}", wants_a_run));
  }
}

void Replay::elaborate() {
  try {
    run_->elaborate(1, this, this);
  } catch (const InputError& error) {
    throw configuration_.placed(error);
  }
  TrainerState state;
  for (const TracedEpoch& e : trace_.epochs()) {
    state.records.push_back({static_cast<std::int64_t>(e.epoch), e.train_loss, e.train_accuracy, e.test_loss,
                             e.test_accuracy, e.learning_rate, e.momentum});
  }
  run_->trainer().restore(state);
}

void Replay::refuse_program() const {
  throw InputError(name_, "is of another program than this version of Rheo writes for its configuration");
}

void Replay::load(const TracedProgram& program) {
  const std::span<const TracedCommand> list = trace_.next(program.commands);
  first_sequence_ += commands_.size();
  commands_.assign(list.size(), {});
  for (const TracedCommand& command : list) {
    const std::uint64_t place = command.sequence - first_sequence_;
    if (place >= commands_.size() || commands_[place].kind != nullptr) refuse_program();
    commands_[place] = command;
  }
  replayed_ = 0;
}

void Replay::advance() {
  const TracedProgram& program = trace_.programs()[next_];
  load(program);
  try {
    run_->chip().replay(program);
  } catch (const std::logic_error&) {
    refuse_program();  // counts that are none, a program that there is not
  }
  if (replayed_ != commands_.size()) refuse_program();
  ++next_;
}

const TracedCommand& Replay::recorded_command(std::uint64_t sequence) const {
  const std::uint64_t place = sequence - first_sequence_;
  if (place >= commands_.size()) refuse_program();
  return commands_[place];
}

ValueCountsView Replay::of(std::uint64_t sequence, std::string_view unit, std::string_view operation) const {
  const TracedCommand& recorded = recorded_command(sequence);
  const TracedKind& kind = *recorded.kind;
  if (trace_.header().units[kind.unit] != unit || trace_.header().operations[kind.operation] != operation) {
    refuse_program();
  }
  return recorded.counts;
}

void Replay::command(const CommandEvent& event) {
  const TracedKind& recorded = *recorded_command(event.sequence).kind;
  if (recorded.bytes != event.bytes || recorded.scope != event.scope) refuse_program();
  ++replayed_;
}

namespace {

/// "12.3 ms -> 10.1 ms  0.821 x".
std::string change(std::string_view name, double before, double after, std::string_view unit) {
  const std::string ratio = before == after ? "the same" : before > 0 ? fmt::format("{:.4g} x", after / before) : "";
  return fmt::format("  {:<22} {:>12} {:>12}   {}\n", name, with_prefix(before, unit), with_prefix(after, unit), ratio);
}

std::string comparison(const Json& before, const Json& after) {
  std::string text = fmt::format("  {:<22} {:>12} {:>12}\n", "", "recorded", "replayed");
  for (const auto& [name, path, unit] : compared_numbers) {
    text += change(name, number_of(before, path), number_of(after, path), unit);
  }
  return text;
}

/// A new folder for the results, which is gone again, with the folders made for it, unless it is kept.
class ResultFolder {
 public:
  explicit ResultFolder(const std::filesystem::path& out)
      : path_(out.empty() ? numbered_folder("runs", "replay") : out) {
    std::error_code error;
    if (std::filesystem::is_directory(path_, error) && !std::filesystem::is_empty(path_, error)) {
      throw InputError("--out", path_.string() + " exists already; expected a folder that does not exist yet");
    }
    for (auto folder = path_; !folder.empty() && !std::filesystem::exists(folder, error);) {
      made_.push_back(folder);
      if (folder == folder.parent_path()) break;
      folder = folder.parent_path();
    }
    make_folder(path_);
    lock_.emplace(path_);
  }
  ~ResultFolder() {
    if (kept_) return;
    std::error_code ignored;
    for (const char* file : {"config.toml", "report.txt", "report.json"}) {
      std::filesystem::remove(path_ / file, ignored);
    }
    for (const auto& folder : made_) std::filesystem::remove(folder, ignored);  // if nothing is in it
  }
  ResultFolder(const ResultFolder&) = delete;
  ResultFolder& operator=(const ResultFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  void keep() noexcept { kept_ = true; }

 private:
  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  ///< the folder first, then those above it
  std::optional<FolderLock> lock_;
  bool kept_ = false;
};

}  // namespace

int run_replay(const ReplayOptions& options, const volatile std::sig_atomic_t& interrupted) {
  Replay replay(options.trace, options.set);
  replay.elaborate();
  ResultFolder folder(options.out);
  Progress progress(options.quiet);
  const auto start = std::chrono::steady_clock::now();
  const auto programs = static_cast<std::int64_t>(replay.trace().programs().size());
  while (!replay.done()) {
    if (interrupted != 0) {
      progress.line("interrupted; half a replay is none");
      return 130;
    }
    replay.advance();
    progress.update(static_cast<std::int64_t>(replay.programs_done()), programs,
                    fmt::format("simulated {:.3f} s", replay.run().chip().simulated_seconds()));
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;

  Json report = make_report(replay.configuration(), replay.run().trainer(), replay.run().chip(), replay.run().costs(),
                            wall.count());
  const RunTraceReader& trace = replay.trace();
  const bool whole = !trace.report().empty();
  report["accuracy"]["recorded"] = true;
  report["replay"] = {{"trace", std::filesystem::absolute(options.trace).string()},
                      {"version", trace.header().version},
                      {"changed", replay.changed()},
                      {"programs", programs},
                      {"whole_run", whole}};
  if (!whole) {
    report["remarks"].push_back(
        fmt::format("the trace ends before its run did: {} programs of it are timed", programs));
  }
  std::string text = report_text(report);
  text += fmt::format("\nTimed anew from {}; the accuracy is that of the recorded run\n", options.trace.string());
  if (replay.changed().empty()) {
    text += "Changed: nothing\n";
  } else {
    text += fmt::format("Changed: {}\n", fmt::join(replay.changed(), ", "));
  }
  if (whole) {
    text += comparison(replay.recorded(), report);
    text += fmt::format("Replayed in {:.2f} s; the recorded run took {:.1f} s\n", wall.count(),
                        number_of(replay.recorded(), wall_time));
  } else {
    text += fmt::format("Replayed in {:.2f} s\n", wall.count());
  }
  text += fmt::format("Everything is in {}\n", folder.path().string());
  write_file(folder.path() / "config.toml", resolved(replay.configuration()));
  write_file(folder.path() / "report.txt", text);
  write_file(folder.path() / "report.json", report.dump(2) + "\n");
  folder.keep();
  std::cout << text << std::flush;
  return 0;
}

}  // namespace rheo
