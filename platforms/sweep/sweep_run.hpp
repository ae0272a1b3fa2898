#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "platforms/sweep/planning.hpp"
#include "platforms/sweep/process.hpp"
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
/// unless quiet) and, below points/, those that failed (with `keep`: all). `resume` goes on with what a sweep of the
/// same points (see require_same_points()) left there, be it no more than the folder; where objectives or constraints
/// on figures changed, the reports are judged anew. `command` is what the words of a point do. Returns the exit
/// status: 0 when every point has an outcome, be it an error; 130 when interrupted. Throws InputError: before anything
/// is executed, or at the first report without a figure that the sweep asks for; SimulationError.
int run_sweep(const SweepFile& sweep, const SweepOptions& options, const Command& command, const Stop& interrupted);

}  // namespace rheo::sweep
