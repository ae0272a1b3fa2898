#include "models/crossbar/crossbar_array.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/crossbar/moments.hpp"
#include "tests/crossbar/reference_array.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo::crossbar {
namespace {

using rheo::testing::first_difference;
using rheo::testing::same_bits;
using testing::Moments;
using testing::uniform_values;
using testing::UpdateFormulas;
using testing::vectors_in;
using testing::vectors_out;

ArraySettings gokmen_vlasov() {
  ArraySettings settings;
  settings.device.dw_min = 0.0016;
  settings.device.w_max = 1.0;
  settings.device.w_min = -1.0;
  return settings;
}

/// All cells alike, far from their bounds.
ArraySettings without_variation() {
  ArraySettings settings = gokmen_vlasov();
  settings.device.dw_min_dtod = settings.device.up_down_dtod = 0;
  settings.device.w_max_dtod = settings.device.w_min_dtod = 0;
  settings.device.w_max = 10;
  settings.device.w_min = -10;
  return settings;
}

ArraySettings ideal() {
  ArraySettings settings;
  settings.device.family = DeviceFamily::ideal;
  return settings;
}

ReadSettings read_settings(const ArraySettings& s, bool halve) {
  return {s.dac.levels(),
          s.adc.levels(),
          s.adc.step(),
          static_cast<float>(s.adc.noise),
          1,
          s.management.noise,
          halve ? static_cast<int>(s.management.max_halvings) : 0,
          nullptr};
}

struct Size {
  std::size_t inputs, outputs;
};
constexpr std::array sizes{Size{1, 1}, Size{5, 3}, Size{25, 16}, Size{37, 10}, Size{400, 32}, Size{512, 70}};

std::string name(const Size& size) { return std::to_string(size.inputs) + "x" + std::to_string(size.outputs); }

void expect_same(const std::vector<float>& made, const std::vector<float>& expected, const std::string& what) {
  EXPECT_TRUE(same_bits(made, expected)) << what << ": first at " << first_difference(made, expected);
}

std::vector<float> transposed(const std::vector<float>& matrix, std::size_t rows, std::size_t columns) {
  std::vector<float> out(matrix.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) out[j * rows + i] = matrix[i * columns + j];
  }
  return out;
}

/// A programmed array; small weights stay within every cell's bounds.
CrossbarArray programmed(const Size& size, const ArraySettings& settings) {
  CrossbarArray array(size.inputs, size.outputs, settings, 7, 3);
  std::vector<float> weights = uniform_values(size.inputs * size.outputs, 1);
  for (float& w : weights) w *= 0.5F;
  array.program(weights);
  return array;
}

TEST(CrossbarArray, ForwardIsTheReferenceReadOfItsWeights) {
  ThreadTeam team(1);
  constexpr std::size_t count = 21;
  for (const Size& size : sizes) {
    ArraySettings settings = gokmen_vlasov();
    settings.adc.bound = 1.0;  // bound management has something to do
    CrossbarArray array = programmed(size, settings);
    const std::vector<float> x = uniform_values(count * size.inputs, 2);
    for (const auto& [mode, purpose] : {std::pair{Mode::training, RandomPurpose::forward_noise},
                                        std::pair{Mode::evaluation, RandomPurpose::evaluation_noise}}) {
      std::vector<float> y(count * size.outputs);
      std::vector<float> expected = y;
      (void)array.forward(vectors_in(x, size.inputs), {0, count, 50}, vectors_out(y, size.outputs), mode, team);
      testing::reference_read(read_settings(settings, true), array.weights(), size.inputs, size.outputs, {},
                              vectors_in(x, size.inputs), {0, count, 50}, RandomKey(7, 3, purpose),
                              vectors_out(expected, size.outputs));
      expect_same(y, expected, name(size));
    }
  }
}

