#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "models/core/recorder.hpp"

namespace rheo::traces {

/// Numbers the kinds of commands: what two commands of a kind have in common is everything but times, items and
/// counts. A program is run again and again, so that there are few of them.
class KindTable {
 public:
  struct Found {
    std::uint32_t kind = 0;
    bool is_new = false;
  };
  /// The kind's number, from 0 on in the order of appearance. Names count as the same when they lie at the same place.
  Found find(const CommandEvent& event);

 private:
  /// Where the words of a kind lie, in words_.
  struct Entry {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  std::vector<std::uint64_t> words_;  ///< of all kinds, one after the other
  std::vector<Entry> entries_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_hash_;
  std::vector<std::uint64_t> key_;  ///< of the present command
};

}  // namespace rheo::traces
