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
    };
    std::map<pid_t, Running> running;
    std::size_t next = 0;
    bool told = false;
    while (next < jobs.size() || !running.empty()) {
      while (interrupted == 0 && next < jobs.size() && running.size() < processes_) {
        const Job& job = jobs[next++];
        started(job.id);
        const pid_t process = start_process(job.words, job.errors);
        running[process] = {job.id, Clock::now()};
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
        const std::int64_t id = found->second.id;
        running.erase(found);
        ended({id, one->status, wall.count(), one->cpu_s});
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