TEST(CrossbarArray, BackwardIsTheTransposedReadWithoutBoundManagement) {
  ThreadTeam team(1);
  constexpr std::size_t count = 21;
  for (const Size& size : sizes) {
    ArraySettings settings = gokmen_vlasov();
    settings.adc.bound = 1.0;
    CrossbarArray array = programmed(size, settings);
    const std::vector<float> d = uniform_values(count * size.outputs, 2);
    std::vector<float> y = uniform_values(count * size.inputs, 4);
    std::vector<float> expected = y;
    (void)array.backward(vectors_in(d, size.outputs), {0, count, 50}, vectors_out(y, size.inputs, true), team);
    testing::reference_read(read_settings(settings, false), transposed(array.weights(), size.inputs, size.outputs),
                            size.outputs, size.inputs, {}, vectors_in(d, size.outputs), {0, count, 50},
                            RandomKey(7, 3, RandomPurpose::backward_noise), vectors_out(expected, size.inputs, true));
    expect_same(y, expected, name(size));
  }
}

TEST(CrossbarArray, BackwardSeesTheWeightsOfTheLastUpdateAndProgram) {
  ThreadTeam team(1);
  CrossbarArray array = programmed({25, 16}, gokmen_vlasov());
  const std::vector<float> x = uniform_values(25, 2);
  const std::vector<float> d = uniform_values(16, 3);
  const auto check = [&](const char* what) {
    std::vector<float> y(25);
    std::vector<float> expected(25);
    (void)array.backward(vectors_in(d, 16), {0, 1, 0}, vectors_out(y, 25), team);
    testing::reference_read(read_settings(gokmen_vlasov(), false), transposed(array.weights(), 25, 16), 16, 25, {},
                            vectors_in(d, 16), {0, 1, 0}, RandomKey(7, 3, RandomPurpose::backward_noise),
                            vectors_out(expected, 25));
    expect_same(y, expected, what);
  };
  check("as programmed");
  const std::vector<float> before = array.weights();
  (void)array.update(vectors_in(x, 25), vectors_in(d, 16), {0, 1, 0}, 0.1F, team);
  EXPECT_NE(array.weights(), before);
  check("after an update");
  array.program(std::vector<float>(25 * 16, 0.1F));
  check("after programming");
}

/// Everything that an array computes for one block, split into parts of `group` vectors.
struct Outcome {
  std::vector<float> forward, backward, weights;
  ReadCounts forward_counts, backward_counts;
  PulseCounts pulses;
};

Outcome run_convolution(std::size_t group, std::size_t threads) {
  // Three images of 6x7x4, 3x3 patches, padding 1: 42 overlapping vectors each of 36 elements; 20 outputs.
  const PatchGeometry g{6, 7, 4, 3, 3, 1, 1};
  constexpr std::size_t images = 3;
  const std::size_t count = images * g.positions();
  ThreadTeam team(threads);
  ArraySettings settings = gokmen_vlasov();
  settings.adc.bound = 2.0;
  CrossbarArray array = programmed({36, 20}, settings);
  const std::vector<float> x = uniform_values(images * g.image_values(), 2, 0.4);
  std::vector<float> d = uniform_values(count * 20, 3, 0.4);
  for (std::size_t i = 100; i < 200; ++i) d[i] = 0;  // some errors are zero vectors
  const InputBlock in{x.data(), g.image_values(), g, 0, 36};
  Outcome out;
  out.forward.resize(count * 20);
  out.backward = uniform_values(images * g.image_values(), 5);
  const OutputBlock back{out.backward.data(), g.image_values(), g, 0, 36, true};
  for (std::size_t v = 0; v < count; v += group) {
    const VectorRange range{v, std::min(group, count - v), 1000};
    out.forward_counts += array.forward(in, range, vectors_out(out.forward, 20), Mode::training, team);
    out.backward_counts += array.backward(vectors_in(d, 20), range, back, team);
  }
  for (std::size_t v = 0; v < count; v += group) {
    out.pulses += array.update(in, vectors_in(d, 20), {v, std::min(group, count - v), 1000}, 0.01F, team);
  }
  out.weights = array.weights();
  return out;
}

