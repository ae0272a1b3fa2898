#include "models/crossbar/compounds/gather.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace rheo::crossbar {

void gather_vector(const InputBlock& block, std::size_t vector, float* to) {
  const PatchGeometry& g = block.geometry;
  const float* image = block.images + vector / g.positions() * block.image_stride;
  const std::size_t position = vector % g.positions();
  const std::int64_t top = static_cast<std::int64_t>(position / g.out_width()) * g.stride - g.padding;
  const std::int64_t left = static_cast<std::int64_t>(position % g.out_width()) * g.stride - g.padding;
  for (std::size_t e = block.first_element; e < std::size_t{block.first_element} + block.elements; ++e) {
    const std::size_t channel = e % g.channels;
    const std::size_t cell = e / g.channels;
    const std::int64_t y = top + static_cast<std::int64_t>(cell / g.kernel_width);
    const std::int64_t x = left + static_cast<std::int64_t>(cell % g.kernel_width);
    const bool inside = y >= 0 && y < g.height && x >= 0 && x < g.width;
    *to++ = inside ? image[static_cast<std::size_t>(y * g.width + x) * g.channels + channel] : 0.0F;
  }
}

float largest_magnitude(const float* values, std::size_t count) noexcept {
  float largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(values[i]));
  return largest;
}

}  // namespace rheo::crossbar
