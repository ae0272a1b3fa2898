#include "models/crossbar/read_path.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/crossbar/crossbar_array.hpp"
#include "tests/crossbar/moments.hpp"
#include "tests/crossbar/reference_array.hpp"

namespace rheo::crossbar {
namespace {

using testing::Moments;
using testing::Packed;
using testing::uniform_values;
using testing::vectors_out;

using Values = std::vector<float>;

/// Converters without faults; each test adds one.
ReadParameters clean() {
  ReadParameters p;
  p.dac.quantise = p.adc.quantise = false;
  p.adc.noise = 0;
  p.adc.bound = 1000;
  p.management.noise = false;
  p.management.forward_bound = BoundManagement::none;
  return p;
}

/// Reads of one matrix.
class Reads {
 public:
  Reads(const ReadParameters& parameters, const Values& weights, std::size_t inputs, std::size_t outputs,
        Direction direction = Direction::forward, const SlicingParameters& slicing = {})
      : inputs_(inputs),
        outputs_(outputs),
        packed_(weights, inputs, outputs),
        path_(direction, parameters, slicing, {}, {inputs, outputs, 1.0F}, 5, 2) {
    path_.prepare(packed_.matrix);
  }

  /// The same vector `repeats` times, as the vectors from `first` on.
  Values repeated(const Values& x, std::size_t repeats, std::uint64_t first = 0, Mode mode = Mode::training) {
    Values y(repeats * outputs_);
    const auto n = static_cast<std::uint32_t>(inputs_);
    counts = path_.read(packed_.matrix, nullptr, {x.data(), 0, PatchGeometry::pixels(1, 1, n), 0, n},
                        {0, repeats, first}, mode, vectors_out(y, outputs_));
    return y;
  }
  Values once(const Values& x) { return repeated(x, 1); }
  /// Of every output.
  std::vector<Moments> moments(const Values& x, std::size_t repeats = 20000) {
    const Values y = repeated(x, repeats);
    std::vector<Moments> all(outputs_);
    for (std::size_t i = 0; i < y.size(); ++i) all[i % outputs_].add(y[i]);
    return all;
  }
  [[nodiscard]] const ReadPath& path() const { return path_; }

  ReadCounts counts;

