#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "platforms/run_configuration.hpp"

namespace rheo {

/// Where a network lies on the chip and what runs there, without simulating: layers and tiles, memory, the
/// programs. Throws InputError when it does not fit.
[[nodiscard]] nlohmann::ordered_json inspect_json(const RunConfiguration& configuration);
[[nodiscard]] std::string inspect_text(const RunConfiguration& configuration);

}  // namespace rheo
