#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "workloads/spiking/data/iq_quantiser.hpp"
#include "workloads/spiking/data/radio_generator.hpp"
#include "workloads/spiking/data/radio_set.hpp"

namespace rheo::spiking {
namespace {

using Samples = std::vector<std::complex<float>>;
constexpr double silent = std::numeric_limits<double>::infinity();

/// The label is the ratio of the powers that are there, for every modulation and over the whole range: the noise is
/// what noise adds to the same signal without. Its power over 64 x 256 complex samples has a relative deviation of
/// 1 / 128 = 0.034 dB; the test allows five.
TEST(RadioGenerator, TheLabelIsTheTrueSnr) {
  for (const auto& names : {modulations_2016(), modulations_2018()}) {
    RadioGenerator generator(names, {}, {});
    for (std::size_t m = 0; m < names.size(); ++m) {
      const double snr_db = -20 + 50.0 * static_cast<double>(m) / static_cast<double>(names.size() - 1);
      double ratio = 0;
      for (std::uint64_t i = 0; i < 64; ++i) {
        Samples noisy(256), clean(256);
        generator.generate(3, i, m, snr_db, noisy);
        generator.generate(3, i, m, silent, clean);
        double noise = 0, signal = 0;
        for (std::size_t t = 0; t < clean.size(); ++t) {
          signal += std::norm(std::complex<double>(clean[t]));
          noise += std::norm(std::complex<double>(noisy[t]) - std::complex<double>(clean[t]));
        }
        ratio += noise / signal / 64;
      }
      EXPECT_NEAR(-10 * std::log10(ratio), snr_db, 5 * 0.034) << names[m];
    }
  }
}

TEST(RadioGenerator, AnExampleDependsOnNothingThatCameBefore) {
  RadioGenerator one(modulations_2016(), {}, {}), other(modulations_2016(), {}, {});
  for (std::size_t m = 0; m < modulations_2016().size(); ++m) {
    Samples expected(128), got(128);
    one.generate(7, 100 + m, m, 6, expected);
    other.generate(7, 5, (m + 4) % 11, 0, got);
    other.generate(7, 100 + m, m, 6, got);
    EXPECT_EQ(got, expected) << modulations_2016()[m];
    other.generate(8, 100 + m, m, 6, got);
    EXPECT_NE(got, expected);
  }
}

/// The paths' powers add up: 1 + 0.8^2 + 0.3^2 = 1.73 for a signal that is white over the taps; a signal of 8 samples
/// a symbol is not, so the test spreads the paths by a whole symbol each.
TEST(RadioGenerator, PathsAddUpInPower) {
  ChannelParameters direct, spread;
  direct.delays = {0};
  direct.magnitudes = {1};
  spread.delays = {0, 24, 48};
  spread.taps = 49;
  const auto mean_power = [](const ChannelParameters& channel) {
    RadioGenerator generator({"BPSK"}, {}, channel);
    double power = 0;
    for (std::uint64_t i = 0; i < 1500; ++i) {
      Samples samples(64);
      generator.generate(1, i, 0, silent, samples);
      for (const auto& sample : samples) power += std::norm(sample);
    }
    return power;
  };
  EXPECT_NEAR(mean_power(spread) / mean_power(direct), 1.73, 0.12);
}

/// K = 4: mean power 1 and, the diffuse part holding 1/5, variance of the power (2 K + 1) / (K + 1)^2 = 0.36 for a
/// Gaussian diffuse part; of 8 sinusoids it has 1/8 less in its fourth moment: 0.36 - 0.04 / 8 = 0.355.
TEST(RadioGenerator, TheLineOfSightFadesAsRicianDoes) {
  ChannelParameters channel;
  channel.delays = {0};
  channel.magnitudes = {1};
  channel.taps = 1;
  RadioGenerator generator({"GMSK"}, {}, channel);
  double sum = 0, squares = 0;
  constexpr int count = 20000;
  for (std::uint64_t i = 0; i < count; ++i) {
    Samples samples(1);
    generator.generate(1, i, 0, silent, samples);
    const double power = std::norm(std::complex<double>(samples[0]));
    sum += power;
    squares += power * power;
  }
  const double mean = sum / count;
  EXPECT_NEAR(mean, 1, 0.025);
  EXPECT_NEAR(squares / count - mean * mean, 0.355, 0.02);
}

TEST(IqQuantiser, BinsAreFloorOf15TimesThePositionInTheRange) {
  const Samples samples{{-1, 0}, {1, 4}, {0, 1}, {0.99F, 3.99F}, {-0.87F, 2}};
  std::vector<std::uint16_t> cells(5);
  quantise_iq(samples, 4, IqRange::example, cells);
  // floor(15 (x + 1) / 2): 0, 15, 7, 14 (14.925), 0 (0.975); floor(15 y / 4): 0, 15, 3 (3.75), 14, 7 (7.5).
  EXPECT_EQ(cells, (std::vector<std::uint16_t>{0, 15 * 16 + 15, 3 * 16 + 7, 14 * 16 + 14, 7 * 16}));
  quantise_iq(samples, 2, IqRange::example, cells);
  EXPECT_EQ(cells, (std::vector<std::uint16_t>{0, 3 * 4 + 3, 1, 2 * 4 + 2, 1 * 4}));
}

TEST(IqQuantiser, TheRunningRangeNeverLooksAhead) {
  RadioGenerator generator(modulations_2016(), {}, {});
  Samples samples(128);
  generator.generate(1, 1, 7, 10, samples);
  std::vector<std::uint16_t> all(128), part(50), whole_range(128);
  quantise_iq(samples, 4, IqRange::running, all);
  quantise_iq(std::span(samples).first(50), 4, IqRange::running, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin()));
  EXPECT_EQ(all[0], 7 * 16 + 7);  // no range yet
  quantise_iq(samples, 4, IqRange::example, whole_range);
  EXPECT_EQ(whole_range[127], all[127]);  // at the end both have seen everything
}

TEST(RadioSet, ThreadsAndPartsOfASetGiveTheSameExamples) {
  RadioSetRequest request;
  request.examples = 11 * 26 + 5;
  ThreadTeam one(1), two(2);
  const RadioSet set = generate_radio_set(request, one);
  EXPECT_EQ(generate_radio_set(request, two).cells, set.cells);
  EXPECT_EQ(set.labels[0], 0);
  EXPECT_EQ(set.labels[12], 1);
  EXPECT_EQ(set.snrs[12], -18);
  EXPECT_EQ(set.snrs[11 * 26], -20);
  EXPECT_EQ(set.snrs[11 * 26 - 1], 30);
  RadioSetRequest test = request;
  test.test = true;
  EXPECT_NE(generate_radio_set(test, one).cells, set.cells);
  SpikeTrain train(128, 256);
  set.encode(40, 0, train);
  EXPECT_EQ(train.count(), 128U);
  for (std::size_t t = 0; t < 128; ++t) EXPECT_TRUE(train.test(t, set.cells[40 * 128 + t]));
}

}  // namespace
}  // namespace rheo::spiking
