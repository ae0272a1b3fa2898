#include "models/crossbar/weight_slices.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/crossbar/crossbar_array.hpp"
#include "tests/crossbar/reference_array.hpp"

namespace rheo::crossbar {
namespace {

using testing::uniform_values;
using testing::vectors_in;
using testing::vectors_out;

TEST(WeightSlices, ThePartsOfEveryIntegerMakeItUpAgain) {
  for (const SlicingParameters& p : {SlicingParameters{1, 4}, {2, 1}, {4, 2}, {2, 8}, {16, 1}, {5, 3}}) {
    const WeightSlices slices(p, 0.6F);
    EXPECT_EQ(slices.weight_levels(), (1 << (p.slices * p.bits_per_cell)) - 1);
    for (std::int32_t whole = -slices.weight_levels(); whole <= slices.weight_levels(); ++whole) {
      std::int32_t sum = 0;
      for (int s = 0; s < p.slices; ++s) {
        const std::int32_t part = slices.part(whole, s);
        ASSERT_LE(std::abs(part), slices.cell_levels());
        ASSERT_GE(part * (whole < 0 ? -1 : 1), 0) << "no part against the sign";
        sum += part * (1 << (s * p.bits_per_cell));
        ASSERT_LE(std::abs(slices.cell(whole, s)), 0.6F);
      }
      ASSERT_EQ(sum, whole);
      ASSERT_EQ(slices.integer(slices.weight(whole)), whole) << "what is programmed stays";
    }
  }
}

TEST(WeightSlices, WeightsAreRoundedToTheNearestAndCutToFullScale) {
  const WeightSlices slices({2, 2}, 1.5F);  // 15 levels of 0.1
  EXPECT_EQ(slices.integer(0.34F), 3);
  EXPECT_EQ(slices.integer(-0.36F), -4);
  EXPECT_EQ(slices.integer(7.0F), 15);
  EXPECT_FLOAT_EQ(slices.quantised(0.34F), 0.3F);
  EXPECT_EQ(slices.part(0b1101, 0), 0b01);
  EXPECT_EQ(slices.part(-0b1101, 1), -0b11);
  EXPECT_FLOAT_EQ(slices.cell(0b1101, 1), 1.5F);
  EXPECT_FLOAT_EQ(slices.cell(0b1101, 0), 0.5F);
}

ArraySettings sliced(const SlicingParameters& p) {
  ArraySettings settings;
  settings.device.cell.population.w_max = 1;
  settings.device.cell.population.w_min = -1;
  settings.device.cell.population.w_max_dtod = settings.device.cell.population.w_min_dtod = 0;
  settings.adc.noise = 0;
  settings.slicing = p;
  return settings;
}

std::vector<float> forward(CrossbarArray& array, const std::vector<float>& x) {
  ThreadTeam team(1);
  std::vector<float> y(x.size() / array.inputs() * array.outputs());
  (void)array.forward(vectors_in(x, array.inputs()), {0, x.size() / array.inputs(), 0}, vectors_out(y, array.outputs()),
                      Mode::training, team);
  return y;
}

std::vector<float> backward(CrossbarArray& array, const std::vector<float>& d) {
  ThreadTeam team(1);
  std::vector<float> x(d.size() / array.outputs() * array.inputs());
  (void)array.backward(vectors_in(d, array.outputs()), {0, d.size() / array.outputs(), 0},
                       vectors_out(x, array.inputs()), team);
  return x;
}

TEST(SlicedWeights, ReadAsTheQuantisedWeightsBothWays) {
  const std::vector<float> weights = uniform_values(37 * 10, 1);
  const std::vector<float> x = uniform_values(5 * 37, 2);
  const std::vector<float> d = uniform_values(5 * 10, 3);
  for (const SlicingParameters& p : {SlicingParameters{1, 4}, {4, 2}, {8, 1}, {3, 5}}) {
    ArraySettings settings = sliced(p);
    settings.adc.quantise = false;
    CrossbarArray array(37, 10, settings, 1, 1);
    array.program(weights);
    const WeightSlices slices(p, 1.0F);
    std::vector<float> quantised;
    for (const float w : weights) quantised.push_back(slices.quantised(w));
    EXPECT_EQ(array.weights(), quantised);

    settings.slicing.slices = 0;
    CrossbarArray plain(37, 10, settings, 1, 1);
    plain.program(quantised);
    const auto compare = [&](const std::vector<float>& made, const std::vector<float>& expected) {
      for (std::size_t i = 0; i < made.size(); ++i) ASSERT_NEAR(made[i], expected[i], 1e-5) << p.slices << ' ' << i;
    };
    compare(forward(array, x), forward(plain, x));
    compare(backward(array, d), backward(plain, d));
  }
}

TEST(SlicedWeights, EverySliceIsConvertedByItself) {
  // One weight of 0b1101 of 15 levels in two cells of 2 bits, input 1, ADC steps of 0.4: the cells read 1/3 -> 0.4
  // and 1 -> 0.8 (2.5 steps round to 2). Together (0.4 x 3 + 4 x 0.8 x 3) / 15.
  ArraySettings settings = sliced({2, 2});
  settings.adc.bits = 4;
  settings.adc.bound = 7 * 0.4;
  CrossbarArray array(1, 1, settings, 1, 1);
  array.program(std::vector<float>{13.0F / 15});
  EXPECT_NEAR(forward(array, {1.0F})[0], (0.4 * 3 + 4 * 0.8 * 3) / 15, 1e-6);
  EXPECT_NEAR(backward(array, {-1.0F})[0], -(0.4 * 3 + 4 * 0.8 * 3) / 15, 1e-6);
}

TEST(SlicedWeights, DriveTheirRowsOnceForwardAndTheirColumnsInTurnBackward) {
  ThreadTeam team(1);
  ArraySettings settings = sliced({4, 2});
  settings.conductance.off_ratio = 0;
  CrossbarArray array(3, 2, settings, 1, 1);
  array.program(std::vector<float>(6, 1.0F));
  const std::vector<float> x{1, 0, -1};
  std::vector<float> y(2);
  const ReadCounts forward = array.forward(vectors_in(x, 3), {0, 1, 0}, vectors_out(y, 2), Mode::training, team);
  EXPECT_EQ(forward.driven, 2U);
  // A line's conductance is resolved to 2^-16 cells a DAC step.
  EXPECT_NEAR(static_cast<double>(forward.activity), 2 * 2 * 4 * 65536, 2 * 0.5 * 63)
      << "two rows of two weights of four cells at full scale";
  const std::vector<float> d{1, 0.5F};
  std::vector<float> back(3);
  const ReadCounts backward = array.backward(vectors_in(d, 2), {0, 1, 0}, vectors_out(back, 3), team);
  EXPECT_EQ(backward.driven, 2U * 4);
  EXPECT_NEAR(static_cast<double>(backward.activity), (1 + 32.0 / 63) * 3 * 4 * 65536, 0.5 * (63 + 32));
}

TEST(SlicedWeights, CannotBePulsed) {
  ThreadTeam team(1);
  CrossbarArray array(1, 1, sliced({4, 2}), 1, 1);
  const std::vector<float> one{1};
  EXPECT_THROW((void)array.update(vectors_in(one, 1), vectors_in(one, 1), {0, 1, 0}, 0.1F, team), std::logic_error);
}

}  // namespace
}  // namespace rheo::crossbar
