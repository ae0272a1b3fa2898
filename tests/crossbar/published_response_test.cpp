// Pulse responses against the published tables: the very devices of the tables are pulsed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "models/crossbar/cell_family.hpp"
#include "tests/crossbar/cell_settings.hpp"
#include "tests/crossbar/event_words.hpp"
#include "tests/crossbar/given_cells.hpp"
#include "tests/crossbar/moments.hpp"
#include "tests/crossbar/published_data.hpp"
#include "tests/crossbar/sample.hpp"

namespace rheo::crossbar {
namespace {

using testing::GivenCells;
using testing::Moments;

class PulseResponse : public testing::PublishedData {
 protected:
  static constexpr std::size_t rows = 32;  // inputs; the table runs over 16 outputs, then 32 inputs
  static constexpr std::size_t columns = 16;
  static constexpr std::size_t devices = rows * columns;
  static constexpr std::size_t repeats = 32;

  static std::size_t place(std::size_t device) { return device % rows * columns + device / rows; }

  /// The devices of a table, at weight 0.
  static GivenCells given(const std::vector<Row>& table, const CellParameters& cell) {
    GivenCells cells(rows, columns, static_cast<float>(cell.population.dw_min_std));
    cells.write_noise = static_cast<float>(cell.population.write_noise_std * cell.population.dw_min);
    const auto values = [&](const char* title) { return column(table, title); };
    const std::vector<double> high = values("max_bound"), low = values("min_bound");
    const std::vector<double> up = values("dwmin_up"), down = values("dwmin_down");
    const bool slopes = cell.family() == "linear_step" || cell.family() == "soft_bounds";
    const bool reference = cell.family() == "soft_bounds_reference";
    const std::vector<double> first = slopes ? values("slope_up") : reference ? values("reference") : low;
    const std::vector<double> second = slopes ? values("slope_down") : low;
    for (std::size_t n = 0; n < devices; ++n) {
      Cell c{static_cast<float>(up[n]),
             static_cast<float>(down[n]),
             static_cast<float>(low[n]),
             static_cast<float>(high[n]),
             0,
             {}};
      if (slopes) c.own = {static_cast<float>(first[n]), static_cast<float>(second[n]), 0};
      if (reference) {
        c.own = {static_cast<float>(first[n]), static_cast<float>(1 / high[n]), static_cast<float>(1 / low[n])};
        c.bound_high -= c.own[0];
        c.bound_low -= c.own[0];
      }
      if (cell.family() == "exp_step") {
        c.own[0] = static_cast<float>(2 * testing::own_values(cell).at("a")[0] / (high[n] - low[n]));
      }
      cells.set(place(n) / columns, place(n) % columns, c);
    }
    return cells;
  }

