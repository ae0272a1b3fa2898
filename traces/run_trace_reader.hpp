#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "models/core/recorder.hpp"
#include "traces/trace_reader.hpp"

namespace rheo {

/// The files of a run's trace, in order: trace.h5, trace-2.h5, ... in a folder; a file stands for itself.
[[nodiscard]] std::vector<std::filesystem::path> trace_files(const std::filesystem::path& file_or_folder);

/// The trace of a run as one: that of its beginning and those of its resumptions (trace.h5, trace-2.h5, ... in its
/// folder). A part ends where the next one begins: what a run did after the checkpoint from which it was resumed is
/// read from the part that the resumed run wrote. Throws InputError as TraceReader does, and where parts do not go
/// together.
class RunTraceReader {
 public:
  explicit RunTraceReader(const std::filesystem::path& file_or_folder);

  /// Files, in order.
  [[nodiscard]] std::size_t parts() const noexcept { return parts_.size(); }
  /// Of the first part.
  [[nodiscard]] const TraceHeader& header() const noexcept { return parts_.front().reader.header(); }
  /// report.json of the run; empty when the run did not end.
  [[nodiscard]] const std::string& report() const noexcept { return parts_.back().reader.report(); }
  [[nodiscard]] const std::vector<TracedEpoch>& epochs() const noexcept { return epochs_; }
  /// The programs that ended, all of whose commands are there.
  [[nodiscard]] const std::vector<TracedProgram>& programs() const noexcept { return programs_; }
  /// All commands, those of a last program that did not end included.
  [[nodiscard]] std::uint64_t commands() const noexcept { return commands_; }

  /// Commands that have not been read yet.
  [[nodiscard]] std::uint64_t left() const noexcept { return commands_ - read_; }
  /// The next `count` commands, or fewer at the end of a part, in the order of their ends. Valid until the next call.
  [[nodiscard]] std::span<const TracedCommand> next(std::uint64_t count);

 private:
  struct Part {
    TraceReader reader;
    std::uint64_t left = 0;  ///< commands to read
  };
  void join(std::size_t part);

  std::vector<Part> parts_;
  std::vector<TracedEpoch> epochs_;
  std::vector<TracedProgram> programs_;
  std::uint64_t commands_ = 0;
  std::uint64_t read_ = 0;
  std::size_t part_ = 0;              ///< that is read
  std::uint64_t first_sequence_ = 0;  ///< of that part
  std::vector<TracedCommand> renumbered_;
};

}  // namespace rheo