 private:
  std::size_t inputs_, outputs_;
  Packed packed_;
  ReadPath path_;
};

constexpr std::size_t inputs = 12;
constexpr std::size_t outputs = 5;
const Values weights = uniform_values(inputs * outputs, 1);
const Values x = uniform_values(inputs, 2);

double product(std::size_t o) {
  double sum = 0;
  for (std::size_t k = 0; k < inputs; ++k) sum += double{x[k]} * weights[k * outputs + o];
  return sum;
}

/// Sum over the inputs of term(x, w of output o).
template <class Term>
double over_inputs(std::size_t o, Term term) {
  double sum = 0;
  for (std::size_t k = 0; k < inputs; ++k) sum += term(double{x[k]}, double{weights[k * outputs + o]});
  return sum;
}

/// Mean and variance within four standard errors.
void expect_moments(const Moments& made, double mean, double variance, const std::string& what) {
  EXPECT_NEAR(made.mean(), mean, 4 * made.mean_error() + 1e-6) << what;
  EXPECT_NEAR(made.variance(), variance, 4 * made.variance_error() + 1e-9) << what;
}

// ---- Noise ----

TEST(ReadNoise, OfTheOutputsHasItsDeviationWhateverTheWeights) {
  ReadParameters p = clean();
  p.adc.noise = 0.3;
  const auto found = Reads(p, weights, inputs, outputs).moments(x);
  for (std::size_t o = 0; o < outputs; ++o) expect_moments(found[o], product(o), 0.09, "output " + std::to_string(o));
}

TEST(ReadNoise, OfTheInputsGoesThroughTheWeights) {
  ReadParameters p = clean();
  p.dac.noise = 0.2;
  const auto found = Reads(p, weights, inputs, outputs).moments(x);
  for (std::size_t o = 0; o < outputs; ++o) {
    expect_moments(found[o], product(o), 0.04 * over_inputs(o, [](double, double w) { return w * w; }),
                   "output " + std::to_string(o));
  }
}

TEST(ReadNoise, OfAnInputIsTheSameForAllOutputsOfARead) {
  ReadParameters p = clean();
  p.dac.noise = 0.2;
  const Values y = Reads(p, {1, 1, 1}, 1, 3).repeated({0.5F}, 100);
  for (std::size_t i = 0; i < y.size(); i += 3) {
    EXPECT_EQ(y[i], y[i + 1]);
    EXPECT_EQ(y[i], y[i + 2]);
  }
}

TEST(ReadNoise, OfTheWeightsGrowsWithTheNormOfTheInput) {
  ReadParameters p = clean();
  p.read.weight_noise = 0.1;
  double norm = 0;
  for (const float value : x) norm += double{value} * value;
  const auto found = Reads(p, weights, inputs, outputs).moments(x);
  for (std::size_t o = 0; o < outputs; ++o) {
    expect_moments(found[o], product(o), 0.01 * norm, "output " + std::to_string(o));
  }
}

TEST(ReadNoise, LikePcmGrowsWithTheConductance) {
  ReadParameters p = clean();
  p.read.weight_noise = 0.1;
  p.read.weight_noise_kind = WeightNoise::pcm;
  const auto found = Reads(p, weights, inputs, outputs).moments(x);
  for (std::size_t o = 0; o < outputs; ++o) {
    expect_moments(found[o], product(o), 0.01 * over_inputs(o, [](double v, double w) { return std::abs(w) * v * v; }),
                   "output " + std::to_string(o));
  }
}

TEST(ReadNoise, OfAllKindsAddsUp) {
  ReadParameters p = clean();
  p.adc.noise = 0.2;
  p.dac.noise = 0.1;
  p.read.weight_noise = 0.05;
  double norm = 0;
  for (const float value : x) norm += double{value} * value;
  const auto found = Reads(p, weights, inputs, outputs).moments(x, 40000);
  for (std::size_t o = 0; o < outputs; ++o) {
    // The norm is that of the noisy inputs: each has 0.01 more on average.
    const double variance =
        0.04 + 0.01 * over_inputs(o, [](double, double w) { return w * w; }) + 0.0025 * (norm + inputs * 0.01);
    expect_moments(found[o], product(o), variance, "output " + std::to_string(o));
  }
}

TEST(ReadNoise, OfEveryPhaseOfABitSerialReadIsItsOwn) {
  // Six phases of 63 levels; phase p counts 2^p / 63. Output noise once a conversion, noise of the lines once a phase.
  ReadParameters p = clean();
  p.dac.quantise = true;
  p.dac.scheme = DacScheme::bit_serial;
  p.dac.noise = 0.1;
  p.adc.noise = 0.2;
  double squares = 0;
  for (int phase = 0; phase < 6; ++phase) squares += std::pow(std::pow(2, phase) / 63, 2);
  for (const Accumulation accumulation : {Accumulation::digital, Accumulation::analog}) {
    p.dac.accumulation = accumulation;
    const Moments found = Reads(p, {0.7F}, 1, 1).moments({1.0F}).front();
    const double of_output = accumulation == Accumulation::digital ? 0.04 * squares : 0.04;
    expect_moments(found, 0.7, of_output + 0.01 * 0.49 * squares, accumulation == Accumulation::digital ? "d" : "a");
  }
}

TEST(ReadNoise, DiffersBetweenTrainingEvaluationDirectionAndVectors) {
  ReadParameters p = clean();
  p.dac.noise = 0.1;
  Reads forward(p, weights, inputs, outputs);
  Reads backward(p, weights, inputs, outputs, Direction::backward);
  const Values one = forward.once(x);
  EXPECT_EQ(forward.once(x), one);
  EXPECT_NE(forward.repeated(x, 1, 1), one);
  EXPECT_NE(forward.repeated(x, 1, 0, Mode::evaluation), one);
  EXPECT_NE(backward.once(x), one);
}

// ---- Rounding ----

TEST(StochasticRounding, OfTheInputsIsUnbiased) {
  ReadParameters p = clean();
  p.dac.quantise = true;
  p.dac.bits = 3;  // 3 levels
  p.dac.rounding = Rounding::stochastic;
  const auto found = Reads(p, weights, inputs, outputs).moments(x);
  for (std::size_t o = 0; o < outputs; ++o) {
    const double variance = over_inputs(o, [](double v, double w) {
      const double part = std::abs(v) * 3 - std::floor(std::abs(v) * 3);
      return w * w * part * (1 - part) / 9;
    });
    expect_moments(found[o], product(o), variance, "output " + std::to_string(o));
  }
}

TEST(StochasticRounding, OfTheOutputsIsUnbiased) {
  ReadParameters p = clean();
  p.adc.quantise = true;
  p.adc.bits = 4;
  p.adc.bound = 7 * 0.8;
  p.adc.rounding = Rounding::stochastic;
  const auto found = Reads(p, weights, inputs, outputs).moments(x);
  for (std::size_t o = 0; o < outputs; ++o) {
    const double part = product(o) / 0.8 - std::floor(product(o) / 0.8);
    expect_moments(found[o], product(o), 0.64 * part * (1 - part), "output " + std::to_string(o));
  }
}

// ---- Schemes ----

TEST(BitSerial, WithPerfectConvertersIsTheParallelRead) {
  ReadParameters p = clean();
  p.dac.quantise = true;
  const Values parallel = Reads(p, weights, inputs, outputs).once(x);
  p.dac.scheme = DacScheme::pulse_width;
  EXPECT_EQ(Reads(p, weights, inputs, outputs).once(x), parallel);
  p.dac.scheme = DacScheme::bit_serial;
  for (const Accumulation accumulation : {Accumulation::digital, Accumulation::analog}) {
    for (const std::int64_t group : {1, 2, 3, 4, 5, 6}) {
      p.dac.accumulation = accumulation;
      p.dac.phase_bits = group;
      EXPECT_EQ(p.dac.phases(), (6 + group - 1) / group);
      const Values serial = Reads(p, weights, inputs, outputs).once(x);
      for (std::size_t o = 0; o < outputs; ++o) EXPECT_NEAR(serial[o], parallel[o], 2e-6) << group;
    }
  }
}

TEST(BitSerial, RoundsEveryPhaseByItself) {
  // Code 0b1011 of 15 levels, weight 0.7, steps of 0.5: phases 0, 1 and 3 read 0.7 -> 1 step, phase 2 nothing.
  ReadParameters p = clean();
  p.dac.quantise = p.adc.quantise = true;
  p.dac.bits = 5;
  p.dac.scheme = DacScheme::bit_serial;
  p.adc.bits = 4;
  p.adc.bound = 3.5;
  Reads reads(p, {0.7F}, 1, 1);
  EXPECT_NEAR(reads.once({11.0F / 15})[0], 0.5 * (1 + 2 + 8) / 15, 1e-6);
  EXPECT_EQ(reads.counts.driven, 3U);
  EXPECT_EQ(reads.counts.reads, 1U);
  EXPECT_NEAR(reads.once({-11.0F / 15})[0], -0.5 * (1 + 2 + 8) / 15, 1e-6);
  p.dac.accumulation = Accumulation::analog;  // 0.7 x 11 / 15 = 0.513 -> 1 step
  EXPECT_NEAR(Reads(p, {0.7F}, 1, 1).once({11.0F / 15})[0], 0.5, 1e-6);
}

TEST(InputConverter, ClipsAtItsBound) {
  ReadParameters p = clean();
  p.dac.quantise = true;
  p.dac.bound = 0.5;
  p.dac.bits = 4;  // steps of 0.5 / 7
  Reads reads(p, {2.0F}, 1, 1);
  EXPECT_NEAR(reads.once({0.9F})[0], 1.0, 1e-6);
  EXPECT_NEAR(reads.once({-0.9F})[0], -1.0, 1e-6);
  EXPECT_NEAR(reads.once({0.2F})[0], 2 * 3 * 0.5 / 7, 1e-6);  // 2.8 steps
}

TEST(InputConverter, AsymmetryShrinksNegativeInputs) {
  ReadParameters p = clean();
  p.dac.asymmetry = 0.1;
  EXPECT_NEAR(Reads(p, {1, 1}, 2, 1).once({0.5F, -0.25F})[0], 0.5 - 0.9 * 0.25, 1e-6);
}

// ---- Static errors ----

TEST(OutputConverter, AsymmetryShrinksNegativeOutputs) {
  ReadParameters p = clean();
  p.adc.asymmetry = 0.1;
  const Values y = Reads(p, {1, -1}, 1, 2).once({0.5F});
  EXPECT_NEAR(y[0], 0.5, 1e-6);
  EXPECT_NEAR(y[1], -0.45, 1e-6);
}

TEST(OutputConverter, NonlinearityFollowsItsFormula) {
  ReadParameters p = clean();
  p.adc.bound = 2;
  p.adc.nonlinearity = 0.3;
  for (const float input : {-2.0F, -0.5F, 0.1F, 1.0F}) {
    p.dac.bound = 4;
    const double expected = input / (1 + 0.3 / 2 * std::abs(input));
    EXPECT_NEAR(Reads(p, {1}, 1, 1).once({input})[0], expected, 1e-6);
  }
}

TEST(OutputConverter, StaticErrorsArePerConverterAndStay) {
  ReadParameters p = clean();
  p.adc.gain_deviation = 0.1;
  p.adc.offset_deviation = 0.5;
  p.adc.shared_by = 4;
  Reads reads(p, Values(18, 1.0F), 1, 18);
  const Values y = reads.once({1.0F});
  EXPECT_EQ(reads.repeated({1.0F}, 1, 99), y);
  for (std::size_t o = 0; o < 18; ++o) {
    EXPECT_EQ(y[o], y[o / 4 * 4]) << "lines of one converter";
    if (o >= 4) {
      EXPECT_NE(y[o], y[o - 4]) << "of another";
    }
  }
  // Offsets do not scale with the input, gains do.
  const Values twice = reads.once({0.5F});
  const ConverterErrors& errors = *reads.path().errors();
  for (std::size_t o = 0; o < 18; ++o) {
    EXPECT_NEAR(y[o] - twice[o], 0.5 * errors.gain[o], 1e-5);
    EXPECT_NEAR(2 * twice[o] - y[o], errors.offset[o] * p.adc.step(), 1e-4);
  }
}

TEST(OutputConverter, StaticErrorsHaveTheirDeviations) {
  AdcParameters adc;
  adc.shared_by = 1;
  adc.gain_deviation = 0.1;
  adc.offset_deviation = 0.5;
  adc.nonlinearity = 0.4;
  adc.nonlinearity_deviation = 0.2;
  adc.noise = 0.3;
  adc.noise_deviation = 0.25;
  constexpr std::size_t count = 20000;
  const ConverterErrors errors(adc, {count, 1, 1, 0}, RandomKey(1, 1, RandomPurpose::converter_population));
  Moments gain, offset, nonlinearity, noise;
  for (std::size_t i = 0; i < count; ++i) {
    gain.add(errors.gain[i]);
    offset.add(errors.offset[i] * adc.step());
    nonlinearity.add(errors.nonlinearity[i] / adc.step());
    noise.add(errors.noise[i] * adc.step());
  }
  expect_moments(gain, 1, 0.01, "gain");
  expect_moments(offset, 0, 0.25, "offset");
  expect_moments(nonlinearity, 0.4 / 20, std::pow(0.2 * 0.4 / 20, 2), "nonlinearity");
  expect_moments(noise, 0.3, std::pow(0.25 * 0.3, 2), "noise");
}

TEST(OutputConverter, NoiseDeviatesFromConverterToConverter) {
  ReadParameters p = clean();
  p.adc.noise = 0.3;
  p.adc.noise_deviation = 0.5;
  p.adc.shared_by = 2;
  Reads reads(p, weights, inputs, outputs);
  const auto found = reads.moments(x);
  for (std::size_t o = 0; o < outputs; ++o) {
    expect_moments(found[o], product(o), std::pow(reads.path().errors()->noise[o] * p.adc.step(), 2), "noise");
  }
  EXPECT_NE(reads.path().errors()->noise[0], reads.path().errors()->noise[2]);
}

TEST(OutputConverter, ServesBothDirectionsWithTheSameErrors) {
  ReadParameters p = clean();
  p.adc.gain_deviation = 0.1;
  p.adc.shared_by = 1;
  const Reads forward(p, weights, inputs, outputs);
  const Reads backward(p, weights, outputs, inputs, Direction::backward);
  for (std::size_t o = 0; o < outputs; ++o) {
    EXPECT_EQ(forward.path().errors()->gain[o], backward.path().errors()->gain[o]);
  }
}

TEST(OutputConverter, OfSlicesAreThoseOfTheirLines) {
  // Forward, output o has columns 4 o to 4 o + 3; backward, all slices of it share row o.
  ReadParameters p = clean();
  p.adc.gain_deviation = 0.1;
  p.adc.shared_by = 2;
  const SlicingParameters slicing{4, 1};
  const Reads plain(p, Values(40, 0.0F), 1, 40);
  const Reads forward(p, Values(10, 0.0F), 1, 10, Direction::forward, slicing);
  const Reads backward(p, Values(10, 0.0F), 1, 10, Direction::backward, slicing);
  for (std::size_t o = 0; o < 10; ++o) {
    for (std::size_t s = 0; s < 4; ++s) {
      EXPECT_EQ(forward.path().errors()->gain[s * 16 + o], plain.path().errors()->gain[4 * o + s]);
      EXPECT_EQ(backward.path().errors()->gain[s * 16 + o], plain.path().errors()->gain[o]);
    }
  }
}

// ---- Management ----

TEST(NoiseManagement, DividesByItsScale) {
  // One weight of 1: the code is round(63 x / alpha).
  ReadParameters p = clean();
  p.dac.quantise = true;
  p.management.noise = true;
  const Values values{0.31F, -0.77F};
  const auto y = [&] { return Reads(p, {1, 0}, 2, 1).once(values)[0]; };
  EXPECT_NEAR(y(), 0.77 * std::round(63 * 0.31 / 0.77) / 63, 1e-6);
  p.management.noise_limit = 0.5;
  EXPECT_NEAR(y(), 0.5 * std::round(63 * 0.31 / 0.5) / 63, 1e-6);
  p.management.noise_scale = NoiseScale::maximum;
  EXPECT_NEAR(y(), 0.31, 1e-6);
  p.management.noise_scale = NoiseScale::constant;
  p.management.noise_constant = 3;
  EXPECT_NEAR(y(), 3 * std::round(63 * 0.31 / 3) / 63, 1e-6);
}

TEST(NoiseManagement, ByTheMaximumReadsAVectorWithoutPositiveValuesAsZero) {
  ReadParameters p = clean();
  p.management.noise = true;
  p.management.noise_scale = NoiseScale::maximum;
  p.adc.noise = 1;
  Reads reads(p, {1}, 1, 1);
  EXPECT_EQ(reads.once({-0.5F})[0], 0.0F);
  EXPECT_EQ(reads.counts.skipped, 1U);
  EXPECT_EQ(reads.counts.reads, 0U);
}

TEST(WorstCase, NeverClipsCellsUpToTheAssumedWeight) {
  ReadParameters p = clean();
  p.dac.quantise = p.adc.quantise = true;
  p.adc.bound = 2;
  p.management.noise = true;
  p.management.noise_scale = NoiseScale::worst_case;
  p.management.assumed_weight = 0.6;
  p.management.worst_case_levels = 1;
  // Ten inputs of 1 and two of -1 through the worst weights: sums of 10 x 0.6 and 2 x 0.6; alpha = 6 / 2 = 3.
  Values ones(12, 1.0F);
  ones[3] = ones[4] = -1;
  Values worst(12, 0.6F);
  worst[3] = worst[4] = 0;
  EXPECT_NEAR(Reads(p, worst, 12, 1).once(ones)[0], 6, 2.0 / 255 * 3);
  p.management.noise_scale = NoiseScale::absolute_maximum;
  EXPECT_NEAR(Reads(p, worst, 12, 1).once(ones)[0], 2, 1e-6) << "clipped";
  // Read again with the worst case: one more read.
  p.management.forward_bound = BoundManagement::iterative_worst_case;
  Reads repeated(p, worst, 12, 1);
  EXPECT_NEAR(repeated.once(ones)[0], 6, 2.0 / 255 * 3);
  EXPECT_EQ(repeated.counts.reads, 2U);
}

TEST(WorstCase, LeavesTheInputItsLevels) {
  // The sums ask for alpha = 300, but the input shall keep 9 of its 63 levels: alpha = 7.
  ReadParameters p = clean();
  p.dac.quantise = true;
  p.adc.bound = 0.002;
  p.adc.quantise = true;
  p.management.noise = true;
  p.management.noise_scale = NoiseScale::worst_case;
  p.management.worst_case_levels = 9;
  EXPECT_NEAR(Reads(p, {1}, 1, 1).once({1.0F})[0], 7 * 0.002, 1e-6);
}

TEST(Shift, MovesTheLargestOutputToTheBoundAndKeepsTheDifferences) {
  ReadParameters p = clean();
  p.adc.bound = 1;
  p.management.forward_bound = BoundManagement::shift;
  Reads reads(p, {1.5F, 1.25F, 0.5F, -0.25F}, 1, 4);
  const Values y = reads.once({1.0F});
  EXPECT_NEAR(y[0], 1, 1e-6);
  EXPECT_NEAR(y[1], 0.75, 1e-6);
  EXPECT_NEAR(y[2], 0, 1e-6);
  EXPECT_NEAR(y[3], -0.75, 1e-6);
  EXPECT_EQ(reads.counts.reads, 1U);
  EXPECT_NEAR(reads.once({0.5F})[0], 0.75, 1e-6) << "nothing clips, nothing shifts";
}

// ---- Choice of the kernel, errors ----

TEST(ReadPath, TakesTheFastKernelForWhatItKnows) {
  const auto basic = [](auto change) {
    ReadParameters p;
    SlicingParameters slicing;
    change(p, slicing);
    return ReadPath(Direction::forward, p, slicing, {}, {4, 4, 1.0F}, 1, 1).is_basic();
  };
  using P = ReadParameters;
  using S = SlicingParameters;
  EXPECT_TRUE(basic([](P&, S&) {}));
  EXPECT_TRUE(basic([](P& p, S&) { p.dac.scheme = DacScheme::pulse_width; }));
  EXPECT_TRUE(basic([](P& p, S&) { p.management.noise = false; }));
  EXPECT_TRUE(basic([](P& p, S&) { p.management.forward_bound = BoundManagement::none; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.dac.scheme = DacScheme::bit_serial; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.dac.noise = 0.1; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.dac.bound = 2; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.adc.offset_deviation = 0.1; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.adc.quantise = false; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.management.noise_limit = 1; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.management.noise_scale = NoiseScale::worst_case; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.management.forward_bound = BoundManagement::shift; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.read.weight_noise = 0.1; }));
  EXPECT_FALSE(basic([](P& p, S&) { p.wires.row_drop = 1; }));
  EXPECT_FALSE(basic([](P&, S& s) { s.slices = 1; }));
}

TEST(ReadPath, RefusesWhatDoesNotGoTogether) {
  const auto fault = [](auto change) {
    ReadParameters p;
    SlicingParameters slicing;
    change(p, slicing);
    const auto found = check(p, p.management.forward_bound, slicing, "");
    if (found) {
      EXPECT_THROW(ReadPath(Direction::forward, p, slicing, {}, {4, 4, 1.0F}, 1, 1), std::invalid_argument);
    }
    return found ? found->key : "";
  };
  using P = ReadParameters;
  using S = SlicingParameters;
  EXPECT_EQ(fault([](P&, S&) {}), "");
  EXPECT_EQ(fault([](P& p, S&) { p.dac = {.scheme = DacScheme::bit_serial, .phase_bits = 6}; }), "");
  EXPECT_EQ(fault([](P& p, S&) { p.dac = {.scheme = DacScheme::bit_serial, .phase_bits = 7}; }), "dac.phase_bits");
  EXPECT_EQ(fault([](P& p, S&) { p.dac = {.scheme = DacScheme::bit_serial, .quantise = false}; }), "dac.quantise");
  EXPECT_EQ(fault([](P&, S& s) { s = {9, 2}; }), "slicing.slices");
  EXPECT_EQ(fault([](P& p, S& s) {
              s.slices = 2;
              p.read.perfect = true;
            }),
            "read.perfect");
  EXPECT_EQ(fault([](P& p, S&) {
              p.management.forward_bound = BoundManagement::shift;
              p.dac.scheme = DacScheme::bit_serial;
            }),
            "management.forward_bound");
  ReadParameters coarse;
  coarse.dac = {.scheme = DacScheme::bit_serial, .phase_bits = 7};
  const auto backward = check(coarse, BoundManagement::none, {}, "backward.");
  ASSERT_TRUE(backward);
  EXPECT_EQ(backward->key, "backward.dac.phase_bits");
}

// ---- Directions ----

struct Directions : ::testing::Test {
  static CrossbarArray array(const ArraySettings& settings) {
    CrossbarArray array(inputs, outputs, settings, 3, 1);
    array.program(weights);
    return array;
  }
  static ArraySettings wide() {
    ArraySettings settings;
    settings.device.cell.population.w_max = 10;
    settings.device.cell.population.w_min = -10;
    settings.device.cell.population.w_max_dtod = settings.device.cell.population.w_min_dtod = 0;
    return settings;
  }
  static Values forward(CrossbarArray& array) {
    ThreadTeam team(1);
    Values y(outputs);
    (void)array.forward(testing::vectors_in(x, inputs), {0, 1, 0}, vectors_out(y, outputs), Mode::training, team);
    return y;
  }
  static Values backward(CrossbarArray& array) {
    ThreadTeam team(1);
    const Values d = uniform_values(outputs, 4);
    Values y(inputs);
    (void)array.backward(testing::vectors_in(d, outputs), {0, 1, 0}, vectors_out(y, inputs), team);
    return y;
  }
};

TEST_F(Directions, MayDiffer) {
  const ArraySettings same = wide();
  ArraySettings other = same;
  other.backward = same.reads(Direction::backward);
  CrossbarArray a = array(same);
  CrossbarArray b = array(other);
  EXPECT_EQ(forward(a), forward(b));
  EXPECT_EQ(backward(a), backward(b)) << "said once more";
  other.backward->adc.bits = 4;
  CrossbarArray c = array(other);
  EXPECT_EQ(forward(a), forward(c));
  EXPECT_NE(backward(a), backward(c));
  ArraySettings coarse = same;
  coarse.adc.bits = 4;
  CrossbarArray d = array(coarse);
  EXPECT_EQ(backward(c), backward(d));
  EXPECT_NE(forward(c), forward(d));
}

TEST_F(Directions, EitherMayBePerfect) {
  ArraySettings settings = wide();
  settings.backward = settings.reads(Direction::backward);
  settings.backward->read.perfect = true;
  ArraySettings perfect = wide();
  perfect.read.perfect = true;
  CrossbarArray one = array(settings);
  CrossbarArray both = array(perfect);
  CrossbarArray none = array(wide());
  EXPECT_EQ(backward(one), backward(both));
  EXPECT_EQ(forward(one), forward(none));
  for (std::size_t o = 0; o < outputs; ++o) EXPECT_NEAR(forward(both)[o], product(o), 1e-5);
}

}  // namespace
}  // namespace rheo::crossbar
