// How events move cells: all kinds of events, all loops, against closed forms and the scalar reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "models/crossbar/cell_family.hpp"
#include "models/crossbar/cell_plane.hpp"
#include "tests/crossbar/event_words.hpp"
#include "tests/crossbar/given_cells.hpp"
#include "tests/crossbar/moments.hpp"
#include "tests/crossbar/reference_update.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo::crossbar {
namespace {

using testing::all_meet;
using testing::all_meet_once;
using testing::GivenCells;
using testing::Moments;
using testing::slot_mask;

const RandomKey cycle_key(1, 2, RandomPurpose::cycle_to_cycle);
const RandomKey write_key(1, 2, RandomPurpose::write_noise);

Cell constant_cell(float up, float down, float low, float high) { return {up, down, low, high, 0, {}}; }

std::uint64_t apply(const PulseEvents& events, GivenCells& cells, bool exact = false,
                    PulseSelection selection = PulseSelection::both) {
  static const auto family = make_cell_family("constant_step");
  const CellArrays arrays = cells.arrays();
  return family->apply({events, arrays, cycle_key, write_key, selection, exact, 0, cells.rows});
}

/// Rows and columns with float values, `row` and `column` everywhere.
PulseEvents floats(PulseEvents::Kind kind, std::uint64_t identity, std::size_t rows, std::size_t stride, float row,
                   float column, float divisor) {
  PulseEvents events =
      all_meet(identity, rows, stride, std::bit_cast<std::uint32_t>(row), std::bit_cast<std::uint32_t>(column));
  events.events[0].kind = kind;
  events.events[0].divisor = divisor;
  return events;
}

TEST(PulseApplication, NCoincidencesMoveByNStepsWithTheVarianceOfNPulses) {
  for (const bool exact : {false, true}) {
    for (const int n : {1, 2, 5, 31}) {
      const std::uint32_t slots = (n == 31 ? slot_mask : (1U << n) - 1U);
      for (const bool up : {false, true}) {
        Moments moments;
        std::uint64_t coincidences = 0;
        for (std::uint64_t identity = 0; identity < 2000; ++identity) {
          GivenCells cells(8, 16, 0.3F, constant_cell(0.001F, 0.002F, -10.0F, 10.0F));
          coincidences += apply(all_meet(identity, 8, 16, slots | (up ? 0x80000000U : 0U), slot_mask), cells, exact);
          for (const float w : cells.weights) moments.add(w);
        }
        const double step = up ? 0.001 : -0.002;
        EXPECT_EQ(coincidences, 2000U * 128 * static_cast<unsigned>(n));
        EXPECT_NEAR(moments.mean(), n * step, 4 * moments.mean_error()) << n;
        EXPECT_NEAR(moments.variance(), n * 0.09 * step * step, 4 * moments.variance_error()) << n;
      }
    }
  }
}

TEST(PulseApplication, OneSlotMovesByOneStepWhicheverLoopTakesIt) {
  for (const std::size_t firing : {1U, 3U, 30U, 64U}) {  // of 64 columns
    Moments moments;
    std::uint64_t coincidences = 0;
    for (std::uint64_t identity = 0; identity < 256000 / (8 * firing); ++identity) {
      GivenCells cells(8, 64, 0.3F, constant_cell(0.001F, 0.002F, -10.0F, 10.0F));
      coincidences += apply(all_meet_once(identity, 8, firing, 0x80000000U), cells);
      for (std::size_t i = 0; i < 8; ++i) {
        for (std::size_t j = 0; j < 64; ++j) {
          if (j < firing) {
            moments.add(cells.weights[i * 64 + j]);
          } else {
            ASSERT_EQ(cells.weights[i * 64 + j], 0.0F);
          }
        }
      }
    }
    EXPECT_EQ(coincidences, 256000 / (8 * firing) * 8 * firing);
    EXPECT_NEAR(moments.mean(), 0.001, 4 * moments.mean_error()) << firing;
    EXPECT_NEAR(moments.variance(), 0.09 * 1e-6, 4 * moments.variance_error()) << firing;
  }
}

TEST(PulseApplication, TheSignIsMinusTheProduct) {
  for (const std::uint32_t row_sign : {0U, 0x80000000U}) {
    for (const std::uint32_t column_sign : {0U, 0x80000000U}) {
      const float expected = row_sign == column_sign ? -0.002F : 0.001F;
      const Cell cell = constant_cell(0.001F, 0.002F, -10.0F, 10.0F);
      GivenCells by_train(1, 16, 0.0F, cell);
      (void)apply(all_meet(0, 1, 16, row_sign | 1U, column_sign | 1U), by_train);
      for (const float w : by_train.weights) EXPECT_FLOAT_EQ(w, expected);
      GivenCells by_count(1, 16, 0.0F, cell);
      const float row = row_sign != 0 ? -1.0F : 1.0F;
      const float column = column_sign != 0 ? -1.0F : 1.0F;
      (void)apply(floats(PulseEvents::Kind::counts, 0, 1, 16, row, column, 1), by_count);
      for (const float w : by_count.weights) EXPECT_FLOAT_EQ(w, expected);
      for (const std::uint32_t firing : {1U, 16U}) {
        GivenCells by_list(1, 16, 0.0F, cell);
        PulseEvents list = all_meet_once(0, 1, firing, row_sign);
        for (std::uint32_t j = 0; j < firing; ++j) list.words[j] |= column_sign;
        (void)apply(list, by_list);
        for (std::uint32_t j = 0; j < firing; ++j) EXPECT_FLOAT_EQ(by_list.weights[j], expected);
      }
      GivenCells by_product(1, 16, 0.0F, cell);
      (void)apply(floats(PulseEvents::Kind::product, 0, 1, 16, 0.25F * row, column, 1), by_product);
      for (const float w : by_product.weights) EXPECT_FLOAT_EQ(w, row_sign == column_sign ? -0.25F : 0.25F);
    }
  }
}

TEST(PulseApplication, OnlySharedSlotsCount) {
  GivenCells cells(1, 16, 0.0F, constant_cell(0.5F, 0.5F, -10.0F, 10.0F));
  EXPECT_EQ(apply(all_meet(0, 1, 16, 0x80000000U | 0b0110101U, 0b1010100U), cells), 16U * 2);
  for (const float w : cells.weights) EXPECT_EQ(w, 1.0F);
  EXPECT_EQ(apply(all_meet(0, 1, 16, 0x80000000U | 0b01U, 0x80000000U | 0b10U), cells), 0U)
      << "shared signs are not slots";
  for (const float w : cells.weights) EXPECT_EQ(w, 1.0F);
}

TEST(PulseApplication, CountsAreTheRoundedProductOverTheDivisor) {
  for (const auto& [row, column, divisor, pulses] :
       {std::tuple{6.0F, 5.0F, 31.0F, 1}, std::tuple{31.0F, 31.0F, 31.0F, 31}, std::tuple{3.0F, 5.0F, 31.0F, 0},
        std::tuple{15.0F, 1.0F, 10.0F, 2}, std::tuple{25.0F, 1.0F, 10.0F, 2},  // half to even
        std::tuple{100.0F, 0.5F, 1.0F, 50}, std::tuple{1023.0F, 1023.0F, 1023.0F, 1023}}) {
    for (const bool exact : {false, true}) {
      GivenCells cells(2, 16, 0.0F, constant_cell(1.0F, 1.0F, -2000.0F, 2000.0F));
      EXPECT_EQ(apply(floats(PulseEvents::Kind::counts, 0, 2, 16, -row, column, divisor), cells, exact),
                32U * static_cast<unsigned>(pulses));
      for (const float w : cells.weights) EXPECT_EQ(w, static_cast<float>(pulses));
    }
  }
}

TEST(PulseApplication, AProductIsSubtractedAndClippedAndIsNoPulse) {
  GivenCells cells(2, 20, 0.3F, constant_cell(0.1F, 0.1F, -0.5F, 0.75F));
  EXPECT_EQ(apply(floats(PulseEvents::Kind::product, 0, 2, 32, 0.5F, 0.25F, 1), cells), 0U);
  for (const float w : cells.inside(cells.weights)) EXPECT_EQ(w, -0.125F);
  (void)apply(floats(PulseEvents::Kind::product, 1, 2, 32, 2.0F, 0.25F, 1), cells);
  for (const float w : cells.inside(cells.weights)) EXPECT_EQ(w, -0.5F);
  (void)apply(floats(PulseEvents::Kind::product, 2, 2, 32, -8.0F, 0.25F, 1), cells);
  for (const float w : cells.inside(cells.weights)) EXPECT_EQ(w, 0.75F);
}

TEST(PulseApplication, WeightsStopExactlyAtTheirBounds) {
  for (const bool exact : {false, true}) {
    GivenCells cells(4, 16, 0.3F, constant_cell(0.1F, 0.1F, -0.25F, 0.35F));
    for (std::uint64_t i = 0; i < 30; ++i) {
      (void)apply(all_meet(i, 4, 16, 0x80000001U, 1U), cells, exact);
      for (const float w : cells.weights) ASSERT_LE(w, 0.35F);
    }
    // Thirty steps of 0.1 with deviation 0.03: each cell has reached the bound, and noise may have moved it
    // below by less than a few deviations; without noise it stays.
    cells.cycle_to_cycle = 0;
    (void)apply(all_meet(31, 4, 16, 0x8000001FU, 31U), cells, exact);
    for (const float w : cells.weights) EXPECT_EQ(w, 0.35F);
    cells.cycle_to_cycle = 0.3F;
    for (std::uint64_t i = 0; i < 30; ++i) {
      (void)apply(i % 2 == 0 ? all_meet(100 + i, 4, 16, 1U, 1U) : all_meet_once(100 + i, 4, 16, 0), cells, exact);
      for (const float w : cells.weights) ASSERT_GE(w, -0.25F);
    }
    cells.cycle_to_cycle = 0;
    (void)apply(all_meet(131, 4, 16, 0x1FU, 31U), cells, exact);
    for (const float w : cells.weights) EXPECT_EQ(w, -0.25F);
  }
}

TEST(PulseApplication, PaddingColumnsNeverMove) {
  for (const std::string& name : cell_family_names()) {
    const CellParameters parameters = testing::make_cell(name);
    for (const CoincidenceMode mode : {CoincidenceMode::exact, CoincidenceMode::aggregated}) {
      CellPlane plane(PlaneShape::of(3, 10), parameters, mode, 1, 2, 0);
      for (std::uint64_t i = 0; i < 100; ++i) {
        (void)plane.apply(all_meet(i, 3, 16, static_cast<std::uint32_t>(i % 2) << 31 | 7U, slot_mask), 0, 3);
      }
      for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 16; ++j) {
          if (j < 10) {
            EXPECT_NE(plane.weights()[i * 16 + j], 0.0F) << name;
          } else {
            EXPECT_EQ(plane.weights()[i * 16 + j], 0.0F) << name;
          }
        }
      }
    }
  }
}

