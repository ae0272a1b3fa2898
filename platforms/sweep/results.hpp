#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rheo::sweep {

/// The results of a sweep's folder or database as text: outcomes, and the settings that no other dominates in the
/// objectives, each "energy.total_j=min"; none: the sweep's own. A figure that is no objective of the sweep is taken
/// from the reports. Throws InputError.
[[nodiscard]] std::string results_text(const std::filesystem::path& results,
                                       const std::vector<std::string>& objectives);

}  // namespace rheo::sweep
