// What cells are born with and what they do without pulses: populations, corrupt cells, decay, diffusion, reset, write
// noise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "models/crossbar/cell_plane.hpp"
#include "tests/crossbar/event_words.hpp"
#include "tests/crossbar/moments.hpp"
#include "tests/crossbar/reference_plane.hpp"

namespace rheo::crossbar {
namespace {

using rheo::testing::first_difference;
using rheo::testing::same_bits;
using testing::all_meet;
using testing::all_meet_once;
using testing::make_cell;
using testing::Moments;
using testing::ReferencePlane;
using testing::uniform_population;

constexpr std::size_t rows = 64;
constexpr std::size_t columns = 80;
constexpr std::size_t cells = rows * columns;

CellPlane plane_of(const CellParameters& parameters, std::uint32_t stream = 4) {
  return {PlaneShape::of(rows, columns), parameters, CoincidenceMode::automatic, 3, stream, 0};
}

TEST(CellPopulation, FollowsTheFormulasInDoublePrecision) {
  // Bounds: exchanged where the lower came out above, then by their magnitudes; log-normal steps; asymmetric means.
  PopulationParameters p = testing::gokmen_vlasov_population();
  p.w_max = 0.6;
  p.w_min = -0.7;
  p.w_max_dtod = 1.0;
  p.w_min_dtod = 0.6;
  p.reset = 0.1;
  p.reset_dtod = 0.2;
  for (const double up_down : {0.1, -0.1}) {
    for (const bool log_normal : {false, true}) {
      p.up_down = up_down;
      p.dw_min_dtod_log_normal = log_normal;
      const CellPlane plane(PlaneShape::of(25, 21), make_cell("constant_step", p), CoincidenceMode::automatic, 11, 12,
                            0);
      const RandomKey key(11, 12, RandomPurpose::cell_population);
      int exchanged = 0, turned = 0;
      for (std::size_t i = 0; i < 25; ++i) {
        for (std::size_t j = 0; j < 21; ++j) {
          const auto xi = [&](std::uint64_t n) { return double{testing::reference_normal(key, i, n << 32, j)}; };
          const double gain = log_normal ? std::exp(0.3 * xi(0)) : 1 + 0.3 * xi(0);
          const double r = 0.01 * xi(1);
          const Cell cell = plane.cell(i, j);
          EXPECT_NEAR(cell.step_up, std::abs(0.0016 * (gain + r + std::min(up_down, 0.0))), 1e-9);
          EXPECT_NEAR(cell.step_down, std::abs(0.0016 * (gain - r - std::max(up_down, 0.0))), 1e-9);
          const double one = 0.6 * (1 + xi(2));
          const double other = -0.7 * (1 + 0.6 * xi(3));
          EXPECT_NEAR(cell.bound_high, std::abs(std::max(one, other)), 1e-6);
          EXPECT_NEAR(cell.bound_low, -std::abs(std::min(one, other)), 1e-6);
          EXPECT_NEAR(cell.reset_bias, 0.1 + 0.2 * xi(6), 1e-6);
          exchanged += other > one;
          turned += one < 0 && other < one;
        }
      }
      EXPECT_GT(exchanged, 0);
      EXPECT_GT(turned, 0);
    }
  }
}

TEST(CellPopulation, HasTheStatedMeansAndDeviations) {
  // 400 tiles of 512 cells: the standard error of a deviation is 0.16 %.
  Moments up, down, difference, high, low, log_up;
  PopulationParameters p = testing::gokmen_vlasov_population();
  for (std::uint32_t tile = 0; tile < 400; ++tile) {
    p.dw_min_dtod_log_normal = false;
    const CellPlane plane(PlaneShape::of(32, 16), make_cell("constant_step", p), CoincidenceMode::automatic, 1, tile,
                          0);
    p.dw_min_dtod_log_normal = true;
    const CellPlane logs(PlaneShape::of(32, 16), make_cell("constant_step", p), CoincidenceMode::automatic, 1, tile, 1);
    for (std::size_t at = 0; at < 512; ++at) {
      const Cell cell = plane.cell(at / 16, at % 16);
      up.add(cell.step_up / 0.0016);
      down.add(cell.step_down / 0.0016);
      difference.add((double{cell.step_up} - cell.step_down) / (2 * 0.0016));
      high.add(cell.bound_high);
      low.add(cell.bound_low);
      log_up.add(logs.cell(at / 16, at % 16).step_up / 0.0016);
    }
  }
  // Magnitudes differ from 1 + s xi with probability 4e-4, far below 1 %.
  const double step_deviation = std::hypot(0.3, 0.01);
  for (const Moments* m : {&up, &down}) {
    EXPECT_NEAR(m->mean(), 1.0, 0.01);
    EXPECT_NEAR(std::sqrt(m->variance()), step_deviation, 0.01 * step_deviation);
  }
  EXPECT_NEAR(difference.mean(), 0.0, 4 * difference.mean_error());
  EXPECT_NEAR(std::sqrt(difference.variance()), 0.01, 0.0001);
  EXPECT_NEAR(high.mean(), 1.0, 0.01);
  EXPECT_NEAR(low.mean(), -1.0, 0.01);
  EXPECT_NEAR(std::sqrt(high.variance()), 0.3, 0.003);
  EXPECT_NEAR(std::sqrt(low.variance()), 0.3, 0.003);
  // exp(0.3 xi): mean e^0.045, variance (e^0.09 - 1) e^0.09; r adds 1e-4.
  EXPECT_NEAR(log_up.mean(), std::exp(0.045), 0.003);
  EXPECT_NEAR(log_up.variance(), (std::exp(0.09) - 1) * std::exp(0.09) + 1e-4, 5 * log_up.variance_error());
}

TEST(CellPopulation, PlanesOfAnArrayAreIndependent) {
  const CellParameters parameters = make_cell("constant_step", testing::gokmen_vlasov_population());
  const CellPlane one(PlaneShape::of(128, 128), parameters, CoincidenceMode::automatic, 3, 4, 0);
  const CellPlane other(PlaneShape::of(128, 128), parameters, CoincidenceMode::automatic, 3, 4, 1);
  Moments product;
  for (std::size_t at = 0; at < 16384; ++at) {
    const auto gain = [&](const CellPlane& plane) {
      return (plane.cell(at / 128, at % 128).step_up / 0.0016 - 1) / 0.3;
    };
    product.add(gain(one) * gain(other));
  }
  EXPECT_NEAR(product.mean(), 0, 4 / std::sqrt(16384));
}

TEST(CorruptCells, AreStuckWithinTheirRangeAndNeverMove) {
  for (const std::string& family : cell_family_names()) {
    PopulationParameters p = testing::gokmen_vlasov_population();
    p.dw_min = 0.05;
    p.corrupt_devices_prob = 0.2;
    p.corrupt_devices_range = 0.25;
    p.diffusion = 0.1;
    p.lifetime = 10;
    CellPlane plane = plane_of(make_cell(family, p));
    std::vector<bool> stuck;
    Moments places;
    for (std::size_t at = 0; at < cells; ++at) {
      const Cell cell = plane.cell(at / columns, at % columns);
      stuck.push_back(cell.bound_low == cell.bound_high);
      if (!stuck.back()) continue;
      EXPECT_EQ(cell.step_up, 0.0F) << family;
      EXPECT_EQ(cell.step_down, 0.0F) << family;
      EXPECT_LE(std::abs(cell.bound_low), 0.25F) << family;
      places.add(cell.bound_low);
    }
    const auto count = static_cast<double>(std::count(stuck.begin(), stuck.end(), true));
    EXPECT_NEAR(count, 0.2 * cells, 4 * std::sqrt(0.16 * cells)) << family;
    // Uniform in +-0.25, but for the few whose own bounds are narrower.
    EXPECT_NEAR(places.mean(), 0, 4 * places.mean_error() + 0.002) << family;
    EXPECT_NEAR(std::sqrt(places.variance()), 0.25 / std::sqrt(3), 0.01) << family;
    const std::vector<float> before = plane.weights();
    for (std::uint64_t k = 0; k < 20; ++k) {
      (void)plane.apply(all_meet(k, rows, 80, 0x80000007U * (k % 3 != 0), 7U), 0, rows);
      (void)plane.apply(all_meet_once(100 + k, rows, columns, 0), 0, rows);
      plane.end_batch(k);
    }
    plane.reset(0, rows, 1);
    for (std::size_t at = 0; at < cells; ++at) {
      if (stuck[at]) {
        ASSERT_EQ(plane.weights()[at], before[at]) << family;
        ASSERT_EQ(plane.weights()[at], plane.cell(at / columns, at % columns).bound_low) << family;
      } else {
        ASSERT_NE(plane.weights()[at], before[at]) << family;
      }
    }
  }
}

TEST(Decay, LeavesTheStatedShareOfTheDistanceToTheResetBias) {
  for (const double lifetime : {1.0, 4.0, 1000.0}) {
    PopulationParameters p = uniform_population(0.001, 0.3, -2, 2);
    p.lifetime = lifetime;
    p.reset = 0.25;
    CellPlane plane = plane_of(make_cell("constant_step", p));
    plane.program(std::vector<float>(plane.shape().values(), 1.25F));
    double w = 1.25;
    for (std::uint64_t batch = 0; batch < 50; ++batch) {
      plane.end_batch(batch);
      w = (w - 0.25) * (1 - 1 / lifetime) + 0.25;
      for (const float value : plane.weights()) ASSERT_NEAR(value, w, 2e-6) << lifetime;
    }
  }
}

TEST(Decay, LifetimesDifferFromCellToCell) {
  PopulationParameters p = uniform_population(0.001, 0.3, -2, 2);
  p.lifetime = 20;
  p.lifetime_dtod = 0.2;
  CellPlane plane = plane_of(make_cell("constant_step", p));
  plane.program(std::vector<float>(plane.shape().values(), 1.0F));
  plane.end_batch(0);
  Moments life;
  for (const float w : plane.weights()) life.add(1 / (1 - double{w}));
  EXPECT_NEAR(life.mean(), 20, 4 * life.mean_error());
  EXPECT_NEAR(std::sqrt(life.variance()), 4, 0.2);
}

TEST(Diffusion, IsARandomWalkOfTheStatedDeviation) {
  PopulationParameters p = uniform_population(0.001, 0.3, -100, 100);
  p.diffusion = 0.02;
  CellPlane plane = plane_of(make_cell("constant_step", p));
  constexpr int batches = 50;
  Moments one, all, product;
  std::vector<float> before(cells, 0.0F), last_step(cells, 0.0F);
  for (std::uint64_t batch = 0; batch < batches; ++batch) {
    plane.end_batch(batch);
    for (std::size_t at = 0; at < cells; ++at) {
      const float change = plane.weights()[at] - before[at];
      one.add(change);
      if (batch > 0) product.add(double{change} * last_step[at]);
      last_step[at] = change;
    }
    before = plane.weights();
  }
  for (const float w : plane.weights()) all.add(w);
  EXPECT_NEAR(one.mean(), 0, 4 * one.mean_error());
  EXPECT_NEAR(one.variance(), 4e-4, 4 * one.variance_error());
  EXPECT_NEAR(all.variance(), batches * 4e-4, 4 * all.variance_error());
  EXPECT_NEAR(product.mean(), 0, 4 * product.mean_error()) << "a batch knows nothing of the one before";
}

TEST(Diffusion, RatesDifferFromCellToCellAndBoundsHold) {
  PopulationParameters p = uniform_population(0.001, 0.3, -0.05, 0.05);
  p.diffusion = 0.02;
  p.diffusion_dtod = 0.5;
  CellPlane plane = plane_of(make_cell("constant_step", p));
  Moments one;
  plane.end_batch(0);
  for (std::uint64_t batch = 1; batch < 30; ++batch) {
    for (const float w : plane.weights()) {
      ASSERT_LE(std::abs(w), 0.05F);
    }
    plane.end_batch(batch);
  }
  p.w_max = 10;
  p.w_min = -10;
  CellPlane wide = plane_of(make_cell("constant_step", p));
  for (std::uint64_t batch = 0; batch < 20; ++batch) {
    wide.program(std::vector<float>(wide.shape().values()));
    wide.end_batch(batch);
    for (const float w : wide.weights()) one.add(w);
  }
  // rate = 0.02 |1 + xi / 2|: its mean square is 0.02^2 (1 + 1/4); xi of 5,120 cells is drawn once.
  EXPECT_NEAR(one.variance(), 4e-4 * 1.25, 4e-4 * 1.25 * 4 * std::sqrt(3.0 / cells));
}

TEST(Reset, LeadsToTheBiasOfTheCellWithTheStatedDeviation) {
  PopulationParameters p = uniform_population(0.001, 0.3, -2, 2);
  p.reset = 0.3;
  p.reset_dtod = 0.1;
  p.reset_std = 0.02;
  CellPlane plane = plane_of(make_cell("constant_step", p));
  plane.program(std::vector<float>(plane.shape().values(), 1.0F));
  plane.reset(8, 16, 5);
  Moments around, bias, again;
  for (std::size_t at = 0; at < cells; ++at) {
    const std::size_t row = at / columns;
    const float w = plane.weights()[at];
    if (row < 8 || row >= 24) {
      ASSERT_EQ(w, 1.0F) << "only the rows that were named";
      continue;
    }
    const double expected = plane.cell(row, at % columns).reset_bias;
    around.add(w - expected);
    bias.add(expected);
  }
  EXPECT_NEAR(around.mean(), 0, 4 * around.mean_error());
  EXPECT_NEAR(around.variance(), 4e-4, 4 * around.variance_error());
  EXPECT_NEAR(bias.mean(), 0.3, 4 * bias.mean_error());
  EXPECT_NEAR(bias.variance(), 0.01, 4 * bias.variance_error());
  const std::vector<float> before = plane.weights();
  plane.reset(8, 16, 6);
  for (std::size_t at = 8 * columns; at < 24 * columns; ++at) {
    const double rest = plane.cell(at / columns, at % columns).reset_bias;
    again.add((plane.weights()[at] - rest) * (before[at] - rest));
  }
  EXPECT_NEAR(again.mean(), 0, 4 * again.mean_error()) << "another identity, other noise";
}

TEST(WriteNoise, SeparatesWhatReadsSeeFromWhatPulsesMove) {
  PopulationParameters p = uniform_population(0.002, 0, -100, 100);
  p.write_noise_std = 5;  // 0.01
  CellPlane plane = plane_of(make_cell("soft_bounds_reference", p, {{"mult_noise", {0}}}));
  const auto noise = [&](double weight) {
    Moments m;
    for (const float w : plane.weights()) m.add(w - weight);
    return m;
  };
  const auto expect = [&](const Moments& m, const char* what) {
    EXPECT_NEAR(m.mean(), 0, 4 * m.mean_error()) << what;
    EXPECT_NEAR(m.variance(), 1e-4, 4 * m.variance_error()) << what;
  };
  expect(noise(0), "at birth");
  plane.program(std::vector<float>(plane.shape().values(), 0.5F));
  expect(noise(0.5), "programmed");
  double hidden = 0.5;
  for (std::uint64_t k = 0; k < 100; ++k) {
    (void)plane.apply(
        k % 2 == 0 ? all_meet_once(k, rows, columns, 0x80000000U) : all_meet(k, rows, 80, 0x80000001U, 1U), 0, rows);
    hidden += 0.002 * (1 - hidden / 100);
  }
  // Noise does not add up: the hidden weight has none of it.
  expect(noise(hidden), "pulsed");
  const std::vector<float> before = plane.weights();
  (void)plane.apply(all_meet_once(1000, 8, 3, 0), 0, rows);
  for (std::size_t at = 0; at < cells; ++at) {
    const bool pulsed = at / columns < 8 && at % columns < 3;
    ASSERT_EQ(plane.weights()[at] == before[at], !pulsed) << "only pulsed cells are written anew";
  }
  plane.program(std::vector<float>(plane.shape().values(), 0.5F));
  Moments product;
  const std::vector<float> first = plane.weights();
  plane.program(std::vector<float>(plane.shape().values(), 0.5F));
  for (std::size_t at = 0; at < cells; ++at) product.add((first[at] - 0.5) * (plane.weights()[at] - 0.5));
  EXPECT_NEAR(product.mean(), 0, 4 * product.mean_error()) << "the next write has noise of its own";
}

/// A row of pulses, batches, resets and programming, against the scalar reference bit for bit.
TEST(CellState, EqualsTheScalarReferenceBitForBit) {
  PopulationParameters p = testing::gokmen_vlasov_population();
  p.dw_min = 0.02;
  p.lifetime = 30;
  p.lifetime_dtod = 0.3;
  p.diffusion = 0.01;
  p.diffusion_dtod = 0.3;
  p.reset = 0.05;
  p.reset_dtod = 0.1;
  p.corrupt_devices_prob = 0.1;
  for (const double write_noise : {0.0, 2.0}) {
    p.write_noise_std = write_noise;
    for (const std::string& family : cell_family_names()) {
      const CellParameters parameters = make_cell(family, p);
      CellPlane plane(PlaneShape::of(17, 21), parameters, CoincidenceMode::automatic, 8, 9, 2);
      ReferencePlane expected(17, 21, parameters, CoincidenceMode::automatic, 8, 9, 2);
      const auto check = [&](const char* what) {
        std::vector<float> seen;
        for (std::size_t at = 0; at < 17 * 21; ++at) seen.push_back(plane.weights()[at / 21 * 32 + at % 21]);
        ASSERT_TRUE(same_bits(seen, expected.visible))
            << family << ' ' << what << ": first at " << first_difference(seen, expected.visible);
      };
      check("at birth");
      for (std::uint64_t batch = 0; batch < 3; ++batch) {
        (void)plane.apply(all_meet(batch, 17, 32, 0x80000000U * (batch % 2) | 7U, 5U), 0, 17);
        for (std::size_t at = 0; at < 17 * 21; ++at) {
          (void)expected.pulse(at / 21, at % 21, 2, batch % 2 == 1, false, 0, batch, 0,
                               expected.position(at / 21, at % 21));
        }
        check("after pulses");
        plane.end_batch(batch);
        expected.end_batch(batch);
        check("after a batch");
        plane.reset(3, 5, batch);
        expected.reset(3, 5, batch);
        check("after a reset");
      }
      std::vector<float> values(17 * 32);
      std::vector<float> plain;
      for (std::size_t at = 0; at < 17 * 21; ++at) {
        plain.push_back(0.01F * static_cast<float>(at % 90) - 0.4F);
        values[at / 21 * 32 + at % 21] = plain.back();
      }
      plane.program(values);
      expected.program(plain);
      check("programmed");
    }
  }
}

}  // namespace
}  // namespace rheo::crossbar
