#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <systemc>
#include <vector>

#include "models/stream/pipeline.hpp"
#include "tests/stream/streams.hpp"

namespace rheo::stream::testing {

/// The network once more, from the equations alone: every spike is scattered into 64-bit sums through the definition of
/// a convolution, (1 - out) is kept beside the membrane, leaks are floor divisions. No patches, passes, words or
/// shifts.
class DenseReference {
 public:
  DenseReference(std::vector<LayerParameters> layers, std::uint32_t ticks) : layers_(std::move(layers)), ticks_(ticks) {
    for (const LayerParameters& layer : layers_) {
      membranes_.emplace_back(layer.neurons().bits());
      fired_.emplace_back(layer.neurons().bits());
    }
  }

  /// The output spikes of the last layer for the next tick.
  Spikes tick(Spikes spikes) {
    if (tick_ == 0) {
      for (auto& membranes : membranes_) std::fill(membranes.begin(), membranes.end(), 0);
      for (auto& fired : fired_) std::fill(fired.begin(), fired.end(), 0);
    }
    tick_ = (tick_ + 1) % ticks_;
    for (std::size_t i = 0; i < layers_.size(); ++i) spikes = layer(i, spikes);
    return spikes;
  }

 private:
  static std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

  static std::int64_t leak(const Decay& decay, std::int64_t m) {
    const std::int64_t one = std::int64_t{1} << decay.bits;
    if (decay.kind == Decay::Kind::shift) return m - floor_divide(m, one);
    if (decay.rounding == Decay::Rounding::floor) return floor_divide(m * decay.numerator, one);
    return floor_divide(2 * m * decay.numerator + one, 2 * one);
  }

  Spikes layer(std::size_t index, const Spikes& in) {
    const LayerParameters& l = layers_[index];
    const PatchGeometry& g = l.geometry;
    const std::uint32_t height = g.out_height();
    const std::uint32_t width = g.out_width();
    std::vector<std::int64_t> sums(std::size_t{height} * width * l.outputs);
    for (std::uint32_t y = 0; y < g.height; ++y) {
      for (std::uint32_t x = 0; x < g.width; ++x) {
        for (std::uint32_t c = 0; c < g.channels; ++c) {
          if (in[(std::size_t{y} * g.width + x) * g.channels + c] == 0) continue;
          for (std::uint32_t oy = 0; oy < height; ++oy) {
            for (std::uint32_t ox = 0; ox < width; ++ox) {
              const std::int64_t ky = std::int64_t{y} + g.padding - std::int64_t{oy} * g.stride;
              const std::int64_t kx = std::int64_t{x} + g.padding - std::int64_t{ox} * g.stride;
              if (ky < 0 || kx < 0 || ky >= g.kernel_height || kx >= g.kernel_width) continue;
              for (std::uint32_t o = 0; o < l.outputs; ++o) {
                const auto row = static_cast<std::size_t>((ky * g.kernel_width + kx) * g.channels + c);
                sums[(std::size_t{oy} * width + ox) * l.outputs + o] += l.weights[row * l.outputs + o];
              }
            }
          }
        }
      }
    }
    std::int64_t bound = 1;
    for (std::uint32_t bit = 1; bit < l.lif.membrane_bits; ++bit) bound *= 2;
    std::vector<std::int64_t>& membranes = membranes_[index];
    std::vector<std::int64_t>& fired = fired_[index];
    for (std::size_t n = 0; n < sums.size(); ++n) {
      std::int64_t input = sums[n];
      for (std::uint32_t bit = 0; bit < l.lif.input_shift; ++bit) input *= 2;
      membranes[n] = std::min(std::max((1 - fired[n]) * leak(l.lif.decay, membranes[n]) + input, -bound), bound - 1);
      fired[n] = membranes[n] > l.lif.threshold ? 1 : 0;
    }
    const FrameShape out = l.output();
    Spikes spikes(out.bits());
    for (std::size_t n = 0; n < fired.size(); ++n) {
      const std::size_t y = n / l.outputs / width / l.pool;
      const std::size_t x = n / l.outputs % width / l.pool;
      if (fired[n] != 0 && y < out.height && x < out.width) spikes[(y * out.width + x) * l.outputs + n % l.outputs] = 1;
    }
    return spikes;
  }

  std::vector<LayerParameters> layers_;
  std::uint32_t ticks_;
  std::uint32_t tick_ = 0;
  std::vector<std::vector<std::int64_t>> membranes_, fired_;
};

/// Sends random frames through a pipeline and compares the last layer's spikes, frame by frame; returns those expected.
inline std::vector<Spikes> expect_the_dense_reference(Pipeline& pipeline, const std::vector<LayerParameters>& layers,
                                                      std::uint32_t ticks, std::uint32_t examples,
                                                      std::mt19937_64& random) {
  std::vector<std::vector<std::uint64_t>> spikes;
  pipeline.units().back()->observe(
      [&spikes](std::uint64_t, const std::vector<std::uint64_t>& frame) { spikes.push_back(frame); });
  DenseReference reference(layers, ticks);
  std::vector<Spikes> expected;
  for (std::uint32_t frame = 0; frame < ticks * examples; ++frame) {
    const Spikes in = random_spikes(random, layers.front().geometry.image_values(), 0.25);
    pipeline.send(packed(in));
    expected.push_back(reference.tick(in));
  }
  sc_core::sc_start();
  EXPECT_EQ(spikes.size(), expected.size());
  for (std::size_t frame = 0; frame < std::min(spikes.size(), expected.size()); ++frame) {
    EXPECT_EQ(spikes[frame], packed(expected[frame])) << "frame " << frame;
  }
  return expected;
}

}  // namespace rheo::stream::testing
