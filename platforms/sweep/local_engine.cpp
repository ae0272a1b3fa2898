#include <chrono>
#include <map>
#include <thread>

#include "platforms/sweep/engine.hpp"
#include "platforms/sweep/process.hpp"

namespace rheo::sweep {
namespace {

using Clock = std::chrono::steady_clock;

class LocalEngine : public Engine {
 public:
  explicit LocalEngine(std::size_t processes) : processes_(processes) {}

  void execute(const std::vector<Job>& jobs, const std::function<void(std::int64_t)>& started,
               const std::function<void(const JobResult&)>& ended,
               const volatile std::sig_atomic_t& interrupted) override {
    struct Running {
      std::int64_t id;
      Clock::time_point start;
      double gap_s;
    };
    std::map<pid_t, Running> running;
    std::vector<Clock::time_point> free_since(processes_, Clock::now());
    std::size_t next = 0;
    bool told = false;
    while (next < jobs.size() || !running.empty()) {
      while (interrupted == 0 && next < jobs.size() && running.size() < processes_) {
        const Job& job = jobs[next++];
        started(job.id);
        const pid_t process = start_process(job.words, job.errors);
        const auto now = Clock::now();
        running[process] = {job.id, now, std::chrono::duration<double>(now - free_since.back()).count()};
        free_since.pop_back();
      }
      if (interrupted != 0) {
        next = jobs.size();
        if (!told) {
          for (const auto& [process, unused] : running) kill(process, SIGTERM);
        }
        told = true;
      }
      bool idle = true;
      while (const auto one = next_ended()) {
        const auto found = running.find(one->process);
        if (found == running.end()) continue;
        const std::chrono::duration<double> wall = Clock::now() - found->second.start;
        const Running was = found->second;
        running.erase(found);
        free_since.push_back(Clock::now());
        ended({was.id, one->status, wall.count(), one->cpu_s, was.gap_s});
        idle = false;
        break;  // let its place be filled first
      }
      if (idle && !running.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

 private:
  std::size_t processes_;
};

}  // namespace

std::unique_ptr<Engine> make_local_engine(std::size_t processes) { return std::make_unique<LocalEngine>(processes); }

}  // namespace rheo::sweep
