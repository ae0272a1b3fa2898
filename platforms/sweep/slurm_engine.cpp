#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "models/core/error.hpp"
#include "platforms/files.hpp"
#include "platforms/sweep/engine.hpp"
#include "platforms/sweep/process.hpp"

namespace rheo::sweep {
namespace {

/// Slurm's default MaxArraySize is 1001: indices up to 1000.
constexpr std::size_t most_tasks = 1000;

/// As a word of a shell script.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

class SlurmEngine : public Engine {
 public:
  explicit SlurmEngine(SlurmOptions options) : options_(std::move(options)) {}

  void execute(const std::vector<Job>& jobs, const std::function<void(std::int64_t)>& started,
               const std::function<void(const JobResult&)>& ended,
               const volatile std::sig_atomic_t& interrupted) override {
    if (jobs.empty()) return;
    std::filesystem::create_directories(options_.folder);
    cancel_left_over();
    const std::size_t chunk = chunk_of(jobs.size());
    const std::size_t tasks = (jobs.size() + chunk - 1) / chunk;
    std::string manifest;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      std::filesystem::remove(state_file(jobs[i].id));
      manifest += std::to_string(jobs[i].id) + (i % chunk == chunk - 1 || i + 1 == jobs.size() ? "\n" : " ");
      write_file(script_file(jobs[i].id), job_script(jobs[i]));
    }
    write_file(options_.folder / "manifest", manifest);
    write_file(options_.folder / "array.sh", array_script(tasks));
    for (const Job& job : jobs) started(job.id);
    const std::string number = submit();
    collect(jobs, number, ended, interrupted);
    std::filesystem::remove(options_.folder / "job");
  }

 private:
  [[nodiscard]] std::size_t chunk_of(std::size_t jobs) const {
    const std::size_t wanted =
        options_.chunk > 0 ? options_.chunk : (jobs + 4 * options_.tasks - 1) / (4 * options_.tasks);
    return std::max(wanted, (jobs + most_tasks - 1) / most_tasks);
  }
  [[nodiscard]] std::filesystem::path state_file(std::int64_t id) const {
    return options_.folder / fmt::format("{}.state", id);
  }

  [[nodiscard]] std::filesystem::path script_file(std::int64_t id) const {
    return options_.folder / fmt::format("{}.sh", id);
  }

  /// A killed sweep leaves its jobs with Slurm.
  void cancel_left_over() const {
    const std::filesystem::path file = options_.folder / "job";
    std::ifstream in(file);
    std::string number;
    if (in >> number) {
      static_cast<void>(output_of({"scancel", number}));
      wait_until_gone(number);
    }
    std::filesystem::remove(file);
  }

  static bool is_queued(const std::string& number) {
    try {
      return !output_of({"squeue", "--noheader", "--jobs", number, "--format", "%i"}).empty();
    } catch (const SimulationError& error) {
      // Slurm forgets jobs. Anything else says nothing of this one: the controller may be away for a while.
      return std::string(error.what()).find("Invalid job id") == std::string::npos;
    }
  }
  static void wait_until_gone(const std::string& number) {
    while (is_queued(number)) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }

  /// Runs one point and writes "STATUS SECONDS" into its state, whole.
  [[nodiscard]] std::string job_script(const Job& job) const {
    std::string command;
    for (const std::string& word : job.words) command += quoted(word) + " ";
    const std::string state = quoted(state_file(job.id).string());
    return fmt::format(
        "#!/bin/bash\n"
        "begin=$(date +%s.%N)\n"
        "{}</dev/null >/dev/null 2>{}\n"
        "status=$?\n"
        "end=$(date +%s.%N)\n"
        "echo \"$status $begin $end\" >{}.new && mv {}.new {}\n",
        command, quoted(job.errors.string()), state, state, state);
  }
  [[nodiscard]] std::string array_script(std::size_t tasks) const {
    return fmt::format(
        "#!/bin/bash\n"
        "#SBATCH --array=0-{}%{}\n"
        "cd {} || exit 1\n"
        "for id in $(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {}); do\n"
        "  bash {}/\"$id\".sh\n"
        "done\n",
        tasks - 1, options_.tasks, quoted(std::filesystem::current_path().string()),
        quoted((options_.folder / "manifest").string()), quoted(options_.folder.string()));
  }

  [[nodiscard]] std::string submit() const {
    std::vector<std::string> words{"sbatch", "--parsable", "--job-name=" + options_.name, "--output=/dev/null"};
    words.insert(words.end(), options_.options.begin(), options_.options.end());
    words.push_back((options_.folder / "array.sh").string());
    std::string number = output_of(words);
    number = number.substr(0, number.find_first_of(";\n"));
    write_file(options_.folder / "job", number + "\n");
    return number;
  }

  void collect(const std::vector<Job>& jobs, const std::string& number,
               const std::function<void(const JobResult&)>& ended, const volatile std::sig_atomic_t& interrupted) {
    std::set<std::int64_t> open;
    for (const Job& job : jobs) open.insert(job.id);
    const auto take = [&] {
      for (auto id = open.begin(); id != open.end();) {
        std::ifstream in(state_file(*id));
        int status = 0;
        double begin = 0;
        double end = 0;
        if (in >> status >> begin >> end) {
          ended({*id, status, end - begin, 0, 0});
          std::filesystem::remove(state_file(*id));
          std::filesystem::remove(script_file(*id));
          id = open.erase(id);
        } else {
          ++id;
        }
      }
    };
    for (int round = 0; !open.empty(); ++round) {
      take();
      if (interrupted != 0) {
        static_cast<void>(output_of({"scancel", number}));
        wait_until_gone(number);
        take();
        return;
      }
      // A task that Slurm ended leaves points without a state.
      if (round % 10 == 9 && !is_queued(number)) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        take();
        for (const std::int64_t id : open) ended({id, 128, 0, 0, 0});
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }

  SlurmOptions options_;
};

}  // namespace

std::unique_ptr<Engine> make_slurm_engine(SlurmOptions options) {
  return std::make_unique<SlurmEngine>(std::move(options));
}

}  // namespace rheo::sweep
