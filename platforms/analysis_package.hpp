#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rheo {

/// The Python that runs the analysis package: $RHEO_PYTHON, or Debian's own, which has the packages.
[[nodiscard]] std::filesystem::path python_interpreter();

/// Refuses a picture that cannot come about: throws InputError for an ending that names no format, and where there
/// is no Python. Checked before the work.
void require_picture(const std::string& option, const std::filesystem::path& picture);

/// Calls `python3 -m rheo_analysis WORDS`. False when that fails; it has said why on standard error.
[[nodiscard]] bool call_analysis(const std::vector<std::string>& words);

}  // namespace rheo