void expect_same(const ReadCounts& made, const ReadCounts& expected, const std::string& what) {
  EXPECT_EQ(made.reads, expected.reads) << what;
  EXPECT_EQ(made.skipped, expected.skipped) << what;
  EXPECT_EQ(made.driven, expected.driven) << what;
  EXPECT_EQ(made.activity, expected.activity) << what;
}

void expect_same(const PulseCounts& made, const PulseCounts& expected, const std::string& what) {
  EXPECT_EQ(made.vectors, expected.vectors) << what;
  EXPECT_EQ(made.skipped, expected.skipped) << what;
  EXPECT_EQ(made.slots, expected.slots) << what;
  EXPECT_EQ(made.by_length, expected.by_length) << what;
  EXPECT_EQ(made.row_pulses, expected.row_pulses) << what;
  EXPECT_EQ(made.column_pulses, expected.column_pulses) << what;
  EXPECT_EQ(made.random_bits, expected.random_bits) << what;
  EXPECT_EQ(made.coincidences, expected.coincidences) << what;
}

TEST(CrossbarArray, BlocksThreadsAndInstructionSetsNeverChangeABitOrACount) {
  const Outcome whole = run_convolution(126, 1);
  EXPECT_GT(whole.backward_counts.skipped, 0U);
  EXPECT_GT(whole.forward_counts.reads, 126U) << "some reads are repeated";
  EXPECT_GT(whole.pulses.coincidences, 0U);
  for (const std::int64_t set : rheo::testing::instruction_sets()) {
    const rheo::testing::OnInstructionSet use(set);
    for (const std::size_t threads : {1U, 2U, 3U}) {
      for (const std::size_t group : {1U, 3U, 16U, 50U, 126U}) {
        const Outcome parts = run_convolution(group, threads);
        const std::string what = std::string(hwy::TargetName(set)) + ", " + std::to_string(threads) + " threads, by " +
                                 std::to_string(group);
        expect_same(parts.forward, whole.forward, "forward, " + what);
        expect_same(parts.backward, whole.backward, "backward, " + what);
        expect_same(parts.weights, whole.weights, "weights, " + what);
        expect_same(parts.forward_counts, whole.forward_counts, "forward, " + what);
        expect_same(parts.backward_counts, whole.backward_counts, "backward, " + what);
        expect_same(parts.pulses, whole.pulses, what);
      }
    }
  }
}

TEST(CrossbarArray, ReadsCountReadsSkipsAndDrivenLines) {
  ThreadTeam team(1);
  CrossbarArray array = programmed({5, 3}, gokmen_vlasov());
  const std::vector<float> x{1, 0, 0.5F, 0, 0.001F, 0, 0, 0, 0, 0, 0, 0, 0, -2, 0};  // 0.001 x 63 rounds to 0
  std::vector<float> y(9);
  const ReadCounts counts = array.forward(vectors_in(x, 5), {0, 3, 0}, vectors_out(y, 3), Mode::training, team);
  EXPECT_EQ(counts.reads, 2U);
  EXPECT_EQ(counts.skipped, 1U);
  EXPECT_EQ(counts.driven, 3U);
}

/// Full-scale cells that conduct on each row (forward) or column (backward): a pair of cells a weight.
std::vector<double> conductance(const CrossbarArray& array, const ConductanceParameters& p, double full_scale,
                                bool rows) {
  std::vector<double> sums(rows ? array.inputs() : array.outputs());
  const std::vector<float> w = array.weights();
  for (std::size_t i = 0; i < array.inputs(); ++i) {
    for (std::size_t j = 0; j < array.outputs(); ++j) {
      const double relative = double{w[i * array.outputs() + j]} / full_scale;
      const double off = p.off_ratio;
      // Differential: one cell carries |w|, the other is off. Reference: a cell around mid-scale, and mid-scale.
      const double pair = p.sign == SignScheme::differential
                              ? (off + (1 - off) * std::abs(relative)) + off
                              : ((1 + off) / 2 + (1 - off) / 2 * relative) + (1 + off) / 2;
      sums[rows ? i : j] += pair;
    }
  }
  return sums;
}

