#pragma once

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace rheo::sweep {

/// One point as an engine executes it: a program, and where its errors go.
struct Job {
  std::int64_t id = 0;
  std::vector<std::string> words;
  std::filesystem::path errors;
};

struct JobResult {
  std::int64_t id = 0;
  int status = 0;     ///< exit status; 128 + N after signal N
  double wall_s = 0;  ///< from start to end
  double cpu_s = 0;   ///< 0: the engine cannot tell
  double gap_s = 0;   ///< that its place was free before it started; 0: the engine cannot tell
};

/// Where the points of a sweep are executed.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Executes the jobs and calls `ended` for each in whatever order, as it ends. When `interrupted` becomes non-zero
  /// the rest is stopped; jobs that had begun are asked to save. Throws SimulationError when the engine fails.
  virtual void execute(const std::vector<Job>& jobs, const std::function<void(std::int64_t)>& started,
                       const std::function<void(const JobResult&)>& ended,
                       const volatile std::sig_atomic_t& interrupted) = 0;
};

/// Processes of this computer, `processes` at a time.
[[nodiscard]] std::unique_ptr<Engine> make_local_engine(std::size_t processes);

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