TEST(PulseApplication, OneSidedPlanesTakeOnlyTheirPulses) {
  for (const bool list : {false, true}) {
    for (const std::uint32_t row_sign : {0U, 0x80000000U}) {
      const bool up = row_sign != 0;  // the columns are positive
      const auto moved = [&](PulseSelection selection, std::int8_t polarity, std::uint64_t& pulses) {
        GivenCells cells(2, 16, 0.0F, constant_cell(0.25F, 0.5F, -10.0F, 10.0F));
        PulseEvents events = list ? all_meet_once(0, 2, 16, row_sign) : all_meet(0, 2, 16, row_sign | 1U, 1U);
        events.events[0].polarity = polarity;
        pulses = apply(events, cells, false, selection);
        for (const float w : cells.weights) EXPECT_EQ(w, cells.weights[0]);
        return cells.weights[0];
      };
      std::uint64_t n = 0;
      EXPECT_EQ(moved(PulseSelection::both, 0, n), up ? 0.25F : -0.5F);
      EXPECT_EQ(n, 32U);
      EXPECT_EQ(moved(PulseSelection::up_only, 0, n), up ? 0.25F : 0.0F);
      EXPECT_EQ(n, up ? 32U : 0U);
      EXPECT_EQ(moved(PulseSelection::down_as_up, 0, n), up ? 0.0F : 0.25F) << "down pulses step up";
      EXPECT_EQ(n, up ? 0U : 32U);
      EXPECT_EQ(moved(PulseSelection::both, 1, n), up ? 0.25F : 0.0F) << "the pass of the up pulses";
      EXPECT_EQ(n, up ? 32U : 0U);
      EXPECT_EQ(moved(PulseSelection::both, -1, n), up ? 0.0F : -0.5F);
      EXPECT_EQ(n, up ? 0U : 32U);
      EXPECT_EQ(moved(PulseSelection::down_as_up, -1, n), up ? 0.0F : 0.25F);
      EXPECT_EQ(moved(PulseSelection::down_as_up, 1, n), 0.0F);
      EXPECT_EQ(n, 0U);
    }
  }
}

