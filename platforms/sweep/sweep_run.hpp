#pragma once

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "platforms/sweep/sweep_file.hpp"

namespace rheo::sweep {

enum class EngineKind : std::uint8_t { local, slurm };
inline constexpr std::array<std::string_view, 2> engine_names{"local", "slurm"};

struct SweepOptions {
  std::filesystem::path out;  ///< the sweep's own folder; empty: runs/NAME, numbered
  EngineKind engine = EngineKind::local;
  std::size_t jobs = 1;     ///< points at a time
  std::size_t threads = 1;  ///< of each point
  bool resume = false;
  bool retry = false;    ///< with resume: points that failed are executed once more
  bool dry_run = false;  ///< print the points, execute nothing
  bool quiet = false;
  std::size_t chunk = 0;                   ///< slurm: points of a task
  std::vector<std::string> slurm_options;  ///< of sbatch
};

/// Executes the points of a sweep, each `rheo run` or `rheo evaluate` in a process of its own, and prints what came
/// out. The folder holds sweep.db (see Database), sweep.toml, sweep.txt, pareto.png (with two objectives or more,
/// unless quiet) and, below points/, those that failed (with `keep`: all). Returns the exit status: 0 when every point
/// has an outcome, be it an error; 130 when interrupted. Throws InputError before anything is executed,
/// SimulationError.
int run_sweep(const SweepFile& sweep, const SweepOptions& options, const volatile std::sig_atomic_t& interrupted);

/// The results of a sweep's folder or database as text: outcomes, and the settings that no other dominates in the
/// objectives, each "energy.total_j=min"; none: the sweep's own. A figure that is no objective of the sweep is taken
/// from the reports. Throws InputError.
[[nodiscard]] std::string sweep_text(const std::filesystem::path& results, const std::vector<std::string>& objectives);

}  // namespace rheo::sweep
