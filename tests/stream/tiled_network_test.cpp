// Spiking networks on crossbar tiles, whole: the platform stream_tiles.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <string>

#include "platforms/stream_fpga/memory_account.hpp"
#include "platforms/stream_fpga/stream_chip.hpp"
#include "platforms/stream_fpga/tile_mapping.hpp"
#include "tests/stream/random_example.hpp"
#include "tests/support/systemc_test.hpp"
#include "workloads/spiking/network_run.hpp"

namespace rheo {
namespace {

using ::testing::HasSubstr;

using Words = std::vector<std::string>;

StreamConfiguration shipped(const std::string& network, const Words& set = {}) {
  return StreamConfiguration::load(std::string(RHEO_SOURCE_FOLDER) + "/platforms/s2n2_" + network + "_tiles.toml", set);
}

/// Weights of -8 to 8 sixteenths, in such a share that all layers spike.
spiking::FloatNetwork random_network(const std::string& name, std::uint32_t ticks) {
  std::mt19937_64 random(3);
  spiking::FloatNetwork trained;
  trained.network = spiking::build_spiking_network(name);
  trained.network.ticks = ticks;
  for (std::size_t i = 0; i < trained.network.layers.size(); ++i) {
    const std::size_t inputs = trained.network.geometry_of(i).elements();
    auto& weights = trained.weights.emplace_back(inputs * trained.network.layers[i].outputs);
    std::normal_distribution<double> weight(-1 / std::sqrt(static_cast<double>(inputs)),
                                            24 / std::sqrt(static_cast<double>(inputs)));
    for (float& w : weights) w = static_cast<float>(std::clamp(std::round(weight(random)), -8.0, 8.0)) / 16;
    weights.front() = 0.5F;
  }
  return trained;
}

using Counts = std::vector<std::vector<std::uint32_t>>;

Counts on_host(spiking::NetworkRun& host, const std::vector<Example>& examples) {
  const std::size_t last = host.network().layers.size() - 1;
  Counts all;
  for (const Example& example : examples) {
    host.reset();
    auto& counts = all.emplace_back(host.network().classes());
    for (const auto& frame : example) {
      host.tick(frame);
      for (std::size_t i = 0; i < counts.size(); ++i) {
        counts[i] += static_cast<std::uint32_t>(host.spikes(last)[i / 64] >> (i % 64) & 1);
      }
    }
  }
  return all;
}

struct Outcome {
  Counts counts;
  EnergyReport energy;
  std::vector<EnergyItem> items;
  std::map<std::string, std::uint64_t> actions;
  std::uint64_t cycles = 0;
  double interval = 0;
};

const CostTable& costs() {
  static const CostTable table =
      CostTable::from_file(std::string(RHEO_SOURCE_FOLDER) + "/models/cost/reference_costs.toml");
  return table;
}

Outcome on_tiles(const StreamConfiguration& c, const spiking::FloatNetwork& trained,
                 const std::vector<Example>& examples) {
  rheo::testing::new_simulation();
  TiledNetwork mapped = map_tiles(c, trained);
  StreamChip chip(c, trained.network, mapped.layers, mapped.matrices);
  for (const Example& example : examples) chip.run(example);
  Outcome outcome;
  for (const auto& result : chip.results()) outcome.counts.push_back(result.values);
  const ChipActivity activity = chip.activity();
  outcome.energy = energy_report(activity, Mode::evaluation, costs());
  outcome.items = energy_items(activity, Mode::evaluation, costs());
  for (const ActionCounts& counts : activity.actions) {
    for (std::size_t kind = 0; kind < counts.kinds().size(); ++kind) {
      outcome.actions[counts.kinds()[kind].name] += counts.total(kind, Mode::evaluation);
    }
  }
  outcome.cycles = chip.cycles();
  outcome.interval = chip.tick_interval_cycles();
  return outcome;
}

std::uint64_t sum(const Counts& counts) {
  std::uint64_t spikes = 0;
  for (const auto& example : counts) spikes = std::accumulate(example.begin(), example.end(), spikes);
  return spikes;
}

/// Of all that there could be, not too few and not too many.
void expect_some(const Counts& counts, std::uint32_t ticks) {
  const std::uint64_t most = counts.size() * counts.front().size() * ticks;
  EXPECT_GT(sum(counts), most / 20);
  EXPECT_LT(sum(counts), most * 3 / 4);
}

struct Case {
  const char* network;
  std::uint32_t ticks;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.network; }

class TiledNetworks : public rheo::testing::SystemCTest, public ::testing::WithParamInterface<Case> {
 protected:
  spiking::FloatNetwork trained = random_network(GetParam().network, GetParam().ticks);
  std::vector<Example> examples{random_example(trained.network, 1), random_example(trained.network, 2)};
};

/// Exact products and single precision: the network as it was trained, to the bit. One tile a layer, since the partial
/// sums of two would round differently.
TEST_P(TiledNetworks, OfIdealDevicesCountTheSpikesOfTheHostsFloatRun) {
  // Weights with all their bits.
  std::mt19937_64 random(4);
  std::uniform_real_distribution<float> factor(0.9F, 1.1F);
  for (auto& weights : trained.weights) {
    for (float& w : weights) w *= factor(random);
  }
  spiking::FloatRun host(trained.network, trained.weights, trained.decay);
  const Counts expected = on_host(host, examples);
  expect_some(expected, GetParam().ticks);
  const StreamConfiguration c = shipped(GetParam().network, {"device.preset=ideal", "tile.rows=2048"});
  EXPECT_EQ(on_tiles(c, trained, examples).counts, expected);
}

/// Cells without spread that hold sixteenths, and ADCs with a step of a sixteenth and a code for every sum: the integer
/// network, to the bit, over tiles that split rows and columns.
TEST_P(TiledNetworks, OfExactCellsAndConvertersCountTheSpikesOfTheHostsIntegerRun) {
  spiking::QuantisedNetwork integers{trained.network, {}, {}};
  double threshold = 0.3;
  for (std::size_t i = 0; i < trained.weights.size(); ++i) {
    trained.network.layers[i].threshold = threshold;
    spiking::QuantisedLayer layer;
    layer.weight_fraction_bits = 4;
    layer.membrane_bits = 20;
    layer.membrane_fraction_bits = 7;
    layer.threshold = static_cast<std::int32_t>(threshold * 128);  // 38.4
    for (const float w : trained.weights[i]) layer.weights.push_back(static_cast<std::int32_t>(w * 16));
    integers.layers.push_back(std::move(layer));
  }
  spiking::IntegerRun host(integers);
  const Counts expected = on_host(host, examples);
  expect_some(expected, GetParam().ticks);
  // levels / bound steps of the ADC, 1/16 each, are the threshold.
  const std::string bound = std::to_string(2047 / (16 * threshold));
  const StreamConfiguration c =
      shipped(GetParam().network, {"device.preset=ConstantStepDefault", "device.w_max=1", "device.w_min=-1",
                                   "device.w_max_dtod=0", "device.w_min_dtod=0", "adc.noise=0", "adc.bits=12",
                                   "adc.bound=" + bound, "numbers.membrane_bits=20", "tile.columns=12"});
  EXPECT_EQ(on_tiles(c, trained, examples).counts, expected);
  // A coarser ADC is another network.
  StreamConfiguration coarse = c;
  coarse.tiles.adc.bits = 7;
  EXPECT_NE(on_tiles(coarse, trained, examples).counts, expected);
}

INSTANTIATE_TEST_SUITE_P(S2N2, TiledNetworks, ::testing::Values(Case{"rf1", 12}, Case{"cv", 4}),
                         [](const auto& info) { return std::string(info.param.network); });

class TiledNetworkTest : public rheo::testing::SystemCTest {
 protected:
  spiking::FloatNetwork trained = random_network("rf1", 12);
  std::vector<Example> examples{random_example(trained.network, 1), random_example(trained.network, 2)};
};

TEST_F(TiledNetworkTest, RealCellsAreDrawnFromTheSeedAlone) {
  const Outcome first = on_tiles(shipped("rf1"), trained, examples);
  expect_some(first.counts, 12);
  EXPECT_EQ(on_tiles(shipped("rf1"), trained, examples).counts, first.counts);
  EXPECT_NE(on_tiles(shipped("rf1", {"seed=2"}), trained, examples).counts, first.counts);
}

TEST_F(TiledNetworkTest, TheSlowestStageSetsTheTickInterval) {
  // 256 patches of conv1: 25 words, 16 cycles of a read, 3 of 16 conversions, 16 neurons; its window takes 6500 cycles.
  const auto interval = [&](const Words& set) { return on_tiles(shipped("rf1", set), trained, examples).interval; };
  EXPECT_EQ(interval({}), 6500);
  EXPECT_EQ(interval({"tile.read_time=150 ns"}), 256 * 30);
  EXPECT_EQ(interval({"adc.rate=80 MHz"}), 256 * 40);  // 16 conversions of 2.5 cycles
  EXPECT_EQ(interval({"adc.rate=80 MHz", "adc.shared_by=4"}), 6500);
}

TEST_F(TiledNetworkTest, EnergyIsActionsTimesEntries) {
  const Outcome outcome = on_tiles(shipped("rf1"), trained, examples);
  double by_layer = 0;
  for (const auto& [name, joules] : outcome.energy.by_layer.parts()) by_layer += joules;
  double by_component = 0;
  for (const auto& [name, joules] : outcome.energy.by_component.parts()) by_component += joules;
  EXPECT_NEAR(by_layer, outcome.energy.total_j, 1e-12 * outcome.energy.total_j);
  EXPECT_NEAR(by_component, outcome.energy.total_j, 1e-12 * outcome.energy.total_j);
  double total = 0;
  std::map<std::string, std::uint64_t> counted;
  for (const EnergyItem& item : outcome.items) {
    if (item.action == "static") {
      total += item.joules;
      continue;
    }
    total += static_cast<double>(item.count) * costs().energy(item.entry);
    counted[item.action] += item.count;
  }
  EXPECT_NEAR(total, outcome.energy.total_j, 1e-12 * outcome.energy.total_j);
  for (const char* action : {"dac.drive", "adc.convert", "integrator.sample", "array.read_charge", "lif.add",
                             "lif.membrane", "lif.decay", "row_register.bit", "swu.read", "fifo.bit", "dma.byte"}) {
    EXPECT_GT(counted[action], 0U) << action;
    EXPECT_EQ(counted[action], outcome.actions.at(action)) << action;
  }
  EXPECT_EQ(outcome.actions.at("lif.decay"), 2U * 12 * 5387);
  EXPECT_EQ(outcome.actions.at("adc.convert"), outcome.actions.at("integrator.sample"));
  // No weight memory is fetched from.
  EXPECT_EQ(outcome.actions.count("mvtu.weight"), 0U);
}

TEST_F(TiledNetworkTest, ResolutionOfTheAdcChangesItsEnergyAndNoTime) {
  const Outcome eight = on_tiles(shipped("rf1"), trained, examples);
  const Outcome nine = on_tiles(shipped("rf1", {"adc.bits=9"}), trained, examples);
  EXPECT_EQ(nine.cycles, eight.cycles);
  const auto energy = [](const Outcome& o) {
    for (const EnergyItem& item : o.items) {
      if (item.action == "adc.convert") return item.joules / static_cast<double>(item.count);
    }
    return 0.0;
  };
  EXPECT_NEAR(energy(nine) / energy(eight), costs().energy("adc.convert.9b") / costs().energy("adc.convert.8b"), 1e-9);
}

TEST_F(TiledNetworkTest, WeightsAreScaledToTheCellsAndBoundsToTheThresholds) {
  trained.network.layers[1].threshold = 0.2;
  const StreamConfiguration c = shipped("rf1", {"device.preset=GokmenVlasov", "tile.weight_range=0.5"});
  const TiledNetwork mapped = map_tiles(c, trained);
  ASSERT_EQ(mapped.matrices.size(), 4U);
  // Full scale 1 stands for half of the largest weight, 0.25: larger ones are cut.
  EXPECT_EQ(mapped.matrices[1].weights[0], 1.0F);
  for (std::size_t i = 0; i < trained.weights[1].size(); ++i) {
    EXPECT_FLOAT_EQ(mapped.matrices[1].weights[i], std::clamp(trained.weights[1][i] * 4, -1.0F, 1.0F));
  }
  EXPECT_DOUBLE_EQ(mapped.matrices[1].settings.adc.bound, 2 * 0.2 * 4);
  EXPECT_DOUBLE_EQ(mapped.matrices[1].settings.adc.noise, 0.01 * 0.2 * 4);
  EXPECT_EQ(mapped.layers[1].lif.threshold, 508);  // 127 / 2 steps, three fractional bits
  EXPECT_EQ(mapped.layers[1].lif.input_shift, 3U);
  const TiledNetwork bounded =
      map_tiles(shipped("rf1", {"device.preset=GokmenVlasov", "adc.layer_bound=[4,1,2,8]"}), trained);
  EXPECT_DOUBLE_EQ(bounded.matrices[1].settings.adc.bound, 1 * 0.2 * 2);
  EXPECT_EQ(bounded.layers[1].lif.threshold, 1016);
  EXPECT_EQ(bounded.layers[3].lif.threshold, 127);
  // Random numbers of their own for the tiles of all layers: 1, 1, 3, 1.
  EXPECT_EQ(mapped.matrices[2].first_stream, 2U);
  EXPECT_EQ(mapped.matrices[3].first_stream, 5U);
}

TEST_F(TiledNetworkTest, MemoryHoldsMembranesAndNoWeights) {
  const StreamConfiguration c = shipped("rf1");
  const MemoryAccount account = memory_account(c, spiking::build_spiking_network("rf1"));
  const TiledNetwork mapped = map_tiles(c, trained);
  const StreamChip chip(c, trained.network, mapped.layers, mapped.matrices);
  EXPECT_EQ(chip.bram18k(), account.bram18k());
  std::uint64_t bits = 0;
  for (const LayerMemory& layer : account.layers) {
    EXPECT_EQ(layer.weights.bits(), 0U);
    bits += layer.membranes.bits();
  }
  EXPECT_EQ(bits, 5387U * 16);
}

TEST_F(TiledNetworkTest, WhatDoesNotGoTogetherIsRefused) {
  const auto refusal = [](const Words& set) -> std::string {
    try {
      (void)shipped("rf1", set);
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal({"schedule=tick_batching"}), HasSubstr("expected streaming"));
  EXPECT_THAT(refusal({"adc.bits=33"}), HasSubstr("from 2 to 12"));
  EXPECT_THAT(refusal({"device.preset=PCMInferense"}), HasSubstr("did you mean PCMInference?"));
  EXPECT_THAT(refusal({"device.part=pynq_z1"}), HasSubstr("no such key"));
  EXPECT_THAT(refusal({"numbers.weight_bits=8"}), HasSubstr("no such key"));
  EXPECT_THAT(refusal({"numbers.membrane_bits=6"}), HasSubstr("expected more than 6 bits"));
  EXPECT_THAT(refusal({"adc.layer_bound=[4,2]"}), HasSubstr("2 numbers; expected 4, one a layer"));
  EXPECT_THAT(refusal({"folding.simd=[1,16,7,8]"}), HasSubstr("expected a divisor of its 1152 inputs"));
  EXPECT_EQ(refusal({"numbers.membrane_bits=10"}), "accepted");
  // And on the FPGA there are no cells.
  EXPECT_THROW((void)StreamConfiguration::load(std::string(RHEO_SOURCE_FOLDER) + "/platforms/s2n2_rf1.toml",
                                               {"device.preset=ideal"}),
               InputError);
}

}  // namespace
}  // namespace rheo
