#include <poll.h>

extern "C" {  // the header forgets it
#include <sys/pidfd.h>
}
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "platforms/sweep/engine.hpp"

namespace rheo::sweep {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Something to poll() for the end of a process.
class ProcessHandle {
 public:
  explicit ProcessHandle(pid_t process) : descriptor_(pidfd_open(process, 0)) {}
  ProcessHandle(ProcessHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ProcessHandle& operator=(ProcessHandle&&) = delete;
  ~ProcessHandle() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }  ///< negative: the system has none

 private:
  int descriptor_;
};

class LocalEngine : public Engine {
 public:
  LocalEngine(std::size_t processes, Command command) : processes_(processes), command_(std::move(command)) {}

  /// Points die with the process that started them.
  std::vector<JobResult> take_back(const std::vector<std::int64_t>& /*ids*/) override { return {}; }

  void execute(const std::vector<std::int64_t>& ids, Work& work) override {
    free_since_.assign(processes_, Clock::now());
    next_ = ids.begin();
    end_ = ids.end();
    prepared_.reset();
    auto last_word = Clock::now();
    bool told = false;
    while ((!work.stopped() && (prepared_ || next_ != end_)) || !running_.empty()) {
      fill_places(work);
      if (work.stopped() && !told) {
        for (const auto& [process, unused] : running_) kill(process, SIGTERM);
        told = true;
      }
      const std::vector<JobResult> ended = reap();
      // A free place costs more than a result that waits.
      if (!ended.empty()) fill_places(work);
      for (const JobResult& result : ended) work.ended(result);
      if (!prepared_ && next_ != end_ && !work.stopped()) prepared_ = work.prepare(*next_++);
      if (seconds_since(last_word) >= 1) {
        for (const auto& [process, point] : running_) work.running(point.id, seconds_since(point.start));
        last_word = Clock::now();
      }
      if (ended.empty() && !running_.empty()) wait();
    }
  }

 private:
  struct Running {
    std::int64_t id;
    Clock::time_point start;
    double gap_s;
    ProcessHandle handle;
  };

  void fill_places(Work& work) {
    while (!work.stopped() && running_.size() < processes_ && (prepared_ || next_ != end_)) {
      const Job job = prepared_ ? *std::exchange(prepared_, std::nullopt) : work.prepare(*next_++);
      const pid_t process = start_process(command_, job.words, job.errors);
      const auto now = Clock::now();
      const double gap = std::chrono::duration<double>(now - free_since_.back()).count();
      running_.emplace(process, Running{job.id, now, gap, ProcessHandle(process)});
      free_since_.pop_back();
      work.started(job.id);
    }
  }

  std::vector<JobResult> reap() {
    std::vector<JobResult> all;
    while (const auto one = next_ended()) {
      const auto found = running_.find(one->process);
      if (found == running_.end()) continue;
      const Running& was = found->second;
      all.push_back({was.id, one->ending, seconds_since(was.start), one->cpu_s, was.gap_s});
      running_.erase(found);
      free_since_.push_back(Clock::now());
    }
    return all;
  }

  /// Until a process ends, a signal arrives or some time has passed.
  void wait() const {
    std::vector<pollfd> all;
    for (const auto& [process, point] : running_) {
      if (point.handle.descriptor() >= 0) all.push_back({point.handle.descriptor(), POLLIN, 0});
    }
    const bool blind = all.size() < running_.size();
    poll(all.data(), all.size(), blind ? 1 : 100);
  }

  std::size_t processes_;
  Command command_;
  std::map<pid_t, Running> running_;
  std::vector<Clock::time_point> free_since_;
  std::vector<std::int64_t>::const_iterator next_, end_;
  std::optional<Job> prepared_;  ///< the next, ready to start
};

}  // namespace

std::unique_ptr<Engine> make_local_engine(std::size_t processes, Command command) {
  return std::make_unique<LocalEngine>(processes, std::move(command));
}

}  // namespace rheo::sweep
