// The update of a whole array against the scalar reference: every family, mode, length, size, split and thread count.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "models/crossbar/crossbar_array.hpp"
#include "tests/crossbar/reference_update.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo::crossbar {
namespace {

using rheo::testing::first_difference;
using rheo::testing::same_bits;
using testing::make_cell;
using testing::vectors_in;

/// Every family, with all of its own parameters and noises at work.
std::vector<CellParameters> all_cells() {
  PopulationParameters p = testing::gokmen_vlasov_population();
  p.dw_min = 0.02;
  p.up_down = 0.1;
  p.w_max = 0.3;
  p.w_min = -0.2;
  p.w_max_dtod = 0.6;  // some bounds are exchanged
  p.corrupt_devices_prob = 0.05;
  std::vector<CellParameters> cells{make_cell("constant_step", p)};
  p.up_down = -0.1;
  p.dw_min_dtod_log_normal = true;
  cells.push_back(make_cell("linear_step", p, {{"gamma_up", {0.4}}, {"gamma_down", {0.7}}, {"mult_noise", {0}}}));
  p.write_noise_std = 0.5;
  p.dw_min_std = 2;
  cells.push_back(make_cell(
      "linear_step", p,
      {{"gamma_up", {0.1}}, {"gamma_up_dtod", {0.3}}, {"allow_increasing", {1}}, {"mean_bound_reference", {0}}}));
  cells.push_back(make_cell("soft_bounds", p));
  p.write_noise_std = 0;
  cells.push_back(make_cell("soft_bounds", p, {{"mult_noise", {0}}}));
  p.reset_dtod = 0.1;
  cells.push_back(make_cell("soft_bounds_reference", p,
                            {{"mult_noise", {1}},
                             {"slope_up_dtod", {0.2}},
                             {"slope_down_dtod", {0.3}},
                             {"reference_mean", {0.02}},
                             {"reference_std", {0.03}},
                             {"subtract_symmetry_point", {1}}}));
  cells.push_back(testing::reram_sb());
  cells.push_back(testing::reram_es());
  cells.push_back(make_cell("exp_step", p, {{"dw_min_std_add", {0.01}}, {"dw_min_std_slope", {0.05}}}));
  cells.push_back(
      make_cell("pow_step", p, {{"pow_gamma", {1.7}}, {"pow_up_down", {0.1}}, {"pow_up_down_dtod", {0.1}}}));
  cells.push_back(make_cell("pow_step_reference", p,
                            {{"pow_gamma", {0.7}},
                             {"pow_up_down", {-0.1}},
                             {"reference_mean", {0.01}},
                             {"reference_std", {0.02}},
                             {"subtract_symmetry_point", {1}}}));
  cells.push_back(
      make_cell("piecewise_step", p, {{"piecewise_up", {0.4, 1.2, 1, 0.1}}, {"piecewise_down", {0, 0.7, 1.5, 0.5}}}));
  p.write_noise_std = 1;
  cells.push_back(make_cell("piecewise_step", p, {{"piecewise_up", {1.5}}, {"piecewise_down", {0.5}}}));
  return cells;
}

/// Vectors of all kinds: dense, mostly zero, all zero, one strong line only.
std::vector<float> mixed(std::size_t count, std::size_t elements, std::uint32_t seed) {
  std::vector<float> all;
  for (std::size_t v = 0; v < count; ++v) {
    const double zeros = v % 7 == 3 ? 0.9 : v % 11 == 5 ? 1.0 : 0.2;
    std::vector<float> one = testing::uniform_values(elements, seed + static_cast<std::uint32_t>(v), zeros);
    if (v % 5 == 2) {
      for (float& value : one) value *= 0.01F;
      one[v % elements] = -0.9F;
    }
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

struct Case {
  std::size_t inputs, outputs, vectors;
  UpdateParameters update;
  double strength;  ///< lr in steps
};

/// Updates an array in blocks of `group` vectors with so many threads; its weights and counts.
struct Outcome {
  std::vector<float> weights;
  PulseCounts counts;
};

Outcome update(const Case& c, const CellParameters& cell, std::size_t group, std::size_t threads) {
  ArraySettings settings;
  settings.device.cell = cell;
  settings.update = c.update;
  CrossbarArray array(c.inputs, c.outputs, settings, 7, 3);
  std::vector<float> start = testing::uniform_values(c.inputs * c.outputs, 1);
  for (float& w : start) w *= 0.3F;
  array.program(start);
  const std::vector<float> x = mixed(c.vectors, c.inputs, 100);
  const std::vector<float> d = mixed(c.vectors, c.outputs, 200);
  ThreadTeam team(threads);
  Outcome out;
  for (std::size_t v = 0; v < c.vectors; v += group) {
    out.counts +=
        array
            .update(vectors_in(x, c.inputs), vectors_in(d, c.outputs), {v, std::min(group, c.vectors - v), 70},
                    static_cast<float>(c.strength * cell.population.dw_min), team)
            .pulses;
  }
  out.weights = array.weights();
  return out;
}

Outcome reference(const Case& c, const CellParameters& cell) {
  testing::ReferencePlane plane(c.inputs, c.outputs, cell, c.update.coincidences, 7, 3);
  std::vector<float> start = testing::uniform_values(c.inputs * c.outputs, 1);
  for (float& w : start) w *= 0.3F;
  plane.program(start);
  testing::ReferenceUpdate update(c.update.settings(cell.granularity()), 7, 3);
  update(vectors_in(mixed(c.vectors, c.inputs, 100), c.inputs), vectors_in(mixed(c.vectors, c.outputs, 200), c.outputs),
         {0, c.vectors, 70}, static_cast<float>(c.strength * cell.population.dw_min), plane);
  return {plane.visible, update.counts};
}

void expect_same(const Outcome& made, const Outcome& expected, const std::string& what) {
  EXPECT_TRUE(same_bits(made.weights, expected.weights))
      << what << ": first at " << first_difference(made.weights, expected.weights);
  EXPECT_EQ(made.counts.vectors, expected.counts.vectors) << what;
  EXPECT_EQ(made.counts.skipped, expected.counts.skipped) << what;
  EXPECT_EQ(made.counts.slots, expected.counts.slots) << what;
  EXPECT_EQ(made.counts.by_length, expected.counts.by_length) << what;
  EXPECT_EQ(made.counts.row_pulses, expected.counts.row_pulses) << what;
  EXPECT_EQ(made.counts.column_pulses, expected.counts.column_pulses) << what;
  EXPECT_EQ(made.counts.random_bits, expected.counts.random_bits) << what;
  EXPECT_EQ(made.counts.coincidences, expected.counts.coincidences) << what;
}

void compare(const Case& c, const CellParameters& cell, const std::string& what) {
  const Outcome expected = reference(c, cell);
  EXPECT_EQ(expected.counts.coincidences > 0, c.update.mode != UpdateMode::none_with_device) << what;
  for (const std::int64_t set : rheo::testing::instruction_sets()) {
    const rheo::testing::OnInstructionSet use(set);
    expect_same(update(c, cell, c.vectors, 1), expected, what + ", " + cell.family() + ", " + hwy::TargetName(set));
  }
}

TEST(ArrayUpdate, EveryFamilyAndLengthEqualsTheScalarReference) {
  for (const CellParameters& cell : all_cells()) {
    for (const int length : {1, 2, 31, 32, 63, 100}) {
      for (const CoincidenceMode mode : {CoincidenceMode::exact, CoincidenceMode::aggregated}) {
        Case c{25, 21, 12, {}, 0.5 * length};
        c.update.train_length = length;
        c.update.length_management = length % 2 == 0;
        c.update.coincidences = mode;
        compare(
            c, cell,
            std::to_string(length) + " slots, " + std::string(coincidence_mode_names[static_cast<std::size_t>(mode)]));
      }
    }
  }
}

TEST(ArrayUpdate, EveryFamilyAndModeEqualsTheScalarReference) {
  for (const CellParameters& cell : all_cells()) {
    for (std::size_t mode = 0; mode < update_mode_names.size(); ++mode) {
      for (const int length : {1, 10, 70}) {
        Case c{17, 40, 12, {}, 2.0 * length};
        c.update.mode = static_cast<UpdateMode>(mode);
        c.update.train_length = length;
        c.update.update_management = length != 10;
        compare(c, cell, std::string(update_mode_names[mode]) + " of " + std::to_string(length));
      }
    }
  }
}

TEST(ArrayUpdate, EverySizeEqualsTheScalarReferenceWithDenseAndSparseEvents) {
  const std::vector<CellParameters> cells = all_cells();
  for (const auto& [inputs, outputs] : {std::pair{1, 1}, std::pair{5, 3}, std::pair{25, 16}, std::pair{37, 10},
                                        std::pair{16, 64}, std::pair{9, 150}, std::pair{130, 17}}) {
    for (const std::size_t which : {0U, 3U, 9U}) {
      for (const double strength : {0.1, 1.0, 20.0}) {  // one slot that rarely fires, one that often does, many
        Case c{static_cast<std::size_t>(inputs), static_cast<std::size_t>(outputs), 30, {}, strength};
        c.update.coincidences = CoincidenceMode::automatic;
        const Outcome expected = reference(c, cells[which]);
        for (const std::int64_t set : rheo::testing::instruction_sets()) {
          const rheo::testing::OnInstructionSet use(set);
          expect_same(update(c, cells[which], c.vectors, 1), expected,
                      std::to_string(inputs) + "x" + std::to_string(outputs) + " at " + std::to_string(strength) +
                          ", " + cells[which].family() + ", " + hwy::TargetName(set));
        }
      }
    }
  }
}

TEST(ArrayUpdate, BlocksAndThreadsNeverChangeABitOrACount) {
  for (const CellParameters& cell : all_cells()) {
    for (const UpdateMode mode : {UpdateMode::stochastic_compressed, UpdateMode::stochastic, UpdateMode::mean_count,
                                  UpdateMode::none_with_device}) {
      Case c{37, 21, 40, {}, 1.5};
      c.update.mode = mode;
      const Outcome expected = reference(c, cell);
      for (const std::size_t threads : {1U, 2U, 3U}) {
        for (const std::size_t group : {1U, 7U, 40U}) {
          expect_same(update(c, cell, group, threads), expected,
                      cell.family() + ", " + std::to_string(threads) + " threads, by " + std::to_string(group));
        }
      }
    }
  }
}

}  // namespace
}  // namespace rheo::crossbar