TEST(PulseApplication, EverySelectionEqualsTheScalarReferenceInAnySplitOfTheRows) {
  constexpr std::size_t rows = 37, columns = 70, count = 24;
  const std::vector<float> x = testing::uniform_values(count * rows, 1, 0.3);
  std::vector<float> d = testing::uniform_values(count * columns, 2, 0.3);
  for (std::size_t v = 0; v < count; v += 2) {  // every other vector has one strong column and few that fire
    for (std::size_t j = 0; j < columns; ++j) d[v * columns + j] *= j == v ? 1.0F : 0.02F;
  }
  CellParameters parameters = testing::reram_sb();
  for (const UpdateMode mode : {UpdateMode::stochastic_compressed, UpdateMode::stochastic}) {
    for (const int slots : {1, 5}) {
      for (const PulseSelection selection :
           {PulseSelection::both, PulseSelection::up_only, PulseSelection::down_as_up}) {
        const PulseSettings settings{mode, 0.002F, slots, true, false};
        const float rate = 0.002F * static_cast<float>(slots);
        testing::ReferencePlane expected(rows, columns, parameters, CoincidenceMode::exact, 5, 6, 3);
        expected.selection = selection;
        testing::ReferenceUpdate update(settings, 5, 6);
        update(testing::vectors_in(x, rows), testing::vectors_in(d, columns), {0, count, 9}, rate, expected);
        for (const std::int64_t set : rheo::testing::instruction_sets()) {
          const rheo::testing::OnInstructionSet use(set);
          PulseEvents events;
          (void)draw_pulse_trains(settings, rate, testing::vectors_in(x, rows), testing::vectors_in(d, columns),
                                  {0, count, 9}, RandomKey(5, 6, RandomPurpose::row_trains),
                                  RandomKey(5, 6, RandomPurpose::column_trains), events);
          for (const std::size_t part : {std::size_t{1}, std::size_t{5}, rows}) {
            CellPlane plane(PlaneShape::of(rows, columns), parameters, CoincidenceMode::exact, 5, 6, 3);
            std::uint64_t counted = 0;
            for (std::size_t first = 0; first < rows; first += part) {
              counted += plane.apply(events, first, std::min(first + part, rows), selection);
            }
            EXPECT_EQ(counted, update.counts.coincidences);
            std::vector<float> seen;
            for (std::size_t i = 0; i < rows; ++i) {
              for (std::size_t j = 0; j < columns; ++j)
                seen.push_back(plane.weights()[i * plane.shape().row_stride + j]);
            }
            EXPECT_TRUE(rheo::testing::same_bits(seen, expected.visible))
                << hwy::TargetName(set) << " by " << part << ", " << slots << " slots, selection "
                << static_cast<int>(selection) << ": first at "
                << rheo::testing::first_difference(seen, expected.visible);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace rheo::crossbar
