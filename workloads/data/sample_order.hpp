#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rheo {

/// The order in which an epoch visits `count` samples: a permutation of 0 .. count-1 that is a pure function of seed
/// and epoch, so that a run can stop and go on anywhere. Fisher-Yates (Durstenfeld's form, from the last element down)
/// on an unbiased WordStream. At most 2^32 - 1 samples, or std::invalid_argument.
[[nodiscard]] std::vector<std::uint32_t> sample_order(std::size_t count, std::uint64_t seed, std::uint64_t epoch);

}  // namespace rheo
