#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "models/core/parameters.hpp"
#include "models/crossbar/cell_family.hpp"
#include "models/crossbar/device.hpp"

namespace rheo::crossbar {

/// The exponents of a step that is a power of the distance to the bound, and how they spread over cells; the power laws
/// of aihwkit (PowStep, PowStepReference).
struct PowerLaw {
  double gamma = 1;
  double gamma_dtod = 0.1;
  double up_down = 0;
  double up_down_dtod = 0;

  void describe(Parameters& p) {
    p.number("pow_gamma", gamma, {0.0, 1e3}, "exponent of the distance");
    p.number("pow_gamma_dtod", gamma_dtod, {0.0, 1e3}, "its device-to-device deviation, relative");
    p.number("pow_up_down", up_down, {-1.0, 1.0}, "mean difference between up and down exponents, relative");
    p.number("pow_up_down_dtod", up_down_dtod, {0.0, 1e3}, "device-to-device deviation of that difference");
  }
  /// Mean step half way between the bounds.
  [[nodiscard]] double granularity(const PopulationParameters& p) const { return p.dw_min * std::pow(0.5, gamma); }
  /// Exponents upwards and downwards to own[0] and own[1], from the variates xi[0] and xi[1].
  void complete(std::span<const float> xi, Cell& cell) const {
    const auto mean = static_cast<float>(gamma);
    const auto bias = static_cast<float>(up_down);
    const float gain = 1.0F + static_cast<float>(gamma_dtod) * xi[0];
    const float r = static_cast<float>(up_down_dtod) * xi[1];
    cell.own[0] = std::abs(mean * (gain + r + std::min(bias, 0.0F)));
    cell.own[1] = std::abs(mean * (gain - r - std::max(bias, 0.0F)));
    if (!(cell.bound_high > cell.bound_low)) cell.step_up = cell.step_down = 0;
  }
};

}  // namespace rheo::crossbar
