#include "models/stream/pipeline.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "tests/stream/dense_reference.hpp"
#include "tests/stream/random_network.hpp"

namespace rheo::stream {
namespace {

using namespace rheo::stream::testing;
using ::testing::Each;
using ::testing::HasSubstr;

PipelineParameters pipeline_parameters(std::uint32_t ticks) {
  PipelineParameters parameters;
  parameters.clock = sc_core::sc_time(5, sc_core::SC_NS);
  parameters.ticks = ticks;
  return parameters;
}

/// What is written is read, nothing is left, and what enters the network leaves it.
void expect_conservation(const Pipeline& pipeline) {
  for (const auto& stream : pipeline.streams()) {
    EXPECT_EQ(stream->bits_written(), stream->bits_read()) << stream->name();
    EXPECT_EQ(stream->bits_written() % stream->parameters().frame_bits, 0U) << stream->name();
    EXPECT_LE(stream->peak_bits(), stream->capacity_bits()) << stream->name();
  }
}

using PipelineTest = rheo::testing::SystemCTest;

class RandomNetworks : public PipelineTest, public ::testing::WithParamInterface<int> {};

TEST_P(RandomNetworks, EqualTheDenseReferenceBitForBit) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  constexpr std::uint32_t ticks = 6;
  constexpr std::uint32_t examples = 2;
  const std::vector<LayerParameters> layers = random_network(random);
  PipelineParameters parameters = pipeline_parameters(ticks);
  parameters.zero_skipping = GetParam() % 2 == 1;
  Pipeline pipeline(parameters, layers);
  const std::vector<Spikes> expected = expect_the_dense_reference(pipeline, layers, ticks, examples, random);
  ASSERT_EQ(pipeline.results().size(), examples);
  for (std::uint32_t example = 0; example < examples; ++example) {
    std::vector<std::uint32_t> counts(layers.back().outputs);
    for (std::uint32_t tick = 0; tick < ticks; ++tick) {
      for (std::size_t label = 0; label < counts.size(); ++label)
        counts[label] += expected[example * ticks + tick][label];
    }
    EXPECT_EQ(pipeline.results()[example].values, counts);
  }
  expect_conservation(pipeline);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomNetworks, ::testing::Range(1, 41));

TEST_F(PipelineTest, RandomNetworksSpikeNeitherNeverNorAlways) {
  std::uint64_t spikes = 0;
  std::uint64_t neurons = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    const std::vector<LayerParameters> layers = random_network(random);
    DenseReference reference(layers, 6);
    for (int frame = 0; frame < 6; ++frame) {
      const Spikes out = reference.tick(random_spikes(random, layers.front().geometry.image_values(), 0.25));
      spikes += static_cast<std::uint64_t>(std::count(out.begin(), out.end(), 1));
      neurons += out.size();
    }
  }
  EXPECT_GT(spikes, neurons / 20);
  EXPECT_LT(spikes, neurons / 2);
}

/// A convolution 8x8x4 -> 8x8x8 and a fully connected layer to 10.
std::vector<LayerParameters> small_network(const Folding& convolution, const Folding& dense) {
  std::mt19937_64 random(1);
  std::vector<LayerParameters> layers(2);
  layers[0].name = "conv";
  layers[0].geometry = {8, 8, 4, 3, 3, 1, 1};
  layers[0].outputs = 8;
  layers[0].folding = convolution;
  layers[0].window_simd = 4;
  layers[1].name = "dense";
  layers[1].geometry = PatchGeometry::pixels(1, 1, 512);
  layers[1].outputs = 10;
  layers[1].folding = dense;
  for (LayerParameters& layer : layers) {
    layer.weights.resize(layer.geometry.elements() * layer.outputs);
    for (std::int32_t& w : layer.weights) w = static_cast<std::int32_t>(random() % 16) - 8;
    layer.lif.threshold = 20;
  }
  return layers;
}

struct Outcome {
  std::vector<Cycle> intervals;  ///< between frames at the counters, the first few left out
  std::vector<std::uint32_t> counts;
  std::uint64_t events = 0;
};

