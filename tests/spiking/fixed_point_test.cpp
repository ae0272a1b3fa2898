#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/spiking/random_spikes.hpp"
#include "workloads/spiking/conversion.hpp"
#include "workloads/spiking/evaluation.hpp"
#include "workloads/spiking/training.hpp"

namespace rheo::spiking {
namespace {

FloatNetwork random_network(double places = 0) {
  ThreadTeam team(1);
  SpikingRecipe recipe;
  recipe.initial_scale = 1.5;
  FloatNetwork network{tiny_network(), SpikingTrainer(tiny_network(), recipe, 3, team).weights(), 0.875};
  if (places > 0) {
    for (auto& layer : network.weights) {
      for (float& w : layer) w = static_cast<float>(std::nearbyint(std::ldexp(w, 5)) / 32);
    }
    for (SpikingLayer& layer : network.network.layers) layer.threshold = 0.28125;
  }
  return network;
}

/// The integer network straight from QuantisedLayer's equations, neuron by neuron, without packing or vectors.
class PlainIntegers {
 public:
  explicit PlainIntegers(const QuantisedNetwork& network) : network_(network) {
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
      membranes_.emplace_back(network.network.neurons_of(l).values());
      fired_.emplace_back(network.network.neurons_of(l).values());
    }
  }

  std::vector<std::vector<bool>> tick(std::vector<bool> x) {
    std::vector<std::vector<bool>> outputs;
    for (std::size_t l = 0; l < network_.layers.size(); ++l) {
      const QuantisedLayer& q = network_.layers[l];
      const PatchGeometry g = network_.network.geometry_of(l);
      const TensorShape n = network_.network.neurons_of(l);
      for (std::uint32_t at = 0; at < n.values(); ++at) {
        const std::uint32_t o = at % n.channels, ox = at / n.channels % n.width, oy = at / n.channels / n.width;
        std::int64_t sum = 0;
        for (std::uint32_t e = 0; e < g.elements(); ++e) {
          const std::uint32_t c = e % g.channels, kx = e / g.channels % g.kernel_width;
          const std::uint32_t ky = e / g.channels / g.kernel_width;
          const int y = static_cast<int>(oy + ky) - static_cast<int>(g.padding);
          const int xx = static_cast<int>(ox + kx) - static_cast<int>(g.padding);
          if (y < 0 || xx < 0 || y >= static_cast<int>(g.height) || xx >= static_cast<int>(g.width)) continue;
          const std::size_t from =
              (static_cast<std::size_t>(y) * g.width + static_cast<std::size_t>(xx)) * g.channels + c;
          if (x[from]) sum += q.weights[std::size_t{e} * n.channels + o];
        }
        std::int64_t m = membranes_[l][at];
        m = fired_[l][at] ? 0 : m - static_cast<std::int64_t>(std::floor(static_cast<double>(m) / 8));
        m += sum << (q.membrane_fraction_bits - q.weight_fraction_bits);
        const std::int64_t end = std::int64_t{1} << (q.membrane_bits - 1);
        membranes_[l][at] = std::max(-end, std::min(end - 1, m));
        saturated_ += m < -end || m >= end;
        clipped_ += m < -end;
      }
      for (std::uint32_t at = 0; at < n.values(); ++at) fired_[l][at] = membranes_[l][at] > q.threshold;
      const TensorShape p = network_.network.output_of(l);
      const std::uint32_t pool = network_.network.layers[l].pool;
      x.assign(p.values(), false);
      for (std::uint32_t y = 0; y < p.height * pool; ++y) {
        for (std::uint32_t xx = 0; xx < p.width * pool; ++xx) {
          for (std::uint32_t c = 0; c < p.channels; ++c) {
            if (fired_[l][(y * n.width + xx) * n.channels + c])
              x[(y / pool * p.width + xx / pool) * p.channels + c] = true;
          }
        }
      }
      outputs.push_back(x);
    }
    return outputs;
  }
  std::size_t saturated() const { return saturated_; }
  std::uint64_t clipped() const { return clipped_; }  ///< at the lowest value

