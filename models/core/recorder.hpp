#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/scope.hpp"

namespace rheo {

/// Numbers that only the values of a command decide: how long pulse trains were, how often a read was repeated. The
/// unit's header says which. Together with the command they give its time and its actions, on a faster or slower chip
/// too.
using ValueCounts = std::vector<std::uint64_t>;
using ValueCountsView = std::span<const std::uint64_t>;

/// Where a command read or wrote: a tensor, or the part of it in which all its accesses lie.
struct AccessedRange {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  bool write = false;
};

/// One command as a unit executed it. Times are ticks of the simulation's resolution (10 fs). Lists and names stay
/// where they are only as long as who tells of the event.
struct CommandEvent {
  std::uint64_t sequence = 0;  ///< number in the order of the programs: the same however fast the chip is
  std::string_view unit;
  std::string_view operation;
  Scope scope;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t bytes = 0;  ///< moved to and from memories
  std::uint64_t items = 0;  ///< vectors, values or bursts, whatever the unit counts
  ValueCountsView counts{};
  std::span<const AccessedRange> accesses{};
};

/// One run of a program, from the host's doorbell to the rest of the chip.
struct ProgramEvent {
  std::string program;  ///< "initialise", "training", "evaluation" or "probe"
  Mode mode = Mode::training;
  std::uint64_t images = 0;
  std::uint64_t first_sample = 0;  ///< number of the first image in the run
  double learning_rate = 0;
  std::uint64_t start = 0;  ///< ticks
  std::uint64_t end = 0;
};

/// Receives what happened: each command at its end, then the program that they belong to at its own.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void command(const CommandEvent& event) = 0;
  virtual void program(const ProgramEvent& /*event*/) {}
};

/// Counts that an earlier run recorded. Units that are given them compute no values.
class RecordedCounts {
 public:
  virtual ~RecordedCounts() = default;
  /// Those of the command with this number, until the next program. Throws InputError when another command was recorded
  /// under it.
  [[nodiscard]] virtual ValueCountsView of(std::uint64_t sequence, std::string_view unit,
                                           std::string_view operation) const = 0;
};

}  // namespace rheo
