#include "workloads/spiking/network.hpp"

#include <gtest/gtest.h>

#include "models/core/error.hpp"
#include "workloads/spiking/quantised.hpp"

namespace rheo::spiking {
namespace {

std::vector<std::uint32_t> input_sizes(const SpikingNetwork& network) {
  std::vector<std::uint32_t> sizes;
  for (std::size_t i = 0; i < network.layers.size(); ++i) sizes.push_back(network.input_of(i).values());
  return sizes;
}

/// The columns "Input Size" and "#Ticks" of tables 2.3, 2.5 and 2.8.
TEST(SpikingNetwork, HasTheInputSizesOfTheThesis) {
  const SpikingNetwork rf1 = build_spiking_network("rf1");
  EXPECT_EQ(rf1.ticks, 128U);
  EXPECT_EQ(input_sizes(rf1), (std::vector<std::uint32_t>{16 * 16, 16 * 16 * 16, 8 * 12 * 12, 128}));
  EXPECT_EQ(rf1.classes(), 11U);
  EXPECT_EQ(rf1.neurons(), 4096U + 1152U + 128U + 11U);

  const SpikingNetwork rf2 = build_spiking_network("rf2");
  EXPECT_EQ(rf2.ticks, 1024U);
  EXPECT_EQ(input_sizes(rf2),
            (std::vector<std::uint32_t>{16 * 16, 16 * 16 * 64, 12 * 12 * 64, 10 * 10 * 128, 10 * 10 * 128, 1024}));
  EXPECT_EQ(rf2.classes(), 24U);

  const SpikingNetwork cv = build_spiking_network("cv");
  EXPECT_EQ(cv.ticks, 500U);
  EXPECT_EQ(input_sizes(cv), (std::vector<std::uint32_t>{28 * 28, 16 * 13 * 13, 24 * 11 * 11, 32 * 4 * 4}));
  EXPECT_EQ(cv.neurons_of(0), (TensorShape{26, 26, 16}));
  EXPECT_EQ(cv.neurons_of(2), (TensorShape{9, 9, 32}));
  EXPECT_EQ(cv.classes(), 10U);
}

TEST(SpikingNetwork, TheHardwareOfRf2EndsInTwoConvolutionsWith24Outputs) {
  const SpikingNetwork hardware = build_spiking_network("rf2_hardware");
  EXPECT_EQ(hardware.output_of(4), (TensorShape{8, 8, 16}));
  EXPECT_EQ(hardware.output_of(5), (TensorShape{2, 2, 6}));
  EXPECT_EQ(hardware.classes(), 24U);
}

TEST(SpikingNetwork, AnUnknownNameIsAnInputError) {
  try {
    (void)build_spiking_network("rf3");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "spiking network rf3: no such network; expected cv, rf1, rf2, rf2_hardware; did you mean rf1?");
  }
}

TEST(Decay, ShiftAndMultiplierLeakOneEighth) {
  const stream::Decay shift;
  stream::Decay floor{stream::Decay::Kind::multiplier, 3, 7, stream::Decay::Rounding::floor};
  stream::Decay nearest = floor;
  nearest.rounding = stream::Decay::Rounding::nearest;
  EXPECT_EQ(shift.factor(), 0.875);
  EXPECT_EQ(floor.factor(), 0.875);
  // 100 x 0.875 = 87.5, -100 x 0.875 = -87.5; m - floor(m / 8) rounds up where floor(7 m / 8) rounds down.
  EXPECT_EQ(shift(100), 88);
  EXPECT_EQ(floor(100), 87);
  EXPECT_EQ(nearest(100), 88);
  EXPECT_EQ(shift(-100), -87);
  EXPECT_EQ(floor(-100), -88);
  EXPECT_EQ(nearest(-100), -87);
  // A small membrane never leaks away by the shift alone.
  EXPECT_EQ(shift(7), 7);
  EXPECT_EQ(floor(1), 0);
}

TEST(QuantisedLayer, AMembraneStartsAnewAfterASpikeAndSaturates) {
  QuantisedLayer layer;
  layer.membrane_bits = 8;
  layer.membrane_fraction_bits = 5;
  layer.weight_fraction_bits = 3;
  const stream::Decay decay;
  EXPECT_EQ(layer.next(decay, 80, false, 3), 80 - 10 + 3 * 4);
  EXPECT_EQ(layer.next(decay, 80, true, 3), 12);
  EXPECT_EQ(layer.next(decay, 120, false, 30), 127);
  EXPECT_EQ(layer.next(decay, -120, false, -30), -128);
}

}  // namespace
}  // namespace rheo::spiking
