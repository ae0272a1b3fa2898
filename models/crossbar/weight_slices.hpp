#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/crossbar/read_kernel.hpp"
#include "models/crossbar/read_parameters.hpp"

namespace rheo::crossbar {

/// The bits of weights in several cells, see SlicingParameters. Magnitudes are in units of `full_scale`, weights of
/// larger magnitude are cut to it.
class WeightSlices {
 public:
  WeightSlices(const SlicingParameters& parameters, float full_scale)
      : slices_(static_cast<int>(parameters.slices)),
        bits_(static_cast<int>(parameters.bits_per_cell)),
        full_scale_(full_scale) {}

  /// Largest integer of a weight, 2^(slices x bits) - 1, and of one cell.
  [[nodiscard]] std::int32_t weight_levels() const noexcept { return (1 << (slices_ * bits_)) - 1; }
  [[nodiscard]] std::int32_t cell_levels() const noexcept { return (1 << bits_) - 1; }
  [[nodiscard]] int bits() const noexcept { return bits_; }

  /// round(w / full_scale x weight_levels), half to even, within +-weight_levels.
  [[nodiscard]] std::int32_t integer(float weight) const noexcept;
  /// The weight that the integer stands for.
  [[nodiscard]] float weight(std::int32_t integer) const noexcept {
    return full_scale_ * (static_cast<float>(integer) / static_cast<float>(weight_levels()));
  }
  [[nodiscard]] float quantised(float w) const noexcept { return weight(integer(w)); }

  /// Group `slice` of the integer's bits, 0 the least significant, with its sign: sum of part 2^(slice bits) is the
  /// integer.
  [[nodiscard]] std::int32_t part(std::int32_t integer, int slice) const noexcept;
  /// The weight of the cells of one group: full scale where all its bits are set.
  [[nodiscard]] float cell(std::int32_t integer, int slice) const noexcept {
    return full_scale_ * (static_cast<float>(part(integer, slice)) / static_cast<float>(cell_levels()));
  }

  /// The cells of every slice of a matrix, each packed as the matrix is, one after the other.
  [[nodiscard]] std::vector<float> split(const PackedMatrix& matrix) const;

 private:
  int slices_;
  int bits_;
  float full_scale_;
};

}  // namespace rheo::crossbar
