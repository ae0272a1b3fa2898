#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// How the sign of a weight is carried: by the difference of two cells, or against a reference column
/// of mid-scale cells. Both take two cells a weight; they differ in the current that flows.
enum class SignScheme : std::uint8_t { differential, reference };
inline constexpr std::array<std::string_view, 2> sign_scheme_names{"differential", "reference"};

/// Conductances as the read energy needs them, relative to the full-scale conductance of one cell.
struct ConductanceParameters {
  SignScheme sign = SignScheme::differential;
  double off_ratio = 0.1;  ///< smallest over largest conductance of a cell

  void describe(Parameters& p) {
    p.choice("sign", sign, sign_scheme_names, "how the sign of a weight is carried; both take two cells a weight");
    p.number("off_ratio", off_ratio, {0.0, 1.0}, "smallest over largest conductance of a cell");
  }

  /// Of the two cells that carry weight w together; `full_scale` is the largest weight of a nominal cell.
  [[nodiscard]] float of_pair(float w, float full_scale) const noexcept {
    const auto off = static_cast<float>(off_ratio);
    const float pair = sign == SignScheme::differential ? 2.0F * off + slope(full_scale) * std::abs(w)
                                                        : (1.0F + off) + 0.5F * slope(full_scale) * w;
    return std::max(pair, 0.0F);
  }
  /// Of one cell that carries g, 0 to `full_scale`.
  [[nodiscard]] float of_cell(float g, float full_scale) const noexcept {
    return std::max(static_cast<float>(off_ratio) + slope(full_scale) * std::abs(g), 0.0F);
  }

 private:
  /// The weight range of a nominal cell spans off..1.
  [[nodiscard]] float slope(float full_scale) const noexcept {
    return (1.0F - static_cast<float>(off_ratio)) / std::max(full_scale, std::numeric_limits<float>::min());
  }
};

/// The conductance of a line's cells, in full-scale cells, as ReadSettings takes it: a whole number of 2^-16 full-scale
/// cells a DAC step, so that activities are sums of whole numbers, whatever the order.
[[nodiscard]] inline std::uint32_t per_dac_step(float cells, float dac_levels) noexcept {
  constexpr float most = 4294967040.0F;  // the largest float below 2^32
  return static_cast<std::uint32_t>(std::min(cells * (65536.0F / dac_levels) + 0.5F, most));
}

}  // namespace rheo::crossbar
