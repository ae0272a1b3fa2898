#pragma once

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/core/recorder.hpp"
#include "platforms/run_configuration.hpp"
#include "platforms/training_run.hpp"
#include "traces/run_trace_reader.hpp"

namespace rheo {

/// Times a recorded run anew on a changed chip. The same mapping and programs run through the same controller, units,
/// bus and memories, but units compute no values: what only values decide (how long pulse trains are, how often a read
/// is repeated) comes from the trace. Time, energy, memory and area are those of a run with the same change, bit for
/// bit; neither data set nor weights are needed.
///
/// Only keys that are retimable (Parameters::retimable) may change, and only so that the mapping stays: everything else
/// decides values or commands and wants a run.
class Replay : public Recorder, public RecordedCounts {
 public:
  /// Of a file or a run's folder, see RunTraceReader. `set` are --set words laid over the recorded configuration.
  /// Throws InputError: what the reader of the trace throws; a trace that does not begin with its run; a change that
  /// cannot be timed anew, naming the key.
  Replay(const std::filesystem::path& trace, const std::vector<std::string>& set);

  [[nodiscard]] const RunTraceReader& trace() const noexcept { return trace_; }
  /// The recorded configuration with the changes, and the keys that differ.
  [[nodiscard]] const RunConfiguration& configuration() const noexcept { return configuration_; }
  [[nodiscard]] const std::vector<std::string>& changed() const noexcept { return changed_; }
  /// report.json of the recorded run; null when that did not end.
  [[nodiscard]] const nlohmann::ordered_json& recorded() const noexcept { return recorded_; }
  [[nodiscard]] TrainingRun& run() { return *run_; }

  /// Builds the SystemC model: once a process.
  void elaborate();
  [[nodiscard]] bool done() const noexcept { return next_ == trace_.programs().size(); }
  /// Runs the next program of the trace. Throws InputError when the trace is of another program, SimulationError.
  void advance();
  [[nodiscard]] std::size_t programs_done() const noexcept { return next_; }

  void command(const CommandEvent& event) override;
  [[nodiscard]] ValueCountsView of(std::uint64_t sequence, std::string_view unit,
                                   std::string_view operation) const override;

 private:
  void read_report();
  void require_images() const;
  void require_retimable(const RunConfiguration& recorded);
  void require_same_mapping(const RunConfiguration& recorded, const std::vector<std::string>& set);
  [[nodiscard]] const TracedCommand& recorded_command(std::uint64_t sequence) const;
  void load(const TracedProgram& program);
  [[noreturn]] void refuse_program() const;

  std::string name_;
  RunTraceReader trace_;
  nlohmann::ordered_json recorded_;
  RunConfiguration configuration_;
  std::vector<std::string> changed_;
  std::unique_ptr<TrainingRun> run_;
  std::vector<TracedCommand> commands_;  ///< of the present program, by sequence; their counts until the next one
  std::uint64_t first_sequence_ = 0;     ///< of the present program
  std::uint64_t replayed_ = 0;           ///< commands of the present program
  std::size_t next_ = 0;
};

struct ReplayOptions {
  std::filesystem::path trace;
  std::vector<std::string> set;
  std::filesystem::path out;  ///< folder of the result; empty: a new one below runs/
  bool quiet = false;
};

/// `rheo replay`: writes config.toml, report.json (the schema of a run; the accuracy is that of the recorded run and
/// says so) and report.txt, and prints what changed. Returns the exit status.
int run_replay(const ReplayOptions& options, const volatile std::sig_atomic_t& interrupted);

}  // namespace rheo
