#include "platforms/stream_fpga/stream_chip.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <string>

#include "platforms/stream_fpga/layer_mapping.hpp"
#include "tests/stream/random_example.hpp"
#include "tests/support/systemc_test.hpp"
#include "workloads/spiking/network_run.hpp"

namespace rheo {
namespace {

using ::testing::HasSubstr;

StreamConfiguration shipped(const std::string& name, const std::vector<std::string>& set = {}) {
  return StreamConfiguration::load(std::string(RHEO_SOURCE_FOLDER) + "/platforms/" + name + ".toml", set);
}

/// The network with fewer ticks and weights at random.
spiking::QuantisedNetwork random_weights(const StreamConfiguration& c, std::uint32_t ticks) {
  std::mt19937_64 random(1);
  spiking::FloatNetwork trained;
  trained.network = spiking::build_spiking_network(c.workload.network);
  trained.network.ticks = ticks;
  for (std::size_t i = 0; i < trained.network.layers.size(); ++i) {
    const std::size_t inputs = trained.network.geometry_of(i).elements();
    // Wide enough that the layers behind spike as well.
    std::uniform_real_distribution<float> weight(-1.0F / std::sqrt(static_cast<float>(inputs)) * 2,
                                                 1.0F / std::sqrt(static_cast<float>(inputs)) * 3);
    auto& weights = trained.weights.emplace_back(inputs * trained.network.layers[i].outputs);
    for (float& w : weights) w = weight(random);
  }
  return spiking::quantise(trained, fixed_point_widths(c.numbers));
}

struct Case {
  const char* file;
  const char* network;
  std::uint32_t ticks;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.network; }

class WholeNetworks : public rheo::testing::SystemCTest, public ::testing::WithParamInterface<Case> {};

/// The host's integer run walks over the spikes of an event plan: no patches, no folding, no streams.
TEST_P(WholeNetworks, CountTheSpikesOfTheHostsIntegerRun) {
  const auto [file, name, ticks] = GetParam();
  StreamConfiguration c = shipped(file, {std::string("workload.network=") + name, "device.part=unlimited"});
  const spiking::QuantisedNetwork quantised = random_weights(c, ticks);
  std::vector<Example> examples{random_example(quantised.network, 1), random_example(quantised.network, 2)};
  std::vector<std::vector<std::uint32_t>> expected;
  spiking::IntegerRun host(quantised);
  std::uint64_t spikes = 0;
  for (const Example& example : examples) {
    host.reset();
    std::vector<std::uint32_t> counts(quantised.network.classes());
    for (const auto& frame : example) {
      host.tick(frame);
      for (std::size_t i = 0; i < counts.size(); ++i) {
        const auto spike = host.spikes(quantised.layers.size() - 1)[i / 64] >> (i % 64) & 1;
        counts[i] += static_cast<std::uint32_t>(spike);
        spikes += spike;
      }
    }
    expected.push_back(counts);
  }
  EXPECT_GT(spikes, 0U);
  for (const StreamSchedule schedule : {StreamSchedule::streaming, StreamSchedule::tick_batching}) {
    for (const bool zero_skipping : {false, true}) {
      rheo::testing::new_simulation();
      c.schedule = schedule;
      c.events.capacity_bits.assign(quantised.layers.size(), 0);  // these spike more often than the thesis's
      c.zero_skipping = zero_skipping;
      StreamChip chip(c, quantised.network, map_layers(c, quantised));
      for (const Example& example : examples) chip.run(example);
      ASSERT_EQ(chip.results().size(), 2U);
      for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(chip.results()[i].values, expected[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(S2N2, WholeNetworks,
                         ::testing::Values(Case{"s2n2_rf1", "rf1", 12}, Case{"s2n2_cv", "cv", 4},
                                           Case{"s2n2_rf2", "rf2_hardware", 3}),
                         [](const auto& info) { return std::string(info.param.network); });

class StreamChipTest : public rheo::testing::SystemCTest {
 protected:
  struct Outcome {
    EnergyReport energy;
    std::uint64_t cycles = 0;
    std::map<std::string, std::uint64_t> actions;
  };
  Outcome run(StreamConfiguration c) {
    rheo::testing::new_simulation();
    const spiking::QuantisedNetwork quantised = random_weights(c, 12);
    StreamChip chip(c, quantised.network, map_layers(c, quantised));
    chip.run(random_example(quantised.network, 1));
    const CostTable costs = CostTable::from_file(std::string(RHEO_SOURCE_FOLDER) + "/models/cost/reference_costs.toml");
    const ChipActivity activity = chip.activity();
    Outcome outcome{energy_report(activity, Mode::evaluation, costs), chip.cycles(), {}};
    for (const ActionCounts& counts : activity.actions) {
      for (std::size_t kind = 0; kind < counts.kinds().size(); ++kind) {
        outcome.actions[counts.kinds()[kind].name] += counts.total(kind, Mode::evaluation);
      }
    }
    return outcome;
  }
};

TEST_F(StreamChipTest, ZeroSkippingSavesEnergyAndTimeWhereItCan) {
  // At these foldings the MVTUs set the pace, and later passes skip.
  StreamConfiguration c = shipped("s2n2_rf1", {"folding.pe=[4,2,2,1]", "folding.simd=[1,8,4,4]"});
  const Outcome all = run(c);
  c.zero_skipping = true;
  const Outcome skipping = run(c);
  EXPECT_LT(skipping.cycles, all.cycles);
  EXPECT_LT(skipping.energy.by_component.at("mvtu"), all.energy.by_component.at("mvtu"));
  EXPECT_EQ(all.actions.at("mvtu.add"), 12U * 712064);
  EXPECT_LT(skipping.actions.at("mvtu.add"), all.actions.at("mvtu.add"));
  // Everything but lanes, weights and input buffers does the same work.
  for (const char* action : {"swu.read", "swu.write", "fifo.bit", "mvtu.membrane", "mvtu.decay", "mvtu.compare"}) {
    EXPECT_EQ(skipping.actions.at(action), all.actions.at(action)) << action;
  }
}

TEST_F(StreamChipTest, EnergyOfLayersAndComponentsAddsUp) {
  const Outcome outcome = run(shipped("s2n2_rf1"));
  double by_layer = 0;
  for (const auto& [name, joules] : outcome.energy.by_layer.parts()) by_layer += joules;
  double by_component = 0;
  for (const auto& [name, joules] : outcome.energy.by_component.parts()) by_component += joules;
  EXPECT_NEAR(by_layer, outcome.energy.total_j, 1e-12 * outcome.energy.total_j);
  EXPECT_NEAR(by_component, outcome.energy.total_j, 1e-12 * outcome.energy.total_j);
  // Additions of 12 ticks without zero-skipping, 1.4 pJ each: the energy of the adders is at least that.
  EXPECT_GT(outcome.energy.by_component.at("mvtu"), 12 * 712064 * 1.4e-12);
}

TEST_F(StreamChipTest, TheClockScalesTimeAndNoCycle) {
  StreamConfiguration c = shipped("s2n2_rf1");
  const Outcome slow = run(c);
  c.clock_hz = 400e6;
  const Outcome fast = run(c);
  EXPECT_EQ(fast.cycles, slow.cycles);
  // Static power takes half as long.
  EXPECT_NEAR(fast.energy.by_phase.at("idle"), slow.energy.by_phase.at("idle") / 2,
              1e-9 * slow.energy.by_phase.at("idle"));
}

TEST_F(StreamChipTest, WhatDoesNotFitTheDeviceIsRefused) {
  const StreamConfiguration fits = shipped("s2n2_cv");
  const spiking::QuantisedNetwork quantised = random_weights(fits, 4);
  EXPECT_NO_THROW(StreamChip(fits, quantised.network, map_layers(fits, quantised)));
  rheo::testing::new_simulation();
  // A FIFO of a million words of 16 bits takes 977 blocks.
  const StreamConfiguration c = shipped("s2n2_cv", {"fifo.depth=[1000000,512,512,512]"});
  try {
    StreamChip chip(c, quantised.network, map_layers(c, quantised));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("18-Kbit block RAMs of 280 on the device"));
  }
}

}  // namespace
}  // namespace rheo
