// Presets: every file is read whole, has a description, is found by its name in any spelling, and holds the published
// values.
#include "platforms/device_presets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "published_folder.hpp"

namespace rheo::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

/// Each key of a device with its value as text.
std::map<std::string, std::string> values_of(crossbar::DeviceParameters device) {
  ConfigurationText text;
  device.describe(text);
  return {text.values().begin(), text.values().end()};
}

std::string error_of(const std::string& name, const std::vector<std::string>& set = {}) {
  try {
    static_cast<void>(load_device(name, set));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(DevicePresets, EveryFileIsReadWholeAndDescribed) {
  const std::vector<DevicePreset> presets = device_presets();
  EXPECT_GE(presets.size(), 20U);
  for (const DevicePreset& preset : presets) {
    EXPECT_EQ(error_of(preset.name), "") << preset.file;
    EXPECT_FALSE(preset.description.empty()) << preset.file << " should begin with a comment that says what it is";
  }
}

TEST(DevicePresets, NamesAreFoundInAnySpelling) {
  for (const char* name : {"GokmenVlasov", "gokmen_vlasov", "gokmenvlasov", "GOKMEN_VLASOV", "GokmenVlasovPreset"}) {
    EXPECT_EQ(load_device(name, {}).cell.population.dw_min, 0.0016) << name;
  }
  EXPECT_EQ(load_device("semi_ideal", {}).cell.population.dw_min, 0.0002);
  EXPECT_TRUE(load_device("ideal", {}).ideal);
  EXPECT_FALSE(load_device("Idealized", {}).ideal);
  EXPECT_EQ(load_device("re_ram_es", {}).cell.family(), "exp_step");
}

TEST(DevicePresets, NoTwoNamesDifferInSpellingAlone) {
  std::set<std::filesystem::path> files;
  for (const DevicePreset& preset : device_presets()) {
    EXPECT_EQ(device_preset_file(preset.name, ""), preset.file);
    files.insert(preset.file);
  }
  EXPECT_EQ(files.size(), device_presets().size());
}

TEST(DevicePresets, WrongWordsAreRefusedWithTheNearestRightOne) {
  EXPECT_THAT(error_of("gokman_vlasof"), HasSubstr("did you mean GokmenVlasov?"));
  EXPECT_THAT(error_of("idael"), HasSubstr("did you mean ideal?"));
  EXPECT_THAT(error_of("zzzzzz"), HasSubstr("zzzzzz: no such device; `rheo list devices`"));
  EXPECT_THAT(error_of("ReRamES", {"device.gamma_upp=3"}), HasSubstr("did you mean device.gamma_up?"));
  EXPECT_THAT(error_of("ReRamES", {"device.gamma=3"}), HasSubstr("no such key"));
  EXPECT_THAT(error_of("GokmenVlasov", {"device.dw_min=2"}), HasSubstr("from 1e-09 to 1"));
  EXPECT_THAT(error_of("GokmenVlasov", {"device.preset=Capacitor"}), HasSubstr("GokmenVlasov already"));
  EXPECT_THAT(error_of("PiecewiseStepDefault", {"device.piecewise_up=[1, 0.5]"}), HasSubstr("as many numbers"));
}

TEST(DevicePresets, AWordChangesOneValue) {
  EXPECT_EQ(load_device("ReRamES", {"device.gamma_up=3"}).cell.population.dw_min, 0.00135);
  EXPECT_EQ(values_of(load_device("ReRamES", {"device.gamma_up=3"})).at("gamma_up"), "3.0");
}

/// Fields of the publication that this model has no parameter for, at the only values it stands for.
const Json without_parameter = Json::parse(R"({
  "construction_seed": 0, "enforce_consistency": true, "perfect_bias": false, "count_pulses": false,
  "apply_write_noise_on_set": true, "reverse_up": false, "reverse_down": false, "reverse_offset": 0.01})");

void expect_published(const std::string& name, const Json& published) {
  std::map<std::string, std::string> own = values_of(load_device(name, {}));
  for (const auto& [key, value] : published.items()) {
    if (key == "_class") continue;
    if (key == "drift") {
      EXPECT_EQ(value["nu"], 0.0) << name;
      continue;
    }
    if (without_parameter.contains(key)) {
      EXPECT_EQ(value, without_parameter[key]) << name << "." << key;
      continue;
    }
    ASSERT_TRUE(own.contains(key)) << name << " has no " << key;
    if (value.is_boolean()) {
      EXPECT_EQ(own[key], value.get<bool>() ? "true" : "false") << name << "." << key;
    } else {
      EXPECT_NEAR(std::stod(own[key]), value.get<double>(), 1e-12 * std::abs(value.get<double>()))
          << name << "." << key;
    }
    own.erase(key);
  }
  // What is left has to be out of action.
  for (const auto& [key, value] : own) {
    if (key == "write_noise_std") {
      EXPECT_EQ(std::stod(value), 0) << name << "." << key;
    } else {
      EXPECT_THAT(key, ::testing::AnyOf("preset", "family", "compound")) << name << " = " << value;
    }
  }
}

TEST(DevicePresets, HoldThePublishedValues) {
  std::ifstream in(published_folder() / "all_presets.json");
  if (!in) GTEST_SKIP() << "no published presets in " << published_folder() << "; set RHEO_SHARED_REFERENCE";
  const Json published = Json::parse(in);
  for (const char* name : {"Capacitor", "EcRam", "EcRamMO", "ReRamES", "ReRamSB", "Idealized", "GokmenVlasov"}) {
    expect_published(name, published.at(std::string(name) + "Preset").at("device"));
  }
  expect_published("PCMCell", published.at("PCMPreset").at("device").at("unit_cell_devices").at(0));
  expect_published("ConstantStepDefault", published.at("SingleRPUConfig(default)").at("device"));
}

}  // namespace
}  // namespace rheo::testing
