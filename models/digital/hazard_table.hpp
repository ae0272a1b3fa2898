#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/digital/command.hpp"

namespace rheo {

/// The memory ranges that commands on the scoreboard touch, laid out so that one search compares a range with all of
/// them: the search is most of what a command costs the controller of this simulator.
class HazardTable {
 public:
  struct Range {
    std::uint64_t first = 0;  ///< below 2^63
    std::uint64_t last = 0;
    std::uint32_t part = 0;  ///< 0: the whole; parts with other numbers are disjoint
    bool write = false;
  };
  /// Operands and weights.
  static constexpr std::size_t max_ranges = Command::max_operands + 1;

  explicit HazardTable(std::size_t entries);

  /// Which entries touch something that one of these touches, one of both writing: not 0 by entry, until the next call.
  [[nodiscard]] std::span<const std::int64_t> conflicts(std::span<const Range> ranges);
  /// An entry that is free has these ranges now, at most max_ranges.
  void enter(std::size_t entry, std::span<const Range> ranges);
  /// The entry is free.
  void leave(std::size_t entry);

 private:
  /// A column of ranges, one an entry. A range that is none ends before it begins.
  struct Column {
    std::vector<std::int64_t> first, last, part;
  };
  static void clear(Column& column, std::size_t entry);
  static void mark(const Column& column, const Range& range, std::vector<std::int64_t>& hits);

  std::array<Column, max_ranges> touched_, written_;
  /// Columns that have held a range: the rest need not be looked at.
  std::size_t touched_columns_ = 0, written_columns_ = 0;
  std::vector<std::int64_t> hits_;
};

}  // namespace rheo
