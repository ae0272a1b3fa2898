#include "models/stream/matrix_vector_threshold.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "tests/stream/streams.hpp"

namespace rheo::stream {
namespace {

using namespace rheo::stream::testing;
using ::testing::Each;

using MatrixVectorThresholdTest = rheo::testing::SystemCTest;

struct Case {
  std::uint32_t inputs, outputs, positions;
  Folding folding;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.inputs << " to " << c.outputs << " at " << c.positions << " positions, pe " << c.folding.pe << ", simd "
       << c.folding.simd;
}

std::vector<std::int32_t> random_weights(std::mt19937_64& random, std::size_t count, std::int32_t bound) {
  std::uniform_int_distribution<std::int32_t> weight(-bound, bound - 1);
  std::vector<std::int32_t> weights(count);
  for (std::int32_t& w : weights) w = weight(random);
  return weights;
}

constexpr std::uint32_t ticks = 4;

struct Bench {
  Bench(const Case& c, const std::vector<std::int32_t>& weights, const LifParameters& lif, bool zero_skipping)
      : in("in", {c.folding.simd, c.folding.simd, 8, std::uint64_t{c.inputs} * c.positions}, 1),
        out("out", {c.folding.pe, c.folding.pe, 8, std::uint64_t{c.outputs} * c.positions}, 1),
        source("source", stage_context(), always_ready(), std::uint64_t{c.inputs} * c.positions, in),
        unit("unit", stage_context(), WeightMatrix(weights, c.inputs, c.outputs, 8), c.positions, c.folding, lif,
             {ticks, 0}, zero_skipping, in, out),
        sink("sink", out) {}
  SpikeStream in, out;
  DmaIn source;
  MatrixVectorThreshold unit;
  Sink sink;
};

class ThresholdUnitFoldings : public MatrixVectorThresholdTest, public ::testing::WithParamInterface<Case> {};

TEST_P(ThresholdUnitFoldings, AFrameTakesTheCyclesOfTheFinnFormula) {
  const Case& c = GetParam();
  std::mt19937_64 random(5);
  Bench bench(c, random_weights(random, std::size_t{c.inputs} * c.outputs, 128), {16, 100, 0, {}}, false);
  for (int i = 0; i < 6; ++i) {
    bench.source.send(packed(random_spikes(random, std::size_t{c.inputs} * c.positions, 0.2)));
  }
  sc_core::sc_start();
  const Cycle expected = Cycle{c.outputs / c.folding.pe} * (c.inputs / c.folding.simd) * c.positions;
  const std::vector<Cycle> distances = intervals(bench.sink.frame_ends());
  ASSERT_EQ(distances.size(), 5U);
  EXPECT_THAT(distances, Each(expected));
  EXPECT_EQ(bench.unit.busy_cycles(), 6 * expected);
  // One lane works on one weight a cycle: additions over cycles are the lanes.
  EXPECT_EQ(bench.unit.actions().total(0, Mode::evaluation), 6 * expected * c.folding.pe * c.folding.simd);
}

TEST_P(ThresholdUnitFoldings, SpikesAreThoseOfTheEquations) {
  const Case& c = GetParam();
  for (const bool zero_skipping : {false, true}) {
    rheo::testing::new_simulation();
    std::mt19937_64 random(6);
    const std::vector<std::int32_t> weights = random_weights(random, std::size_t{c.inputs} * c.outputs, 128);
    const LifParameters lif{10, 150, 1, {}};  // narrow enough to saturate
    Bench bench(c, weights, lif, zero_skipping);
    Spikes expected;
    std::vector<std::int64_t> membrane(std::size_t{c.outputs} * c.positions), fired(membrane.size());
    for (std::uint32_t frame = 0; frame < 3 * ticks; ++frame) {
      const Spikes spikes = random_spikes(random, std::size_t{c.inputs} * c.positions, 0.2);
      bench.source.send(packed(spikes));
      for (std::size_t p = 0; p < c.positions; ++p) {
        for (std::size_t o = 0; o < c.outputs; ++o) {
          const std::size_t n = p * c.outputs + o;
          if (frame % ticks == 0) membrane[n] = fired[n] = 0;
          std::int64_t input = 0;
          for (std::size_t i = 0; i < c.inputs; ++i) {
            input += spikes[p * c.inputs + i] * weights[i * c.outputs + o];
          }
          // Floor division instead of the arithmetic shift.
          const std::int64_t m = membrane[n];
          const std::int64_t eighth = m >= 0 ? m / 8 : -((-m + 7) / 8);
          membrane[n] = std::clamp<std::int64_t>((1 - fired[n]) * (m - eighth) + 2 * input, -512, 511);
          fired[n] = membrane[n] > 150 ? 1 : 0;
          expected.push_back(static_cast<std::uint8_t>(fired[n]));
        }
      }
    }
    sc_core::sc_start();
    EXPECT_EQ(bench.sink.spikes, expected) << (zero_skipping ? "with zero-skipping" : "");
    EXPECT_GT(std::count(expected.begin(), expected.end(), 1), 0);
    EXPECT_THAT(bench.unit.membranes(), Each(0));  // after the last tick
  }
}

TEST_P(ThresholdUnitFoldings, ZeroSkippingStepsThroughWordsWithSpikesAlone) {
  const Case& c = GetParam();
  std::mt19937_64 random(8);
  Bench bench(c, random_weights(random, std::size_t{c.inputs} * c.outputs, 128), {16, 100, 0, {}}, true);
  const std::uint64_t passes = c.outputs / c.folding.pe;
  const std::uint64_t words = c.inputs / c.folding.simd;
  std::uint64_t steps = 0;
  std::uint64_t additions = 0;
  for (int i = 0; i < 6; ++i) {
    const Spikes spikes = random_spikes(random, std::size_t{c.inputs} * c.positions, 0.02);
    bench.source.send(packed(spikes));
    for (std::size_t p = 0; p < c.positions; ++p) {
      std::uint64_t active = 0;
      for (std::uint64_t word = 0; word < words; ++word) {
        const auto from = spikes.begin() + static_cast<std::ptrdiff_t>(p * c.inputs + word * c.folding.simd);
        const auto count = std::count(from, from + c.folding.simd, 1);
        active += count > 0 ? 1 : 0;
        additions += static_cast<std::uint64_t>(count) * c.outputs;
      }
      steps += words + (passes - 1) * std::max<std::uint64_t>(1, active);
    }
  }
  sc_core::sc_start();
  EXPECT_EQ(bench.unit.busy_cycles(), steps);
  EXPECT_EQ(bench.unit.actions().total(0, Mode::evaluation), additions);
  EXPECT_EQ(bench.unit.skipped_steps() + steps, 6 * passes * words * c.positions);
}

INSTANTIATE_TEST_SUITE_P(Matrices, ThresholdUnitFoldings,
                         ::testing::Values(Case{25, 16, 64, {1, 1}}, Case{25, 16, 64, {16, 25}},
                                           Case{25, 16, 64, {4, 5}}, Case{400, 8, 9, {2, 16}},
                                           Case{400, 8, 9, {8, 400}}, Case{1152, 128, 1, {8, 32}},
                                           Case{128, 11, 1, {11, 8}}, Case{128, 11, 1, {1, 128}},
                                           Case{70, 90, 3, {45, 70}}));

TEST_F(MatrixVectorThresholdTest, ClipsBeforeItCompares) {
  // Four bits: -8 to 7. The sum 100 is clipped to 7, which is above 6 and not above 7.
  std::int32_t membrane = 0;
  EXPECT_TRUE((LifParameters{4, 6, 0, {}}.fire(membrane, 100)));
  EXPECT_EQ(membrane, 0);
  EXPECT_FALSE((LifParameters{4, 7, 0, {}}.fire(membrane, 100)));
  EXPECT_EQ(membrane, 7);
  EXPECT_FALSE((LifParameters{4, 7, 0, {}}.fire(membrane, -100)));
  EXPECT_EQ(membrane, -8);
}

TEST_F(MatrixVectorThresholdTest, TheShiftRoundsTowardsMinusInfinity) {
  const Decay shift;
  EXPECT_EQ(shift(80), 70);
  EXPECT_EQ(shift(7), 7);   // 7 >> 3 = 0
  EXPECT_EQ(shift(-1), 0);  // -1 >> 3 = -1
  EXPECT_EQ(shift(-80), -70);
  const Decay floor{Decay::Kind::multiplier, 4, 14, Decay::Rounding::floor};
  EXPECT_EQ(floor(7), 6);    // 98 / 16 = 6.1
  EXPECT_EQ(floor(-7), -7);  // -6.1
  const Decay nearest{Decay::Kind::multiplier, 4, 14, Decay::Rounding::nearest};
  EXPECT_EQ(nearest(-7), -6);
  EXPECT_EQ(nearest(4), 4);  // 3.5 goes up
}

TEST_F(MatrixVectorThresholdTest, BadParametersAreRefused) {
  const Case c{24, 6, 2, {3, 8}};
  const std::vector<std::int32_t> weights(24 * 6, 1);
  const auto build = [&weights](const Case& what, const LifParameters& lif) {
    rheo::testing::new_simulation();
    Bench bench(what, weights, lif, false);
  };
  EXPECT_NO_THROW(build(c, {}));
  EXPECT_THROW(build({24, 6, 2, {4, 8}}, {}), InputError);
  EXPECT_THROW(build({24, 6, 2, {3, 7}}, {}), InputError);
  EXPECT_THROW(build(c, {8, 128, 0, {}}), InputError);
  EXPECT_THROW(build(c, {8, -1, 0, {}}), InputError);
  EXPECT_THROW(WeightMatrix(std::vector<std::int32_t>(4, 8), 2, 2, 4), InputError);  // 4 bits hold -8 to 7
  EXPECT_THROW(WeightMatrix(std::vector<std::int32_t>(5, 1), 2, 2, 4), InputError);
  EXPECT_NO_THROW(WeightMatrix(std::vector<std::int32_t>(4, -8), 2, 2, 4));
}

}  // namespace
}  // namespace rheo::stream