TEST(CrossbarArray, ActivityFollowsInputsAndConductances) {
  ThreadTeam team(1);
  constexpr std::size_t count = 17;
  for (const SignScheme sign : {SignScheme::differential, SignScheme::reference}) {
    for (const Size& size : sizes) {
      ArraySettings settings = gokmen_vlasov();
      settings.conductance = {sign, 0.15};
      CrossbarArray array = programmed(size, settings);
      const std::vector<float> x = uniform_values(count * size.inputs, 2, 0.3);
      const std::vector<float> d = uniform_values(count * size.outputs, 3, 0.3);
      for (int step = 0; step < 3; ++step) {
        std::vector<float> y(count * size.outputs);
        std::vector<float> z(count * size.inputs);
        const ReadCounts forward = array.forward(vectors_in(x, size.inputs), {0, count, 0},
                                                 vectors_out(y, size.outputs), Mode::training, team);
        const ReadCounts backward =
            array.backward(vectors_in(d, size.outputs), {0, count, 0}, vectors_out(z, size.inputs), team);
        double expected_forward = 0;
        double expected_backward = 0;
        (void)testing::reference_read(read_settings(settings, true), array.weights(), size.inputs, size.outputs,
                                      conductance(array, settings.conductance, 1.0, true), vectors_in(x, size.inputs),
                                      {0, count, 0}, RandomKey(7, 3, RandomPurpose::forward_noise),
                                      vectors_out(y, size.outputs), &expected_forward);
        (void)testing::reference_read(read_settings(settings, false),
                                      transposed(array.weights(), size.inputs, size.outputs), size.outputs, size.inputs,
                                      conductance(array, settings.conductance, 1.0, false), vectors_in(d, size.outputs),
                                      {0, count, 0}, RandomKey(7, 3, RandomPurpose::backward_noise),
                                      vectors_out(z, size.inputs), &expected_backward);
        EXPECT_NEAR(static_cast<double>(forward.activity), expected_forward, 1e-5 * expected_forward + count)
            << name(size) << " step " << step;
        EXPECT_NEAR(static_cast<double>(backward.activity), expected_backward, 1e-5 * expected_backward + count)
            << name(size) << " step " << step;
        // New conductances by pulses, then by programming.
        if (step == 0) {
          (void)array.update(vectors_in(x, size.inputs), vectors_in(d, size.outputs), {0, count, 0}, 0.1F, team);
        } else {
          array.program(std::vector<float>(size.inputs * size.outputs, 0.01F));
        }
      }
    }
  }
}

TEST(CrossbarArray, ActivityGrowsWithInputsAndWithDifferentialWeights) {
  ThreadTeam team(1);
  ArraySettings settings = without_variation();
  settings.management.noise = false;
  settings.management.forward_bound = BoundManagement::none;
  const auto activity = [&](float input, float weight) {
    CrossbarArray array(8, 4, settings, 1, 1);
    array.program(std::vector<float>(32, weight));
    const std::vector<float> x(8, input);
    std::vector<float> y(4);
    return static_cast<double>(
        array.forward(vectors_in(x, 8), {0, 1, 0}, vectors_out(y, 4), Mode::training, team).activity);
  };
  // 32 pairs of two off cells (0.1 each), full input: 6.4 full-scale cells.
  EXPECT_NEAR(activity(1.0F, 0.0F) / 65536, 6.4, 1e-4);
  EXPECT_NEAR(activity(21.0F / 63, 0.0F) / 65536, 6.4 / 3, 1e-4);
  // Half scale (bounds +-10): 0.1 + 0.45 + 0.1 a pair, whatever the sign.
  EXPECT_NEAR(activity(1.0F, 5.0F) / 65536, 32 * 0.65, 1e-4);
  EXPECT_NEAR(activity(-1.0F, -5.0F) / 65536, 32 * 0.65, 1e-4);
}

