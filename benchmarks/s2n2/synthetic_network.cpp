#include "benchmarks/s2n2/synthetic_network.hpp"

#include <algorithm>
#include <bit>
#include <random>

#include "workloads/spiking/network_run.hpp"

namespace rheo {
namespace {

constexpr double unprinted_ratio = 0.05;
constexpr std::size_t calibration_ticks = 24;
constexpr std::size_t settling_ticks = 8;

/// The share of the last layer's outputs that spike.
double output_ratio(const spiking::QuantisedNetwork& network, const std::vector<std::vector<std::uint64_t>>& example) {
  spiking::IntegerRun run(network);
  const std::size_t last = network.layers.size() - 1;
  std::uint64_t spikes = 0;
  for (std::size_t tick = 0; tick < calibration_ticks; ++tick) {
    run.tick(std::span(example[tick % example.size()]));
    if (tick < settling_ticks) continue;
    for (const std::uint64_t word : run.spikes(last)) spikes += static_cast<std::uint64_t>(std::popcount(word));
  }
  return static_cast<double>(spikes) /
         static_cast<double>((calibration_ticks - settling_ticks) * network.network.output_of(last).values());
}

}  // namespace

spiking::QuantisedNetwork synthetic_network(const spiking::SpikingNetwork& network, std::uint32_t weight_bits,
                                            std::uint32_t membrane_bits, std::uint64_t seed) {
  const std::vector<std::vector<std::uint64_t>> example = synthetic_example(network, seed);
  std::mt19937_64 random(seed);
  spiking::QuantisedNetwork all;
  all.network = network;
  all.network.layers.clear();
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    all.network.layers.push_back(network.layers[i]);
    spiking::QuantisedLayer layer;
    layer.weight_bits = weight_bits;
    layer.weight_fraction_bits = 0;
    layer.membrane_bits = membrane_bits;
    layer.membrane_fraction_bits = 3;  // each leak by 7/8 adds three fractional bits
    const std::int32_t bound = std::int32_t{1} << (weight_bits - 1);
    layer.weights.resize(network.geometry_of(i).elements() * network.layers[i].outputs);
    for (std::int32_t& w : layer.weights) w = static_cast<std::int32_t>(random() % (2 * bound)) - bound;
    all.layers.push_back(std::move(layer));

    const bool printed = i + 1 < network.layers.size() && network.layers[i + 1].spike_ratio > 0;
    const double wanted = printed ? network.layers[i + 1].spike_ratio : unprinted_ratio;
    std::int64_t low = 0;
    std::int64_t high = all.layers.back().highest();
    while (high - low > std::max<std::int64_t>(1, low / 64)) {
      const std::int64_t middle = (low + high) / 2;
      all.layers.back().threshold = static_cast<std::int32_t>(middle);
      (output_ratio(all, example) > wanted ? low : high) = middle;
    }
    all.layers.back().threshold = static_cast<std::int32_t>(high);
  }
  return all;
}

std::vector<std::vector<std::uint64_t>> synthetic_example(const spiking::SpikingNetwork& network, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::uint32_t inputs = network.input.values();
  const double ratio = network.layers.front().spike_ratio;
  std::vector<std::vector<std::uint64_t>> frames(network.ticks);
  for (auto& frame : frames) {
    frame.resize((inputs + 63) / 64);
    const auto spike = [&frame](std::uint64_t at) { frame[at / 64] |= std::uint64_t{1} << (at % 64); };
    if (ratio * inputs < 1.5) {
      spike(random() % inputs);
      continue;
    }
    std::bernoulli_distribution fires(ratio);
    for (std::uint32_t i = 0; i < inputs; ++i) {
      if (fires(random)) spike(i);
    }
  }
  return frames;
}

}  // namespace rheo