 private:
  const QuantisedNetwork& network_;
  std::vector<std::vector<std::int64_t>> membranes_;
  std::vector<std::vector<bool>> fired_;
  std::size_t saturated_ = 0;
  std::uint64_t clipped_ = 0;
};

TEST(IntegerRun, EqualsThePlainEquationsBitForBit) {
  const RandomSpikes data;
  std::size_t saturated = 0, spikes = 0;
  for (const FixedPointWidths widths : {FixedPointWidths{8, 16, 3, {}}, FixedPointWidths{4, 8, 2, {}},
                                        FixedPointWidths{6, 6, 0, {}}, FixedPointWidths{16, 32, 8, {}}}) {
    const QuantisedNetwork network = quantise(random_network(), widths);
    IntegerRun run(network);
    std::uint64_t clipped = 0;
    for (const std::size_t example : {0U, 1U}) {
      PlainIntegers plain(network);
      run.reset();
      SpikeTrain input(60, 98);
      data.encode(example, 0, input);
      for (std::size_t t = 0; t < input.ticks(); ++t) {
        std::vector<bool> x(98);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = input.test(t, i);
        run.tick(input.at(t));
        const auto expected = plain.tick(x);
        for (std::size_t l = 0; l < 3; ++l) {
          std::vector<bool> got(expected[l].size());
          for_spikes(run.spikes(l), [&](std::size_t i) { got.at(i) = true; });
          ASSERT_EQ(got, expected[l]) << "tick " << t << " layer " << l;
          spikes += static_cast<std::size_t>(std::count(got.begin(), got.end(), true));
        }
      }
      saturated += plain.saturated();
      clipped += plain.clipped();
    }
    EXPECT_EQ(run.clipped(0) + run.clipped(1) + run.clipped(2), clipped);
  }
  EXPECT_GT(saturated, 0U);
  EXPECT_GT(spikes, 1000U);
}

/// Weights of 5 places, six ticks that add three each: 23 places hold everything, in integers and in floats.
TEST(IntegerRun, WithEveryPlaceKeptEqualsTheFloatNetwork) {
  const FloatNetwork network = random_network(5);
  QuantisedNetwork quantised = quantise(network, {8, 32, 18, {}});
  const RandomSpikes data;
  std::vector<std::uint32_t> all(20);
  std::iota(all.begin(), all.end(), 0U);
  ThreadTeam team(1);
  const FixedPointComparison six = compare(network, quantised, data, all, 6, 0, team);
  EXPECT_EQ(six.differing, (std::vector<std::uint64_t>{0, 0, 0}));
  EXPECT_GT(six.float_spikes[2], 20U);
  EXPECT_EQ(six.float_correct, six.integer_correct);
  EXPECT_EQ(six.outputs[0], 9U * 3 * 6 * 20);
}

TEST(IntegerRun, MoreBitsMeanFewerWrongSpikes) {
  const FloatNetwork network = random_network();
  const RandomSpikes data;
  std::vector<std::uint32_t> all(20);
  std::iota(all.begin(), all.end(), 0U);
  ThreadTeam one(1), two(2);
  std::vector<double> shares;
  for (const std::uint32_t bits : {3U, 5U, 8U, 12U}) {
    const QuantisedNetwork quantised = quantise(network, {bits, 32, 12, {}});
    const FixedPointComparison result = compare(network, quantised, data, all, 100, 0, one);
    EXPECT_EQ(compare(network, quantised, data, all, 100, 0, two).differing, result.differing);
    shares.push_back(static_cast<double>(result.differing[0]) / static_cast<double>(result.float_spikes[0]));
  }
  EXPECT_GT(shares[0], 2 * shares[1]);
  EXPECT_GT(shares[1], 2 * shares[2]);
  EXPECT_GT(shares[2], 2 * shares[3]);
}

TEST(Quantise, ChoosesPlacesForTheWeightsAndLeavesRoomForTheThreshold) {
  FloatNetwork network{{"one", {1, 1, 2}, 1, {{"dense", SpikingLayer::Kind::linear, 1, 0, 2, 1, 0.3, 0}}},
                       {{0.9F, -0.5F, 0.25F, 0.125F}},
                       0.875};
  QuantisedLayer layer = quantise(network, {8, 16, 3, {}}).layers[0];
  EXPECT_EQ(layer.weight_fraction_bits, 7U);
  EXPECT_EQ(layer.weights, (std::vector<std::int32_t>{115, -64, 32, 16}));  // 0.9 x 128 = 115.2
  EXPECT_EQ(layer.membrane_fraction_bits, 10U);
  EXPECT_EQ(layer.threshold, 307);  // 307.2
  // Four thresholds are 1.2: two bits before the point, sign included. Eight bits have six places.
  layer = quantise(network, {8, 8, 3, {}}).layers[0];
  EXPECT_EQ(layer.membrane_fraction_bits, 6U);
  EXPECT_EQ(layer.weight_fraction_bits, 6U);
  EXPECT_EQ(layer.weights, (std::vector<std::int32_t>{58, -32, 16, 8}));
  // Twenty thresholds are 6: four bits before the point.
  layer = quantise(network, {8, 8, 3, {}, 20}).layers[0];
  EXPECT_EQ(layer.membrane_fraction_bits, 4U);
  EXPECT_EQ(layer.weight_fraction_bits, 4U);
  EXPECT_THROW((void)quantise(network, {1, 8, 3, {}}), std::invalid_argument);
  EXPECT_THROW((void)quantise(network, {8, 33, 3, {}}), std::invalid_argument);
}

TEST(IntegerRun, ARangeThatTheNetworkLeavesClipsMembranes) {
  const FloatNetwork network = random_network();
  const RandomSpikes data;
  std::vector<std::uint32_t> all(20);
  std::iota(all.begin(), all.end(), 0U);
  ThreadTeam one(1);
  const auto clipped = [&](double range) {
    const auto result = compare(network, quantise(network, {8, 12, 12, {}, range}), data, all, 60, 0, one);
    EXPECT_EQ(result.updates[0], std::uint64_t{network.network.neurons_of(0).values()} * 60 * 20);
    return result.clipped[1] + result.clipped[2];
  };
  EXPECT_GT(clipped(1), 0U);
  EXPECT_EQ(clipped(64), 0U);
}

TEST(Decay, IsThatOfTheTrainingToHalfAPlaceOfTheFinestMultiplier) {
  FloatNetwork network = random_network();
  using Kind = stream::Decay::Kind;
  EXPECT_TRUE(leaks_as_trained(network, {}));
  EXPECT_TRUE(leaks_as_trained(network, {Kind::multiplier, 4, 14, {}}));
  EXPECT_FALSE(leaks_as_trained(network, {Kind::shift, 2, 7, {}}));
  EXPECT_FALSE(leaks_as_trained(network, {Kind::multiplier, 15, 28673, {}}));
  network.decay = 0.9;  // x 32768 = 29491.2
  EXPECT_TRUE(leaks_as_trained(network, {Kind::multiplier, 15, 29491, {}}));
  EXPECT_FALSE(leaks_as_trained(network, {Kind::multiplier, 3, 7, {}}));
}

TEST(FloatRun, EqualsTheTrainersForwardPass) {
  const FloatNetwork network = random_network();
  const RandomSpikes data;
  SpikeTrain input(140, 98);  // more than a block
  data.encode(7, 1, input);
  TrainedNetwork trained(network.network, network.decay);
  PackedWeights weights;
  for (std::size_t l = 0; l < 3; ++l)
    weights.push_back(trained.plans[l].packed(std::span<const float>(network.weights[l])));
  Unrolled unrolled(trained, 140);
  unrolled.forward(weights, input);
  FloatRun run(network.network, network.weights, network.decay);
  run.reset();
  for (std::size_t t = 0; t < 140; ++t) {
    run.tick(input.at(t));
    for (std::size_t l = 0; l < 3; ++l) {
      EXPECT_TRUE(std::equal(run.spikes(l).begin(), run.spikes(l).end(), unrolled.spikes(l).at(t).begin()));
    }
  }
}

TEST(SpikingEvaluation, CountsByHand) {
  SpikingEvaluation e;
  e.classes = 3;
  e.labels = {0, 1, 2, 2};
  e.snr_db = {-10, -10, 20, 20};
  e.counts = {5, 1, 0, /* right */ 2, 2, 0, /* a tie goes to the first */ 0, 4, 3, 0, 0, 1};
  EXPECT_EQ(e.accuracy(), 0.5);
  EXPECT_EQ(e.accuracy(2, -100), 1.0);
  EXPECT_EQ(e.accuracy(1, 10), 0.5);
  EXPECT_EQ(e.confusion(-100), (std::vector<std::uint64_t>{1, 0, 0, 1, 0, 0, 0, 1, 1}));
  EXPECT_EQ(e.confusion(0), (std::vector<std::uint64_t>{0, 0, 0, 0, 0, 0, 0, 1, 1}));
  ASSERT_EQ(e.by_snr().size(), 2U);
  EXPECT_EQ(e.by_snr()[0].snr_db, -10);
  EXPECT_EQ(e.by_snr()[0].correct, 1U);
}

TEST(SpikingEvaluation, ThreadsDoNotChangeANumber) {
  const FloatNetwork network = random_network();
  const RandomSpikes data;
  const std::vector<std::uint32_t> chosen{3, 1, 4, 15, 9, 2, 6};
  const auto run = [&] { return std::make_unique<FloatRun>(network.network, network.weights, network.decay); };
  ThreadTeam one(1), three(3);
  const SpikingEvaluation a = evaluate(run, data, chosen, 30, 0, one);
  const SpikingEvaluation b = evaluate(run, data, chosen, 30, 0, three);
  EXPECT_EQ(a.counts, b.counts);
  EXPECT_EQ(a.spikes, b.spikes);
  EXPECT_EQ(a.largest, b.largest);
  EXPECT_EQ(a.fullest, b.fullest);
  std::uint64_t fullest = 0;
  for (const std::uint32_t example : chosen) {
    SpikeTrain input(30, 98);
    data.encode(example, 0, input);
    fullest = std::max(fullest, input.count());
  }
  EXPECT_EQ(a.fullest[0], fullest);
  EXPECT_DOUBLE_EQ(a.fullest_ratio(0), static_cast<double>(fullest) / (98 * 30));
  EXPECT_NEAR(a.spike_ratio(0), 1.0 / 3, 0.02);
  EXPECT_EQ(evaluate(run, data, chosen, 30, 0, one, [] { return false; }).examples(), 0U);
}

}  // namespace
}  // namespace rheo::spiking
