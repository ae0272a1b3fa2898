#include "platforms/run_configuration.hpp"

#include <algorithm>
#include <cstdlib>

#include "models/core/suggest.hpp"
#include "workloads/network/zoo.hpp"

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

constexpr std::array<std::string_view, 1> platforms{"analog_training_chip"};

}  // namespace

void RunConfiguration::describe(Parameters& p) {
  const std::vector<std::string> names(platforms.begin(), platforms.end());
  p.choice("platform", platform, std::span<const std::string>(names), "the chip that runs the workload");
  p.integer("seed", seed, {0, std::numeric_limits<std::int64_t>::max()}, "of all random numbers");
  chip.describe_general(p);
  p.section("workload", workload, "what the chip runs");
  p.section("augmentation", augmentation, "how training images vary from epoch to epoch");
  p.section("rapa", rapa, "replicated convolutions");
  p.section("schedule", schedule, "learning rate and momentum");
  p.section("optimiser", optimiser, "what the update does beside the gradient");
  p.section("checkpoint", checkpoint, "saving the state of a run");
  chip.describe_parts(p);
}

RunConfiguration RunConfiguration::load(const std::filesystem::path& file, const std::vector<std::string>& set) {
  Configuration source = Configuration::from_file(file);
  for (const std::string& word : set) source.set(word);
  PresetOnly preset;
  source.read(preset);
  source.add_base(Configuration::from_file(device_preset_file(preset.preset, source.where("device.preset"))));

  RunConfiguration run;
  source.read(run);
  source.refuse_unknown_keys();
  ConfigurationText keys;
  run.describe(keys);
  for (const auto& [key, value] : keys.values()) {
    if (std::string where = source.where(key); where != key) run.origins[key] = std::move(where);
  }

  std::vector<std::string> names;
  for (const NetworkEntry& entry : networks()) names.push_back(entry.name);
  if (std::find(names.begin(), names.end(), run.workload.network) == names.end()) {
    throw InputError(source.where("workload.network"), "no such network" + did_you_mean(run.workload.network, names) +
                                                           "; `rheo list networks` prints all");
  }
  if (const auto fault = run.schedule.check(run.workload.epochs)) {
    throw InputError(source.where(fault->key), fault->text);
  }
  return run;
}

InputError RunConfiguration::placed(const InputError& error) const {
  const std::string key = error.where().substr(0, error.where().find(' '));
  const auto found = origins.find(key);
  return found == origins.end() ? error : InputError(found->second, error.fault());
}

std::filesystem::path share_folder() {
  const char* folder = std::getenv("RHEO_SHARE");
  return folder != nullptr ? std::filesystem::path(folder) : std::filesystem::path(RHEO_SOURCE_FOLDER);
}

std::vector<std::string> device_presets() {
  std::vector<std::string> names;
  const std::filesystem::path folder = share_folder() / "models/crossbar/presets";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  if (error) throw InputError("RHEO_SHARE", folder.string() + " cannot be read: " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

std::filesystem::path device_preset_file(const std::string& name, const std::string& where) {
  if (name.ends_with(".toml")) return name;
  const std::vector<std::string> names = device_presets();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw InputError(where, "no such device" + did_you_mean(name, names) +
                                "; `rheo list devices` prints all, or name a TOML file of your own");
  }
  return share_folder() / "models/crossbar/presets" / (name + ".toml");
}

std::filesystem::path cost_table_file(const std::string& name) {
  if (name.empty()) throw InputError("costs", "expected the name of a cost table");
  const std::filesystem::path shipped = share_folder() / "models/cost" / name;
  return std::filesystem::exists(name) || !std::filesystem::exists(shipped) ? std::filesystem::path(name) : shipped;
}

}  // namespace rheo
