#include "models/crossbar/weight_slices.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace rheo::crossbar {

std::int32_t WeightSlices::integer(float weight) const noexcept {
  const auto levels = static_cast<float>(weight_levels());
  const float scaled = std::nearbyint(weight / full_scale_ * levels);
  return static_cast<std::int32_t>(std::clamp(scaled, -levels, levels));
}

std::int32_t WeightSlices::part(std::int32_t integer, int slice) const noexcept {
  const std::int32_t magnitude = (std::abs(integer) >> (slice * bits_)) & cell_levels();
  return integer < 0 ? -magnitude : magnitude;
}

std::vector<float> WeightSlices::split(const PackedMatrix& matrix) const {
  const std::size_t size = matrix.inputs * matrix.row_stride;
  std::vector<float> cells(static_cast<std::size_t>(slices_) * size);
  for (std::size_t at = 0; at < size; ++at) {
    const std::int32_t whole = integer(matrix.values[at]);
    for (int s = 0; s < slices_; ++s) cells[static_cast<std::size_t>(s) * size + at] = cell(whole, s);
  }
  return cells;
}

}  // namespace rheo::crossbar
