// Moments of one update, and what cells have in common, for every mode, management and length of trains.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "models/crossbar/crossbar_array.hpp"
#include "tests/crossbar/cell_settings.hpp"
#include "tests/crossbar/moments.hpp"
#include "tests/crossbar/reference_array.hpp"
#include "tests/crossbar/standard_errors.hpp"

namespace rheo::crossbar {
namespace {

using testing::Moments;
using testing::StandardErrors;
using testing::UpdateFormulas;
using testing::vectors_in;

constexpr double dw_min = 0.0016;
constexpr double sigma = 0.3;
const std::vector<float> inputs{1.0F, 0.52F, 0.27F, 0.13F, -0.7F, 0.0F, 0.9F, -0.3F};
const std::vector<float> errors{1.0F, -0.5F, 0.2F, 0.05F};

/// One update of an 8x4 array of cells alike, from weight 0.
struct OneUpdate {
  UpdateParameters parameters;
  float lr = 0.01F;
  float d_scale = 1;
  double bound = 10;

  [[nodiscard]] std::vector<float> d() const {
    std::vector<float> values = errors;
    for (float& value : values) value *= d_scale;
    return values;
  }
  [[nodiscard]] UpdateFormulas formulas() const {
    return {dw_min,
            sigma,
            static_cast<int>(parameters.train_length),
            parameters.update_management,
            parameters.length_management,
            double{lr},
            1.0,
            double{d_scale}};
  }
  /// Calls visit(weights, counts) for so many repeats.
  template <class Visit>
  void repeat(std::size_t count, Visit visit) const {
    ArraySettings settings;
    settings.device.cell.population = testing::uniform_population(dw_min, sigma, -bound, bound);
    settings.update = parameters;
    CrossbarArray array(8, 4, settings, 21, 4);
    ThreadTeam team(1);
    const std::vector<float> zeros(32, 0.0F);
    const std::vector<float> scaled = d();
    for (std::uint64_t n = 0; n < count; ++n) {
      array.program(zeros);
      const UpdateCounts counts = array.update(vectors_in(inputs, 8), vectors_in(scaled, 4), {0, 1, n}, lr, team);
      visit(array.weights(), counts.pulses);
    }
  }
};

OneUpdate one_update(UpdateMode mode, int length, bool update_management, bool length_management, float lr,
                     float d_scale = 1) {
  OneUpdate one;
  one.parameters.mode = mode;
  one.parameters.train_length = length;
  one.parameters.update_management = update_management;
  one.parameters.length_management = length_management;
  one.lr = lr;
  one.d_scale = d_scale;
  return one;
}

TEST(UpdateModes, StochasticTrainsHaveTheMeanAndVarianceOfTheClosedForm) {
  StandardErrors means, variances;
  using enum UpdateMode;
  for (const UpdateMode mode : {stochastic_compressed, stochastic}) {
    for (const OneUpdate& one :
         {one_update(mode, 10, false, false, 0.01F), one_update(mode, 31, false, false, 0.01F),
          one_update(mode, 31, false, false, 0.1F), one_update(mode, 10, true, false, 0.1F, 0.01F),
          one_update(mode, 31, true, true, 0.01F), one_update(mode, 31, true, true, 0.1F),
          one_update(mode, 31, true, true, 0.1F, 0.001F), one_update(mode, 1, false, false, 0.001F),
          one_update(mode, 2, true, false, 0.001F), one_update(mode, 32, true, false, 0.02F),
          one_update(mode, 63, true, true, 0.09F), one_update(mode, 100, false, true, 0.15F),
          one_update(mode, 1023, true, true, 1.5F), one_update(mode, 1023, true, true, 5.0F)}) {
      const auto length = static_cast<int>(one.parameters.train_length);
      const std::size_t repeats = length > 100 ? 4000 : 20000;
      const UpdateFormulas expected = one.formulas();
      const std::string what = "length " + std::to_string(length) + " lr " + std::to_string(one.lr) + ", mode " +
                               std::to_string(static_cast<int>(mode));
      std::array<Moments, 32> moments;
      one.repeat(repeats, [&](const std::vector<float>& w, const PulseCounts& counts) {
        for (std::size_t i = 0; i < 32; ++i) moments[i].add(w[i]);
        ASSERT_EQ(counts.slots, static_cast<std::uint64_t>(expected.slots()) * (mode == stochastic ? 2 : 1)) << what;
      });
      const std::vector<float> d = one.d();
      for (std::size_t i = 0; i < 8; ++i) {
        for (std::size_t j = 0; j < 4; ++j) {
          const Moments& m = moments[i * 4 + j];
          const double mean = expected.mean(inputs[i], d[j]);
          const double variance = expected.variance(inputs[i], d[j]);
          const std::string cell = what + ", x " + std::to_string(inputs[i]) + " d " + std::to_string(d[j]);
          // Where nothing saturates, the mean is the product.
          if (std::abs(inputs[i]) * expected.rows() <= 1 && std::abs(d[j]) * expected.columns() <= 1) {
            EXPECT_NEAR(mean, -one.lr * inputs[i] * d[j], 1e-6 * std::abs(one.lr * one.d_scale)) << cell;
          }
          if (variance == 0) {
            EXPECT_EQ(m.mean(), 0) << cell;
            continue;
          }
          means.add(m.mean() - mean, std::sqrt(variance / static_cast<double>(repeats)), cell);
          const double pulses = std::abs(mean) / dw_min * static_cast<double>(repeats);
          if (pulses > 500) variances.add(m.variance() - variance, m.variance_error(), cell);
        }
      }
    }
  }
  means.expect_sound("means");
  variances.expect_sound("variances");
}

/// Coefficient of correlation of the changes of two cells (input, error).
double correlation_of(const OneUpdate& one, std::size_t a, std::size_t b, std::size_t repeats) {
  Moments first, second, product;
  one.repeat(repeats, [&](const std::vector<float>& w, const PulseCounts&) {
    first.add(w[a]);
    second.add(w[b]);
    product.add(double{w[a]} * w[b]);
  });
  return (product.mean() - first.mean() * second.mean()) / std::sqrt(first.variance() * second.variance());
}

TEST(UpdateModes, CompressedTrainsCorrelateUpAndDownCellsAndTwoPassesDoNot) {
  constexpr std::size_t repeats = 30000;
  StandardErrors all;
  for (const int length : {10, 31, 63}) {
    const auto one = [&](UpdateMode mode) { return one_update(mode, length, true, false, 0.01F); };
    const UpdateFormulas f = one(UpdateMode::stochastic).formulas();
    const auto expect = [&](UpdateMode mode, std::size_t a, std::size_t b, double expected, const char* what) {
      all.add(correlation_of(one(mode), a, b, repeats) - expected, (1 - expected * expected) / std::sqrt(repeats),
              std::string(what) + ", " + std::to_string(length) + " slots");
    };
    using enum UpdateMode;
    // Inputs 0 and 1 are positive, 4 is negative; error 0 is positive, 1 negative.
    const double same = f.correlation_along_d(1, 0.52, 1);
    const double opposed = f.correlation_along_d(1, -0.7, 1);
    ASSERT_GT(same, 0.1);
    ASSERT_LT(opposed, -0.1);
    expect(stochastic_compressed, 0, 4, same, "both down, one train of d");
    expect(stochastic_compressed, 0, 16, opposed, "down and up, one train of d");
    expect(stochastic_compressed, 0, 1, f.correlation_along_x(1, 1, -0.5), "down and up, one train of x");
    expect(stochastic, 0, 4, same, "both down, one train of d, two passes");
    expect(stochastic, 0, 16, 0, "down and up, one line of d, two passes");
    expect(stochastic, 0, 1, 0, "down and up, one line of x, two passes");
    expect(stochastic_compressed, 0, 5, 0, "nothing shared");
    expect(stochastic, 0, 5, 0, "nothing shared, two passes");
  }
  all.expect_sound("correlations");
}

/// Modes without random trains: every cell takes a fixed number of pulses, and only the cycle-to-cycle noise scatters.
TEST(UpdateModes, WholeCountsScatterByTheNoiseOfTheirPulsesAlone) {
  StandardErrors means, variances, correlations;
  constexpr std::size_t repeats = 10000;
  for (const UpdateMode mode : {UpdateMode::mean_count, UpdateMode::deterministic_implicit}) {
    for (const OneUpdate& one :
         {one_update(mode, 10, false, false, 0.013F), one_update(mode, 31, true, true, 0.09F),
          one_update(mode, 31, true, true, 0.3F), one_update(mode, 31, true, true, 0.07F, 0.1F),
          one_update(mode, 100, true, true, 0.47F), one_update(mode, 1023, true, false, 1.07F)}) {
      const UpdateFormulas f = one.formulas();
      const std::vector<float> d = one.d();
      std::array<Moments, 32> moments;
      Moments product;
      std::array<int, 32> pulses{};
      std::uint64_t all_pulses = 0, row_pulses = 0, column_pulses = 0;
      const auto p = [](double value, double scale) { return std::min(1.0, std::abs(value) * scale); };
      for (std::size_t i = 0; i < 8; ++i) {
        row_pulses += static_cast<std::uint64_t>(std::nearbyint(f.slots() * p(inputs[i], f.rows())));
        for (std::size_t j = 0; j < 4; ++j) {
          const double x = p(inputs[i], f.rows());
          const double e = p(d[j], f.columns());
          const double exact = mode == UpdateMode::mean_count
                                   ? std::nearbyint(f.slots() * x) * std::nearbyint(f.slots() * e) / f.slots()
                                   : f.slots() * x * e;
          // What comes from probabilities must not lie on a tie, where float and double may round to either side; whole
          // products over the slots may: both round them to even.
          const auto tie = [](double value) { return std::abs(value - std::floor(value) - 0.5) < 1e-4; };
          ASSERT_FALSE(mode == UpdateMode::mean_count ? tie(f.slots() * x) || tie(f.slots() * e) : tie(exact));
          pulses[i * 4 + j] = static_cast<int>(std::nearbyint(exact));
          all_pulses += static_cast<std::uint64_t>(pulses[i * 4 + j]);
        }
      }
      for (const float value : d) {
        column_pulses += static_cast<std::uint64_t>(std::nearbyint(f.slots() * p(value, f.columns())));
      }
      one.repeat(repeats, [&](const std::vector<float>& w, const PulseCounts& counts) {
        for (std::size_t i = 0; i < 32; ++i) moments[i].add(w[i]);
        product.add(double{w[0]} * w[4]);
        ASSERT_EQ(counts.coincidences, all_pulses);
        ASSERT_EQ(counts.row_pulses, row_pulses);
        ASSERT_EQ(counts.column_pulses, column_pulses);
        ASSERT_EQ(counts.random_bits, 0U);
      });
      for (std::size_t i = 0; i < 8; ++i) {
        for (std::size_t j = 0; j < 4; ++j) {
          const Moments& m = moments[i * 4 + j];
          const int n = pulses[i * 4 + j];
          const std::string cell = std::string(update_mode_names[static_cast<std::size_t>(mode)]) + " of " +
                                   std::to_string(one.parameters.train_length) + ", cell " + std::to_string(i) + ' ' +
                                   std::to_string(j);
          if (n == 0) {
            EXPECT_EQ(m.mean(), 0) << cell;
            continue;
          }
          const double deviation = dw_min * sigma * std::sqrt(n);
          means.add(m.mean() - (inputs[i] * d[j] > 0 ? -n : n) * dw_min, deviation / std::sqrt(repeats), cell);
          variances.add(m.variance() - deviation * deviation, m.variance_error(), cell);
        }
      }
      const double correlation = (product.mean() - moments[0].mean() * moments[4].mean()) /
                                 std::sqrt(moments[0].variance() * moments[4].variance());
      correlations.add(correlation, 1 / std::sqrt(repeats), "cells that share a line are independent");
    }
  }
  means.expect_sound("means");
  variances.expect_sound("variances");
  correlations.expect_sound("correlations");
}

TEST(UpdateModes, WithoutPulsesTheWeightsMoveByTheProductUpToTheirBounds) {
  OneUpdate one = one_update(UpdateMode::none_with_device, 31, true, true, 0.5F);
  one.bound = 0.2;
  one.repeat(3, [&](const std::vector<float>& w, const PulseCounts& counts) {
    for (std::size_t i = 0; i < 8; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        const double expected = std::clamp(-0.5 * inputs[i] * errors[j], -0.2, 0.2);
        ASSERT_NEAR(w[i * 4 + j], expected, 1e-7) << i << ' ' << j;
      }
    }
    EXPECT_EQ(counts.vectors, 1U);
    EXPECT_EQ(counts.slots + counts.coincidences + counts.random_bits + counts.row_pulses + counts.column_pulses, 0U);
  });
}

TEST(UpdateModes, LongTrainsSpendTheirSlotsAndOnlyDSaturates) {
  // k = 62.5: 63 slots where they are allowed; 31 slots leave d saturated and the mean of the largest cell at 31 steps.
  for (const auto& [length, slots, largest] :
       {std::tuple{1023, 63, 62.5}, std::tuple{63, 63, 62.5}, std::tuple{62, 62, 62.0}, std::tuple{31, 31, 31.0}}) {
    const OneUpdate one = one_update(UpdateMode::stochastic_compressed, length, true, true, 0.1F);
    Moments strongest, weak;
    one.repeat(4000, [&](const std::vector<float>& w, const PulseCounts& counts) {
      ASSERT_EQ(counts.slots, static_cast<std::uint64_t>(slots));
      ASSERT_EQ(counts.by_length[static_cast<std::size_t>(slots)], 1U);
      strongest.add(w[0] / dw_min);
      weak.add(w[3] / dw_min);  // d 0.05: far from saturation
    });
    EXPECT_NEAR(strongest.mean(), -largest, 4 * strongest.mean_error() + 1e-3) << length;
    EXPECT_NEAR(weak.mean(), -62.5 * 0.05, 4 * weak.mean_error()) << length;
  }
}

TEST(UpdateModes, PulseAfterPulseTheMeanWeightGrowsByTheMeanStep) {
  // x = 1, d = -1, lr = dw_min, one slot: exactly one pulse a cell. 40 tiles of 512 cells.
  for (const double step : {0.0016, 0.0002}) {
    ArraySettings settings;
    PopulationParameters& p = settings.device.cell.population;
    p = testing::gokmen_vlasov_population();
    p.dw_min = step;
    p.w_max_dtod = p.w_min_dtod = 0;       // no cell meets its bound
    if (step < 0.001) p.up_down_dtod = 0;  // SI
    settings.update.train_length = 1;
    settings.update.update_management = settings.update.length_management = false;
    const std::vector<float> x(32, 1.0F);
    const std::vector<float> plus(16, -1.0F);
    const std::vector<float> minus(16, 1.0F);
    InputBlock rows = vectors_in(x, 32);
    InputBlock columns = vectors_in(plus, 16);
    InputBlock down = vectors_in(minus, 16);
    rows.image_stride = columns.image_stride = down.image_stride = 0;
    ThreadTeam team(1);
    Moments up;
    Moments back;
    for (std::uint32_t tile = 0; tile < 40; ++tile) {
      CrossbarArray array(32, 16, settings, 9, tile);
      PulseCounts counts = array.update(rows, columns, {0, 100, 0}, static_cast<float>(step), team).pulses;
      EXPECT_EQ(counts.coincidences, 51200U);
      for (const float w : array.weights()) up.add(w / step);
      counts = array.update(rows, down, {0, 100, 100}, static_cast<float>(step), team).pulses;
      EXPECT_EQ(counts.coincidences, 51200U);
      for (const float w : array.weights()) back.add(w / step);
    }
    // 100 pulses of the cell's own step (deviation 0.3) with 30 % noise each, E(gain^2) = 1.09.
    EXPECT_NEAR(up.mean(), 100.0, 1.0);
    EXPECT_NEAR(up.mean(), 100.0, 4 * up.mean_error());
    const double r = p.up_down_dtod;
    EXPECT_NEAR(up.variance(), 10000 * (0.09 + r * r) + 100 * 0.09 * (1.09 + r * r), 4 * up.variance_error());
    // And back: 200 noisy pulses, and the difference between the steps up and down.
    EXPECT_NEAR(back.mean(), 0.0, 4 * back.mean_error());
    EXPECT_NEAR(back.variance(), 10000 * 4 * r * r + 200 * 0.09 * (1.09 + r * r), 4 * back.variance_error());
  }
}

}  // namespace
}  // namespace rheo::crossbar
