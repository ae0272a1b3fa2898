#pragma once

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "models/cost/cost_table.hpp"
#include "platforms/analog_chip.hpp"
#include "platforms/run_configuration.hpp"
#include "workloads/data/dataset.hpp"
#include "workloads/training/trainer.hpp"

namespace rheo {

/// A configured training run: data, network, mapping, costs, and the chip once it is elaborated. Everything that
/// can be refused is refused before elaboration.
class TrainingRun {
 public:
  /// Loads the data, maps the network for such programs and prices every action. Throws InputError.
  explicit TrainingRun(const RunConfiguration& configuration, ProgramSet programs = ProgramSet::training);
  /// With these data in place of the configured ones: of what is not trained again, no more than the shape is needed.
  TrainingRun(const RunConfiguration& configuration, Dataset data, ProgramSet programs = ProgramSet::training);

  [[nodiscard]] const RunConfiguration& configuration() const noexcept { return configuration_; }
  [[nodiscard]] const Dataset& data() const noexcept { return data_; }
  [[nodiscard]] const Graph& graph() const noexcept { return graph_; }
  [[nodiscard]] const Mapping& mapping() const noexcept { return mapping_; }
  [[nodiscard]] const CostTable& costs() const noexcept { return costs_; }

  /// Builds the SystemC model: once a process. With recorded counts it can only replay.
  void elaborate(std::size_t threads, Recorder* recorder, const RecordedCounts* recorded = nullptr);
  [[nodiscard]] AnalogChip& chip() { return *chip_; }
  [[nodiscard]] Trainer& trainer() { return *trainer_; }

 private:
  RunConfiguration configuration_;
  Dataset data_;
  Graph graph_;
  CostTable costs_;
  Mapping mapping_;
  std::unique_ptr<AnalogChip> chip_;
  std::unique_ptr<Trainer> trainer_;
};

struct RunOptions {
  std::filesystem::path out;  ///< the run's own folder; empty: runs/NAME, numbered
  std::string name = "run";   ///< of the folder when `out` is empty
  std::size_t threads = 1;
  bool resume = false;
  bool trace = false;
  bool quiet = false;
};

/// Runs to the end, or until `interrupted` becomes non-zero: then the state is saved and 130 returned. Prints the
/// report. Returns the exit status. Throws InputError, SimulationError.
int run_training(const RunConfiguration& configuration, const RunOptions& options,
                 const volatile std::sig_atomic_t& interrupted);

/// The learning-rate range test: one rise of the learning rate over the configured epochs, without tests. Writes
/// lr_range.csv, lr_range.svg (where Python draws it) and prints the suggested range.
int run_lr_range(const RunConfiguration& configuration, const RunOptions& options,
                 const volatile std::sig_atomic_t& interrupted);

}  // namespace rheo
