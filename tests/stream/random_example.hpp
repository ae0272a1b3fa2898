#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "workloads/spiking/network.hpp"

namespace rheo {

/// A packed frame a tick.
using Example = std::vector<std::vector<std::uint64_t>>;

/// One input of 32 spikes.
inline Example random_example(const spiking::SpikingNetwork& network, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Example frames(network.ticks);
  for (auto& frame : frames) {
    frame.resize((network.input.values() + 63) / 64);
    for (std::uint32_t i = 0; i < network.input.values(); ++i) {
      if (random() % 32 == 0) frame[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }
  return frames;
}

}  // namespace rheo
