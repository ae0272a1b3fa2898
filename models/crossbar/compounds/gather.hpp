#pragma once

#include <cstddef>

#include "models/crossbar/blocks.hpp"

namespace rheo::crossbar {

/// Copies the elements of one vector of a block, one after the other, to `to`; padding is zero.
void gather_vector(const InputBlock& block, std::size_t vector, float* to);

/// The largest magnitude of `count` values.
[[nodiscard]] float largest_magnitude(const float* values, std::size_t count) noexcept;

/// A block of vectors that lie one after the other.
[[nodiscard]] inline InputBlock rows_of(const float* values, std::size_t elements) noexcept {
  const auto count = static_cast<std::uint32_t>(elements);
  return {values, elements, PatchGeometry::pixels(1, 1, count), 0, count};
}

}  // namespace rheo::crossbar
