#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
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

  std::vector<JobResult> take_back(const std::vector<std::int64_t>& ids) override {
    cancel_left_over();
    std::vector<JobResult> all;
    for (const std::int64_t id : ids) {
      if (const auto result = result_of(id)) all.push_back(*result);
      std::filesystem::remove(state_file(id));
    }
    return all;
  }

  void execute(const std::vector<std::int64_t>& ids, Work& work) override {
    if (ids.empty()) return;
    std::filesystem::create_directories(options_.folder);
    const std::size_t chunk = chunk_of(ids.size());
    const std::size_t tasks = (ids.size() + chunk - 1) / chunk;
    std::string manifest;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (work.stopped()) return;
      std::filesystem::remove(state_file(ids[i]));
      manifest += std::to_string(ids[i]) + (i % chunk == chunk - 1 || i + 1 == ids.size() ? "\n" : " ");
      write_file(script_file(ids[i]), job_script(work.prepare(ids[i])));
    }
    write_file(options_.folder / "manifest", manifest);
    write_file(options_.folder / "array.sh", array_script(tasks));
    const std::string number = submit();
    for (const std::int64_t id : ids) work.started(id);
    collect(ids, number, work);
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

  /// What the state of a point tells: "running BEGIN", or "STATUS BEGIN END" in seconds.
  [[nodiscard]] std::optional<JobResult> result_of(std::int64_t id) const {
    std::ifstream in(state_file(id));
    std::string status;
    double begin = 0;
    double end = 0;
    if (!(in >> status >> begin)) return std::nullopt;
    if (status == "running") {
      const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
      return JobResult{id, {0, SIGTERM}, std::max(now.count() - begin, 0.0), 0, 0};
    }
    in >> end;
    // The shell says 128 + N after signal N; a run that is interrupted ends with 130 itself.
    const int number = std::atoi(status.c_str());
    const Ending ending = number > 128 && number != interrupted_run ? Ending{0, number - 128} : Ending{number, 0};
    return JobResult{id, ending, std::max(end - begin, 0.0), 0, 0};
  }

  /// Runs one point; its state says that it does, then how it went.
  [[nodiscard]] std::string job_script(const Job& job) const {
    std::string command = quoted(own_program().string()) + " ";
    for (const std::string& word : job.words) command += quoted(word) + " ";
    const std::string state = quoted(state_file(job.id).string());
    return fmt::format(
        "#!/bin/bash\n"
        "begin=$(date +%s.%N)\n"
        "echo \"running $begin\" >{}.new && mv {}.new {}\n"
        "{}</dev/null >/dev/null 2>{}\n"
        "status=$?\n"
        "end=$(date +%s.%N)\n"
        "echo \"$status $begin $end\" >{}.new && mv {}.new {}\n",
        state, state, state, command, quoted(job.errors.string()), state, state, state);
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

  void collect(const std::vector<std::int64_t>& ids, const std::string& number, Work& work) {
    std::set<std::int64_t> open(ids.begin(), ids.end());
    const auto take = [&] {
      for (auto id = open.begin(); id != open.end();) {
        const auto result = result_of(*id);
        if (!result || result->ending.signal == SIGTERM) {
          ++id;
          continue;
        }
        work.ended(*result);
        std::filesystem::remove(state_file(*id));
        std::filesystem::remove(script_file(*id));
        id = open.erase(id);
      }
    };
    for (int round = 0; !open.empty(); ++round) {
      take();
      if (work.stopped()) {
        static_cast<void>(output_of({"scancel", number}));
        wait_until_gone(number);
        take();
        for (const std::int64_t id : open) {
          if (const auto result = result_of(id)) work.ended(*result);
          std::filesystem::remove(state_file(id));
        }
        return;
      }
      // A task that Slurm ended leaves points without a result.
      if (round % 10 == 9 && !is_queued(number)) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        take();
        for (const std::int64_t id : open) {
          const auto result = result_of(id);
          work.ended({id, {without_result, 0}, result ? result->wall_s : 0, 0, 0});
          std::filesystem::remove(state_file(id));
        }
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
