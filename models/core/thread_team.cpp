#include "models/core/thread_team.hpp"

#include <algorithm>
#include <utility>

namespace rheo {

ThreadTeam::ThreadTeam(std::size_t size) {
  for (std::size_t member = 1; member < size; ++member) {
    workers_.emplace_back([this, member] { serve(member); });
  }
}

ThreadTeam::~ThreadTeam() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  start_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadTeam::for_ranges(std::size_t count, std::size_t grain,
                            const std::function<void(std::size_t, std::size_t)>& work) {
  if (count == 0) return;
  if (workers_.empty() || count <= grain) {
    work(0, count);
    return;
  }
  const std::size_t grains = (count + grain - 1) / grain;
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    count_ = count;
    part_ = (grains + size() - 1) / size() * grain;
    pending_ = workers_.size();
    failure_ = nullptr;
    ++generation_;
  }
  start_.notify_all();
  run_part(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return pending_ == 0; });
  work_ = nullptr;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadTeam::run_part(std::size_t member) {
  const std::size_t first = std::min(count_, member * part_);
  const std::size_t last = std::min(count_, first + part_);
  if (first == last) return;
  try {
    (*work_)(first, last);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

void ThreadTeam::serve(std::size_t member) {
  std::size_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
    }
    run_part(member);
    const std::lock_guard lock(mutex_);
    if (--pending_ == 0) done_.notify_one();
  }
}

}  // namespace rheo
