#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "workloads/spiking/data/spike_data.hpp"
#include "workloads/spiking/surrogate.hpp"
#include "workloads/spiking/unrolled.hpp"

namespace rheo::spiking::reference {

/// A number with its derivative by one weight: gradients forwards in time, where the code goes backwards.
struct Dual {
  double value = 0;
  double slope = 0;

  friend Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.slope + b.slope}; }
  friend Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.slope - b.slope}; }
  friend Dual operator*(Dual a, Dual b) { return {a.value * b.value, a.slope * b.value + a.value * b.slope}; }
};

struct Rules {
  Surrogate surrogate;
  bool through_reset = true;
  bool smooth = false;  ///< the rectangle's integral instead of the step: its derivative is the surrogate's, everywhere
  bool local = false;   ///< a layer's loss is its own
  std::size_t burn_in = 0;
  double decay = 0.875;
};

inline double window(const Surrogate& surrogate, double distance) {
  const double width = surrogate.width;
  if (surrogate.kind == Surrogate::Kind::rectangle) return std::abs(distance) < width / 2 ? 1 / width : 0;
  return std::exp(-distance * distance / (2 * width * width)) / (width * std::sqrt(2 * std::acos(-1.0)));
}

inline Dual spike(Dual m, double threshold, const Rules& rules) {
  const double distance = m.value - threshold;
  const double out = rules.smooth ? std::clamp(distance / rules.surrogate.width + 0.5, 0.0, 1.0) : distance > 0;
  return {out, window(rules.surrogate, distance) * m.slope};
}

/// The loss of one example in plain double precision, straight from the equations, with its derivative by weight
/// `weight` of layer `of_layer`. `readouts`: local, rows of each hidden layer's.
inline Dual loss_of(const SpikingNetwork& network, const FloatWeights& weights, const FloatWeights& readouts,
                    const SpikeTrain& input, std::uint32_t label, const Rules& rules, std::size_t of_layer,
                    std::size_t weight, double nudge = 0) {
  const std::size_t layers = network.layers.size();
  std::vector<std::vector<Dual>> membranes(layers), fired(layers);
  for (std::size_t l = 0; l < layers; ++l) {
    membranes[l].resize(network.neurons_of(l).values());
    fired[l].resize(network.neurons_of(l).values());
  }
  const auto classes = static_cast<double>(network.classes());
  std::vector<Dual> mean(network.classes());
  Dual loss;
  const auto smooth = [](Dual x, double target) {
    const double d = x.value - target;
    return Dual{smooth_l1(d), smooth_l1_slope(d) * x.slope};
  };
  for (std::size_t t = 0; t < input.ticks(); ++t) {
    std::vector<Dual> x(input.values());
    for (std::size_t i = 0; i < x.size(); ++i) x[i].value = input.test(t, i);
    for (std::size_t l = 0; l < layers; ++l) {
      const SpikingLayer& layer = network.layers[l];
      const PatchGeometry g = network.geometry_of(l);
      const TensorShape shape = network.neurons_of(l);
      std::vector<Dual> out(shape.values());
      for (std::uint32_t oy = 0; oy < shape.height; ++oy) {
        for (std::uint32_t ox = 0; ox < shape.width; ++ox) {
          for (std::uint32_t o = 0; o < shape.channels; ++o) {
            Dual sum;
            for (std::uint32_t ky = 0; ky < g.kernel_height; ++ky) {
              for (std::uint32_t kx = 0; kx < g.kernel_width; ++kx) {
                const int y = static_cast<int>(oy + ky) - static_cast<int>(g.padding);
                const int at = static_cast<int>(ox + kx) - static_cast<int>(g.padding);
                if (y < 0 || at < 0 || y >= static_cast<int>(g.height) || at >= static_cast<int>(g.width)) continue;
                for (std::uint32_t c = 0; c < g.channels; ++c) {
                  const std::size_t row = (ky * g.kernel_width + kx) * g.channels + c;
                  const std::size_t w = row * shape.channels + o;
                  Dual value{weights[l][w], 0};
                  if (l == of_layer && w == weight) value = {value.value + nudge, 1};
                  const Dual in =
                      x[(static_cast<std::size_t>(y) * g.width + static_cast<std::size_t>(at)) * g.channels + c];
                  sum = sum + value * in;
                }
              }
            }
            const std::size_t n = (std::size_t{oy} * shape.width + ox) * shape.channels + o;
            Dual gate = Dual{1, 0} - fired[l][n];
            if (!rules.through_reset) gate.slope = 0;
            membranes[l][n] = gate * Dual{rules.decay, 0} * membranes[l][n] + sum;
            out[n] = spike(membranes[l][n], layer.threshold, rules);
          }
        }
      }
      fired[l] = out;
      const TensorShape pooled = network.output_of(l);
      x.assign(pooled.values(), {});
      for (std::uint32_t y = 0; y < pooled.height; ++y) {
        for (std::uint32_t px = 0; px < pooled.width; ++px) {
          for (std::uint32_t o = 0; o < shape.channels; ++o) {
            std::size_t best = 0;
            double largest = -1e300;
            for (std::uint32_t dy = 0; dy < layer.pool; ++dy) {
              for (std::uint32_t dx = 0; dx < layer.pool; ++dx) {
                const std::size_t n =
                    (std::size_t{y * layer.pool + dy} * shape.width + px * layer.pool + dx) * shape.channels + o;
                if (membranes[l][n].value > largest) {
                  largest = membranes[l][n].value;
                  best = n;
                }
              }
            }
            x[(std::size_t{y} * pooled.width + px) * shape.channels + o] = out[best];
          }
        }
      }
      if (rules.local && t >= rules.burn_in) {
        const double share = 1 / (classes * static_cast<double>(input.ticks() - rules.burn_in));
        for (std::uint32_t c = 0; c < network.classes(); ++c) {
          Dual y = l + 1 == layers ? x[c] : Dual{};
          if (l + 1 < layers) {
            for (std::size_t i = 0; i < x.size(); ++i) y = y + Dual{readouts[l][i * network.classes() + c], 0} * x[i];
          }
          loss = loss + Dual{share, 0} * smooth(y, c == label ? 1 : 0);
        }
      }
      if (rules.local) {
        for (Dual& value : x) value.slope = 0;
      }
    }
    for (std::size_t c = 0; c < mean.size(); ++c) {
      mean[c] = mean[c] + Dual{1 / static_cast<double>(input.ticks()), 0} * x[c];
    }
  }
  if (rules.local) return loss;
  for (std::size_t c = 0; c < mean.size(); ++c)
    loss = loss + Dual{1 / classes, 0} * smooth(mean[c], c == label ? 1 : 0);
  return loss;
}

}  // namespace rheo::spiking::reference