TEST(CrossbarArray, TheIdealDeviceReadsExactlyAndKeepsWhatIsWritten) {
  ThreadTeam team(2);
  constexpr std::size_t count = 40;
  for (const Size& size : sizes) {
    CrossbarArray array(size.inputs, size.outputs, ideal(), 7, 3);
    std::vector<float> weights = uniform_values(size.inputs * size.outputs, 1);
    for (float& w : weights) w *= 100;  // no bounds
    array.program(weights);
    EXPECT_TRUE(array.is_ideal());
    EXPECT_EQ(array.weights(), weights);
    EXPECT_TRUE(array.population().step_up.empty());
    const std::vector<float> x = uniform_values(count * size.inputs, 2);
    const std::vector<float> d = uniform_values(count * size.outputs, 3);
    std::vector<float> y(count * size.outputs);
    std::vector<float> expected = y;
    ReadCounts counts =
        array.forward(vectors_in(x, size.inputs), {0, count, 0}, vectors_out(y, size.outputs), Mode::training, team);
    testing::reference_exact_read(weights, size.inputs, size.outputs, vectors_in(x, size.inputs), {0, count, 0},
                                  vectors_out(expected, size.outputs));
    expect_same(y, expected, "forward " + name(size));
    EXPECT_EQ(counts.reads, count);
    std::vector<float> z(count * size.inputs);
    std::vector<float> expected_back = z;
    counts = array.backward(vectors_in(d, size.outputs), {0, count, 0}, vectors_out(z, size.inputs), team);
    testing::reference_exact_read(transposed(weights, size.inputs, size.outputs), size.outputs, size.inputs,
                                  vectors_in(d, size.outputs), {0, count, 0}, vectors_out(expected_back, size.inputs));
    expect_same(z, expected_back, "backward " + name(size));
    EXPECT_EQ(counts.reads, count);
    EXPECT_THROW((void)array.update(vectors_in(x, size.inputs), vectors_in(d, size.outputs), {0, 1, 0}, 0.1F, team),
                 std::logic_error);
  }
}

TEST(CrossbarArray, ProgrammingClipsToEachCellsBounds) {
  CrossbarArray array(37, 10, gokmen_vlasov(), 5, 2);
  const CrossbarArray::Population cells = array.population();
  array.program(std::vector<float>(370, 100.0F));
  EXPECT_EQ(array.weights(), cells.bound_high);
  array.program(std::vector<float>(370, -100.0F));
  EXPECT_EQ(array.weights(), cells.bound_low);
  std::vector<float> halves(370);
  for (std::size_t i = 0; i < 370; ++i) halves[i] = 0.5F * cells.bound_high[i];
  array.program(halves);
  EXPECT_EQ(array.weights(), halves);
}

TEST(CrossbarArray, WeightsBeginAtZeroAndEmptyOnesAreRefused) {
  CrossbarArray array(5, 3, gokmen_vlasov(), 5, 2);
  EXPECT_EQ(array.weights(), std::vector<float>(15, 0.0F));
  EXPECT_THROW(array.program(std::vector<float>(14)), std::invalid_argument);
  EXPECT_THROW(CrossbarArray(0, 3, gokmen_vlasov(), 5, 2), std::invalid_argument);
  EXPECT_THROW(CrossbarArray(3, 0, gokmen_vlasov(), 5, 2), std::invalid_argument);
}

TEST(CrossbarArray, TheSameSeedAndStreamIsTheSamePopulation) {
  const auto steps = [](std::uint64_t seed, std::uint32_t stream) {
    return CrossbarArray(37, 10, gokmen_vlasov(), seed, stream).population().step_up;
  };
  EXPECT_EQ(steps(1, 2), steps(1, 2));
  EXPECT_NE(steps(1, 2), steps(2, 2));
  EXPECT_NE(steps(1, 2), steps(1, 3));
}

