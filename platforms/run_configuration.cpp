#include "platforms/run_configuration.hpp"

#include <algorithm>

#include "models/core/suggest.hpp"
#include "platforms/device_presets.hpp"
#include "platforms/files.hpp"
#include "workloads/network/zoo.hpp"

namespace rheo {
namespace {

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

RunConfiguration RunConfiguration::load(const std::filesystem::path& file, const std::vector<std::string>& set,
                                        const std::function<void(Configuration&)>& more) {
  Configuration source = Configuration::from_file(file);
  for (const std::string& word : set) source.set(word);
  source.replace_table_below("device", "preset");
  add_device_preset(source);
  RunConfiguration run;
  run.read(source, more);
  return run;
}

RunConfiguration RunConfiguration::from_resolved(std::string_view text, const std::string& name,
                                                 const std::vector<std::string>& set) {
  Configuration source = Configuration::from_text(text, name);
  for (const std::string& word : set) source.set(word);
  RunConfiguration run;
  run.read(source, {});
  return run;
}

void RunConfiguration::read(Configuration& source, const std::function<void(Configuration&)>& more) {
  source.read(*this);
  if (more) more(source);
  source.refuse_unknown_keys();
  check_device(source, chip.device);
  ConfigurationText keys;
  describe(keys);
  for (const auto& [key, value] : keys.values()) {
    if (std::string where = source.where(key); where != key) origins[key] = std::move(where);
  }

  std::vector<std::string> names;
  for (const NetworkEntry& entry : networks()) names.push_back(entry.name);
  if (std::find(names.begin(), names.end(), workload.network) == names.end()) {
    throw InputError(source.where("workload.network"),
                     "no such network" + did_you_mean(workload.network, names) + "; `rheo list networks` prints all");
  }
  if (const auto fault = schedule.check(workload.epochs)) {
    throw InputError(source.where(fault->key), fault->text);
  }
  if (const auto fault = chip.check()) throw InputError(source.where(fault->key), fault->text);
}

InputError RunConfiguration::placed(const InputError& error) const {
  const std::string key = error.where().substr(0, error.where().find(' '));
  const auto found = origins.find(key);
  return found == origins.end() ? error : InputError(found->second, error.fault());
}

std::filesystem::path cost_table_file(const std::string& name) {
  if (name.empty()) throw InputError("costs", "expected the name of a cost table");
  const std::filesystem::path shipped = share_folder() / "models/cost" / name;
  return std::filesystem::exists(name) || !std::filesystem::exists(shipped) ? std::filesystem::path(name) : shipped;
}

}  // namespace rheo
