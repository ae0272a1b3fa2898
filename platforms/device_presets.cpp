#include "platforms/device_presets.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string_view>

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"
#include "models/crossbar/pulse_update.hpp"
#include "platforms/files.hpp"

namespace rheo {
namespace {

/// The one key that has to be known before the others can be read.
struct PresetOnly {
  std::string preset = crossbar::DeviceParameters{}.preset;

  void describe(Parameters& p) {
    p.begin_section("device", "");
    p.text("preset", preset, "");
    p.end_section();
  }
};

/// A configuration that holds nothing but a device and, as some presets do, how it is pulsed.
struct DeviceOnly {
  crossbar::DeviceParameters device;
  crossbar::UpdateParameters update;

  void describe(Parameters& p) {
    p.section("device", device, "cross-point devices");
    p.section("tile", update, "how updates become pulses");
  }
};

/// Names are the same when these are.
std::string plain(const std::string& name) {
  std::string letters;
  for (const char c : name) {
    if (c != '_') letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const std::string_view suffix : {"presetdevice", "preset"}) {  // as aihwkit calls its classes
    if (letters.size() > suffix.size() && letters.ends_with(suffix)) letters.resize(letters.size() - suffix.size());
  }
  return letters;
}

std::string first_comment(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  const auto text = line.find_first_not_of("# ");
  return line.starts_with('#') && text != std::string::npos ? line.substr(text) : "";
}

}  // namespace

std::vector<DevicePreset> device_presets() {
  std::vector<DevicePreset> presets;
  const std::filesystem::path folder = share_folder() / "models/crossbar/presets";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".toml") {
      presets.push_back({entry.path().stem().string(), entry.path(), first_comment(entry.path())});
    }
  }
  if (error) throw InputError("RHEO_SHARE", folder.string() + " cannot be read: " + error.message());
  std::sort(presets.begin(), presets.end(), [](const DevicePreset& a, const DevicePreset& b) {
    return std::pair(plain(a.name), a.name) < std::pair(plain(b.name), b.name);
  });
  return presets;
}

std::filesystem::path device_preset_file(const std::string& name, const std::string& where) {
  if (name.ends_with(".toml")) return name;
  const std::vector<DevicePreset> presets = device_presets();
  for (const DevicePreset& preset : presets) {
    if (plain(preset.name) == plain(name)) return preset.file;
  }
  std::vector<std::string> known;
  for (const DevicePreset& preset : presets) known.push_back(plain(preset.name));
  const std::string meant = nearest(plain(name), known);
  const auto found = std::find(known.begin(), known.end(), meant);
  const std::string hint =
      found == known.end() ? ""
                           : "; did you mean " + presets[static_cast<std::size_t>(found - known.begin())].name + "?";
  throw InputError(where,
                   "no such device" + hint + "; `rheo list devices` prints all, or name a TOML file of your own");
}

void add_device_preset(Configuration& source) {
  PresetOnly preset;
  source.read(preset);
  source.add_base(Configuration::from_file(device_preset_file(preset.preset, source.where("device.preset"))));
}

void check_device(const Configuration& source, const crossbar::DeviceParameters& device) {
  if (const auto fault = device.check()) {
    throw InputError(source.where("device." + fault->key), fault->text);
  }
}

crossbar::DeviceParameters load_device(const std::string& name, const std::vector<std::string>& set) {
  Configuration source = Configuration::from_text("", name);
  for (const std::string& word : set) {
    if (word.starts_with("device.preset=")) {
      throw InputError("--set " + word, "the device is " + name + " already; expected another key of it");
    }
    if (word.starts_with("tile.")) {
      throw InputError("--set " + word,
                       "is how a run plays its pulses, not what a device is; expected device.KEY=VALUE");
    }
    source.set(word);
  }
  source.add_base(Configuration::from_file(device_preset_file(name, name)));
  DeviceOnly only;
  only.device.preset = name;
  source.read(only);
  source.refuse_unknown_keys();
  check_device(source, only.device);
  return only.device;
}

}  // namespace rheo
