#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/core/configuration.hpp"
#include "models/crossbar/device.hpp"

namespace rheo {

/// A device that comes with Rheo: one TOML file with a table [device].
struct DevicePreset {
  std::string name;  ///< as published
  std::filesystem::path file;
  std::string description;  ///< the first comment of the file
};

/// All of them, by name.
[[nodiscard]] std::vector<DevicePreset> device_presets();

/// The file of a preset, its name in any case and with or without underscores; a name that ends in .toml is a file
/// of the user. Throws InputError for an unknown name; `where` says who asked.
[[nodiscard]] std::filesystem::path device_preset_file(const std::string& name, const std::string& where);

/// Lays the preset that `device.preset` names below a configuration.
void add_device_preset(Configuration& source);

/// Throws InputError where parameters that each are in range do not go together.
void check_device(const Configuration& source, const crossbar::DeviceParameters& device);

/// A device alone: a preset or a TOML file, with `device.key=value` words laid over it.
[[nodiscard]] crossbar::DeviceParameters load_device(const std::string& name, const std::vector<std::string>& set);

}  // namespace rheo
