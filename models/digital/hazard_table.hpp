#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/digital/command.hpp"

namespace rheo {

/// The memory ranges that commands on the scoreboard touch, a column an operand: one range is compared with those of
/// all entries in a few vector instructions. Every command is compared with every other, so this search is what the
/// scoreboard costs.
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

  /// The entries that touch something that one of these touches, one of both writing. Valid until the next call.
  [[nodiscard]] std::span<const std::size_t> conflicts(std::span<const Range> ranges);
  /// An entry that is free has these ranges now, at most max_ranges.
  void enter(std::size_t entry, std::span<const Range> ranges);
  /// The entry is free.
  void leave(std::size_t entry);

 private:
  /// A column of ranges, one an entry. A range that is none ends before it begins.
  struct Column {
    std::vector<std::int64_t> first, last, part;
    std::size_t used = 0;  ///< entries that have a range here
  };
  static void put(Column& column, std::size_t entry, const Range& range);
  static void clear(Column& column, std::size_t entry);
  void mark(const Column& column, const Range& range);

  std::array<Column, max_ranges> touched_, written_;
  bool parts_ = false;              ///< whether one was a part
  std::vector<std::int64_t> hits_;  ///< by entry: not 0 where there is a conflict
  std::vector<std::size_t> found_;
};

}  // namespace rheo
