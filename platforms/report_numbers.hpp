#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "models/cost/energy.hpp"

namespace rheo {

/// Throws std::logic_error naming the first number that is not finite or is negative.
void require_sane_numbers(const nlohmann::ordered_json& json, const std::string& path);

[[nodiscard]] nlohmann::ordered_json parts_json(const Breakdown& breakdown);

/// "12.3 ms": three digits and the prefix that suits.
[[nodiscard]] std::string with_prefix(double value, std::string_view unit);

}  // namespace rheo
