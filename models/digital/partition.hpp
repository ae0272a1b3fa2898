#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "models/core/counter_random.hpp"

namespace rheo {

/// Where part `part` of `parts` parts of `count` items begins; sizes differ by one at most. part <= parts.
[[nodiscard]] constexpr std::size_t part_begin(std::size_t count, std::size_t parts, std::size_t part) noexcept {
  return count * part / parts;
}

/// Random words that one partition took.
struct PartitionCost {
  std::uint64_t words = 0;
};

/// A random partition of the positions 0 to positions - 1 into `parts` parts that differ by one position at most, every
/// such partition equally likely. `order` receives the parts one after the other (part_begin says where), positions
/// ascending within each. With fewer places in `order` than positions, the positions for which there is no place are
/// left out, again by chance; `parts` divide what is kept.
///
/// The permutation generator: a list with the number of a part for each position (the last number for those left out)
/// is shuffled by Fisher and Yates (Durstenfeld's form, from the last entry down), then the positions are collected
/// part by part. The word of every exchange comes from vector `draw` of the key, reduced without bias (Lemire, "Fast
/// random integer generation in an interval", 2019; a rejected word is followed by the next one). Throws
/// std::invalid_argument unless 1 <= parts <= order.size() <= positions <= 65535.
PartitionCost draw_partition(const RandomKey& key, std::uint64_t draw, std::size_t positions, std::size_t parts,
                             std::span<std::uint16_t> order);

}  // namespace rheo
