#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/configuration.hpp"
#include "models/core/statistics.hpp"
#include "models/cost/energy.hpp"

namespace rheo {

/// Throws std::logic_error naming the first number that is not finite or is negative.
void require_sane_numbers(const nlohmann::ordered_json& json, const std::string& path);

/// The sections of report.json that every platform has.
[[nodiscard]] nlohmann::ordered_json parts_json(const Breakdown& breakdown);
[[nodiscard]] nlohmann::ordered_json energy_json(const EnergyReport& energy);
[[nodiscard]] nlohmann::ordered_json area_json(const AreaReport& area);
[[nodiscard]] nlohmann::ordered_json buffers_json(const std::vector<BufferUse>& buffers);

/// How often each kind of action happened in the mode, over all modules.
[[nodiscard]] std::map<std::string, std::uint64_t> action_totals(const ChipActivity& activity, Mode mode);

/// Every key of the configuration with its value as text.
template <class Configuration>
[[nodiscard]] nlohmann::ordered_json configuration_json(const Configuration& configuration) {
  Configuration copy = configuration;
  ConfigurationText text;
  copy.describe(text);
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [key, value] : text.values()) {
    json[key] = value.starts_with('"') ? value.substr(1, value.size() - 2) : value;
  }
  return json;
}

/// "12.3 ms": three digits and the prefix that suits.
[[nodiscard]] std::string with_prefix(double value, std::string_view unit);

}  // namespace rheo