TEST(CrossbarArray, CellsFollowTheScalarFormulas) {
  ArraySettings settings = gokmen_vlasov();
  settings.device.up_down = 0.1;
  settings.device.w_max = 0.6;
  settings.device.w_min = -0.7;
  settings.device.w_max_dtod = 1.0;  // some bounds reach 0
  for (const double up_down : {0.1, -0.1}) {
    settings.device.up_down = up_down;
    const CrossbarArray array(25, 21, settings, 11, 12);
    const CrossbarArray::Population cells = array.population();
    const RandomKey key(11, 12, RandomPurpose::cell_population);
    bool zero = false;
    for (std::size_t i = 0; i < 25; ++i) {
      for (std::size_t j = 0; j < 21; ++j) {
        const auto xi = [&](std::size_t k) { return double{testing::reference_normal(key, i, 0, k * 32 + j)}; };
        const double gain = 1 + 0.3 * xi(0);
        const double r = 0.01 * xi(1);
        const std::size_t at = i * 21 + j;
        EXPECT_NEAR(cells.step_up[at], std::abs(0.0016 * (gain + r + std::min(up_down, 0.0))), 1e-9);
        EXPECT_NEAR(cells.step_down[at], std::abs(0.0016 * (gain - r - std::max(up_down, 0.0))), 1e-9);
        EXPECT_NEAR(cells.bound_high[at], std::max(0.0, 0.6 * (1 + xi(2))), 1e-6);
        EXPECT_NEAR(cells.bound_low[at], std::min(0.0, -0.7 * (1 + 0.3 * xi(3))), 1e-6);
        zero = zero || cells.bound_high[at] == 0;
      }
    }
    EXPECT_TRUE(zero);
  }
}

TEST(CrossbarArray, PopulationsHaveTheStatedMeansAndDeviations) {
  // 400 tiles of 512 cells: the standard error of a deviation is 0.16 %.
  Moments up, down, difference, high, low;
  for (std::uint32_t tile = 0; tile < 400; ++tile) {
    const CrossbarArray::Population cells = CrossbarArray(32, 16, gokmen_vlasov(), 1, tile).population();
    for (std::size_t i = 0; i < 512; ++i) {
      up.add(cells.step_up[i] / 0.0016);
      down.add(cells.step_down[i] / 0.0016);
      difference.add((double{cells.step_up[i]} - cells.step_down[i]) / (2 * 0.0016));
      high.add(cells.bound_high[i]);
      low.add(cells.bound_low[i]);
    }
  }
  // |1 + s xi| and max(0, 1 + s xi) differ from 1 + s xi with probability 4e-4, far below 1 %.
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
}

TEST(CrossbarArray, UpdateEqualsTheScalarReferenceBitForBit) {
  for (const std::size_t threads : {1U, 2U}) {
    ThreadTeam team(threads);
    for (const Size& size : {Size{1, 1}, Size{5, 3}, Size{25, 16}, Size{37, 10}}) {
      constexpr std::size_t count = 40;
      const ArraySettings settings = gokmen_vlasov();
      CrossbarArray array = programmed(size, settings);
      std::vector<float> w = array.weights();
      const CrossbarArray::Population cells = array.population();
      const std::vector<float> x = uniform_values(count * size.inputs, 2, 0.3);
      const std::vector<float> d = uniform_values(count * size.outputs, 3, 0.3);
      const float rate = 0.004F;
      const PulseCounts counts =
          array.update(vectors_in(x, size.inputs), vectors_in(d, size.outputs), {0, count, 70}, rate, team);
      const RandomKey rows(7, 3, RandomPurpose::row_trains);
      const RandomKey columns(7, 3, RandomPurpose::column_trains);
      const RandomKey cycle(7, 3, RandomPurpose::cycle_to_cycle);
      const std::size_t stride = (size.outputs + 15) / 16 * 16;
      std::uint64_t coincidences = 0;
      for (std::size_t v = 0; v < count; ++v) {
        const std::vector<float> xv = testing::gather(vectors_in(x, size.inputs), v);
        const std::vector<float> dv = testing::gather(vectors_in(d, size.outputs), v);
        const PulseScales s = pulse_scales({0.0016F, 31, true, true}, rate, testing::largest(xv), testing::largest(dv));
        if (s.slots == 0) continue;
        for (std::size_t i = 0; i < size.inputs; ++i) {
          const std::uint32_t row = testing::reference_train(rows, 70 + v, i, xv[i], s.rows, s.slots);
          for (std::size_t j = 0; j < size.outputs; ++j) {
            const std::uint32_t column = testing::reference_train(columns, 70 + v, j, dv[j], s.columns, s.slots);
            const int n = std::popcount(row & column & 0x7FFFFFFFU);
            if (n == 0) continue;
            coincidences += static_cast<std::uint64_t>(n);
            const std::size_t at = i * size.outputs + j;
            const float step = ((row ^ column) >> 31) != 0 ? cells.step_up[at] : -cells.step_down[at];
            w[at] = testing::reference_pulse(w[at], step, n, 0.3F,
                                             testing::reference_normal(cycle, 70 + v, 0, i * stride + j),
                                             cells.bound_low[at], cells.bound_high[at]);
          }
        }
      }
      EXPECT_EQ(counts.coincidences, coincidences) << name(size);
      expect_same(array.weights(), w, name(size));
    }
  }
}

