// The pulse response of devices: against sums done by hand, and against the responses that aihwkit published.
#include "platforms/device_response.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "platforms/device_presets.hpp"
#include "published_folder.hpp"

namespace rheo::testing {
namespace {

const std::vector<std::string> no_spread{"device.dw_min_dtod=0", "device.dw_min_std=0", "device.up_down_dtod=0",
                                         "device.w_max_dtod=0", "device.w_min_dtod=0"};

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(PulseResponse, EveryPulseMovesEveryCellByOneStep) {
  const auto device = load_device("GokmenVlasov", with(no_spread, {"device.dw_min=0.25"}));
  const PulseResponse response = characterise(device, {5, 3, 100, 1}).response;
  // 0.25 a pulse up to the bound 1, then down again
  const std::vector<double> expected{0, 0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25};
  ASSERT_EQ(response.after.size(), expected.size());
  for (std::size_t pulse = 0; pulse < expected.size(); ++pulse) {
    const Spread& s = response.after[pulse];
    for (const double value : {s.mean, s.p05, s.p50, s.p95}) EXPECT_DOUBLE_EQ(value, expected[pulse]) << pulse;
    EXPECT_EQ(s.deviation, 0);
  }
}

TEST(PulseResponse, CompoundsThatActAtTheEndOfABatchRespond) {
  const ResponseRequest request{400, 400, 16, 1};
  const PulseResponse mixed = characterise(load_device("MixedPrecisionEcRam", {}), request).response;
  EXPECT_GT(mixed.after[400].mean, 0.1);
  EXPECT_LT(mixed.after[800].mean, mixed.after[400].mean - 0.1);
  // The fast cells of Tiki-Taka lag behind: while they are positive the slow ones go on up.
  EXPECT_GT(characterise(load_device("TikiTakaEcRam", {}), request).response.after[400].mean, 0.1);
}

TEST(PulseResponse, SoftBoundsFollowTheirGeometricSeries) {
  const auto device = load_device("SoftBoundsDefault", with(no_spread, {"device.dw_min=0.01"}));
  const PulseResponse response = characterise(device, {200, 200, 1, 1}).response;
  // w <- w + s (1 - w / b): b (1 - (1 - s / b)^n); down from there towards -b
  const double q = 1 - 0.01 / 0.6;
  for (int n = 0; n <= 200; n += 20) {
    const double up = 0.6 * (1 - std::pow(q, n));
    EXPECT_NEAR(response.after[static_cast<std::size_t>(n)].mean, up, 1e-5);
    const double top = 0.6 * (1 - std::pow(q, 200));
    EXPECT_NEAR(response.after[static_cast<std::size_t>(200 + n)].mean, (top + 0.6) * std::pow(q, n) - 0.6, 1e-5);
  }
}

TEST(PulseResponse, SpreadIsThatOfThePopulationWithLinearPercentiles) {
  const Spread spread = spread_of({4, 1, 3, 2, 5});
  EXPECT_DOUBLE_EQ(spread.mean, 3);
  EXPECT_DOUBLE_EQ(spread.deviation, std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(spread.p05, 1.2);  // place 0.05 x 4
  EXPECT_DOUBLE_EQ(spread.p50, 3);
  EXPECT_DOUBLE_EQ(spread.p95, 4.8);
  EXPECT_DOUBLE_EQ(spread_of({7}).p95, 7);
}

TEST(PulseResponse, SeveralPulsesInOneCallAreSeveralCalls) {
  for (const DevicePreset& preset : device_presets()) {
    const auto device = load_device(preset.name, {});
    if (!device.pulsed()) continue;
    PulsedCells one(device, 37, 3), many(device, 37, 3);
    for (int i = 0; i < 20; ++i) one.pulse(1, true);
    many.pulse(20, true);
    EXPECT_EQ(one.weights(), many.weights()) << preset.name;
  }
}

TEST(PulseResponse, SeedsGiveOtherPopulations) {
  const auto device = load_device("GokmenVlasov", {});
  EXPECT_EQ(characterise(device, {3, 3, 50, 1}).response.csv(), characterise(device, {3, 3, 50, 1}).response.csv());
  EXPECT_NE(characterise(device, {3, 3, 50, 1}).response.csv(), characterise(device, {3, 3, 50, 2}).response.csv());
}

// ---- aihwkit ----

struct Published {
  std::string name;  ///< of the file
  std::size_t up, down;
  std::vector<std::string> set = {};
};

void PrintTo(const Published& one, std::ostream* out) { *out << one.name << one.up; }

class PublishedResponse : public ::testing::TestWithParam<Published> {};

/// The published curves show one population of 512 devices; they are compared with one of 65536. The mean has to
/// agree to 1 % of the range of the mean, or to three standard errors of 512 devices; a percentile p to 2 % of the
/// range, or it has to lie between the percentiles p +- 3 sqrt(p (1 - p) / 512).
TEST_P(PublishedResponse, AgreesWithinTheSamplingError) {
  const Published& one = GetParam();
  const std::string file =
      "pulse_response_" + one.name + "_" + std::to_string(one.up) + "up_" + std::to_string(one.down) + "down.csv";
  std::ifstream in(published_folder() / file);
  if (!in) GTEST_SKIP() << "no " << file << " in " << published_folder() << "; set RHEO_SHARED_REFERENCE";
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line,
            characterise(load_device(one.name, {}), {one.up, one.down, 1, 1}).response.csv().substr(0, line.size()));
  std::vector<std::vector<double>> rows;
  while (std::getline(in, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream fields(line);
    rows.emplace_back(std::istream_iterator<double>(fields), std::istream_iterator<double>());
  }
  ASSERT_EQ(rows.size(), one.up + one.down + 1);
  double low = 0, high = 0, lowest = 0, highest = 0;
  for (const auto& row : rows) {
    low = std::min(low, row[1]);
    high = std::max(high, row[1]);
    lowest = std::min(lowest, row[3]);
    highest = std::max(highest, row[5]);
  }

  constexpr double devices = 512;
  PulsedCells cells(load_device(one.name, one.set), 65536, 1);
  const std::size_t stride = std::max<std::size_t>(1, rows.size() / 100);
  for (std::size_t pulse = 1; pulse < rows.size(); ++pulse) {
    cells.pulse(1, pulse <= one.up);
    if (pulse % stride != 0 && pulse + 1 != rows.size()) continue;
    std::vector<float> weights = cells.weights();
    const Spread spread = spread_of(weights);
    EXPECT_LT(std::abs(spread.mean - rows[pulse][1]),
              std::max(0.01 * (high - low), 3 * spread.deviation / std::sqrt(devices)))
        << "mean after pulse " << pulse;
    EXPECT_NEAR(spread.deviation, rows[pulse][2], std::max(0.02 * (highest - lowest), 0.1 * spread.deviation))
        << "deviation after pulse " << pulse;
    std::sort(weights.begin(), weights.end());
    for (const auto& [p, column] : {std::pair{0.05, 3}, std::pair{0.50, 4}, std::pair{0.95, 5}}) {
      const double reach = 3 * std::sqrt(p * (1 - p) / devices);
      const auto at = [&](double part) { return weights[static_cast<std::size_t>(part * 65535)]; };
      const double slack = 0.02 * (highest - lowest);
      EXPECT_GT(rows[pulse][static_cast<std::size_t>(column)], std::min<double>(at(p - reach), at(p) - slack))
          << "percentile " << p << " after pulse " << pulse;
      EXPECT_LT(rows[pulse][static_cast<std::size_t>(column)], std::max<double>(at(p + reach), at(p) + slack))
          << "percentile " << p << " after pulse " << pulse;
    }
  }
}

// The file LinearStepDefault shows devices with gamma 0.3, as the slopes in the table of its devices say.
INSTANTIATE_TEST_SUITE_P(
    Devices, PublishedResponse,
    ::testing::Values(Published{"GokmenVlasov", 100, 100}, Published{"GokmenVlasov", 2500, 4000},
                      Published{"Idealized", 100, 100}, Published{"ReRamSB", 500, 500},
                      Published{"ConstantStepDefault", 500, 500},
                      Published{"LinearStepDefault", 500, 500, {"device.gamma_up=0.3", "device.gamma_down=0.3"}},
                      Published{"SoftBoundsDefault", 500, 500}, Published{"ExpStepDefault", 500, 500}),
    [](const auto& one) { return one.param.name + std::to_string(one.param.up); });

}  // namespace
}  // namespace rheo::testing
