#include "traces/kind_table.hpp"

#include <xxhash.h>

#include <algorithm>

namespace rheo::traces {

KindTable::Found KindTable::find(const CommandEvent& event) {
  key_.clear();
  key_.push_back(reinterpret_cast<std::uintptr_t>(event.unit.data()));
  key_.push_back(reinterpret_cast<std::uintptr_t>(event.operation.data()));
  key_.push_back(scope_index(event.scope));
  key_.push_back(event.bytes);
  for (const AccessedRange& range : event.accesses) {
    key_.push_back(range.address);
    key_.push_back(range.bytes << 1 | (range.write ? 1U : 0U));
  }
  const std::uint64_t hash = XXH3_64bits(key_.data(), key_.size() * sizeof key_[0]);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto found = first; found != last; ++found) {
    const Entry& entry = entries_[found->second];
    const auto words = words_.begin() + static_cast<std::ptrdiff_t>(entry.first);
    if (std::equal(key_.begin(), key_.end(), words, words + static_cast<std::ptrdiff_t>(entry.count))) {
      return {found->second, false};
    }
  }
  const auto kind = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({words_.size(), key_.size()});
  words_.insert(words_.end(), key_.begin(), key_.end());
  by_hash_.emplace(hash, kind);
  return {kind, true};
}

}  // namespace rheo::traces
