#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "platforms/stream_fpga/stream_configuration.hpp"

namespace rheo {

/// Where a spiking network lies on the streaming platform, without simulating: buffers beside those of tick-batching
/// (tables 2.3, 2.5 and 2.8 of the thesis), memories in bits and 18-Kbit block RAMs, the folding with the cycles that
/// FINN's formulas give it, and whether it fits the device. One that does not fit is printed all the same.
[[nodiscard]] nlohmann::ordered_json inspect_json(const StreamConfiguration& configuration);
[[nodiscard]] std::string inspect_text(const StreamConfiguration& configuration);

}  // namespace rheo