TEST(CrossbarArray, LongBlocksUpdateAsShortOnesDo) {
  // More vectors than the array lets wait at a time.
  constexpr std::size_t count = 2500;
  const std::vector<float> x = uniform_values(count * 5, 2, 0.3);
  const std::vector<float> d = uniform_values(count * 3, 3, 0.3);
  std::vector<std::vector<float>> results;
  for (const std::size_t group : {count, std::size_t{1}, std::size_t{1024}, std::size_t{1700}}) {
    for (const std::size_t threads : {1U, 2U}) {
      ThreadTeam team(threads);
      CrossbarArray array = programmed({5, 3}, gokmen_vlasov());
      PulseCounts counts;
      for (std::size_t v = 0; v < count; v += group) {
        counts += array.update(vectors_in(x, 5), vectors_in(d, 3), {v, std::min(group, count - v), 0}, 0.01F, team);
      }
      EXPECT_EQ(counts.vectors + counts.skipped, count);
      results.push_back(array.weights());
    }
  }
  for (const std::vector<float>& weights : results) EXPECT_EQ(weights, results[0]);
}

/// The settings of the published single-update measurements (4x8 tile), and more around them.
struct UpdateCase {
  const char* what;
  int train_length;
  bool update_management, length_management;
  float lr;
  float d_scale;
};

class SingleUpdate : public ::testing::TestWithParam<UpdateCase> {};

TEST_P(SingleUpdate, HasTheMeanAndVarianceOfTheClosedForm) {
  const UpdateCase& c = GetParam();
  const std::vector<float> x{1.0F, 0.5F, 0.25F, 0.1F, -0.7F, 0.0F, 0.9F, -0.3F};
  std::vector<float> d{1.0F, -0.5F, 0.2F, 0.05F};
  for (float& value : d) value *= c.d_scale;
  ArraySettings settings = without_variation();
  settings.pulses.train_length = c.train_length;
  settings.pulses.update_management = c.update_management;
  settings.pulses.length_management = c.length_management;
  CrossbarArray array(8, 4, settings, 21, 4);
  ThreadTeam team(1);
  const std::vector<float> zeros(32, 0.0F);
  std::array<Moments, 32> moments;
  for (std::uint64_t repeat = 0; repeat < 40000; ++repeat) {
    array.program(zeros);
    (void)array.update(vectors_in(x, 8), vectors_in(d, 4), {0, 1, repeat}, c.lr, team);
    const std::vector<float> w = array.weights();
    for (std::size_t i = 0; i < 32; ++i) moments[i].add(w[i]);
  }
  const UpdateFormulas expected{0.0016, 0.3, c.train_length, c.update_management, c.length_management,
                                c.lr,   1.0, c.d_scale};
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      const Moments& m = moments[i * 4 + j];
      const double mean = expected.mean(x[i], d[j]);
      const double variance = expected.variance(x[i], d[j]);
      // Where nothing saturates, the mean is the product.
      if (std::abs(x[i]) * expected.rows() <= 1 && std::abs(d[j]) * expected.columns() <= 1) {
        EXPECT_NEAR(mean, -c.lr * x[i] * d[j], 1e-6 * std::abs(c.lr * c.d_scale));
      }
      EXPECT_NEAR(m.mean(), mean, 4 * std::sqrt(variance / 40000) + 1e-9) << "x " << x[i] << " d " << d[j];
      EXPECT_NEAR(m.variance(), variance, 4 * m.variance_error() + 1e-15) << "x " << x[i] << " d " << d[j];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Settings, SingleUpdate,
                         ::testing::Values(UpdateCase{"BL10_noUM", 10, false, false, 0.01F, 1},
                                           UpdateCase{"BL31_noUM", 31, false, false, 0.01F, 1},
                                           UpdateCase{"BL31_noUM_lr0.1_clip", 31, false, false, 0.1F, 1},
                                           UpdateCase{"BL10_UM_dscaled1e-2", 10, true, false, 0.1F, 0.01F},
                                           UpdateCase{"BL31_UBLM_lr0.01", 31, true, true, 0.01F, 1},
                                           UpdateCase{"BL31_UBLM_lr0.1_clip", 31, true, true, 0.1F, 1},
                                           UpdateCase{"BL31_UBLM_small_d1e-3", 31, true, true, 0.1F, 0.001F},
                                           UpdateCase{"BL1_noUM", 1, false, false, 0.001F, 1},
                                           UpdateCase{"BL2_UM", 2, true, false, 0.001F, 1}),
                         [](const auto& parameter) {
                           std::string label = parameter.param.what;
                           for (char& c : label) {
                             if (c == '.' || c == '-') c = '_';
                           }
                           return label;
                         });

