#pragma once

#include <optional>

#include "models/core/parameters.hpp"
#include "models/crossbar/cell_family.hpp"

namespace rheo::crossbar {

/// A device that is subtracted from each cell's reading.
struct ReferenceDevice {
  double mean = 0;                       ///< weight units
  double deviation = 0;                  ///< device to device, weight units
  bool subtract_symmetry_point = false;  ///< it holds the point where up and down steps are equal, and what is drawn

  void describe(Parameters& p) {
    p.number("reference_mean", mean, {-1e6, 1e6}, "mean of the reference, weight units");
    p.number("reference_std", deviation, {0.0, 1e6}, "device-to-device deviation of the reference, weight units");
    p.flag("subtract_symmetry_point", subtract_symmetry_point, "the reference holds the symmetry point");
  }
  /// Makes the bounds of a cell relative to its reference, which is returned. `symmetry`: the cell's symmetry point
  /// where it has one and it is to be subtracted.
  [[nodiscard]] float subtract(float variate, std::optional<float> symmetry, Cell& cell) const noexcept {
    float reference = static_cast<float>(mean) + static_cast<float>(deviation) * variate;
    if (symmetry) {
      reference += *symmetry;
      cell.reset_bias += *symmetry;
    }
    cell.bound_high -= reference;
    cell.bound_low -= reference;
    return reference;
  }
};

}  // namespace rheo::crossbar
