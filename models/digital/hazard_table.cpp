#include "models/digital/hazard_table.hpp"

#include <algorithm>
#include <limits>

namespace rheo {
namespace {

constexpr std::int64_t beyond = std::numeric_limits<std::int64_t>::max();

}  // namespace

HazardTable::HazardTable(std::size_t entries) : hits_(entries), found_(entries) {
  for (auto* columns : {&touched_, &written_}) {
    for (Column& column : *columns) {
      column.first.assign(hits_.size(), beyond);
      column.last.assign(hits_.size(), -1);
      column.part.assign(hits_.size(), 0);
    }
  }
}

void HazardTable::mark(const Column& column, const Range& range) {
  const auto range_first = static_cast<std::int64_t>(range.first);
  const auto range_last = static_cast<std::int64_t>(range.last);
  const std::int64_t* first = column.first.data();
  const std::int64_t* last = column.last.data();
  std::int64_t* hits = hits_.data();
  const std::size_t count = hits_.size();
  if (!parts_ || range.part == 0) {
    for (std::size_t i = 0; i < count; ++i) {
      hits[i] |= static_cast<std::int64_t>(first[i] <= range_last) & static_cast<std::int64_t>(last[i] >= range_first);
    }
    return;
  }
  const auto range_part = static_cast<std::int64_t>(range.part);
  const std::int64_t* part = column.part.data();
  for (std::size_t i = 0; i < count; ++i) {
    hits[i] |= static_cast<std::int64_t>(first[i] <= range_last) & static_cast<std::int64_t>(last[i] >= range_first) &
               (static_cast<std::int64_t>(part[i] == 0) | static_cast<std::int64_t>(part[i] == range_part));
  }
}

std::span<const std::size_t> HazardTable::conflicts(std::span<const Range> ranges) {
  std::ranges::fill(hits_, 0);
  for (const Range& range : ranges) {
    // A read only minds writes.
    for (const Column& column : range.write ? touched_ : written_) {
      if (column.used > 0) mark(column, range);
    }
  }
  std::size_t count = 0;
  for (std::size_t entry = 0; entry < hits_.size(); ++entry) {
    found_[count] = entry;
    count += hits_[entry] != 0 ? 1 : 0;
  }
  return std::span(found_).first(count);
}

void HazardTable::put(Column& column, std::size_t entry, const Range& range) {
  column.first[entry] = static_cast<std::int64_t>(range.first);
  column.last[entry] = static_cast<std::int64_t>(range.last);
  column.part[entry] = range.part;
  ++column.used;
}

void HazardTable::enter(std::size_t entry, std::span<const Range> ranges) {
  std::size_t touched = 0;
  std::size_t written = 0;
  for (const Range& range : ranges) {
    put(touched_[touched++], entry, range);
    if (range.write) put(written_[written++], entry, range);
    parts_ = parts_ || range.part != 0;
  }
}

void HazardTable::clear(Column& column, std::size_t entry) {
  if (column.first[entry] == beyond) return;
  column.first[entry] = beyond;
  column.last[entry] = -1;
  --column.used;
}

void HazardTable::leave(std::size_t entry) {
  for (Column& column : touched_) clear(column, entry);
  for (Column& column : written_) clear(column, entry);
}

}  // namespace rheo
