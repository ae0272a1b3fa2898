#include "models/digital/hazard_table.hpp"

#include <algorithm>
#include <limits>

namespace rheo {
namespace {

constexpr int piece_bits = 8;
constexpr std::int32_t beyond = std::numeric_limits<std::int32_t>::max();
/// Addresses from 2^62 on are no memory but units' weights: a piece each.
constexpr std::uint64_t last_memory_piece = beyond - (1 << 16) - 1;

/// Rises with the address, so that ranges which meet have pieces that meet.
std::int32_t piece_of(std::uint64_t address) noexcept {
  const std::uint64_t piece =
      (address >> 62) == 0
          ? std::min(address >> piece_bits, last_memory_piece)
          : last_memory_piece + 1 + std::min<std::uint64_t>(address - (std::uint64_t{1} << 62), (1 << 16) - 1);
  return static_cast<std::int32_t>(piece);
}

}  // namespace

HazardTable::HazardTable(std::size_t entries) : entries_(entries), marked_(entries), found_(entries) {
  for (auto* columns : {&touched_, &written_}) {
    for (Column& column : *columns) {
      column.first.assign(entries, beyond);
      column.last.assign(entries, -1);
    }
  }
}

void HazardTable::mark(const Column& column, const Range& range) noexcept {
  const std::int32_t range_first = piece_of(range.first);
  const std::int32_t range_last = piece_of(range.last);
  const std::int32_t* first = column.first.data();
  const std::int32_t* last = column.last.data();
  std::int32_t* marked = marked_.data();
  const std::size_t count = marked_.size();
  for (std::size_t i = 0; i < count; ++i) {
    marked[i] |= static_cast<std::int32_t>(first[i] <= range_last) & static_cast<std::int32_t>(last[i] >= range_first);
  }
}

bool HazardTable::conflict(const Entry& entry, std::span<const Range> ranges) const noexcept {
  for (const Range& a : ranges) {
    for (const Range& b : std::span(entry.ranges).first(entry.touched)) {
      const bool disjoint = a.part != 0 && b.part != 0 && a.part != b.part;
      if ((a.write || b.write) && !disjoint && a.first <= b.last && b.first <= a.last) return true;
    }
  }
  return false;
}

std::span<const std::size_t> HazardTable::conflicts(std::span<const Range> ranges) {
  std::ranges::fill(marked_, 0);
  for (const Range& range : ranges) {
    // A read only minds writes.
    for (const Column& column : range.write ? touched_ : written_) {
      if (column.used > 0) mark(column, range);
    }
  }
  std::size_t count = 0;
  for (std::size_t entry = 0; entry < marked_.size(); ++entry) {
    found_[count] = entry;
    count += marked_[entry] != 0 ? 1 : 0;
  }
  const auto meeting = std::span(found_).first(count);
  const auto end = std::remove_if(meeting.begin(), meeting.end(),
                                  [&](std::size_t entry) { return !conflict(entries_[entry], ranges); });
  return {meeting.begin(), end};
}

void HazardTable::enter(std::size_t entry, std::span<const Range> ranges) {
  Entry& own = entries_[entry];
  const auto put = [&](Column& column, const Range& range) {
    column.first[entry] = piece_of(range.first);
    column.last[entry] = piece_of(range.last);
    ++column.used;
  };
  for (const Range& range : ranges) {
    if (range.write) put(written_[own.written++], range);
    put(touched_[own.touched], range);
    own.ranges[own.touched++] = range;
  }
}

void HazardTable::leave(std::size_t entry) {
  Entry& own = entries_[entry];
  const auto clear = [&](Column& column) {
    column.first[entry] = beyond;
    column.last[entry] = -1;
    --column.used;
  };
  for (; own.touched > 0; --own.touched) clear(touched_[own.touched - 1]);
  for (; own.written > 0; --own.written) clear(written_[own.written - 1]);
}

}  // namespace rheo
