#include "models/digital/hazard_table.hpp"

#include <algorithm>
#include <limits>

namespace rheo {
namespace {

constexpr std::size_t lanes = 4;  // of a 256-bit vector
constexpr std::int64_t beyond = std::numeric_limits<std::int64_t>::max();

}  // namespace

HazardTable::HazardTable(std::size_t entries) : hits_((entries + lanes - 1) / lanes * lanes) {
  for (auto* columns : {&touched_, &written_}) {
    for (Column& column : *columns) {
      column.first.assign(hits_.size(), beyond);
      column.last.assign(hits_.size(), -1);
      column.part.assign(hits_.size(), 0);
    }
  }
}

void HazardTable::mark(const Column& column, const Range& range, std::vector<std::int64_t>& hits) {
  using Lanes = std::int64_t __attribute__((vector_size(lanes * sizeof(std::int64_t)), aligned(8), may_alias));
  const auto all = [](std::int64_t value) { return Lanes{value, value, value, value}; };
  const Lanes first = all(static_cast<std::int64_t>(range.first));
  const Lanes last = all(static_cast<std::int64_t>(range.last));
  const Lanes part = all(range.part);
  const Lanes zero{};
  const auto at = [](const std::vector<std::int64_t>& values, std::size_t i) {
    return *reinterpret_cast<const Lanes*>(values.data() + i);
  };
  for (std::size_t i = 0; i < hits.size(); i += lanes) {
    const Lanes other = at(column.part, i);
    const Lanes same = (other == part) | (other == zero) | (part == zero);
    auto& hit = *reinterpret_cast<Lanes*>(hits.data() + i);
    hit |= (at(column.first, i) <= last) & (first <= at(column.last, i)) & same;
  }
}

std::span<const std::int64_t> HazardTable::conflicts(std::span<const Range> ranges) {
  std::ranges::fill(hits_, 0);
  for (const Range& range : ranges) {
    // A read only minds writes.
    const auto& columns = range.write ? touched_ : written_;
    const std::size_t count = range.write ? touched_columns_ : written_columns_;
    for (std::size_t c = 0; c < count; ++c) mark(columns[c], range, hits_);
  }
  return hits_;
}

void HazardTable::enter(std::size_t entry, std::span<const Range> ranges) {
  std::size_t touched = 0;
  std::size_t written = 0;
  const auto put = [&](Column& column, const Range& range) {
    column.first[entry] = static_cast<std::int64_t>(range.first);
    column.last[entry] = static_cast<std::int64_t>(range.last);
    column.part[entry] = range.part;
  };
  for (const Range& range : ranges) {
    put(touched_[touched++], range);
    if (range.write) put(written_[written++], range);
  }
  touched_columns_ = std::max(touched_columns_, touched);
  written_columns_ = std::max(written_columns_, written);
}

void HazardTable::clear(Column& column, std::size_t entry) {
  column.first[entry] = beyond;
  column.last[entry] = -1;
}

void HazardTable::leave(std::size_t entry) {
  for (std::size_t c = 0; c < touched_columns_; ++c) clear(touched_[c], entry);
  for (std::size_t c = 0; c < written_columns_; ++c) clear(written_[c], entry);
}

}  // namespace rheo
