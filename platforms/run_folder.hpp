#pragma once

#include <filesystem>
#include <string>

#include "platforms/run_configuration.hpp"

namespace rheo {

/// The whole configuration as config.toml holds it.
[[nodiscard]] std::string resolved(const RunConfiguration& configuration);

/// Makes a folder for results. Throws InputError when it is a file, cannot be made or holds something already.
void make_folder(const std::filesystem::path& folder);

/// A run's folder: a new one with its config.toml (`out`, or a numbered one below runs/), or with `resume` that of a
/// run with the same configuration. Throws InputError, naming the first key that differs.
[[nodiscard]] std::filesystem::path prepare_run_folder(const RunConfiguration& configuration,
                                                       const std::filesystem::path& out, const std::string& name,
                                                       bool resume);

}  // namespace rheo
