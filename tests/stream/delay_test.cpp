#include <gmock/gmock.h>

#include "models/stream/pipeline.hpp"
#include "tests/stream/dense_reference.hpp"
#include "tests/stream/random_network.hpp"

namespace rheo::stream {
namespace {

using namespace rheo::stream::testing;
using ::testing::ElementsAre;

using DelayTest = rheo::testing::SystemCTest;

struct Outcome {
  std::vector<Spikes> output;  ///< spikes that reach the label counters, by frame
  std::vector<std::vector<std::uint32_t>> counts;
  std::uint64_t delay_bits = 0;
};

/// Frames of whole examples, then what drains the delay lines.
Outcome run(const std::vector<LayerParameters>& layers, std::uint32_t ticks, DelayPlace place,
            const std::vector<Spikes>& frames) {
  rheo::testing::new_simulation();
  PipelineParameters parameters;
  parameters.clock = sc_core::sc_time(5, sc_core::SC_NS);
  parameters.ticks = ticks;
  parameters.delays = place;
  Pipeline pipeline(parameters, layers);
  Outcome outcome;
  pipeline.observe_output([&](std::uint64_t, const std::vector<std::uint64_t>& frame) {
    Spikes spikes(layers.back().output().bits());
    for (std::size_t i = 0; i < spikes.size(); ++i) spikes[i] = static_cast<std::uint8_t>(bits_at(frame.data(), i, 1));
    outcome.output.push_back(spikes);
  });
  for (const Spikes& frame : frames) pipeline.send(packed(frame));
  pipeline.send_drain();
  sc_core::sc_start();
  for (const DmaOut::Result& result : pipeline.results()) outcome.counts.push_back(result.values);
  for (Component* component : pipeline.components()) {
    for (const BufferUse& use : component->buffers()) {
      if (use.name.ends_with("_delay")) outcome.delay_bits += use.capacity_bits;
    }
  }
  return outcome;
}

/// Two neurons a layer, all weights 1; a neuron spikes when its input is larger than 0.
std::vector<LayerParameters> figure_24() {
  std::vector<LayerParameters> layers(3);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i].name = "layer" + std::to_string(i);
    layers[i].geometry = PatchGeometry::pixels(1, 1, 2);
    layers[i].outputs = 2;
    layers[i].weights = {1, 1, 1, 1};
  }
  // The first layer receives each input with its own neuron: in(00) and in(01) of figure 2.5 are the input vector.
  layers[0].weights = {1, 0, 0, 1};
  return layers;
}

/// in(00), in(01) by tick.
const std::vector<Spikes> figure_input{{0, 1}, {1, 1}, {0, 0}, {0, 1}};

TEST_F(DelayTest, Figure25WithoutDelays) {
  // out(21), out(22): 1, 1, 0, 1. The network has no memory: a neuron that does not spike has a membrane of 0.
  const Outcome outcome = run(figure_24(), 4, DelayPlace::inside, figure_input);
  EXPECT_THAT(outcome.output, ElementsAre(Spikes{1, 1}, Spikes{1, 1}, Spikes{0, 0}, Spikes{1, 1}));
  EXPECT_THAT(outcome.counts, ElementsAre(ElementsAre(3, 3)));
}

TEST_F(DelayTest, Figure24GivesTheSameSpikesWithDelaysInsideAndAtTheOutput) {
  // The first layer has no axonal delay and the second a synaptic delay of 3 ticks, as the figure's text says; the
  // rest of the figure's delays is not in it: 2 and 4 here.
  std::vector<LayerParameters> layers = figure_24();
  layers[1].synaptic_delay = 3;
  layers[1].axonal_delay = 2;
  layers[2].synaptic_delay = 4;
  const Outcome inside = run(layers, 4, DelayPlace::inside, figure_input);
  const Outcome output = run(layers, 4, DelayPlace::output, figure_input);
  // Nine empty ticks, then the spikes of figure 2.5.
  std::vector<Spikes> expected(9, Spikes{0, 0});
  for (const Spikes& frame : {Spikes{1, 1}, Spikes{1, 1}, Spikes{0, 0}, Spikes{1, 1}}) expected.push_back(frame);
  EXPECT_EQ(inside.output, expected);
  EXPECT_EQ(output.output, expected);
  EXPECT_THAT(inside.counts, ElementsAre(ElementsAre(3, 3)));
  EXPECT_EQ(output.counts, inside.counts);
  EXPECT_EQ(inside.delay_bits, 9U * 2);
  EXPECT_EQ(output.delay_bits, 9U * 2);
}

class RandomDelays : public DelayTest, public ::testing::WithParamInterface<int> {};

TEST_P(RandomDelays, InsideAndAtTheOutputGiveTheShiftedSpikesOfTheNetworkWithoutDelays) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  std::vector<LayerParameters> layers = random_network(random);
  constexpr std::uint32_t ticks = 5;
  std::vector<Spikes> frames;
  for (std::uint32_t i = 0; i < 3 * ticks; ++i) {
    frames.push_back(random_spikes(random, layers.front().geometry.image_values(), 0.25));
  }
  DenseReference reference(layers, ticks);
  std::uint64_t total = 0;
  for (LayerParameters& layer : layers) {
    layer.synaptic_delay = random() % 4;
    layer.axonal_delay = random() % 8;  // some longer than an example
    total += layer.synaptic_delay + layer.axonal_delay;
  }
  std::vector<Spikes> expected(total, Spikes(layers.back().output().bits()));
  for (const Spikes& frame : frames) expected.push_back(reference.tick(frame));

  const Outcome inside = run(layers, ticks, DelayPlace::inside, frames);
  const Outcome output = run(layers, ticks, DelayPlace::output, frames);
  EXPECT_EQ(inside.output, expected);
  EXPECT_EQ(output.output, expected);
  ASSERT_EQ(inside.counts.size(), 3U);
  EXPECT_EQ(output.counts, inside.counts);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDelays, ::testing::Range(1, 17));

}  // namespace
}  // namespace rheo::stream
