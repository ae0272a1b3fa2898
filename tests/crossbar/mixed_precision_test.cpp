// Mixed precision: nothing is lost between the digital gradient and the cells.
#include <gmock/gmock.h>

#include <cstring>

#include "tests/crossbar/store_fixture.hpp"

namespace rheo::crossbar::testing {
namespace {

using ::testing::Each;
using ::testing::Eq;

constexpr float dw = 0x1p-7F;

DeviceParameters mixed_device(double dw_min = dw, double bound = 1000) {
  DeviceParameters device = exact_device(dw_min, bound);
  device.compound.kind = Compound::mixed_precision;
  return device;
}

/// Multiples of 2^-4 within +-1: products and sums of them are exact.
Floats dyadic(std::size_t count, std::uint64_t seed) {
  Floats values = some_values(count, seed);
  for (float& v : values) v = std::nearbyint(v * 16) / 16;
  return values;
}

/// The digital gradient, from the end of what the store saves.
Floats chi_of(const Store& store) {
  std::vector<std::byte> state;
  store.store->save(state);
  Floats padded(store.shape.values());
  const std::size_t tail = 3 * sizeof(std::uint64_t);
  std::memcpy(padded.data(), state.data() + state.size() - tail - padded.size() * sizeof(float),
              padded.size() * sizeof(float));
  return Store::values(store.shape, padded);
}

TEST(MixedPrecision, PulsesAndRemainderAreTheSumOfTheGradientsExactly) {
  for (const std::int64_t rows : {-1, 2}) {
    DeviceParameters device = mixed_device();
    device.compound.mixed_precision.transfer_every = 2;
    device.compound.mixed_precision.n_rows_per_transfer = rows;
    UpdateParameters update = exact_update();
    update.train_length = 1000;
    Store store(5, 7, device, update);
    std::vector<double> sum(35);
    constexpr float rate = 0x1p-3F;
    for (std::uint64_t batch = 0; batch < 40; ++batch) {
      const Floats x = dyadic(5 * 6, batch);
      const Floats d = dyadic(7 * 6, 500 + batch);
      store.update(x, d, rate);
      for (std::size_t v = 0; v < 6; ++v) {
        for (std::size_t i = 0; i < 5; ++i) {
          for (std::size_t j = 0; j < 7; ++j) sum[i * 7 + j] += double{rate} * x[v * 5 + i] * d[v * 7 + j];
        }
      }
      store.end_batch();
      const Floats chi = chi_of(store);
      const Floats w = store.weights();
      for (std::size_t at = 0; at < 35; ++at) {
        ASSERT_EQ(double{chi[at]} - w[at], sum[at]) << "batch " << batch;
        ASSERT_EQ(std::nearbyint(w[at] / dw), w[at] / dw) << "whole pulses";
        if (rows < 0 && batch % 2 == 1) {
          ASSERT_LT(std::abs(chi[at]), dw) << "all that makes a pulse was written";
        }
      }
    }
  }
}

TEST(MixedPrecision, WhatIsTooMuchForATrainWaits) {
  UpdateParameters update = exact_update();
  update.train_length = 10;
  Store store(1, 2, mixed_device(), update);
  store.update({1}, {-1, 0.5F}, 25 * dw);
  store.end_batch();
  EXPECT_EQ(store.weights(), (Floats{10 * dw, -10 * dw}));
  store.end_batch();
  EXPECT_EQ(store.weights(), (Floats{20 * dw, -12 * dw}));
  store.end_batch();
  EXPECT_EQ(store.weights(), (Floats{25 * dw, -12 * dw}));
  EXPECT_EQ(chi_of(store), (Floats{0, 0.5F * dw}));
}

TEST(MixedPrecision, StochasticPulsesAreRightOnAverage) {
  Store store(3, 4, mixed_device(), UpdateParameters{});
  std::vector<double> moved;
  for (int repeat = 0; repeat < 4000; ++repeat) {
    store.program({0});
    store.update({1, 0.5F, 0.25F}, {-1, -0.5F, 0.25F, 1}, 8 * dw);
    store.end_batch();
    moved.push_back(store.weights()[1 * 4 + 1] / dw);  // trunc(8 / 4) = 2 of at most 4 in the column
  }
  const Moments m = moments_of(moved);
  EXPECT_NEAR(m.mean, 2, 4 * m.mean_error);
  EXPECT_NEAR(m.variance, 4 * 0.5 * 0.5, 4 * m.variance_error);
}

TEST(MixedPrecision, GranularityAndRateOfTheTransfer) {
  DeviceParameters device = mixed_device();
  device.compound.mixed_precision.granularity = 4 * dw;
  device.compound.mixed_precision.transfer_lr = 0.5;
  Store store(1, 1, device);
  store.update({1}, {-1}, 11 * dw);
  store.end_batch();
  EXPECT_EQ(store.weights()[0], 2 * 4 * dw * 0.5F);
  EXPECT_EQ(chi_of(store)[0], -3 * dw);
}

TEST(MixedPrecision, QuantisesToBinsOfTheLargestMagnitude) {
  DeviceParameters device = mixed_device();
  device.compound.mixed_precision.n_x_bins = 8;  // steps of a quarter of the largest magnitude
  device.compound.mixed_precision.stoc_round_x = false;
  Store store(4, 1, device);
  store.update({2, 0.7F, -0.8F, 0.2F}, {1}, 1);
  EXPECT_EQ(chi_of(store), (Floats{2, 0.5F, -1, 0}));
}

TEST(MixedPrecision, StochasticRoundingIsRightOnAverage) {
  DeviceParameters device = mixed_device();
  MixedPrecisionParameters& m = device.compound.mixed_precision;
  m.n_x_bins = 4;
  m.n_d_bins = 6;
  m.transfer_every = 1'000'000;
  constexpr int vectors = 20000;
  Store store(2, 3, device);
  Floats x, d;
  for (int v = 0; v < vectors; ++v) {
    x.insert(x.end(), {1, 0.3F});
    d.insert(d.end(), {-1, 0.45F, 0.1F});
  }
  const UpdateCounts counts = store.update(x, d, 1);
  const Floats chi = chi_of(store);
  // x = 0.3 is 0.6 steps of 1/2; d = 0.45 is 1.35 steps of 1/3: variances 0.24 / 4, 0.2275 / 9; of the product 0.15 x
  // 0.2278 - 0.135^2.
  EXPECT_NEAR(chi[3] / vectors, -0.3, 4 * std::sqrt(0.06 / vectors));
  EXPECT_NEAR(chi[1] / vectors, 0.45, 4 * std::sqrt(0.0253 / vectors));
  EXPECT_NEAR(chi[4] / vectors, 0.135, 4 * 0.1263 / std::sqrt(vectors));
  // Multiply-adds: those without a zero. x: 1 + 0.6 of 2, d: 1 + 1 + 0.3 of 3.
  EXPECT_NEAR(static_cast<double>(counts.accumulated) / vectors, 1.6 * 2.3, 0.05);
  m.n_d_bins = 0;
  Store half(2, 3, device);
  EXPECT_EQ(half.update({1, 0.3F}, {-1, 0.45F, 0.1F}, 1).accumulated, 6U);
}

TEST(MixedPrecision, WritesOneSidedPairs) {
  DeviceParameters device = mixed_device(dw, 1);
  device.compound.mixed_precision.device = WrittenCells::one_sided;
  Store store(2, 2, device);
  store.update({1, -1}, {1, 0.5F}, 8 * dw);
  store.end_batch();
  EXPECT_EQ(store.plane(0), (Floats{0, 0, 8 * dw, 4 * dw}));
  EXPECT_EQ(store.plane(1), (Floats{8 * dw, 4 * dw, 0, 0}));
  EXPECT_EQ(store.store->cells_per_weight(), 2U);
}

TEST(MixedPrecision, NothingIsPulsedUntilTheBatchIsOver) {
  Store store(2, 2, mixed_device());
  const UpdateCounts counts = store.update({1, 1}, {1, 1}, 1);
  EXPECT_EQ(counts.cell_pulses, 0U);
  EXPECT_EQ(counts.accumulated, 4U);
  EXPECT_THAT(store.weights(), Each(Eq(0.0F)));
  EXPECT_EQ(store.end_batch().pulses.vectors, 2U) << "an update an output";
}

}  // namespace
}  // namespace rheo::crossbar::testing
