#pragma once

#include <array>
#include <cstdint>
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

  /// Conductance of the two cells of weight w, of full-scale magnitude 1.
  [[nodiscard]] float pair(float w) const noexcept {
    const auto off = static_cast<float>(off_ratio);
    const float conductance = sign == SignScheme::differential ? 2.0F * off + (1.0F - off) * (w < 0 ? -w : w)
                                                               : (1.0F + off) + 0.5F * (1.0F - off) * w;
    return conductance > 0 ? conductance : 0;
  }

  void describe(Parameters& p) {
    p.choice("sign", sign, sign_scheme_names, "how the sign of a weight is carried; both take two cells a weight");
    p.number("off_ratio", off_ratio, {0.0, 1.0}, "smallest over largest conductance of a cell");
  }
};

}  // namespace rheo::crossbar
