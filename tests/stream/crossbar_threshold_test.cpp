#include "models/stream/crossbar_threshold.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "models/core/error.hpp"
#include "models/stream/pipeline.hpp"
#include "tests/stream/dense_reference.hpp"
#include "tests/stream/random_network.hpp"
#include "tests/stream/streams.hpp"

namespace rheo::stream {
namespace {

using namespace rheo::stream::testing;
using ::testing::Each;
using ::testing::HasSubstr;

using CrossbarThresholdTest = rheo::testing::SystemCTest;

/// Cells that hold what is written, and converters that round and do nothing else.
CrossbarMatrix exact_tiles(std::int64_t rows, std::int64_t columns) {
  CrossbarMatrix matrix;
  matrix.tile.rows = rows;
  matrix.tile.columns = columns;
  crossbar::PopulationParameters& cells = matrix.settings.device.cell.population;
  cells.w_max = 1;
  cells.w_min = -1;
  cells.w_max_dtod = cells.w_min_dtod = 0;
  matrix.settings.adc.noise = 0;
  matrix.settings.adc.bits = 12;
  matrix.settings = spike_driven(matrix.settings);
  return matrix;
}

/// Integer weights as fractions of full scale, and ADCs whose step is the weight 1.
void hold_integers(CrossbarMatrix& matrix, const std::vector<std::int32_t>& weights, std::uint32_t bits) {
  const float unit = std::ldexp(1.0F, 1 - static_cast<int>(bits));
  matrix.weights.clear();
  for (const std::int32_t w : weights) matrix.weights.push_back(static_cast<float>(w) * unit);
  matrix.settings.adc.bound = double{matrix.settings.adc.levels()} * unit;
}

struct Case {
  const char* longest;
  std::uint32_t inputs, outputs, positions;
  Folding folding;
  double read_time;
  std::int64_t shared_by;
  double rate;
  Cycle load, read, convert, neurons;  ///< at 5 ns
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.longest; }

struct Bench {
  Bench(const Case& c, std::uint32_t ticks, bool zero_skipping = false, CrossbarMatrix matrix = exact_tiles(64, 64))
      : in("in", {c.folding.simd, c.folding.simd, 64, std::uint64_t{c.inputs} * c.positions}, 1),
        out("out", {c.folding.pe, c.folding.pe, 8, std::uint64_t{c.outputs} * c.positions}, 1),
        source("source", stage_context(), always_ready(), std::uint64_t{c.inputs} * c.positions, in),
        unit("unit", stage_context(), prepared(std::move(matrix), c), c.inputs, c.outputs, c.positions, c.folding,
             {16, 20, 0, {}}, {ticks, 0}, zero_skipping, in, out),
        sink("sink", out) {}

  static CrossbarMatrix prepared(CrossbarMatrix matrix, const Case& c) {
    std::mt19937_64 random(5);
    std::vector<std::int32_t> weights(std::size_t{c.inputs} * c.outputs);
    for (std::int32_t& w : weights) w = static_cast<std::int32_t>(random() % 32) - 16;
    hold_integers(matrix, weights, 5);
    matrix.tile.read_time = c.read_time;
    matrix.settings.adc.shared_by = c.shared_by;
    matrix.settings.adc.rate = c.rate;
    return matrix;
  }
  [[nodiscard]] std::uint64_t actions(std::string_view name) {
    for (std::size_t kind = 0; kind < unit.actions().kinds().size(); ++kind) {
      if (unit.actions().kinds()[kind].name == name) return unit.actions().total(kind, Mode::evaluation);
    }
    throw std::out_of_range(std::string(name));
  }

