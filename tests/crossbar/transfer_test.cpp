// Transfer compounds: when, what and where to; convergence; choppers.
#include <gmock/gmock.h>

#include "tests/crossbar/store_fixture.hpp"

namespace rheo::crossbar::testing {
namespace {

using ::testing::Each;
using ::testing::Eq;

constexpr float dw = 0x1p-7F;

DeviceParameters transfer_device(TransferRule rule = TransferRule::direct) {
  DeviceParameters device = exact_device(dw);
  device.compound.kind = Compound::transfer;
  TransferParameters& t = device.compound.transfer;
  t.rule = rule;
  t.units_in_mbatch = false;
  t.scale_fast_lr = t.scale_transfer_lr = false;
  t.in_chop_prob = 0;
  t.direct_update.mode = UpdateMode::deterministic_implicit;
  t.direct_update.train_length = 1000;
  return device;
}

TEST(Transfer, HappensEveryNVectorsOneLineAfterTheOther) {
  DeviceParameters device = transfer_device();
  device.compound.transfer.transfer_every = 5;
  device.compound.transfer.fast_lr = dw;
  device.compound.transfer.transfer_lr = 0.5;
  Store store(3, 4, device);
  // Every vector steps all of A down once; the line is row (number of the transfer) mod 3.
  Floats expected(12, 0.0F);
  int vectors = 0;
  std::uint64_t reads = 0;
  for (int transfer = 0; transfer < 7; ++transfer) {
    for (int v = 0; v < 5; ++v, ++vectors) {
      EXPECT_EQ(store.weights(), expected) << vectors << " vectors";
      reads += store.update({1, 1, 1}, Floats(4, 1.0F), 0.1F).reads.reads;
    }
    EXPECT_THAT(store.plane(0), Each(Eq(-static_cast<float>(vectors) * dw)));
    // Half of what was read, in whole pulses: rint(5 (transfer + 1) / 2), to even
    const float pulses = std::nearbyint(static_cast<float>(vectors) / 2);
    for (std::size_t j = 0; j < 4; ++j) expected[static_cast<std::size_t>(transfer % 3) * 4 + j] -= pulses * dw;
  }
  EXPECT_EQ(store.weights(), expected);
  EXPECT_EQ(reads, 7U);
}

TEST(Transfer, InMiniBatchesHappensAtTheirEnds) {
  DeviceParameters device = transfer_device();
  device.compound.transfer.units_in_mbatch = true;
  device.compound.transfer.transfer_every = 2;
  device.compound.transfer.fast_lr = dw;
  device.compound.transfer.n_reads_per_transfer = 2;
  Store store(3, 4, device);
  store.update(Floats(3 * 10, 1.0F), Floats(4 * 10, 1.0F), 1);
  EXPECT_EQ(store.end_batch().reads.reads, 0U);
  EXPECT_THAT(store.weights(), Each(Eq(0.0F)));
  const UpdateCounts counts = store.end_batch();
  EXPECT_EQ(counts.reads.reads, 2U);
  EXPECT_EQ(counts.converted, 8U);
  EXPECT_EQ(counts.cells_read, 2U * 12 * 2) << "the whole plane and its reference lie on the lines";
  EXPECT_EQ(counts.cell_pulses, 2U * 4 * 10 * 2);
  const Floats w = store.weights();
  for (std::size_t at = 0; at < 12; ++at) EXPECT_EQ(w[at], at < 8 ? -10 * dw : 0.0F);
}

TEST(Transfer, ColumnsOfTheCrossbarAreLinesToo) {
  DeviceParameters device = transfer_device();
  device.compound.transfer.transfer_columns = false;
  device.compound.transfer.transfer_every = 1;
  device.compound.transfer.fast_lr = dw;
  Store store(3, 4, device);
  store.update({1, 1, 1}, Floats(4, -1.0F), 1);
  EXPECT_EQ(store.weights(), (Floats{dw, 0, 0, 0, dw, 0, 0, 0, dw, 0, 0, 0}));
  store.update({1, 1, 1}, Floats(4, -1.0F), 1);
  EXPECT_EQ(store.weights(), (Floats{dw, 2 * dw, 0, 0, dw, 2 * dw, 0, 0, dw, 2 * dw, 0, 0}));
}

TEST(Transfer, GammaAddsTheFastCells) {
  DeviceParameters device = transfer_device();
  device.compound.transfer.transfer_every = 0;
  device.compound.transfer.gamma = 0.25;
  device.compound.transfer.fast_lr = 0;  // the learning rate of the run
  Store store(2, 2, device);
  store.program({0.5F});
  EXPECT_THAT(store.weights(), Each(Eq(0.5F)));
  store.update({1, 1}, {-1, -1}, 8 * dw);
  EXPECT_THAT(store.weights(), Each(Eq(0.5F + 2 * dw)));
  EXPECT_EQ(store.store->cells_per_read(), 4U);
}

TEST(Transfer, ReadsThroughTheConvertersWithTheirNoise) {
  DeviceParameters device = transfer_device();
  device.compound.transfer.transfer_every = 1;
  device.compound.transfer.transfer_lr = 0.25;
  device.slow = device.cell;
  device.slow->population.dw_min = 0x1p-11;
  LineReads reads = exact_reads();
  reads.converters.adc_step = 0.125F;
  reads.converters.adc_levels = 8;
  reads.converters.output_noise = 0.5F;
  std::vector<double> seen;
  Store store(1, 16, device, exact_update(), reads);
  for (int repeat = 0; repeat < 2000; ++repeat) {
    store.program({0});
    store.update({1}, Floats(16, 0.0F), 1);
    for (const float w : store.weights()) seen.push_back(w / 0.25);
  }
  const Moments m = moments_of(seen);
  EXPECT_NEAR(m.mean, 0, 4 * m.mean_error);
  // Gaussian noise of 0.5, rounded to 8 steps of 1/8 either way: the probability of each code.
  const auto above = [](double y) { return 0.5 * std::erfc(y / 0.5 / std::sqrt(2.0)); };
  double variance = 0;
  for (int code = 1; code <= 8; ++code) {
    const double p = above((code - 0.5) / 8) - (code < 8 ? above((code + 0.5) / 8) : 0.0);
    variance += 2 * p * code * code / 64;
  }
  EXPECT_NEAR(m.variance, variance, 4 * m.variance_error);
}

/// Gradient (w - target + noise) on an input of 1.
double mean_error_after(DeviceParameters device, const UpdateParameters& update, float rate, int steps,
                        std::uint64_t seed) {
  constexpr std::size_t outputs = 64;
  constexpr float target = 0.5F;
  LineReads reads = exact_reads();
  Store store(1, outputs, device, update, reads, seed);
  const RandomKey noise(seed, 5, RandomPurpose::forward_noise);
  Floats d(outputs), xi(outputs);
  double sum = 0;
  int counted = 0;
  for (int s = 0; s < steps; ++s) {
    random_normals(noise, static_cast<std::uint64_t>(s), 0, xi);
    const Floats w = store.weights();
    for (std::size_t j = 0; j < outputs; ++j) d[j] = (w[j] - target) + xi[j];
    store.update({1}, d, rate);
    if (2 * s < steps) continue;
    for (const float weight : w) sum += weight - target;
    counted += static_cast<int>(outputs);
  }
  return sum / counted;
}

TEST(Transfer, TikiTakaConvergesWherePlainUpdatesDriftToTheSymmetryPoint) {
  // Soft bounds: steps shrink with the distance to the bound, so up and down steps agree at 0 alone. Under a noisy
  // gradient a plain cell settles where w - w* = -E|gradient| w / bound: towards 0.
  DeviceParameters plain = exact_device(0.004, 1);
  plain.cell.select("soft_bounds");
  UpdateParameters update;
  const double drift = mean_error_after(plain, update, 0.05F, 6000, 1);
  const double w = 0.5 + drift;
  EXPECT_NEAR(drift, -0.7979 * w, 0.05) << "the closed form, E|xi| = sqrt(2 / pi), while the noise is the larger part";

  for (const TransferRule rule : {TransferRule::direct, TransferRule::buffered}) {
    DeviceParameters tiki_taka = plain;
    tiki_taka.compound.kind = Compound::transfer;
    TransferParameters& t = tiki_taka.compound.transfer;
    t.rule = rule;
    t.units_in_mbatch = false;
    t.transfer_every = 2;
    t.scale_transfer_lr = false;
    t.transfer_lr = rule == TransferRule::direct ? 0.04 : 0.02;
    t.in_chop_prob = 0;
    const double error = mean_error_after(tiki_taka, update, 0.05F, 12000, 2);
    EXPECT_LT(std::abs(error), 0.25 * std::abs(drift)) << transfer_rule_names[static_cast<std::size_t>(rule)];
  }
}

TEST(Transfer, BufferedWritesAPulsePerUnitOfTheBufferAndKeepsTheRest) {
  DeviceParameters device = transfer_device(TransferRule::buffered);
  TransferParameters& t = device.compound.transfer;
  t.transfer_every = 1;
  t.fast_lr = 8 * dw;
  t.buffer_granularity = 64;  // H grows by 8 n / 64 = n / 8 at the n-th read
  t.forget_buffer = false;
  Store store(1, 2, device);
  float buffer = 0;
  float expected = 0;
  for (int n = 1; n <= 12; ++n) {
    store.update({1}, {-1, 0}, 1);
    buffer += static_cast<float>(n) / 8;
    const float steps = std::min(std::trunc(buffer), 1.0F);  // a slot a pulse
    buffer -= steps;
    expected += steps * dw;
    EXPECT_EQ(store.weights(), (Floats{expected, 0})) << n;
  }
  EXPECT_GT(expected, 5 * dw);

  t.forget_buffer = true;
  t.momentum = 0.5;
  Store forgetful(1, 2, device);
  buffer = expected = 0;
  for (int n = 1; n <= 12; ++n) {
    forgetful.update({1}, {-1, 0}, 1);
    buffer += static_cast<float>(n) / 8;
    if (buffer >= 1) {
      buffer *= 0.5F;
      expected += dw;
    }
    EXPECT_EQ(forgetful.weights(), (Floats{expected, 0})) << n;
  }
}

TEST(Transfer, CorrectedMagnitudesWriteTheGradientOfTheRun) {
  // With correct_gradient_magnitudes C takes transfer_lr times the gradient, whatever the rate of A.
  for (const double fast : {2.0, 8.0}) {
    DeviceParameters device = transfer_device(TransferRule::buffered);
    TransferParameters& t = device.compound.transfer;
    t.transfer_every = 1;
    t.fast_lr = fast * dw;
    t.transfer_lr = dw;
    t.forget_buffer = false;
    t.correct_gradient_magnitudes = true;
    t.step_update.train_length = 1000;
    t.step_update.mode = UpdateMode::deterministic_implicit;
    t.step_update.update_management = t.step_update.length_management = true;
    device.slow = device.cell;
    device.slow->population.dw_min = dw / 4;
    Store store(1, 2, device);
    store.update({1}, {-1, 0}, 1);
    EXPECT_EQ(store.weights()[0], dw) << "after one vector A holds fast_lr: C takes transfer_lr";
  }
}

TEST(Transfer, AutoScaleKeepsThePulsesOfTheFastCellsWhateverTheMagnitudes) {
  for (const float magnitude : {1e-3F, 1.0F, 50.0F}) {
    DeviceParameters device = transfer_device(TransferRule::buffered);
    TransferParameters& t = device.compound.transfer;
    t.auto_scale = true;
    t.auto_momentum = 0;  // the means are those of the last batch
    t.transfer_every = 0;
    t.fast_lr = 0.5;
    UpdateParameters update = exact_update();
    Store store(2, 3, device, update);
    store.update({magnitude, magnitude}, Floats(3, -magnitude), 1);
    EXPECT_THAT(store.plane(0), Each(::testing::FloatNear(std::nearbyint(0.5F * 31) * dw, dw * 1.01F)));
  }
}

TEST(Transfer, AutoScaleBeginsWithTheFirstMagnitudes) {
  DeviceParameters device = transfer_device(TransferRule::buffered);
  TransferParameters& t = device.compound.transfer;
  t.auto_scale = true;
  t.auto_momentum = 0.99;
  t.transfer_every = 0;
  t.fast_lr = 0.5;
  Store store(2, 3, device, exact_update());
  store.update({0, 0}, Floats(3, 0.0F), 1);  // says nothing
  store.update({0.02F, 0.02F}, Floats(3, -0.02F), 1);
  EXPECT_THAT(store.plane(0), Each(::testing::FloatNear(std::nearbyint(0.5F * 31) * dw, dw * 1.01F)));
}

/// A holds an offset and no gradient: decay leads it there. What C takes of it.
Floats slow_after_offset(DeviceParameters device, int batches) {
  device.cell.population.reset = 0.25;
  device.cell.population.lifetime = 1.0;  // decays wholly at the end of a batch
  device.slow = device.cell;
  device.slow->population.reset = device.slow->population.lifetime = 0;
  Store store(2, 3, device);
  for (int b = 0; b < batches; ++b) {
    store.end_batch(1);
    store.update(Floats(2 * 2, 1.0F), Floats(2 * 3, 0.0F), 1);
  }
  return store.plane(1);
}

TEST(Transfer, ChoppersCancelAnOffsetOfTheFastCells) {
  DeviceParameters device = transfer_device(TransferRule::buffered);
  TransferParameters& t = device.compound.transfer;
  t.transfer_every = 1;
  t.buffer_granularity = 4 * 0.25 / dw;  // four reads of the offset fill the buffer
  t.forget_buffer = false;
  EXPECT_THAT(slow_after_offset(device, 400), Each(Eq(100 * dw))) << "without choppers C follows the offset";
  t.in_chop_random = false;
  t.in_chop_prob = 0.5;
  EXPECT_THAT(slow_after_offset(device, 400), Each(Eq(0.0F))) << "signs that alternate every two reads";
  t.in_chop_prob = 0.1;
  for (const float w : slow_after_offset(device, 400)) EXPECT_LE(std::abs(w), 3 * dw);
  t.in_chop_random = true;
  t.in_chop_prob = 0.5;
  // 400 random signs: a walk of deviation 20 reads or 5 pulses.
  for (const float w : slow_after_offset(device, 400)) EXPECT_LE(std::abs(w), 20 * dw);
  t.in_chop_prob = 0;
  t.out_chop_prob = 0.5;
  for (const float w : slow_after_offset(device, 400)) EXPECT_LE(std::abs(w), 20 * dw);
}

TEST(Transfer, ChoppersTurnTheGradientBothOnTheWayInAndOut) {
  DeviceParameters device = transfer_device(TransferRule::buffered);
  TransferParameters& t = device.compound.transfer;
  t.transfer_every = 1;
  t.fast_lr = dw;
  t.gamma = 1;
  t.transfer_lr = 0x1p-20;  // nothing reaches C
  t.in_chop_random = false;
  t.in_chop_prob = 0.5;
  t.out_chop_prob = 0;
  Store store(1, 2, device);
  // Chopper + + - - + + - - of the single line: A goes down and up again, gamma s A follows with the sign.
  const Floats a{-1, -2, -1, 0, -1, -2, -1, 0};
  const Floats sign{1, -1, -1, 1, 1, -1, -1, 1};  // after the read that ends each vector
  for (std::size_t v = 0; v < a.size(); ++v) {
    store.update({1}, {1, 1}, 1);
    EXPECT_THAT(store.plane(0), Each(Eq(a[v] * dw))) << v;
    EXPECT_THAT(store.weights(), Each(Eq(sign[v] * a[v] * dw))) << v;
  }
}

TEST(Transfer, AgadTakesNoOffsetAtAll) {
  DeviceParameters device = transfer_device(TransferRule::dynamic);
  TransferParameters& t = device.compound.transfer;
  t.transfer_every = 1;
  t.buffer_granularity = 0.25 / dw;
  t.in_chop_random = false;
  t.in_chop_prob = 0.1;
  t.tail_weightening = 10;  // the mean is the last read
  t.forget_buffer = false;
  t.buffer_cap = 1;
  for (const float w : slow_after_offset(device, 400)) {
    EXPECT_LE(std::abs(w), 11 * dw) << "only what the buffer held when the first period was over";
  }
}

TEST(Transfer, SlowCellsMayBeOfAnotherKind) {
  DeviceParameters device = transfer_device();
  device.slow.emplace("soft_bounds");
  device.slow->population = device.cell.population;
  device.slow->population.w_max = 2;
  Store store(1, 1, device);
  EXPECT_EQ(store.store->planes()[0].parameters().family(), "constant_step");
  EXPECT_EQ(store.store->planes()[1].parameters().family(), "soft_bounds");
  EXPECT_EQ(store.store->planes()[1].cell(0, 0).bound_high, 2);
}

}  // namespace
}  // namespace rheo::crossbar::testing
