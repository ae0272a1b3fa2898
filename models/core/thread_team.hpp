#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rheo {

/// A fixed number of threads that share out independent pieces of one computation. The caller is one of
/// them. Which thread computes a piece never changes a result: pieces write to places of their own.
class ThreadTeam {
 public:
  /// `size` threads in all, at least 1; size 1 starts none.
  explicit ThreadTeam(std::size_t size = 1);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return workers_.size() + 1; }

  /// Calls work(first, last) for consecutive parts of [0, count), each a multiple of `grain` long but the
  /// last, one part per thread, and returns when all are done. Rethrows the first exception.
  void for_ranges(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t first, std::size_t last)>& work);

 private:
  void serve(std::size_t member);
  void run_part(std::size_t member);

  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  std::vector<std::thread> workers_;
  const std::function<void(std::size_t, std::size_t)>* work_ = nullptr;
  std::size_t count_ = 0;
  std::size_t part_ = 0;
  std::size_t generation_ = 0;
  std::size_t pending_ = 0;
  std::exception_ptr failure_;
  bool stopping_ = false;
};

}  // namespace rheo
