// PCM inference: populations against the closed forms at several times.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/crossbar/store_fixture.hpp"

namespace rheo::crossbar::testing {
namespace {

constexpr double day = 86400;

DeviceParameters pcm_device() {
  DeviceParameters device;
  device.programmed = true;
  return device;
}

/// Cells that all carry the same relative conductance g; the first output of the only row carries 1, which is g_max.
struct Population {
  Population(const DeviceParameters& device, float g) : store(1, 20001, device) {
    Floats values(20001, g);
    values[0] = 1;
    store.program(values);
  }
  Moments at(double seconds, std::uint64_t identity = 0) {
    store.store->prepare(seconds, identity);
    const Floats w = store.weights();
    return moments_of(std::vector<double>(w.begin() + 1, w.end()));
  }
  Store store;
};

double programming(double g) { return (0.26348 + 1.9650 * g - 1.1731 * g * g) / 25; }
double exponent_mean(double g) { return std::clamp(-0.0155 * std::log(g) + 0.0244, 0.049, 0.1); }
double exponent_deviation(double g) { return std::clamp(-0.0125 * std::log(g) - 0.0059, 0.008, 0.045); }

TEST(PcmInference, ProgrammingNoiseFollowsThePolynomial) {
  DeviceParameters device = pcm_device();
  device.pcm.read_noise_scale = 0;
  for (const float g : {0.25F, 0.5F, 0.9F, -0.5F}) {
    const Moments m = Population(device, g).at(0);
    // The other cell of the pair is written to 0: half of its noise shows, a Gaussian cut at 0.
    const double other = programming(0);
    const double shift = other / std::sqrt(2 * M_PI);
    EXPECT_NEAR(m.mean, g - std::copysign(shift, g), 4 * m.mean_error) << g;
    const double magnitude = std::abs(g);
    const double variance = std::pow(programming(magnitude), 2) + other * other * (0.5 - 0.5 / M_PI);
    EXPECT_NEAR(m.variance, variance, 4 * m.variance_error) << g;
  }
}

TEST(PcmInference, DriftIsAPowerOfTimeWithExponentsOfItsPopulation) {
  DeviceParameters device = pcm_device();
  device.pcm.read_noise_scale = device.pcm.prog_noise_scale = 0;
  for (const float g : {0.05F, 0.2F, 0.8F}) {
    Population cells(device, g);
    for (const double t : {0.0, 100.0, 3600.0, day}) {
      const Moments m = cells.at(t);
      // Moments of exp(-|m + s z| L) over the normal z, by the rule of the rectangle.
      const double log_time = std::log((t + 20) / 20);
      double first = 0;
      double second = 0;
      for (double z = -8; z < 8; z += 1e-3) {
        const double weight = 1e-3 * std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
        const double kept = std::exp(-std::abs(exponent_mean(g) + exponent_deviation(g) * z) * log_time);
        first += weight * kept;
        second += weight * kept * kept;
      }
      EXPECT_NEAR(m.mean, g * first, 4 * m.mean_error + 1e-6) << g << " after " << t;
      if (t > 0) {
        EXPECT_NEAR(m.variance, g * g * (second - first * first), 4 * m.variance_error) << g << " after " << t;
      }
    }
  }
}

TEST(PcmInference, ReadNoiseGrowsWithTheLogarithmOfTime) {
  DeviceParameters device = pcm_device();
  device.pcm.drift_scale = device.pcm.prog_noise_scale = 0;
  for (const float g : {0.004F, 0.1F, 0.5F}) {
    Population cells(device, g);
    for (const double t : {0.0, 1000.0, day}) {
      const Moments m = cells.at(t, 5);
      const double q = std::min(0.0088 / std::pow(g, 0.65), 0.2);
      const double sigma = q * std::sqrt(std::log((t + 20 + 250e-9) / 500e-9));
      if (sigma < 0.3) {  // else the noise is cut at 0
        EXPECT_NEAR(m.mean, g, 4 * m.mean_error);
        EXPECT_NEAR(m.variance, g * g * sigma * sigma, 4 * m.variance_error) << g << " after " << t;
      } else {
        EXPECT_GT(m.mean, g);
      }
    }
  }
}

TEST(PcmInference, AgeStandsForTimeThatIsNotSimulated) {
  DeviceParameters aged = pcm_device();
  aged.pcm.age = 3600;
  Population older(aged, 0.5F);
  Population waiting(pcm_device(), 0.5F);
  EXPECT_NEAR(older.at(0, 1).mean, waiting.at(3600, 1).mean, 1e-6);
  EXPECT_LT(older.at(0, 1).mean, waiting.at(0, 1).mean);
}

TEST(PcmInference, DriftCompensationRestoresTheMagnitude) {
  DeviceParameters device = pcm_device();
  device.pcm.drift_compensation = true;
  Population cells(device, 0.5F);
  const double before = cells.at(0).mean;
  EXPECT_NEAR(cells.store.store->output_scale(), 1, 1e-3);
  cells.store.store->prepare(10 * day, 0);
  const UpdateCounts none = cells.store.store->prepare(10 * day + 1, 0);
  EXPECT_EQ(none.reads.reads, 0U) << "calibrated just now";
  const double after = cells.at(10 * day).mean;
  EXPECT_LT(after, 0.75 * before);
  EXPECT_NEAR(after * cells.store.store->output_scale(), before, 0.02 * before);
  EXPECT_EQ(cells.store.store->prepare(12 * day, 0).reads.reads, 1U) << "its only row";
}

TEST(PcmInference, DriftCompensationKnowsTheAgeOfTheWeights) {
  DeviceParameters device = pcm_device();
  Population young(device, 0.5F);
  device.pcm.drift_compensation = true;
  device.pcm.age = 10 * day;
  Population aged(device, 0.5F);
  const double after = aged.at(0).mean;
  EXPECT_LT(after, 0.75 * young.at(0).mean);
  EXPECT_NEAR(after * aged.store.store->output_scale(), young.at(0).mean, 0.02 * young.at(0).mean);
}

TEST(PcmInference, EachWriteAndEachReadHasNoiseOfItsOwn) {
  Store store(4, 8, pcm_device());
  const Floats w = some_values(32, 1);
  store.program(w);
  store.store->prepare(0, 1);
  const Floats first = store.weights();
  store.store->prepare(0, 2);
  EXPECT_NE(store.weights(), first);
  store.store->prepare(0, 1);
  EXPECT_EQ(store.weights(), first);
  store.program(w);
  store.store->prepare(0, 1);
  EXPECT_NE(store.weights(), first);
}

TEST(PcmInference, GoesOnAfterASaveAndRestore) {
  DeviceParameters device = pcm_device();
  device.pcm.drift_compensation = true;
  Store one(4, 8, device), two(4, 8, device);
  one.store->prepare(7, 0);
  one.program(some_values(32, 1));
  one.store->prepare(100, 3);
  std::vector<std::byte> state;
  one.store->save(state);
  std::span<const std::byte> rest(state);
  two.store->restore(rest);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(two.weights(), one.weights());
  for (Store* store : {&one, &two}) {
    store->store->prepare(1000, 4);
    store->program(some_values(32, 2));
    store->store->prepare(2000, 5);
  }
  EXPECT_EQ(two.weights(), one.weights());
  EXPECT_EQ(two.store->output_scale(), one.store->output_scale());
}

}  // namespace
}  // namespace rheo::crossbar::testing
