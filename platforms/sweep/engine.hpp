#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platforms/sweep/process.hpp"

namespace rheo::sweep {

/// One point as an engine executes it: the words of a `rheo` command, and where its errors go.
struct Job {
  std::int64_t id = 0;
  std::vector<std::string> words;
  std::filesystem::path errors;
};

/// Statuses beside those of a point that ended by itself.
inline constexpr int interrupted_run = 130;  ///< of `rheo` when somebody stopped it
inline constexpr int without_result = 128;   ///< its Slurm task ended before it

struct JobResult {
  std::int64_t id = 0;
  Ending ending;
  double wall_s = 0;  ///< from start to end
  double cpu_s = 0;   ///< 0: the engine cannot tell
  double gap_s = 0;   ///< that its place was free before it started; 0: the engine cannot tell
};

/// What an engine tells and asks while it executes points.
class Work {
 public:
  virtual ~Work() = default;

  /// The job of a point that is to start soon.
  [[nodiscard]] virtual Job prepare(std::int64_t id) = 0;
  virtual void started(std::int64_t id) = 0;
  /// Now and then, while it runs: how long it has.
  virtual void running(std::int64_t id, double wall_s) = 0;
  virtual void ended(const JobResult& result) = 0;
  /// The rest is not to be executed; jobs that had begun are asked to save.
  [[nodiscard]] virtual bool stopped() const = 0;
};

/// Where the points of a sweep are executed.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Stops what a process of this sweep that was killed left running among these points and says how each ended; those
  /// of which nothing is known are left out.
  [[nodiscard]] virtual std::vector<JobResult> take_back(const std::vector<std::int64_t>& ids) = 0;

  /// Executes the points, each once, in whatever order. Throws SimulationError when the engine fails.
  virtual void execute(const std::vector<std::int64_t>& ids, Work& work) = 0;
};

/// Processes of this computer, `processes` at a time. A point is a copy of this process that goes on with `command`
/// and so needs not be loaded.
[[nodiscard]] std::unique_ptr<Engine> make_local_engine(std::size_t processes, Command command);

struct SlurmOptions {
  std::size_t tasks = 1;             ///< at a time
  std::size_t chunk = 0;             ///< points of one task, one after the other; 0: so that each task gets about four
  std::vector<std::string> options;  ///< of sbatch: "--partition=long"
  std::filesystem::path folder;      ///< for scripts and states, on a disk that every node sees
  std::string name;                  ///< of the jobs
};

/// Job arrays of a Slurm cluster through sbatch, squeue and scancel. A task executes a chunk of points, looked up in a
/// manifest by the task's index, and writes down each point's status; this process collects these.
[[nodiscard]] std::unique_ptr<Engine> make_slurm_engine(SlurmOptions options);

}  // namespace rheo::sweep
