#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rheo::sweep {

/// The number at a dotted path of a report: "energy.total_j", "actions.adc.convert". Not finite where the report has
/// null, which is how JSON writes such a number. Throws std::out_of_range with the nearest name that is there.
[[nodiscard]] double figure(const nlohmann::json& report, const std::string& path);

/// The paths of all numbers of a report but those of its configuration.
[[nodiscard]] std::vector<std::string> figures(const nlohmann::json& report);

/// Whether a name looks like a figure of a report: it begins with one of the report's sections.
[[nodiscard]] bool names_figure(const std::string& name);

}  // namespace rheo::sweep
