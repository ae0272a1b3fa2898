#include "platforms/stream_fpga/quantisation.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"

namespace rheo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// One dense layer of two inputs and two neurons.
spiking::FloatNetwork dense(std::vector<float> weights, double threshold) {
  spiking::FloatNetwork network;
  network.network.name = "dense";
  network.network.input = {1, 1, 2};
  network.network.layers = {{"dense", spiking::SpikingLayer::Kind::linear, 1, 0, 2, 1, threshold, 0}};
  network.weights = {std::move(weights)};
  return network;
}

TEST(Quantisation, UsesTheWholeRangeOfTheWeights) {
  SpikingNumberParameters numbers;
  numbers.weight_bits = 4;
  // -8 to 7: 0.8 x 8 = 6.4 fits, 0.8 x 16 does not.
  const spiking::QuantisedNetwork network = quantise(dense({0.8F, -0.1F, -0.95F, 0.32F}, 0.3), numbers);
  EXPECT_EQ(network.layers[0].weight_fraction_bits, 3U);
  EXPECT_THAT(network.layers[0].weights, ElementsAre(6, -1, -8, 3));
  // -1 itself fits four bits with three fractional ones, 1 does not.
  EXPECT_EQ(quantise(dense({-1, 0, 0, 0}, 0.3), numbers).layers[0].weight_fraction_bits, 3U);
  EXPECT_EQ(quantise(dense({1, 0, 0, 0}, 0.3), numbers).layers[0].weight_fraction_bits, 2U);
}

TEST(Quantisation, TheThresholdSeparatesTheSameMembranes) {
  SpikingNumberParameters numbers;
  numbers.weight_bits = 4;
  numbers.membrane_fraction = 3;
  const spiking::QuantisedNetwork network = quantise(dense({0.8F, 0, 0, 0}, 0.3), numbers);
  // 0.3 x 2^6 = 19.2: a membrane of 19 / 64 is below 0.3, 20 / 64 above.
  EXPECT_EQ(network.layers[0].membrane_fraction_bits, 6U);
  EXPECT_EQ(network.layers[0].threshold, 19);
}

TEST(Quantisation, AThresholdThatDoesNotFitIsRefused) {
  SpikingNumberParameters numbers;
  numbers.membrane_bits = 5;
  try {
    (void)quantise(dense({0.8F, 0, 0, 0}, 0.3), numbers);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("numbers.membrane_bits"));
    EXPECT_THAT(error.what(), HasSubstr("threshold 0.3 of layer dense"));
  }
}

}  // namespace
}  // namespace rheo
