#include "models/crossbar/crossbar_array.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/crossbar/cell_settings.hpp"
#include "tests/crossbar/reference_array.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo::crossbar {
namespace {

using rheo::testing::first_difference;
using rheo::testing::same_bits;
using testing::uniform_values;
using testing::vectors_in;
using testing::vectors_out;

ArraySettings gokmen_vlasov() {
  ArraySettings settings;
  settings.device.cell.population = testing::gokmen_vlasov_population();
  return settings;
}

ArraySettings ideal() {
  ArraySettings settings;
  settings.device.ideal = true;
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
    out.pulses += array.update(in, vectors_in(d, 20), {v, std::min(group, count - v), 1000}, 0.01F, team).pulses;
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
        EXPECT_NEAR(static_cast<double>(forward.activity), expected_forward, 1e-3 * expected_forward + count)
            << name(size) << " step " << step;
        EXPECT_NEAR(static_cast<double>(backward.activity), expected_backward, 1e-3 * expected_backward + count)
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
  ArraySettings settings = gokmen_vlasov();
  settings.device.cell.population = testing::uniform_population(0.0016, 0.3, -10, 10);
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
  // 32 pairs of two off cells (0.1 each), full input: 6.4 full-scale cells. A line's conductance is resolved to 2^-16
  // cells a DAC step: half of 63 such units for each of eight lines.
  const double resolution = 8 * 0.5 * 63 / 65536;
  EXPECT_NEAR(activity(1.0F, 0.0F) / 65536, 6.4, resolution);
  EXPECT_NEAR(activity(21.0F / 63, 0.0F) / 65536, 6.4 / 3, resolution / 3);
  // Half scale (bounds +-10): 0.1 + 0.45 + 0.1 a pair, whatever the sign.
  EXPECT_NEAR(activity(1.0F, 5.0F) / 65536, 32 * 0.65, resolution);
  EXPECT_NEAR(activity(-1.0F, -5.0F) / 65536, 32 * 0.65, resolution);
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
    EXPECT_TRUE(array.planes().empty());
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
  std::vector<float> low, high, halves;
  for (std::size_t i = 0; i < 37; ++i) {
    for (std::size_t j = 0; j < 10; ++j) {
      const Cell cell = array.planes()[0].cell(i, j);
      low.push_back(cell.bound_low);
      high.push_back(cell.bound_high);
      halves.push_back(0.5F * cell.bound_high);
    }
  }
  array.program(std::vector<float>(370, 100.0F));
  EXPECT_EQ(array.weights(), high);
  array.program(std::vector<float>(370, -100.0F));
  EXPECT_EQ(array.weights(), low);
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
    const CrossbarArray array(37, 10, gokmen_vlasov(), seed, stream);
    std::vector<float> all;
    for (std::size_t i = 0; i < 37; ++i) {
      for (std::size_t j = 0; j < 10; ++j) all.push_back(array.planes()[0].cell(i, j).step_up);
    }
    return all;
  };
  EXPECT_EQ(steps(1, 2), steps(1, 2));
  EXPECT_NE(steps(1, 2), steps(2, 2));
  EXPECT_NE(steps(1, 2), steps(1, 3));
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
        counts +=
            array.update(vectors_in(x, 5), vectors_in(d, 3), {v, std::min(group, count - v), 0}, 0.01F, team).pulses;
      }
      EXPECT_EQ(counts.vectors + counts.skipped, count);
      results.push_back(array.weights());
    }
  }
  for (const std::vector<float>& weights : results) EXPECT_EQ(weights, results[0]);
}

TEST(CrossbarArray, ASavedStateGoesOnWithTheSameBits) {
  // Cells with write noise, decay and diffusion: everything that a state holds.
  ArraySettings settings = gokmen_vlasov();
  settings.device.cell = testing::reram_sb();
  settings.device.cell.population.lifetime = 50;
  settings.device.cell.population.diffusion = 0.01;
  const std::vector<float> x = uniform_values(30 * 25, 2);
  const std::vector<float> d = uniform_values(30 * 16, 3);
  ThreadTeam team(1);
  const auto train = [&](CrossbarArray& array, std::size_t first) {
    (void)array.update(vectors_in(x, 25), vectors_in(d, 16), {first, 10, 0}, 0.01F, team);
    (void)array.end_batch(first, 0.01F, team);
  };
  CrossbarArray through = programmed({25, 16}, settings);
  train(through, 0);
  const std::vector<std::byte> state = through.save_state();
  train(through, 10);
  CrossbarArray other(25, 16, settings, 7, 3);
  other.restore_state(state);
  train(other, 10);
  expect_same(other.weights(), through.weights(), "after a restore");
  EXPECT_THROW(other.restore_state(std::span(state).first(state.size() - 1)), std::invalid_argument);
  std::vector<std::byte> longer = state;
  longer.push_back(std::byte{0});
  EXPECT_THROW(other.restore_state(longer), std::invalid_argument);
}

}  // namespace
}  // namespace rheo::crossbar
