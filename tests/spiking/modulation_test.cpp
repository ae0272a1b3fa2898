#include "workloads/spiking/data/modulation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

namespace rheo::spiking {
namespace {

using Samples = std::vector<std::complex<double>>;

/// What a transmitter sends after its filters have filled up.
Samples sent_by(std::string_view name, std::size_t count) {
  WordStream words(5, StreamPurpose::radio_signal, 0);
  const auto modulator = make_modulator(name, {});
  modulator->reset();
  for (int i = 0; i < 400; ++i) (void)modulator->next(words);
  Samples samples;
  for (std::size_t i = 0; i < count; ++i) samples.emplace_back(modulator->next(words));
  return samples;
}

/// Power of the positive less that of the negative frequencies, over both.
double one_sidedness(const Samples& samples) {
  double positive = 0, negative = 0;
  for (int k = 1; k < 32; ++k) {
    std::complex<double> plus = 0, minus = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double angle = 2 * std::numbers::pi * k * static_cast<double>(i) / 512;
      plus += samples[i] * std::polar(1.0, -angle);
      minus += samples[i] * std::polar(1.0, angle);
    }
    positive += std::norm(plus);
    negative += std::norm(minus);
  }
  return (positive - negative) / (positive + negative);
}

TEST(Modulator, ThereAre11And24) {
  EXPECT_EQ(modulations_2016().size(), 11U);
  EXPECT_EQ(modulations_2018().size(), 24U);
  for (const auto& names : {modulations_2016(), modulations_2018()}) {
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
    for (const std::string& name : names) {
      double power = 0;
      for (const auto& sample : sent_by(name, 2000)) power += std::norm(sample);
      EXPECT_GT(power / 2000, 1e-3) << name;
      EXPECT_LT(power / 2000, 10) << name;
    }
  }
  EXPECT_THROW((void)make_modulator("512QAM", {}), std::invalid_argument);
}

TEST(Modulator, FrequencyAndPhaseModulationsHaveAConstantEnvelope) {
  for (const char* name : {"CPFSK", "GFSK", "GMSK", "WBFM", "FM"}) {
    for (const auto& sample : sent_by(name, 1000)) EXPECT_NEAR(std::abs(sample), 1, 1e-3) << name;
  }
}

/// Index 1/2: a quarter turn a symbol, evenly over its 8 samples.
TEST(Modulator, CpfskTurnsByASixteenthOfPiASample) {
  const Samples samples = sent_by("CPFSK", 1000);
  int inside = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const double turn = std::arg(samples[i] / samples[i - 1]);
    EXPECT_LT(std::abs(turn), std::numbers::pi / 16 + 1e-3);
    inside += std::abs(std::abs(turn) - std::numbers::pi / 16) < 1e-3;
  }
  EXPECT_GT(inside, 800);
}

TEST(Modulator, RealConstellationsStayRealAndComplexOnesDoNot) {
  for (const char* name : {"BPSK", "PAM4", "4ASK", "8ASK", "OOK", "AM-DSB", "AM-DSB-SC"}) {
    for (const auto& sample : sent_by(name, 500)) EXPECT_NEAR(sample.imag(), 0, 1e-5) << name;
  }
  for (const char* name : {"QPSK", "8PSK", "QAM16", "OQPSK", "128APSK"}) {
    double imaginary = 0, all = 0;
    for (const auto& sample : sent_by(name, 16000)) {
      imaginary += sample.imag() * sample.imag();
      all += std::norm(sample);
    }
    EXPECT_NEAR(imaginary / all, 0.5, 0.05) << name;
  }
}

TEST(Modulator, OneSidebandHoldsTheSound) {
  EXPECT_GT(one_sidedness(sent_by("AM-SSB", 4096)), 0.95);
  EXPECT_NEAR(one_sidedness(sent_by("AM-DSB-SC", 4096)), 0, 1e-6);
}

/// With half a symbol between the changes of I and Q the envelope never comes near 0.
TEST(Modulator, OffsetQpskChangesOneQuadratureAtATime) {
  const auto lowest = [](const char* name) {
    double low = 10;
    for (const auto& sample : sent_by(name, 20000)) low = std::min(low, std::abs(sample));
    return low;
  };
  EXPECT_LT(lowest("QPSK"), 0.02);
  EXPECT_GT(lowest("OQPSK"), 0.1);
}

}  // namespace
}  // namespace rheo::spiking
