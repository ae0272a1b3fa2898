// The way back from a pulse response to a device: responses that Rheo made lead to the family and the parameters they
// came from, as far as the data hold them; what they do not hold is said.
#include "platforms/device_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "models/core/error.hpp"
#include "platforms/device_presets.hpp"
#include "published_folder.hpp"

namespace rheo::testing {
namespace {

using ::testing::HasSubstr;

/// A file in the temporary folder that is gone with the object.
class File {
 public:
  explicit File(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "rheo-fit-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    EXPECT_GE(descriptor, 0);
    path_ = name;
    std::ofstream(path_) << text;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::map<std::string, FittedParameter> parameters_of(const FamilyFit& fit) {
  std::map<std::string, FittedParameter> all;
  for (const FittedParameter& p : fit.parameters) all[p.key] = p;
  return all;
}

struct Origin {
  std::string name;
  std::string preset;
  std::vector<std::string> set;
  std::size_t up, down;
  std::map<std::string, double> truth;  ///< to 6 %, or three standard errors
};

void PrintTo(const Origin& origin, std::ostream* out) { *out << origin.name; }

class Recovered : public ::testing::TestWithParam<Origin> {};

TEST_P(Recovered, FamilyAndParameters) {
  const Origin& origin = GetParam();
  const auto device = load_device(origin.preset, origin.set);
  const File file(characterise(device, {origin.up, origin.down, 4096, 77}).response.csv());
  const MeasuredResponse measured = read_measured_response(file.path(), std::nullopt);
  EXPECT_EQ(measured.up(), origin.up);
  const std::vector<FamilyFit> fits = fit_device(measured, {4096, {}, 20161});
  ASSERT_EQ(fits.size(), crossbar::cell_family_names().size());
  const FamilyFit& best = fits.front();
  EXPECT_EQ(best.device.cell.family(), device.cell.family()) << fit_report("it", measured, fits);
  EXPECT_LT(best.residual, 0.01);
  std::map<std::string, FittedParameter> found = parameters_of(best);
  for (const auto& [key, value] : origin.truth) {
    ASSERT_TRUE(found.contains(key)) << key;
    EXPECT_TRUE(found[key].identified) << key;
    EXPECT_NEAR(found[key].value, value, std::max(0.06 * std::abs(value), 3 * found[key].error)) << key;
    EXPECT_LT(found[key].error, 0.5 * std::abs(value)) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Families, Recovered,
    ::testing::Values(
        Origin{"ConstantStep",
               "GokmenVlasov",
               {},
               900,
               1800,
               {{"dw_min", 0.0016}, {"dw_min_dtod", 0.3}, {"w_max", 1}, {"w_max_dtod", 0.3}, {"w_min", -1}}},
        Origin{"SoftBounds",
               "SoftBoundsDefault",
               {},
               600,
               900,
               {{"dw_min", 0.001}, {"dw_min_dtod", 0.3}, {"dw_min_std", 0.3}, {"w_max", 0.6}, {"w_min", -0.6}}},
        Origin{
            "LinearStep",
            "EcRam",
            {},
            800,
            1000,
            {{"dw_min", 0.002}, {"w_max", 1.1724}, {"w_min", -0.8276}, {"gamma_up", 0.1153}, {"gamma_down", 0.5085}}},
        Origin{"PowStep",
               "PowStepDefault",
               {"device.pow_gamma=2.5", "device.dw_min=0.01", "device.w_max_dtod=0.1", "device.w_min_dtod=0.1"},
               900,
               900,
               {{"pow_gamma", 2.5}, {"w_max", 0.6}, {"w_min", -0.6}}}),
    [](const auto& one) { return one.param.name; });

TEST(DeviceFit, ExponentialStepsAreRecoveredInWhatTheResponseHolds) {
  const auto device = load_device("ExpStepDefault", {"device.A_up=0.002", "device.A_down=0.92",
                                                     "device.w_max_dtod=0.05", "device.w_min_dtod=0.05"});
  const File file(characterise(device, {900, 1500, 4096, 77}).response.csv());
  const MeasuredResponse measured = read_measured_response(file.path(), std::nullopt);
  const std::vector<FamilyFit> fits = fit_device(measured, {4096, {}, 20161});
  EXPECT_EQ(fits.front().device.cell.family(), "exp_step") << fit_report("it", measured, fits);
  // Amplitude and growth trade against each other; what the response holds is the step over the range.
  std::map<std::string, FittedParameter> found = parameters_of(fits.front());
  const double range = found["w_max"].value - found["w_min"].value;
  for (const double w : {-0.5, -0.3, 0.0, 0.3, 0.5}) {
    const double z = 2 * 0.244 * w / 1.2 + 0.2425;
    const double up = found["dw_min"].value * (1 + std::min(found["up_down"].value, 0.0)) *
                      (1 - found["A_up"].value * std::exp(found["gamma_up"].value * 2 * w / range));
    const double down = found["dw_min"].value * (1 - std::max(found["up_down"].value, 0.0)) *
                        (1 - found["A_down"].value * std::exp(-found["gamma_down"].value * 2 * w / range));
    EXPECT_NEAR(up, 0.001 * (1 - 0.002 * std::exp(12.44625 * z)), 0.0001) << w;
    EXPECT_NEAR(down, 0.001 * (1 - 0.92 * std::exp(-12.78785 * z)), 0.0001) << w;
  }
}

TEST(DeviceFit, AProposalIsAPresetThatAnswersAsTheMeasurement) {
  const File file(characterise(load_device("EcRam", {}), {400, 400, 4096, 5}).response.csv());
  const MeasuredResponse measured = read_measured_response(file.path(), std::nullopt);
  const std::vector<FamilyFit> fits = fit_device(measured, {4096, {"linear_step"}, 20161});
  const std::string text = fit_preset("lab\n.csv", measured, fits.front());
  EXPECT_THAT(text, ::testing::StartsWith("# Fit of linear_step to lab?.csv.\n"));
  const File toml(text);
  std::filesystem::path preset = toml.path();
  preset += ".toml";
  std::filesystem::copy_file(toml.path(), preset);
  const PulseResponse again = characterise(load_device(preset.string(), {}), {400, 400, 4096, 6}).response;
  std::filesystem::remove(preset);
  for (std::size_t row = 0; row < measured.pulse.size(); ++row) {
    EXPECT_NEAR(again.after[row].mean, measured.after[row].mean, 0.01);
    EXPECT_NEAR(again.after[row].deviation, measured.after[row].deviation, 0.01);
  }
}

TEST(DeviceFit, OneNoisyCellGivesItsStepAndItsNoise) {
  const auto device =
      load_device("GokmenVlasov", {"device.dw_min_dtod=0", "device.w_max_dtod=0", "device.w_min_dtod=0"});
  const PulseResponse response = characterise(device, {500, 1000, 1, 3}).response;
  std::string text;
  for (std::size_t i = 0; i < response.after.size(); ++i) {
    text += std::to_string(i) + "," + std::to_string(response.after[i].mean) + "\n";
  }
  const File file(text);
  const MeasuredResponse measured = read_measured_response(file.path(), std::nullopt);
  EXPECT_FALSE(measured.has_spread);
  EXPECT_NEAR(static_cast<double>(measured.up()), 500, 3) << "the turn of a noisy weight";
  const std::vector<FamilyFit> fits = fit_device(measured, {512, {"constant_step"}, 20161});
  EXPECT_NEAR(fits.front().device.cell.population.dw_min, 0.0016, 0.0001);
  EXPECT_NEAR(fits.front().device.cell.population.dw_min_std, 0.3, 0.05);
  EXPECT_EQ(fits.front().device.cell.population.dw_min_dtod, 0);
  EXPECT_THAT(fit_report("it", measured, fits), HasSubstr("the data do not tell: "));
}

TEST(DeviceFit, BoundsThatWereNotReachedAreNotMadeUp) {
  const File file(characterise(load_device("Idealized", {}), {100, 100, 4096, 5}).response.csv());
  const MeasuredResponse measured = read_measured_response(file.path(), std::nullopt);
  const std::vector<FamilyFit> fits = fit_device(measured, {4096, {"constant_step"}, 20161});
  std::map<std::string, FittedParameter> found = parameters_of(fits.front());
  EXPECT_FALSE(found["w_max"].identified) << fit_report("it", measured, fits);
  EXPECT_FALSE(found["w_min"].identified);
  EXPECT_TRUE(found["dw_min"].identified);
  EXPECT_NEAR(found["dw_min_std"].value, 0.3, 0.05);
  EXPECT_THAT(fit_report("it", measured, fits), HasSubstr("w_max"));
}

TEST(DeviceFit, PublishedResponsesLeadToTheirFamilies) {
  const auto fitted = [](const std::string& name) {
    const MeasuredResponse measured =
        read_measured_response(published_folder() / ("pulse_response_" + name + ".csv"), std::nullopt);
    return fit_device(measured, {512, {"constant_step", "exp_step", "linear_step", "soft_bounds"}, 20161});
  };
  if (!std::filesystem::exists(published_folder() / "pulse_response_SoftBoundsDefault_500up_500down.csv")) {
    GTEST_SKIP() << "no published responses in " << published_folder() << "; set RHEO_SHARED_REFERENCE";
  }
  const auto soft = fitted("SoftBoundsDefault_500up_500down");
  EXPECT_EQ(soft.front().device.cell.family(), "soft_bounds");
  EXPECT_NEAR(soft.front().device.cell.population.dw_min, 0.001, 0.00005);
  EXPECT_NEAR(soft.front().device.cell.population.w_max, 0.6, 0.05);
  const auto constant = fitted("ConstantStepDefault_500up_500down");
  EXPECT_EQ(constant.front().device.cell.family(), "constant_step");
  EXPECT_NEAR(constant.front().device.cell.population.dw_min, 0.001, 0.00005);
  EXPECT_NEAR(constant.front().device.cell.population.dw_min_dtod, 0.3, 0.03);
  const auto linear = fitted("LinearStepDefault_500up_500down");
  EXPECT_EQ(linear.front().device.cell.family(), "linear_step");
  EXPECT_NEAR(parameters_of(linear.front())["gamma_up"].value, 0.3, 0.13);
}

// ---- what is read ----

std::string error_of(const std::string& text, std::optional<std::size_t> up = std::nullopt) {
  const File file(text);
  try {
    static_cast<void>(read_measured_response(file.path(), up));
  } catch (const InputError& error) {
    std::string what = error.what();
    const auto at = what.find(file.path().string());
    return at == std::string::npos ? what : what.replace(at, file.path().string().size(), "FILE");
  }
  return "";
}

std::string rows(const std::vector<double>& weights) {
  std::string text;
  for (std::size_t i = 0; i < weights.size(); ++i)
    text += std::to_string(i) + ", " + std::to_string(weights[i]) + "\r\n";
  return text;
}

TEST(MeasuredResponse, TheTurnIsFoundToldOrGiven) {
  const File file(rows({0, 1, 2, 3, 4, 3, 2, 1, 0, -1}));
  EXPECT_EQ(read_measured_response(file.path(), std::nullopt).up(), 4U);
  EXPECT_EQ(read_measured_response(file.path(), 5).up(), 5U);
  const File plateau(rows({0, 1, 2, 2, 2, 2, 2, 1, 0, -1}));
  EXPECT_EQ(read_measured_response(plateau.path(), std::nullopt).up(), 6U);
  const File rising(rows({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(read_measured_response(rising.path(), std::nullopt).down(), 0U);
  const File falling(rows({0, -1, -2, -3, -4, -5, -6, -7, -8}));
  EXPECT_EQ(read_measured_response(falling.path(), std::nullopt).up(), 0U);
  const File heading("pulse_index(1..6 up then 3 down),w\n" + rows({0, 1, 2, 3, 4, 3, 2, 1, 0, -1}));
  EXPECT_EQ(read_measured_response(heading.path(), std::nullopt).up(), 6U);
}

TEST(MeasuredResponse, WhatIsNoneIsRefusedWithItsPlace) {
  EXPECT_THAT(error_of(""), HasSubstr("FILE: 0 rows of numbers; expected at least 8"));
  EXPECT_THAT(error_of("0,0\n1,1\n2,x\n"), HasSubstr("FILE:3: expected numbers"));
  EXPECT_THAT(error_of("0,0\n1,nan\n"), HasSubstr("FILE:2: expected numbers"));
  EXPECT_THAT(error_of("0,0\n1,1,1\n"), HasSubstr("FILE:2: 3 columns; expected 2"));
  EXPECT_THAT(error_of("0,0,0\n"), HasSubstr("FILE:1: 3 columns"));
  EXPECT_THAT(error_of("1,0\n2,1\n"), HasSubstr("FILE:1: expected pulse indices that begin with 0"));
  EXPECT_THAT(error_of("0,0\n2,1\n1,1\n"), HasSubstr("FILE:3: expected pulse indices"));
  EXPECT_THAT(error_of("0,0\n1.5,1\n"), HasSubstr("FILE:2: expected pulse indices"));
  EXPECT_THAT(error_of("0,0\n1,1e9\n"), HasSubstr("FILE:2: expected weights"));
  EXPECT_THAT(error_of(rows({3, 3, 3, 3, 3, 3, 3, 3})), HasSubstr("does not change"));
  EXPECT_THAT(error_of(rows({3, 4, 5, 6, 7, 8, 9, 10})), HasSubstr("with 0 inside"));
  EXPECT_THAT(error_of(rows({0, 1, 2, 3, 4, 3, 2, 1}), 20), HasSubstr("--up: 20"));
}

}  // namespace
}  // namespace rheo::testing
