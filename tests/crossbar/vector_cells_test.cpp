// Vector cells: mean and variance of an update by policy, and who takes it.
#include <gmock/gmock.h>

#include "tests/crossbar/store_fixture.hpp"

namespace rheo::crossbar::testing {
namespace {

using ::testing::Each;
using ::testing::Eq;

DeviceParameters vector_device(std::int64_t cells, UpdatePolicy policy, std::vector<double> gamma = {}) {
  DeviceParameters device = exact_device();
  device.compound.kind = Compound::vector;
  device.compound.vector.cells = cells;
  device.compound.vector.update_policy = policy;
  device.compound.vector.gamma_vec = std::move(gamma);
  return device;
}

struct VectorMoments : ::testing::TestWithParam<UpdatePolicy> {};

TEST_P(VectorMoments, OfOneUpdateAreThoseOfTheClosedForm) {
  constexpr std::int64_t n = 4;
  constexpr double sigma = 0.5;
  constexpr float rate = 2.5F * 0x1p-7F;  // 2.5 pulses wanted: 3 slots
  DeviceParameters device = vector_device(n, GetParam());
  device.cell.population.dw_min_std = sigma;
  Store store(1, 1, device, UpdateParameters{});
  std::vector<double> steps;
  for (int repeat = 0; repeat < 40000; ++repeat) {
    store.program({0});
    store.update({1}, {-1}, rate);
    steps.push_back(store.weights()[0]);
  }
  const PulseScales scales = pulse_scales(UpdateParameters{}.settings(0x1p-7), rate, 1, 1);
  const double p = std::min(1.0F, scales.rows) * std::min(1.0F, scales.columns);
  const double dw = 0x1p-7;
  const double pulses = scales.slots * p;
  // The cells share the trains, not the noise. A single one moves the sum by its share gamma = 1 / n.
  const bool all = GetParam() == UpdatePolicy::all;
  const double mean = dw * pulses * (all ? 1.0 : 1.0 / n);
  const double spread = pulses * (1 - p) + pulses * sigma * sigma * (all ? 1.0 / n : 1.0);
  const double variance = dw * dw * spread * (all ? 1.0 : 1.0 / (n * n));
  const Moments m = moments_of(steps);
  EXPECT_NEAR(m.mean, mean, 4 * m.mean_error);
  EXPECT_NEAR(m.variance, variance, 4 * m.variance_error);
}

INSTANTIATE_TEST_SUITE_P(Policies, VectorMoments,
                         ::testing::Values(UpdatePolicy::all, UpdatePolicy::single_fixed,
                                           UpdatePolicy::single_sequential, UpdatePolicy::single_random));

/// The cell that moved, -1: none or several.
int moved(Store& store, const std::function<void()>& action) {
  std::vector<Floats> before;
  for (std::size_t k = 0; k < store.store->planes().size(); ++k) before.push_back(store.plane(k));
  action();
  int who = -1;
  for (std::size_t k = 0; k < before.size(); ++k) {
    if (store.plane(k) == before[k]) continue;
    if (who >= 0) return -1;
    who = static_cast<int>(k);
  }
  return who;
}

TEST(VectorCells, SequentialPolicyGoesRoundInTheOrderOfTheVectors) {
  DeviceParameters device = vector_device(3, UpdatePolicy::single_sequential);
  device.compound.vector.first_update_idx = 1;
  Store store(2, 5, device);
  for (int v = 0; v < 9; ++v) {
    EXPECT_EQ(moved(store, [&] { store.update({1, 1}, Floats(5, 1.0F), 0x1p-7F); }), (v + 1) % 3);
  }
}

TEST(VectorCells, RandomPolicyChoosesEveryCellEquallyOftenAndTheSameAgain) {
  Store store(1, 2, vector_device(4, UpdatePolicy::single_random));
  Store again(1, 2, vector_device(4, UpdatePolicy::single_random));
  std::vector<int> count(4);
  constexpr int vectors = 4000;
  for (int v = 0; v < vectors; ++v) {
    const int who = moved(store, [&] { store.update({1}, {v % 2 == 0 ? 1.0F : -1.0F, 1}, 0x1p-7F); });
    ASSERT_GE(who, 0) << "one cell takes each vector";
    ++count[static_cast<std::size_t>(who)];
    if (v < 100) {
      EXPECT_EQ(moved(again, [&] { again.update({1}, {1, 1}, 0x1p-7F); }), who);
    }
  }
  for (const int n : count) EXPECT_NEAR(n, vectors / 4, 4 * std::sqrt(vectors * 0.25 * 0.75));
}

TEST(VectorCells, FixedPolicyWithGammaOfOppositeSignsIsACellAgainstAReference) {
  Store store(2, 3, vector_device(2, UpdatePolicy::single_fixed, {1, -1}));
  store.program({0.5F});
  EXPECT_THAT(store.weights(), Each(Eq(0.5F)));
  store.update({1, 1}, Floats(3, -1.0F), 4 * 0x1p-7F);
  EXPECT_THAT(store.plane(0), Each(Eq(0.5F + 4 * 0x1p-7F)));
  EXPECT_THAT(store.plane(1), Each(Eq(0.0F)));
  EXPECT_THAT(store.weights(), Each(Eq(0.5F + 4 * 0x1p-7F)));
}

TEST(VectorCells, GammaWeighsTheCells) {
  Store store(2, 3, vector_device(3, UpdatePolicy::all, {1, 0.5, 0.25}));
  store.program({0.875F});
  for (std::size_t k = 0; k < 3; ++k) EXPECT_THAT(store.plane(k), Each(Eq(0.5F)));
  EXPECT_THAT(store.weights(), Each(Eq(0.875F)));
  store.update({1, 1}, Floats(3, -1.0F), 4 * 0x1p-7F);
  EXPECT_THAT(store.weights(), Each(Eq(1.75F * (0.5F + 4 * 0x1p-7F))));
}

TEST(VectorCells, CountsThePulsesOfAllCellsOrOfTheOneThatTakesThem) {
  // 2 rows and 3 columns fire in 4 slots; two cells a value, for the sign.
  constexpr std::uint64_t coincidences = 4 * 2 * 3;
  Store all(2, 3, vector_device(5, UpdatePolicy::all));
  EXPECT_EQ(all.update({1, 1}, Floats(3, 1.0F), 4 * 0x1p-7F).cell_pulses, 5 * 2 * coincidences);
  Store one(2, 3, vector_device(5, UpdatePolicy::single_random));
  EXPECT_EQ(one.update({1, 1}, Floats(3, 1.0F), 4 * 0x1p-7F).cell_pulses, 2 * coincidences);
  EXPECT_EQ(all.store->cells_per_weight(), 10U);
}

TEST(VectorCells, GammaNeedsOneNumberACell) {
  DeviceParameters device = vector_device(3, UpdatePolicy::all, {1, 2});
  ASSERT_TRUE(device.check().has_value());
  EXPECT_EQ(device.check()->key, "vector.gamma_vec");
  device.compound.vector.gamma_vec = {1, -2, 1};
  EXPECT_TRUE(device.check().has_value()) << "what cannot be written";
  device.compound.vector.gamma_vec = {1, 2, 1};
  EXPECT_FALSE(device.check().has_value());
}

}  // namespace
}  // namespace rheo::crossbar::testing
