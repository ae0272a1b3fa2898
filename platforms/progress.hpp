#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace rheo {

/// Progress of a long command on standard error: one bar that is redrawn on a terminal (it fits the width the
/// terminal has at the time), a plain line every ten seconds and at each epoch elsewhere, nothing when quiet.
class Progress {
 public:
  /// `what` is counted: "images".
  explicit Progress(bool quiet, std::string what = "images");
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `all`; `status` is shown beside the bar. Rates and the time left count from the first call.
  void update(std::int64_t done, std::int64_t all, const std::string& status);
  /// A line of its own above the bar.
  void line(const std::string& text);

 private:
  void clear();

  bool quiet_;
  std::string what_;
  bool terminal_;
  bool drawn_ = false;
  std::int64_t first_ = -1;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace rheo