Outcome run(const std::vector<LayerParameters>& layers, std::uint32_t frames = 16) {
  rheo::testing::new_simulation();
  Pipeline pipeline(pipeline_parameters(frames), layers);
  std::mt19937_64 random(2);
  for (std::uint32_t frame = 0; frame < frames; ++frame) {
    pipeline.send(packed(random_spikes(random, layers.front().geometry.image_values(), 0.25)));
  }
  sc_core::sc_start();
  expect_conservation(pipeline);
  Outcome result;
  result.intervals = intervals(pipeline.frame_ends());
  result.intervals.erase(result.intervals.begin(), result.intervals.begin() + frames / 2);
  result.counts = pipeline.results().at(0).values;
  for (const Stage* stage : pipeline.stages()) result.events = std::max(result.events, stage->events());
  // The kernel's time is that of the last event, which is the arrival of the result.
  EXPECT_EQ(sc_core::sc_time_stamp(),
            sc_core::sc_time(5, sc_core::SC_NS) * static_cast<double>(pipeline.results()[0].end));
  return result;
}

constexpr Cycle window_cycles = 10 * 3 + 8 * 8 * 9;  // 10 padded columns, 4 channels a cycle

TEST_F(PipelineTest, TheSlowestStageSetsTheInterval) {
  // With deep FIFOs: the sliding window, 8 x 36 / 4 cycles a position of the convolution, 10 x 512 / simd of the dense
  // layer.
  const auto interval = [](const Folding& convolution, const Folding& dense) {
    std::vector<LayerParameters> layers = small_network(convolution, dense);
    for (LayerParameters& layer : layers) layer.fifo_depth = layer.window_fifo_depth = 4096;
    return run(layers).intervals;
  };
  EXPECT_THAT(interval({8, 36}, {10, 16}), Each(window_cycles));
  EXPECT_THAT(interval({4, 4}, {10, 16}), Each(Cycle{2 * 9 * 64}));
  EXPECT_THAT(interval({1, 4}, {10, 16}), Each(Cycle{8 * 9 * 64}));
  EXPECT_THAT(interval({8, 36}, {1, 4}), Each(Cycle{10 * 128}));
}

TEST_F(PipelineTest, ATooSmallFifoSlowsThePipelineAndChangesNoSpike) {
  std::vector<LayerParameters> layers = small_network({4, 4}, {10, 16});
  // Two passes of 9 steps a patch. While the window unit fills its lines (30 cycles) the MVTU works on what the FIFO
  // holds: with 18 cycles a patch of 9 words that takes 15 words; with less it starves once a frame.
  std::vector<Cycle> slowest;
  std::vector<std::uint32_t> counts;
  for (const std::uint64_t depth : {64, 8, 4, 2, 1}) {
    layers[0].window_fifo_depth = depth;
    const Outcome result = run(layers);
    slowest.push_back(result.intervals.back());
    if (counts.empty()) counts = result.counts;
    EXPECT_EQ(result.counts, counts);
  }
  EXPECT_EQ(slowest[0], Cycle{2 * 9 * 64});
  EXPECT_GT(slowest[1], slowest[0]);
  for (std::size_t i = 2; i < slowest.size(); ++i) EXPECT_GE(slowest[i], slowest[i - 1]) << i;
  EXPECT_GT(slowest.back(), slowest[1]);
  EXPECT_LE(slowest.back(), slowest[0] + window_cycles);
}

TEST_F(PipelineTest, AStageTakesOneEventAFrame) { EXPECT_LE(run(small_network({4, 4}, {10, 16})).events, 17U); }

TEST_F(PipelineTest, TheRateOfTheSamplesHoldsThePipelineBack) {
  PipelineParameters parameters = pipeline_parameters(10);
  parameters.dma.frame_interval = 5000;
  const std::vector<LayerParameters> layers = small_network({4, 4}, {10, 16});
  Pipeline pipeline(parameters, layers);
  for (int frame = 0; frame < 10; ++frame) pipeline.send(std::vector<std::uint64_t>(4));
  sc_core::sc_start();
  EXPECT_THAT(intervals(pipeline.frame_ends()), Each(Cycle{5000}));
}

TEST_F(PipelineTest, LayersThatDoNotFitTogetherAreRefused) {
  std::vector<LayerParameters> layers = small_network({4, 4}, {10, 16});
  layers[1].geometry.channels = 500;
  try {
    Pipeline pipeline(pipeline_parameters(4), layers);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("dense: an input of 500 values behind 512"));
  }
}

}  // namespace
}  // namespace rheo::stream