  /// After every pulse: the mean within 1 % of its range, the 5, 50 and 95 % points within 2 % of theirs, or within
  /// what 512 devices let the published run scatter around our mean of several runs (4.5 of its standard deviations;
  /// some 40,000 comparisons). All families keep the 1 and 2 % but ReRamSB: with a cycle-to-cycle deviation of 3.75
  /// steps a run of 512 devices scatters by 0.8 % itself, and the frozen noise of the published run, whose mean is off
  /// by 0.0055 of its deviation, moves its steps by 2 %.
  void respond(const std::string& name, const CellParameters& cell, int up, int down) {
    const std::string counts = std::to_string(up) + "up_" + std::to_string(down) + "down.csv";
    const std::vector<Row> table_of_devices = table("devices_" + name + "_" + counts);
    const std::vector<Row> response = table("pulse_response_" + name + "_" + counts);
    const auto pulses = static_cast<std::size_t>(up + down);
    ASSERT_EQ(response.size(), pulses + 2);
    const std::array<std::string, 4> titles{"mean_w", "p05", "p50", "p95"};
    // ours[statistic][pulse] over the repeats
    std::vector<std::vector<Moments>> ours(4, std::vector<Moments>(pulses + 1));
    std::vector<Moments> after_up(devices), after_down(devices), hidden(devices);
    std::vector<float> all_hidden;
    for (std::size_t repeat = 0; repeat < repeats; ++repeat) {
      GivenCells cells = given(table_of_devices, cell);
      const auto key = [&](RandomPurpose purpose) { return RandomKey(repeat + 1, 1, purpose); };
      const RandomKey cycle = key(RandomPurpose::cycle_to_cycle);
      const RandomKey write = key(RandomPurpose::write_noise);
      random_normals(write, 1U << 20, 0, cells.visible);
      for (float& w : cells.visible) w *= cells.write_noise;
      const CellArrays arrays = cells.arrays();
      const std::vector<float>& seen = cells.write_noise > 0 ? cells.visible : cells.weights;
      std::vector<float> sorted(devices);
      for (std::size_t pulse = 0; pulse <= pulses; ++pulse) {
        if (pulse > 0) {
          const bool upwards = pulse <= static_cast<std::size_t>(up);
          const PulseEvents events = testing::all_meet_once(pulse, rows, columns, upwards ? 0x80000000U : 0U);
          ASSERT_EQ(cell.model().apply({events, arrays, cycle, write, PulseSelection::both, true, 0, rows}), devices);
        }
        Moments mean;
        for (const float w : seen) mean.add(w);
        ours[0][pulse].add(mean.mean());
        sorted = seen;
        for (const auto& [s, p] : {std::pair{1U, 0.05}, std::pair{2U, 0.5}, std::pair{3U, 0.95}}) {
          const double at = p * (devices - 1);
          const auto below = sorted.begin() + static_cast<std::ptrdiff_t>(at);
          std::nth_element(sorted.begin(), below, sorted.end());
          const float next = *std::min_element(below + 1, sorted.end());
          ours[s][pulse].add(*below + (at - std::floor(at)) * (double{next} - *below));
        }
        if (pulse == static_cast<std::size_t>(up) || pulse == pulses) {
          for (std::size_t n = 0; n < devices; ++n) {
            (pulse == pulses ? after_down : after_up)[n].add(seen[place(n)]);
            if (pulse == pulses) hidden[n].add(cells.weights[place(n)]);
          }
        }
      }
      all_hidden.insert(all_hidden.end(), cells.weights.begin(), cells.weights.end());
    }

    const std::vector<double> low = column(response, "p05"), high = column(response, "p95");
    const std::vector<double> mean = column(response, "mean_w");
    const double mean_range = *std::max_element(mean.begin(), mean.end()) - *std::min_element(mean.begin(), mean.end());
    const double range = *std::max_element(high.begin(), high.end()) - *std::min_element(low.begin(), low.end());
    for (std::size_t s = 0; s < titles.size(); ++s) {
      const std::vector<double> theirs = column(response, titles[s]);
      const double allowed = s == 0 ? 0.01 * mean_range : 0.02 * range;
      double worst = 0, scatter = 0;
      for (std::size_t pulse = 0; pulse <= pulses; ++pulse) {
        // Scatter of a single run, pooled over the pulses around.
        double variance = 0;
        const std::size_t first = pulse < 20 ? pulse : pulse - 20;
        const std::size_t last = std::min(pulse + 20, pulses);
        for (std::size_t near = first; near <= last; ++near) variance += std::max(0.0, ours[s][near].variance());
        variance *= (repeats + 1.0) / (repeats - 1.0) / static_cast<double>(last - first + 1);
        const double away = std::abs(theirs[pulse] - ours[s][pulse].mean());
        EXPECT_LT(away, std::max(allowed, 4.5 * std::sqrt(variance)) + 1e-6)
            << name << ' ' << titles[s] << ", pulse " << pulse;
        scatter = std::max(scatter, std::sqrt(variance));
        worst = std::max(worst, away);
      }
      RecordProperty(name + "_" + titles[s] + "_worst_percent_of_range",
                     std::to_string(100 * worst / (s == 0 ? mean_range : range)));
      RecordProperty(name + "_" + titles[s] + "_largest_scatter_percent",
                     std::to_string(100 * scatter / (s == 0 ? mean_range : range)));
    }
    const std::string column_up = "w_after_" + std::to_string(up) + "_up";
    const std::string column_down = "w_after_then_" + std::to_string(down) + "_down";
    expect_same_devices(name + ", up", column(table_of_devices, column_up), after_up);
    expect_same_devices(name + ", down", column(table_of_devices, column_down), after_down);
    if (cell.population.write_noise_std > 0) {
      const std::vector<double> theirs = column(table_of_devices, "persistent_weights");
      expect_same_devices(name + ", hidden", theirs, hidden);
      EXPECT_LT(testing::distance_of(std::vector<float>(theirs.begin(), theirs.end()), all_hidden),
                2.03 / std::sqrt(devices));
    }
  }

  /// Device by device: the published weights scatter around our means of several runs as single runs do. The frozen
  /// noise of the published runs may shift all of them by 0.5 % of their way.
  static void expect_same_devices(const std::string& what, const std::vector<double>& theirs,
                                  const std::vector<Moments>& ours) {
    double squares = 0, variances = 0, fourth = 0, shift = 0, way = 0;
    for (std::size_t n = 0; n < devices; ++n) {
      const double variance = std::max(0.0, ours[n].variance()) * (repeats + 1.0) / (repeats - 1.0);
      const double away = theirs[n] - ours[n].mean();
      squares += away * away;
      variances += variance;
      fourth += variance * variance;
      shift += away;
      way += std::abs(ours[n].mean());
    }
    EXPECT_NEAR(shift / devices, 0, 4 * std::sqrt(variances) / devices + 0.005 * way / devices + 1e-7) << what;
    // The variances are estimates themselves, of 24 runs each.
    EXPECT_NEAR(squares / variances, 1.0, 5 * std::sqrt(2 * fourth) / variances * std::sqrt(1 + 1.0 / repeats)) << what;
  }
};

CellParameters constant_step(double dw_min) {
  PopulationParameters p;
  p.dw_min = dw_min;
  return testing::make_cell("constant_step", p);
}

TEST_F(PulseResponse, OfGokmenVlasovOver100Pulses) { respond("GokmenVlasov", constant_step(0.0016), 100, 100); }
TEST_F(PulseResponse, OfTheSemiIdealDeviceOver100Pulses) { respond("Idealized", constant_step(0.0002), 100, 100); }
TEST_F(PulseResponse, OfGokmenVlasovFromBoundToBound) { respond("GokmenVlasov", constant_step(0.0016), 2500, 4000); }
TEST_F(PulseResponse, OfTheDefaultConstantStep) { respond("ConstantStepDefault", constant_step(0.001), 500, 500); }
TEST_F(PulseResponse, OfTheDefaultLinearStep) {
  respond("LinearStepDefault", testing::make_cell("linear_step"), 500, 500);
}
TEST_F(PulseResponse, OfTheDefaultSoftBounds) {
  respond("SoftBoundsDefault", testing::make_cell("soft_bounds"), 500, 500);
}
TEST_F(PulseResponse, OfTheDefaultExpStep) { respond("ExpStepDefault", testing::make_cell("exp_step"), 500, 500); }
TEST_F(PulseResponse, OfReRamSBWithWriteNoise) { respond("ReRamSB", testing::reram_sb(), 500, 500); }

}  // namespace
}  // namespace rheo::crossbar