TEST(CrossbarArray, PulseAfterPulseTheMeanWeightGrowsByTheMeanStep) {
  // x = 1, d = -1, lr = dw_min, one slot: exactly one pulse a cell. 40 tiles of 512 cells.
  for (const double dw_min : {0.0016, 0.0002}) {
    ArraySettings settings = gokmen_vlasov();
    settings.device.dw_min = dw_min;
    settings.device.w_max_dtod = settings.device.w_min_dtod = 0;  // no cell meets its bound
    if (dw_min < 0.001) settings.device.up_down_dtod = 0;         // SI
    settings.pulses.train_length = 1;
    settings.pulses.update_management = settings.pulses.length_management = false;
    const std::vector<float> x(32, 1.0F);
    const std::vector<float> d(16, -1.0F);
    InputBlock rows = vectors_in(x, 32);
    InputBlock columns = vectors_in(d, 16);
    rows.image_stride = columns.image_stride = 0;
    ThreadTeam team(1);
    Moments up;
    Moments back;
    for (std::uint32_t tile = 0; tile < 40; ++tile) {
      CrossbarArray array(32, 16, settings, 9, tile);
      PulseCounts counts = array.update(rows, columns, {0, 100, 0}, static_cast<float>(dw_min), team);
      EXPECT_EQ(counts.coincidences, 51200U);
      for (const float w : array.weights()) up.add(w / dw_min);
      const std::vector<float> minus(16, 1.0F);
      InputBlock down = vectors_in(minus, 16);
      down.image_stride = 0;
      counts = array.update(rows, down, {0, 100, 100}, static_cast<float>(dw_min), team);
      EXPECT_EQ(counts.coincidences, 51200U);
      for (const float w : array.weights()) back.add(w / dw_min);
    }
    // 100 pulses of the cell's own step (deviation 0.3) with 30 % noise each, E(gain^2) = 1.09.
    EXPECT_NEAR(up.mean(), 100.0, 1.0);
    EXPECT_NEAR(up.mean(), 100.0, 4 * up.mean_error());
    const double r = settings.device.up_down_dtod;
    EXPECT_NEAR(up.variance(), 10000 * (0.09 + r * r) + 100 * 0.09 * (1.09 + r * r), 4 * up.variance_error());
    // And back: 200 noisy pulses, and the difference between the steps up and down.
    EXPECT_NEAR(back.mean(), 0.0, 4 * back.mean_error());
    EXPECT_NEAR(back.variance(), 10000 * 4 * r * r + 200 * 0.09 * (1.09 + r * r), 4 * back.variance_error());
  }
}

}  // namespace
}  // namespace rheo::crossbar