  SpikeStream in, out;
  DmaIn source;
  CrossbarThreshold unit;
  Sink sink;
};

/// A spike in every patch.
Spikes some_in_each(std::mt19937_64& random, const Case& c) {
  Spikes spikes = random_spikes(random, std::size_t{c.inputs} * c.positions, 0.1);
  for (std::size_t p = 0; p < c.positions; ++p) spikes[p * c.inputs + random() % c.inputs] = 1;
  return spikes;
}

class CrossbarTiming : public CrossbarThresholdTest, public ::testing::WithParamInterface<Case> {};

TEST_P(CrossbarTiming, TheLongestOfLoadReadConvertAndNeuronsSetsTheInterval) {
  const Case& c = GetParam();
  std::mt19937_64 random(5);
  Bench bench(c, 6);
  const CrossbarCycles& cycles = bench.unit.cycles();
  EXPECT_EQ(cycles.load, c.load);
  EXPECT_EQ(cycles.read, c.read);
  EXPECT_EQ(cycles.convert, c.convert);
  EXPECT_EQ(cycles.neurons, c.neurons);
  for (int i = 0; i < 6; ++i) bench.source.send(packed(some_in_each(random, c)));
  sc_core::sc_start();
  const Cycle interval = std::max({c.load, c.read, c.convert, c.neurons}) * c.positions;
  const std::vector<Cycle> distances = intervals(bench.sink.frame_ends());
  ASSERT_EQ(distances.size(), 5U);
  EXPECT_THAT(std::vector<Cycle>(distances.begin() + 1, distances.end()), Each(interval));
  EXPECT_EQ(bench.unit.busy_cycles(), 6 * interval);
  // The first word leaves the source in cycle 0 and is loaded in cycle 1; the sink reads a cycle after the neurons.
  EXPECT_EQ(bench.sink.cycles.front(), 1 + c.load + c.read + c.convert + 1);
}

// Clock 5 ns. Two tiles share the rows of the last case: 40 of 64 columns each.
INSTANTIATE_TEST_SUITE_P(Longest, CrossbarTiming,
                         ::testing::Values(Case{"load", 48, 16, 9, {8, 1}, 80e-9, 16, 1.28e9, 48, 16, 3, 2},
                                           Case{"read", 48, 16, 9, {8, 12}, 80e-9, 16, 1.28e9, 4, 16, 3, 2},
                                           Case{"read_rounded_up", 48, 16, 9, {8, 12}, 81e-9, 16, 1.28e9, 4, 17, 3, 2},
                                           Case{"convert", 48, 16, 9, {8, 12}, 80e-9, 16, 100e6, 4, 16, 32, 2},
                                           Case{"neurons", 48, 60, 9, {2, 12}, 80e-9, 64, 1.28e9, 4, 16, 10, 30},
                                           Case{"two_tiles", 48, 80, 9, {40, 12}, 80e-9, 64, 200e6, 4, 16, 40, 2}),
                         [](const auto& info) { return std::string(info.param.longest); });

constexpr Case small{"small", 48, 16, 9, {8, 12}, 80e-9, 16, 1.28e9, 4, 16, 3, 2};

TEST_F(CrossbarThresholdTest, ASlowReaderHoldsTheTilesBack) {
  std::mt19937_64 random(5);
  SpikeStream in("in", {12, 12, 64, 48 * 9}, 1);
  SpikeStream out("out", {8, 8, 2, 16 * 9}, 1);
  DmaIn source("source", stage_context(), always_ready(), 48 * 9, in);
  CrossbarThreshold unit("unit", stage_context(), Bench::prepared(exact_tiles(64, 64), small), 48, 16, 9, {8, 12},
                         {16, 20, 0, {}}, {6, 0}, false, in, out);
  Sink sink("sink", out, 25);  // a word every 25 cycles, two a position
  for (int i = 0; i < 6; ++i) source.send(packed(some_in_each(random, small)));
  sc_core::sc_start();
  EXPECT_THAT(intervals(sink.frame_ends()), Each(Cycle{2 * 25 * 9}));
  // The unit takes no patch that it has no place for, so that the FIFO in front of it fills.
  EXPECT_EQ(in.peak_bits(), in.capacity_bits());
}

TEST_F(CrossbarThresholdTest, OnlyPatchesWithSpikesAreReadAndOnlyTheirRowsDriven) {
  std::mt19937_64 random(7);
  Bench bench(small, 4, false, exact_tiles(24, 10));  // 2 x 2 tiles of 24 rows and 8 columns
  EXPECT_EQ(bench.unit.tiles(), 4U);
  std::uint64_t spikes = 0, halves_with_spikes = 0, empty = 0;
  for (int frame = 0; frame < 4; ++frame) {
    const Spikes sent = random_spikes(random, std::size_t{small.inputs} * small.positions, 0.02);
    for (std::size_t half = 0; half < 2 * small.positions; ++half) {
      const auto first = sent.begin() + static_cast<std::ptrdiff_t>(24 * half);
      const auto count = static_cast<std::uint64_t>(std::count(first, first + 24, 1));
      spikes += count;
      halves_with_spikes += count > 0 ? 1 : 0;
      if (half % 2 == 1) empty += std::count(first - 24, first + 24, 1) == 0 ? 1 : 0;
    }
    bench.source.send(packed(sent));
  }
  sc_core::sc_start();
  EXPECT_GT(empty, 5U);
  EXPECT_EQ(bench.unit.empty_patches(), empty);
  EXPECT_EQ(bench.actions("dac.drive"), 2 * spikes);  // the rows of two tiles
  EXPECT_EQ(bench.actions("adc.convert"), halves_with_spikes * 16);
  EXPECT_EQ(bench.actions("integrator.sample"), halves_with_spikes * 16);
  EXPECT_EQ(bench.actions("array.read"), halves_with_spikes * 24 * 16 * 2);
  EXPECT_EQ(bench.actions("lif.add"), halves_with_spikes * 16);
  EXPECT_EQ(bench.actions("lif.decay"), 4U * 9 * 16);
  EXPECT_EQ(bench.actions("lif.membrane"), 4U * 9 * 16 * 2 * 16);
  EXPECT_EQ(bench.actions("row_register.bit"), 4U * 9 * 48 + (4U * 9 - empty) * 48);
  // Written before the run.
  EXPECT_EQ(bench.unit.actions().total(11, Mode::preparation), 48U * 16 * 2);
  EXPECT_DOUBLE_EQ(bench.unit.program_seconds(), 24e-6);
}

TEST_F(CrossbarThresholdTest, ZeroSkippingPassesEmptyPatchesByAndChangesNoSpike) {
  const auto run = [](bool zero_skipping) {
    rheo::testing::new_simulation();
    std::mt19937_64 random(7);
    Bench bench(small, 12, zero_skipping);
    for (int frame = 0; frame < 12; ++frame) {
      // The last four of the nine patches alone.
      Spikes sent(std::size_t{small.inputs} * small.positions);
      const Spikes spikes = some_in_each(random, small);
      std::copy(spikes.begin() + 5 * 48, spikes.end(), sent.begin() + 5 * 48);
      bench.source.send(packed(sent));
    }
    sc_core::sc_start();
    return std::pair(bench.sink.spikes, intervals(bench.sink.frame_ends()));
  };
  const auto all = run(false);
  const auto skipping = run(true);
  EXPECT_EQ(skipping.first, all.first);
  EXPECT_EQ(all.second.back(), 9U * 16);
  // Four reads of 16 cycles; the five empty patches are loaded, 4 cycles each, while the read before goes on.
  EXPECT_LT(skipping.second.back(), 4U * 16 + 5U * 4 + 1);
  EXPECT_GE(skipping.second.back(), 4U * 16);
}

/// Weights of at most five bits, so that no converter clips.
void narrow(std::vector<LayerParameters>& layers) {
  for (LayerParameters& layer : layers) {
    if (layer.weight_bits <= 5) continue;
    const std::uint32_t less = layer.weight_bits - 5;
    for (std::int32_t& w : layer.weights) w >>= less;
    layer.weight_bits = 5;
    layer.lif.membrane_bits -= less;
    layer.lif.threshold >>= less;
  }
}

class CrossbarNetworks : public CrossbarThresholdTest, public ::testing::WithParamInterface<int> {};

/// Binary inputs, integer weights and converters with a code for every sum are exact: the tiles then count what the
/// equations say, split over rows and columns as they may be.
TEST_P(CrossbarNetworks, SpikeAsTheIntegerReferenceDoes) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  constexpr std::uint32_t ticks = 6;
  constexpr std::uint32_t examples = 2;
  std::vector<LayerParameters> layers = random_network(random);
  narrow(layers);
  const std::int64_t rows = between(random, 9, 60);
  const std::int64_t columns = between(random, 3, 12);
  PipelineParameters parameters;
  parameters.clock = sc_core::sc_time(5, sc_core::SC_NS);
  parameters.ticks = ticks;
  parameters.lif_stage = "tiles";
  std::size_t tiles = 0;
  parameters.make_lif_stage = [&](const char* name, const StageContext& context, const LayerParameters& layer,
                                  const TickSchedule& schedule, SpikeStream& in, SpikeStream& out) {
    CrossbarMatrix matrix = exact_tiles(rows, columns);
    hold_integers(matrix, layer.weights, layer.weight_bits);
    auto unit = std::make_unique<CrossbarThreshold>(name, context, matrix, layer.in_features(), layer.outputs,
                                                    static_cast<std::uint32_t>(layer.geometry.positions()),
                                                    layer.folding, layer.lif, schedule, GetParam() % 2 == 1, in, out);
    tiles += unit->tiles();
    return unit;
  };
  Pipeline pipeline(parameters, layers);
  EXPECT_GE(tiles, layers.size());
  expect_the_dense_reference(pipeline, layers, ticks, examples, random);
  EXPECT_EQ(pipeline.results().size(), examples);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CrossbarNetworks, ::testing::Range(1, 31));

/// Noise belongs to the vector, not to the moment: folding, FIFOs and skipping change no bit.
TEST_F(CrossbarThresholdTest, NoiseDependsOnSeedAndVectorAlone) {
  const auto spikes = [](std::uint64_t seed, Case c, bool zero_skipping) {
    rheo::testing::new_simulation();
    std::mt19937_64 random(9);
    CrossbarMatrix matrix = exact_tiles(24, 10);
    matrix.seed = seed;
    matrix.settings.adc.noise = 0.5;
    Bench bench(c, 4, zero_skipping, matrix);
    for (int frame = 0; frame < 8; ++frame) {
      bench.source.send(packed(random_spikes(random, std::size_t{c.inputs} * c.positions, 0.05)));
    }
    sc_core::sc_start();
    return bench.sink.spikes;
  };
  Case slow = small;
  slow.folding = {1, 3};
  slow.read_time = 200e-9;
  const Spikes first = spikes(1, small, false);
  EXPECT_GT(std::count(first.begin(), first.end(), 1), 0);
  EXPECT_EQ(spikes(1, small, true), first);
  EXPECT_EQ(spikes(1, slow, false), first);
  EXPECT_NE(spikes(2, small, false), first);
}

TEST_F(CrossbarThresholdTest, TheNoiseOfAFrameIsItsOwn) {
  std::mt19937_64 random(9);
  CrossbarMatrix matrix = exact_tiles(64, 64);
  matrix.settings.adc.noise = 0.5;
  Bench bench(small, 1, false, matrix);  // membranes begin anew with every frame
  const std::vector<std::uint64_t> frame = packed(some_in_each(random, small));
  for (int i = 0; i < 4; ++i) bench.source.send(frame);
  sc_core::sc_start();
  const auto of_frame = [&](std::ptrdiff_t i) {
    const auto first = bench.sink.spikes.begin() + i * 16 * 9;
    return Spikes(first, first + 16 * 9);
  };
  for (std::ptrdiff_t i = 1; i < 4; ++i) EXPECT_NE(of_frame(i), of_frame(0));
}

TEST_F(CrossbarThresholdTest, ACalibrationOfDriftingCellsTakesTimeAndReadsEveryRow) {
  const auto run = [](bool compensated) {
    rheo::testing::new_simulation();
    std::mt19937_64 random(9);
    CrossbarMatrix matrix = exact_tiles(64, 64);
    matrix.settings.device.programmed = true;
    matrix.settings.device.pcm.drift_compensation = compensated;
    Bench bench(small, 2, false, matrix);
    for (int frame = 0; frame < 4; ++frame) bench.source.send(packed(some_in_each(random, small)));
    sc_core::sc_start();
    return std::tuple(bench.sink.cycles.front(), bench.actions("adc.convert"), bench.actions("tile_digital.rescale"));
  };
  const auto [plain_cycle, plain_conversions, plain_rescaled] = run(false);
  const auto [cycle, conversions, rescaled] = run(true);
  // One calibration: the second example begins long before drift time has grown by a hundredth.
  EXPECT_EQ(cycle, plain_cycle + 48 * (16 + 3));
  EXPECT_EQ(conversions, plain_conversions + 48 * 16);
  EXPECT_EQ(plain_rescaled, 0U);
  EXPECT_EQ(rescaled, 4U * 9 * 16);
}

TEST_F(CrossbarThresholdTest, WhatDoesNotReadSpikesIsRefused) {
  SpikeStream in("in", {12, 12, 64, 48 * 9}, 1);
  SpikeStream out("out", {8, 8, 8, 16 * 9}, 1);
  const CrossbarMatrix good = Bench::prepared(exact_tiles(64, 64), small);
  CrossbarMatrix seven_bits = good;
  seven_bits.settings.dac = {};
  EXPECT_THROW(CrossbarThreshold("unit", stage_context(), seven_bits, 48, 16, 9, {8, 12}, {16, 20, 0, {}}, {6, 0},
                                 false, in, out),
               std::invalid_argument);
  rheo::testing::new_simulation();
  SpikeStream in2("in", {12, 12, 64, 48 * 9}, 1);
  SpikeStream out2("out", {8, 8, 8, 16 * 9}, 1);
  try {
    CrossbarThreshold unit("unit", stage_context(), good, 48, 16, 9, {8, 7}, {16, 20, 0, {}}, {6, 0}, false, in2, out2);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("simd = 7; expected a divisor of 48 inputs"));
  }
}

}  // namespace
}  // namespace rheo::stream
