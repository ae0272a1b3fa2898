#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "platforms/sweep/sweep_file.hpp"

namespace rheo::sweep {

/// The resolved configuration of one point, whatever its platform.
struct PointConfiguration {
  std::string text;                       ///< config.toml
  std::string hash;                       ///< of the text without its comments: 32 hexadecimal digits (XXH3)
  std::map<std::string, double> numbers;  ///< keys with their values; flags are 0 and 1; texts and lists are left out
  std::vector<std::string> keys;          ///< all
};

/// Reads what the task reads from the file with the words laid over it. Throws InputError as the task itself would
/// when it starts, as far as that needs neither data nor weights.
[[nodiscard]] PointConfiguration resolve(Task task, const std::filesystem::path& file,
                                         const std::vector<std::string>& set);

/// Of what all points share: the base configuration and, where they evaluate, the weights. Throws InputError.
[[nodiscard]] std::string base_hash(const SweepFile& sweep);

/// The number at a dotted path of a report: "energy.total_j", "actions.adc.convert". Throws std::out_of_range with
/// what is there instead.
[[nodiscard]] double figure(const nlohmann::json& report, const std::string& path);

/// Whether a name looks like a figure of a report: it begins with one of the report's sections.
[[nodiscard]] bool names_figure(const std::string& name);

}  // namespace rheo::sweep
