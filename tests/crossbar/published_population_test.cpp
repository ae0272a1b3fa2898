// Populations of hidden parameters against the published tables.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/crossbar/cell_plane.hpp"
#include "tests/crossbar/cell_settings.hpp"
#include "tests/crossbar/moments.hpp"
#include "tests/crossbar/published_data.hpp"
#include "tests/crossbar/sample.hpp"

namespace rheo::crossbar {
namespace {

using testing::Moments;

/// The cells behind the names of the tables.
std::map<std::string, CellParameters> published_cells() {
  PopulationParameters idealized = testing::gokmen_vlasov_population();
  idealized.dw_min = 0.0002;
  idealized.up_down_dtod = 0;
  return {{"GokmenVlasov", testing::make_cell("constant_step", testing::gokmen_vlasov_population())},
          {"Idealized", testing::make_cell("constant_step", idealized)},
          {"ConstantStepDefault", testing::make_cell("constant_step")},
          // The table's slopes are those of gamma 0.3, not of aihwkit's own default 0.
          {"LinearStepDefault", testing::make_cell("linear_step", {}, {{"gamma_up", {0.3}}, {"gamma_down", {0.3}}})},
          {"SoftBoundsDefault", testing::make_cell("soft_bounds")},
          {"ExpStepDefault", testing::make_cell("exp_step")},
          {"ReRamSB", testing::reram_sb()}};
}

/// Calls visit(cell) for 400 planes of 512 cells: 204,800, ten times the largest published sample.
void for_cells(const CellParameters& parameters, const std::function<void(const Cell&)>& visit) {
  for (std::uint32_t tile = 0; tile < 400; ++tile) {
    const CellPlane plane(PlaneShape::of(32, 16), parameters, CoincidenceMode::automatic, 2, tile, 0);
    for (std::size_t i = 0; i < 32; ++i) {
      for (std::size_t j = 0; j < 16; ++j) visit(plane.cell(i, j));
    }
  }
}

class PublishedPopulation : public testing::PublishedData {};

TEST_F(PublishedPopulation, OfConstantSteps) {
  std::map<std::string, std::map<std::string, Row>> table_of;
  for (const Row& row : table("hidden_parameter_population.csv")) {
    if (row[0] != "preset") table_of[row[0]][row[1]] = row;
  }
  ASSERT_EQ(table_of.size(), 3U);
  const std::map<std::string, CellParameters> cells = published_cells();
  for (const auto& [preset, rows] : table_of) {
    const CellParameters& parameters = cells.at(preset);
    const double dw_min = parameters.population.dw_min;
    std::map<std::string, std::vector<float>> ours;
    for_cells(parameters, [&](const Cell& cell) {
      ours["max_bound"].push_back(cell.bound_high);
      ours["min_bound"].push_back(cell.bound_low);
      ours["dwmin_up"].push_back(cell.step_up);
      ours["dwmin_down"].push_back(cell.step_down);
      ours["reset_bias"].push_back(cell.reset_bias);
      ours["up_minus_down_over_2dwmin"].push_back(
          static_cast<float>((double{cell.step_up} - cell.step_down) / (2 * dw_min)));
    });
    for (auto& [parameter, values] : ours) {
      const Row& row = rows.at(parameter);
      const double n = std::stod(row[2]);
      const double mean = std::stod(row[3]);
      const double deviation = std::stod(row[4]);
      Moments moments;
      for (const float value : values) moments.add(value);
      const std::string what = preset + ' ' + parameter;
      // The published sample is of 20,480 cells: standard error of its deviation 0.5 %, of a mean 0.2 %.
      EXPECT_NEAR(moments.mean(), mean, std::max(0.01 * std::abs(mean), 4 * deviation / std::sqrt(n)) + 1e-12) << what;
      EXPECT_NEAR(std::sqrt(std::max(0.0, moments.variance())), deviation, 0.01 * deviation + 2e-6) << what;
      if (deviation == 0 || preset == "Idealized") continue;  // the same draws as the others, or none
      // As many of our cells lie below each of their quantiles as should.
      std::sort(values.begin(), values.end());
      const std::array quantiles{0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999};
      for (std::size_t q = 0; q < quantiles.size(); ++q) {
        const double p = quantiles[q];
        EXPECT_NEAR(testing::share_up_to(values, std::stod(row[5 + q])), p, 5 * std::sqrt(p * (1 - p) / n))
            << what << ' ' << p;
      }
    }
    // Up and down steps of a cell share their gain.
    Moments up, down, product;
    for (std::size_t i = 0; i < 204800; ++i) {
      up.add(ours["dwmin_up"][i]);
      down.add(ours["dwmin_down"][i]);
    }
    // The columns above were sorted: their correlation comes from a new pass.
    for_cells(parameters,
              [&](const Cell& cell) { product.add((cell.step_up - up.mean()) * (cell.step_down - down.mean())); });
    const double correlation = product.mean() / std::sqrt(up.variance() * down.variance());
    const double published = std::stod(rows.at("corr_up_down")[3]);
    EXPECT_NEAR(correlation, published, 0.1 * (1 - published) + 1e-5) << preset;
    EXPECT_EQ(rows.at("decay_scales")[3], "1");
    EXPECT_EQ(rows.at("diffusion_rates")[3], "0");
  }
}

/// 512 devices of each family: mean and deviation within 1 % or 4 standard errors of that sample, the shape within the
/// distance that 512 devices exceed once in 2,000 times.
TEST_F(PublishedPopulation, OfEveryFamilyWithATable) {
  for (const auto& [name, parameters] : published_cells()) {
    const std::string pulses = name == "GokmenVlasov" || name == "Idealized" ? "100up_100down" : "500up_500down";
    const std::vector<Row> devices = table("devices_" + name + "_" + pulses + ".csv");
    std::map<std::string, std::vector<float>> ours;
    const bool slopes = name == "LinearStepDefault" || name == "SoftBoundsDefault";
    for_cells(parameters, [&](const Cell& cell) {
      ours["max_bound"].push_back(cell.bound_high);
      ours["min_bound"].push_back(cell.bound_low);
      ours["dwmin_up"].push_back(cell.step_up);
      ours["dwmin_down"].push_back(cell.step_down);
      ours["reset_bias"].push_back(cell.reset_bias);
      if (slopes) {
        ours["slope_up"].push_back(cell.own[0]);
        ours["slope_down"].push_back(cell.own[1]);
      }
      if (name == "ReRamSB") ours["reference"].push_back(cell.own[0]);
    });
    for (const auto& [parameter, values] : ours) {
      const std::vector<double> theirs = column(devices, parameter);
      ASSERT_EQ(theirs.size(), 512U);
      Moments published, moments;
      for (const double value : theirs) published.add(value);
      for (const float value : values) moments.add(value);
      const std::string what = name + ' ' + parameter;
      const double deviation = std::sqrt(std::max(0.0, moments.variance()));
      EXPECT_NEAR(published.mean(), moments.mean(),
                  std::max(0.01 * std::abs(moments.mean()), 4 * deviation / std::sqrt(512)) + 1e-12)
          << what;
      const double error = deviation > 0 ? moments.variance_error() * std::sqrt(204800.0 / 512) / (2 * deviation) : 0;
      EXPECT_NEAR(std::sqrt(std::max(0.0, published.variance())), deviation,
                  std::max(0.01 * deviation, 4 * error) + 1e-12)
          << what;
      if (deviation > 0) {
        const std::vector<float> sample(theirs.begin(), theirs.end());
        EXPECT_LT(testing::distance_of(sample, values), 2.03 / std::sqrt(512)) << what;
      }
    }
  }
}

}  // namespace
}  // namespace rheo::crossbar
