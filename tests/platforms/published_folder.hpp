#pragma once

#include <cstdlib>
#include <filesystem>

namespace rheo::testing {

/// Tables that another simulator (aihwkit 1.1.0) produced. They are not part of the repository: the folder is named by
/// the environment variable RHEO_SHARED_REFERENCE, or lies beside the sources as shared/reference. Tests that need
/// them skip where they are absent.
inline std::filesystem::path published_folder() {
  const char* named = std::getenv("RHEO_SHARED_REFERENCE");
  return (named != nullptr ? std::filesystem::path(named)
                           : std::filesystem::path(RHEO_SOURCE_FOLDER).parent_path() / "shared" / "reference") /
         "aihwkit";
}

}  // namespace rheo::testing
