#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/core/recorder.hpp"
#include "traces/trace_header.hpp"

namespace rheo {

/// What commands of a trace have in common; names by their index in the header.
struct TracedKind {
  std::uint16_t unit = 0;
  std::uint8_t operation = 0;
  Scope scope;
  std::uint64_t bytes = 0;
  std::vector<AccessedRange> accesses;
};

/// A command of a trace. What it points to belongs to the reader.
struct TracedCommand {
  std::uint64_t sequence = 0;
  const TracedKind* kind = nullptr;
  std::uint64_t start = 0, end = 0;
  std::uint64_t items = 0;
  ValueCountsView counts;  ///< until the next read
};

/// One run of a program, with the number of its commands.
struct TracedProgram : ProgramEvent {
  std::uint64_t commands = 0;
};

/// Reads a trace file from its first command on, in bounded memory. What a kill cut off, and what a run that goes on
/// has written so far, is read up to the last flush. Checksums tell what is not as it was written. Throws InputError
/// "FILE: what is wrong" in every member: missing, no trace, of another schema, damaged.
class TraceReader {
 public:
  explicit TraceReader(const std::filesystem::path& file);
  ~TraceReader();
  TraceReader(TraceReader&&) noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
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
  /// The next `count` commands, or those that are left, in the order of their ends. Valid until the next call.
  [[nodiscard]] std::span<const TracedCommand> next(std::uint64_t count);

 private:
  struct Columns;
  void read_header();
  void read_kinds();
  void read_programs();
  void read_epochs();
  void end_programs();
  [[noreturn]] void refuse(const std::string& fault) const;

  std::string name_;
  TraceHeader header_;
  std::string report_;
  std::vector<TracedEpoch> epochs_;
  std::vector<TracedProgram> programs_;
  std::uint64_t commands_ = 0;
  std::vector<TracedKind> kinds_;
  std::unique_ptr<Columns> columns_;
};

/// The command with the names of the header.
[[nodiscard]] CommandEvent named(const TracedCommand& command, const TraceHeader& header);

}  // namespace rheo
