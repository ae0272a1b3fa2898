#include "models/stream/tick_batching.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "tests/stream/dense_reference.hpp"
#include "tests/stream/random_network.hpp"

namespace rheo::stream {
namespace {

using namespace rheo::stream::testing;
using ::testing::HasSubstr;

using TickBatchingTest = rheo::testing::SystemCTest;

constexpr std::uint32_t ticks = 6;

PipelineParameters parameters_of(bool zero_skipping = false) {
  PipelineParameters parameters;
  parameters.clock = sc_core::sc_time(5, sc_core::SC_NS);
  parameters.ticks = ticks;
  parameters.zero_skipping = zero_skipping;
  return parameters;
}

std::vector<std::vector<std::uint64_t>> packed_frames(const std::vector<Spikes>& frames) {
  std::vector<std::vector<std::uint64_t>> all;
  for (const Spikes& frame : frames) all.push_back(packed(frame));
  return all;
}

class TickBatchedNetworks : public TickBatchingTest, public ::testing::WithParamInterface<int> {};

TEST_P(TickBatchedNetworks, SpikeAsTheDenseReferenceLayerAfterLayer) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  const std::vector<LayerParameters> layers = random_network(random);
  TickBatchedPipeline pipeline(parameters_of(GetParam() % 2 == 1), layers);
  std::vector<std::vector<std::uint64_t>> spikes;
  pipeline.observe_output(
      [&spikes](std::uint64_t, const std::vector<std::uint64_t>& frame) { spikes.push_back(frame); });
  DenseReference reference(layers, ticks);
  std::vector<std::vector<std::uint64_t>> expected;
  for (int example = 0; example < 3; ++example) {
    std::vector<Spikes> frames;
    std::uint64_t events = 0;
    for (std::uint32_t tick = 0; tick < ticks; ++tick) {
      frames.push_back(random_spikes(random, layers.front().geometry.image_values(), 0.25));
      events += static_cast<std::uint64_t>(std::count(frames.back().begin(), frames.back().end(), 1));
      expected.push_back(packed(reference.tick(frames.back())));
    }
    pipeline.run(packed_frames(frames));
    ASSERT_EQ(pipeline.results().size(), example + 1U);
    EXPECT_EQ(pipeline.events_of(0).size(), events);
    // All ticks of a layer before the next one's first.
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      EXPECT_LT(pipeline.begin_of(layer), pipeline.end_of(layer));
      if (layer > 0) {
        EXPECT_LT(pipeline.end_of(layer - 1), pipeline.begin_of(layer));
      }
    }
  }
  EXPECT_EQ(spikes, expected);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TickBatchedNetworks, ::testing::Range(1, 13));

TEST_F(TickBatchingTest, ALayersTimeIsThatOfItsSlowestStage) {
  // One dense layer of 64 inputs and 10 neurons: 10 x 64 / 8 = 80 cycles a tick in the MVTU; the reader needs one cycle
  // for each of the 8 words and one more for each further spike of a word.
  std::vector<LayerParameters> layers(1);
  layers[0].name = "dense";
  layers[0].geometry = PatchGeometry::pixels(1, 1, 64);
  layers[0].outputs = 10;
  layers[0].weights.assign(640, 1);
  layers[0].lif.threshold = 100;
  layers[0].folding = {1, 8};
  TickBatchedPipeline pipeline(parameters_of(), layers);
  pipeline.run(std::vector<std::vector<std::uint64_t>>(ticks, std::vector<std::uint64_t>{0x5}));
  // The first word's two spikes take two cycles, it is read the cycle after, the last output is counted the cycle
  // after it was written.
  EXPECT_EQ(pipeline.end_of(0) - pipeline.begin_of(0), 1 + ticks * 80U);
  EXPECT_EQ(pipeline.events_of(0).peak_bits(), ticks * 2U * 9U);  // 64 x 6 = 384 codes: 9 bits
}

TEST_F(TickBatchingTest, EventsThatDoNotFitAreRefused) {
  std::vector<LayerParameters> layers(1);
  layers[0].name = "dense";
  layers[0].geometry = PatchGeometry::pixels(1, 1, 64);
  layers[0].outputs = 2;
  layers[0].weights.assign(128, 1);
  const std::vector<std::vector<std::uint64_t>> frames(ticks, std::vector<std::uint64_t>{0x5});
  TickBatchedPipeline enough(parameters_of(), layers, {108});
  EXPECT_NO_THROW(enough.run(frames));
  rheo::testing::new_simulation();
  TickBatchedPipeline pipeline(parameters_of(), layers, {107});
  try {
    pipeline.run(frames);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("dense_events: holds 107 bits, an example needs 108"));
  }
}

}  // namespace
}  // namespace rheo::stream
