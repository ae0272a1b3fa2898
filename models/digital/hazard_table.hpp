#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/digital/command.hpp"

namespace rheo {

/// The memory ranges that commands on the scoreboard touch. Every command is compared with every other, so this search
/// is what the scoreboard costs: it first compares in pieces of 256 bytes, those of all entries in a few vector
/// instructions, and then byte by byte where those meet.
class HazardTable {
 public:
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint32_t part = 0;  ///< 0: the whole; parts with other numbers are disjoint
    bool write = false;
  };
  /// Operands and weights.
  static constexpr std::size_t max_ranges = Command::max_operands + 1;

  explicit HazardTable(std::size_t entries);

  /// The entries that touch something that one of these touches, one of both writing. Valid until the next call.
  [[nodiscard]] std::span<const std::size_t> conflicts(std::span<const Range> ranges);
  /// An entry that is free has these ranges now, at most max_ranges.
  void enter(std::size_t entry, std::span<const Range> ranges);
  /// The entry is free.
  void leave(std::size_t entry);

 private:
  /// The first and the last piece of a range of each entry. A range that is none ends before it begins.
  struct Column {
    std::vector<std::int32_t> first, last;
    std::size_t used = 0;  ///< entries that have a range here
  };
  struct Entry {
    std::array<Range, max_ranges> ranges;
    std::size_t touched = 0, written = 0;
  };
  [[nodiscard]] bool conflict(const Entry& entry, std::span<const Range> ranges) const noexcept;
  void mark(const Column& column, const Range& range) noexcept;

  std::vector<Entry> entries_;
  std::array<Column, max_ranges> touched_, written_;
  std::vector<std::int32_t> marked_;  ///< by entry: not 0 where pieces meet
  std::vector<std::size_t> found_;
};

}  // namespace rheo
