#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/core/recorder.hpp"
#include "traces/trace_header.hpp"

namespace rheo {

/// A command of a trace; names by their index in the header.
struct TracedCommand {
  std::uint64_t sequence = 0;
  std::uint16_t unit = 0;
  std::uint8_t operation = 0;
  Scope scope;
  std::uint64_t start = 0, end = 0;
  std::uint64_t bytes = 0, items = 0;
  ValueCounts counts{};
  std::vector<AccessedRange> accesses{};
};

/// One run of a program, with the number of its commands.
struct TracedProgram : ProgramEvent {
  std::uint64_t commands = 0;
};

/// Reads a trace file from its first command on, in bounded memory. What a kill cut off, and what a run that goes on
/// has written so far, is read up to the last flush. Throws InputError "FILE: what is wrong" in every member: missing,
/// no trace, of another schema, damaged.
class TraceReader {
 public:
  explicit TraceReader(const std::filesystem::path& file);
  ~TraceReader();

  [[nodiscard]] const TraceHeader& header() const noexcept { return header_; }
  /// report.json of the run; empty when the run did not end.
  [[nodiscard]] const std::string& report() const noexcept { return report_; }
  [[nodiscard]] const std::vector<TracedEpoch>& epochs() const noexcept { return epochs_; }
  /// The programs that ended, all of whose commands are there.
  [[nodiscard]] const std::vector<TracedProgram>& programs() const noexcept { return programs_; }
  /// All commands, those of a last program that did not end included.
  [[nodiscard]] std::uint64_t commands() const noexcept { return commands_; }

  /// Commands that have not been read yet.
  [[nodiscard]] std::uint64_t left() const noexcept;
  /// The next `count` commands, in the order of their ends. Their counts and accesses may lack where a kill cut the
  /// trace off.
  [[nodiscard]] std::vector<TracedCommand> next(std::uint64_t count);
  /// Hands all commands that are left on.
  void read_into(Recorder& recorder);
  /// The command with its names; its lists are those of `command`.
  [[nodiscard]] CommandEvent named(const TracedCommand& command) const;

 private:
  struct Columns;
  void read_header();
  void read_programs();
  [[noreturn]] void refuse(const std::string& fault) const;

  std::string name_;
  TraceHeader header_;
  std::string report_;
  std::vector<TracedEpoch> epochs_;
  std::vector<TracedProgram> programs_;
  std::uint64_t commands_ = 0;
  std::unique_ptr<Columns> columns_;
};

}  // namespace rheo
