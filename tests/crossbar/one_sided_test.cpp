// One-sided pairs: up only, down only by refresh.
#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "tests/crossbar/store_fixture.hpp"

namespace rheo::crossbar::testing {
namespace {

using ::testing::Each;
using ::testing::Eq;
using ::testing::FloatNear;
using ::testing::Pointwise;

constexpr float dw = 0x1p-7F;

DeviceParameters one_sided_device(double bound = 1) {
  DeviceParameters device = exact_device(dw, bound);
  device.compound.kind = Compound::one_sided;
  device.compound.one_sided.refresh_update.mode = UpdateMode::deterministic_implicit;
  device.compound.one_sided.refresh_update.train_length = 1000;
  return device;
}

TEST(OneSided, NothingStepsDownWhateverTheUpdate) {
  for (const UpdateMode mode : {UpdateMode::stochastic_compressed, UpdateMode::stochastic, UpdateMode::mean_count,
                                UpdateMode::deterministic_implicit}) {
    UpdateParameters update;
    update.mode = mode;
    Store store(6, 20, one_sided_device(), update);
    store.program(some_values(120, 1));
    for (std::uint64_t step = 0; step < 50; ++step) {
      const Floats plus = store.plane(0);
      const Floats minus = store.plane(1);
      store.update(some_values(6 * 3, step), some_values(20 * 3, 1000 + step), 0.05F);
      EXPECT_THAT(store.plane(0), Pointwise(::testing::Ge(), plus));
      EXPECT_THAT(store.plane(1), Pointwise(::testing::Ge(), minus));
      EXPECT_NE(store.plane(0), plus);
      EXPECT_NE(store.plane(1), minus);
    }
  }
}

TEST(OneSided, WeightIsTheDifferenceAndMovesAsOneCellWould) {
  Store pair(4, 9, one_sided_device(10));
  Store single(4, 9, exact_device(dw, 10));
  const Floats w = some_values(36, 4);
  pair.program(w);
  single.program(w);
  for (std::uint64_t step = 0; step < 10; ++step) {
    const Floats x = some_values(4, step);
    const Floats d = some_values(9, 50 + step);
    const UpdateCounts a = pair.update(x, d, 0.1F);
    const UpdateCounts b = single.update(x, d, 0.1F);
    EXPECT_EQ(2 * a.cell_pulses, b.cell_pulses) << "one cell of the pair takes a pulse; a single one has a reference";
  }
  const Floats expected = single.weights();
  const Floats got = pair.weights();
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-5);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], pair.plane(0)[i] - pair.plane(1)[i]);
}

TEST(OneSided, RefreshPutsTheDifferenceOnOneCellWhereBothThresholdsArePassed) {
  DeviceParameters device = one_sided_device();
  device.compound.one_sided.refresh_every = 2;
  Store store(1, 4, device);
  store.program({0});
  const auto pulse = [&](const Floats& d) { store.update({1}, d, dw); };
  // Pulses up (error -1) and down of the four pairs: 120, 40; 40, 120; 120, 20; 60, 60 of 128 steps.
  for (int n = 0; n < 120; ++n) pulse({-1.0F, n < 40 ? -1.0F : 0.0F, -1.0F, n < 60 ? -1.0F : 0.0F});
  for (int n = 0; n < 120; ++n) pulse({n < 40 ? 1.0F : 0.0F, 1.0F, n < 20 ? 1.0F : 0.0F, n < 60 ? 1.0F : 0.0F});
  EXPECT_EQ(store.plane(0), (Floats{120 * dw, 40 * dw, 120 * dw, 60 * dw}));
  EXPECT_EQ(store.plane(1), (Floats{40 * dw, 120 * dw, 20 * dw, 60 * dw}));
  const UpdateCounts first = store.end_batch();
  EXPECT_EQ(first.reads.reads, 0U) << "every second batch";
  EXPECT_EQ(store.plane(0)[0], 120 * dw);
  const UpdateCounts second = store.end_batch();
  EXPECT_EQ(store.plane(0), (Floats{80 * dw, 0, 120 * dw, 60 * dw}));
  EXPECT_EQ(store.plane(1), (Floats{0, 80 * dw, 20 * dw, 60 * dw}));
  EXPECT_EQ(second.reads.reads, 2U);
  EXPECT_EQ(second.converted, 8U);
  EXPECT_EQ(second.cells_reset, 4U);
  EXPECT_EQ(second.cell_pulses, 160U);
}

TEST(OneSided, RefreshesAfterSoManyVectorsWhateverTheBlocks) {
  DeviceParameters device = one_sided_device();
  device.compound.one_sided.refresh_every = 5;
  device.compound.one_sided.units_in_mbatch = false;
  Store store(2, 3, device);
  std::uint64_t reads = 0;
  for (const std::size_t block : {3U, 1U, 4U, 12U}) {  // 20 vectors
    reads += store.update(Floats(2 * block, 1.0F), Floats(3 * block, 1.0F), dw).reads.reads;
  }
  EXPECT_EQ(reads, 4U * 2 * 2) << "4 refreshes of 2 rows of 2 planes";
}

TEST(OneSided, CopyInvertedUsesTheDownStepsOfThePositiveCell) {
  DeviceParameters device = one_sided_device();
  device.cell.population.up_down = -0.5;  // up dw / 2, down dw
  device.cell.population.up_down_dtod = 0.2;
  device.cell.population.w_min = -2;
  device.compound.one_sided.copy_inverted = true;
  Store store(1, 8, device);
  store.program({0});
  store.update({1}, Floats(8, -1.0F), dw);
  store.update({1}, Floats(8, 1.0F), dw);
  const auto planes = store.store->planes();
  for (std::size_t j = 0; j < 8; ++j) {
    const Cell cell = planes[0].cell(0, j);
    EXPECT_EQ(store.plane(0)[j], cell.step_up);
    EXPECT_EQ(store.plane(1)[j], -cell.step_down) << "kept as -g-";
    EXPECT_EQ(store.weights()[j], cell.step_up - cell.step_down);
    EXPECT_EQ(planes[1].cell(0, j).step_down, cell.step_down) << "one cell, twice";
  }
  device.cell.population.w_min = 0;
  ASSERT_TRUE(device.check().has_value());
  EXPECT_EQ(device.check()->key, "one_sided.copy_inverted");
}

TEST(OneSided, CopyInvertedRefreshesToo) {
  DeviceParameters device = one_sided_device();
  device.compound.one_sided.copy_inverted = true;
  device.compound.one_sided.refresh_every = 1;
  Store store(1, 2, device);
  for (int n = 0; n < 120; ++n) store.update({1}, {-1, n < 40 ? -1.0F : 0.0F}, dw);
  for (int n = 0; n < 120; ++n) store.update({1}, {n < 40 ? 1.0F : 0.0F, 1}, dw);
  EXPECT_EQ(store.weights(), (Floats{80 * dw, -80 * dw}));
  store.end_batch();
  EXPECT_EQ(store.weights(), (Floats{80 * dw, -80 * dw}));
  EXPECT_EQ(store.plane(0), (Floats{80 * dw, 0}));
  EXPECT_EQ(store.plane(1), (Floats{0, -80 * dw}));
}

TEST(OneSided, TakesNoUpdateWithoutPulses) {
  UpdateParameters update;
  update.mode = UpdateMode::none_with_device;
  EXPECT_THROW(Store(2, 2, one_sided_device(), update), InputError);
}

}  // namespace
}  // namespace rheo::crossbar::testing
