#pragma once

#include <string>

namespace rheo {

/// The presets, one line each: name and description.
[[nodiscard]] std::string device_preset_list();

/// What all families of cells have in common, then each family: its description and its parameters with defaults
/// and ranges, at most 80 columns wide.
[[nodiscard]] std::string device_family_list();

}  // namespace rheo
