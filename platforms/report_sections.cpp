#include "platforms/report_sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace rheo {

using Json = nlohmann::ordered_json;

void require_sane_numbers(const Json& json, const std::string& path) {
  if (json.is_number_float()) {
    const auto value = json.get<double>();
    if (!std::isfinite(value) || value < 0)
      throw std::logic_error(path + " is " + json.dump() + "; it must be finite and not negative");
  }
  if (json.is_object()) {
    for (const auto& [key, inner] : json.items()) require_sane_numbers(inner, path + "." + key);
  } else if (json.is_array()) {
    for (std::size_t i = 0; i < json.size(); ++i) require_sane_numbers(json[i], fmt::format("{}[{}]", path, i));
  }
}

Json parts_json(const Breakdown& breakdown) {
  Json json = Json::object();
  for (const auto& [name, value] : breakdown.parts()) json[name] = value;
  return json;
}

Json energy_json(const EnergyReport& energy) {
  return {{"total_j", energy.total_j},
          {"by_component", parts_json(energy.by_component)},
          {"by_phase", parts_json(energy.by_phase)},
          {"by_layer", parts_json(energy.by_layer)},
          {"assumed_fraction", energy.assumed_fraction}};
}

Json area_json(const AreaReport& area) {
  return {{"total_mm2", area.total_mm2},
          {"by_component", parts_json(area.by_component)},
          {"assumed_fraction", area.assumed_fraction}};
}

Json buffers_json(const std::vector<BufferUse>& buffers) {
  Json list = Json::array();
  for (const BufferUse& buffer : buffers) {
    Json entry{{"name", buffer.name},
               {"kind", buffer.kind},
               {"capacity_bits", buffer.capacity_bits},
               {"peak_bits", buffer.peak_bits}};
    if (buffer.bram18k > 0) entry["bram18k"] = buffer.bram18k;
    list.push_back(entry);
  }
  return list;
}

std::map<std::string, std::uint64_t> action_totals(const ChipActivity& activity, Mode mode) {
  std::map<std::string, std::uint64_t> totals;
  for (const ActionCounts& counts : activity.actions) {
    for (std::size_t kind = 0; kind < counts.kinds().size(); ++kind) {
      totals[counts.kinds()[kind].name] += counts.total(kind, mode);
    }
  }
  return totals;
}

std::string with_prefix(double value, std::string_view unit) {
  if (value == 0) return fmt::format("0 {}", unit);
  static constexpr std::array<std::string_view, 9> prefixes{"f", "p", "n", "u", "m", "", "k", "M", "G"};
  // The exponent of the value as printed: 999.7 m is 1 of the next prefix.
  const double exponent = std::floor(std::log10(value * (1 + 5e-4)));
  const int index = std::clamp(static_cast<int>(std::floor(exponent / 3.0)) + 5, 0, 8);
  return fmt::format("{:.3g} {}{}", value / std::pow(1000.0, index - 5), prefixes[static_cast<std::size_t>(index)],
                     unit);
}

}  // namespace rheo
