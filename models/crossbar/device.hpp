#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// How a cell answers a pulse.
enum class DeviceFamily : std::uint8_t {
  ideal,          ///< floating-point weight, no converters, gradient accumulated digitally
  constant_step,  ///< every pulse moves the weight by the same mean step, whatever the weight
};
inline constexpr std::array<std::string_view, 2> device_family_names{"ideal", "constant_step"};

/// A population of cross-point devices. Weights and steps are in weight units.
///
/// Cell (xi: independent standard normal variates, one set per cell, drawn once):
///   gain = 1 + dw_min_dtod xi1, r = up_down_dtod xi2
///   step up   = |dw_min (gain + r + min(up_down, 0))|
///   step down = |dw_min (gain - r - max(up_down, 0))|
///   bounds    = max(0, w_max (1 + w_max_dtod xi3)), min(0, w_min (1 + w_min_dtod xi4))
/// Pulse: w <- clip(w +- step (1 + dw_min_std xi)).
/// Source: Gokmen and Vlasov 2016; parameters named as in aihwkit's ConstantStepDevice.
struct DeviceParameters {
  std::string preset = "gokmen_vlasov";  ///< the file that the other values come from
  DeviceFamily family = DeviceFamily::constant_step;
  double dw_min = 0.001;
  double dw_min_dtod = 0.3;
  double dw_min_std = 0.3;
  double up_down = 0.0;
  double up_down_dtod = 0.01;
  double w_max = 0.6;
  double w_max_dtod = 0.3;
  double w_min = -0.6;
  double w_min_dtod = 0.3;

  void describe(Parameters& p) {
    p.text("preset", preset, "published device that fills in the values below; `rheo list devices`");
    p.choice("family", family, device_family_names, "how a cell answers a pulse");
    p.number("dw_min", dw_min, {1e-9, 1.0}, "mean step of one pulse, weight units");
    p.number("dw_min_dtod", dw_min_dtod, {0.0, 10.0}, "device-to-device deviation of the step, relative");
    p.number("dw_min_std", dw_min_std, {0.0, 10.0}, "cycle-to-cycle deviation of the step, relative");
    p.number("up_down", up_down, {-1.0, 1.0}, "mean difference between up and down steps, relative");
    p.number("up_down_dtod", up_down_dtod, {0.0, 10.0}, "device-to-device deviation of that difference, relative");
    p.number("w_max", w_max, {0.0, 1e6}, "mean upper bound, weight units");
    p.number("w_max_dtod", w_max_dtod, {0.0, 10.0}, "its device-to-device deviation, relative");
    p.number("w_min", w_min, {-1e6, 0.0}, "mean lower bound, weight units");
    p.number("w_min_dtod", w_min_dtod, {0.0, 10.0}, "its device-to-device deviation, relative");
  }
};

}  // namespace rheo::crossbar
