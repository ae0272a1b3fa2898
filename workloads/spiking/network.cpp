#include "workloads/spiking/network.hpp"

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"

namespace rheo::spiking {
namespace {

using Kind = SpikingLayer::Kind;

SpikingLayer convolution(std::string name, std::uint32_t channels, std::uint32_t kernel, std::uint32_t padding,
                         double threshold, double spike_ratio, std::uint32_t pool = 1) {
  return {std::move(name), Kind::convolution, kernel, padding, channels, pool, threshold, spike_ratio};
}

SpikingLayer linear(std::string name, std::uint32_t outputs, double threshold, double spike_ratio) {
  return {std::move(name), Kind::linear, 1, 0, outputs, 1, threshold, spike_ratio};
}

SpikingNetwork rf1() {
  return {"rf1",
          {16, 16, 1},
          128,
          {convolution("conv1", 16, 5, 2, 0.3, 0.0039), convolution("conv2", 8, 5, 0, 0.2, 0.07),
           linear("dense1", 128, 0.3, 0.08), linear("dense2", 11, 0.3, 0.12)}};
}

SpikingNetwork rf2() {
  return {"rf2",
          {16, 16, 1},
          1024,
          {convolution("conv1", 64, 5, 2, 0.5, 0.0039), convolution("conv2", 64, 5, 0, 0.3, 0.005),
           convolution("conv3", 128, 3, 0, 0.3, 0.06), convolution("conv4", 128, 3, 1, 0.3, 0.12),
           linear("dense1", 1024, 0.3, 0.14), linear("dense2", 24, 0.3, 0.05)}};
}

SpikingNetwork rf2_hardware() {
  SpikingNetwork network = rf2();
  network.name = "rf2_hardware";
  network.layers.resize(4);
  network.layers.push_back(convolution("conv5", 16, 3, 0, 0.3, 0.14));
  network.layers.push_back(convolution("conv6", 6, 7, 0, 0.3, 0));
  return network;
}

/// The thesis prints no thresholds for cv; these are Rheo's.
SpikingNetwork cv() {
  return {"cv",
          {28, 28, 1},
          500,
          {convolution("conv1", 16, 7, 2, 0.5, 0.007, 2), convolution("conv2", 24, 7, 2, 0.5, 0.16),
           convolution("conv3", 32, 7, 2, 0.5, 0.33, 2), linear("dense", 10, 0.5, 0.41)}};
}

}  // namespace

TensorShape SpikingNetwork::input_of(std::size_t layer) const { return layer == 0 ? input : output_of(layer - 1); }

PatchGeometry SpikingNetwork::geometry_of(std::size_t layer) const {
  const SpikingLayer& it = layers.at(layer);
  const TensorShape in = input_of(layer);
  if (it.kind == Kind::linear) return PatchGeometry::pixels(1, 1, in.values());
  return {in.height, in.width, in.channels, it.kernel, it.kernel, 1, it.padding};
}

TensorShape SpikingNetwork::neurons_of(std::size_t layer) const {
  const PatchGeometry geometry = geometry_of(layer);
  return {geometry.out_height(), geometry.out_width(), layers[layer].outputs};
}

TensorShape SpikingNetwork::output_of(std::size_t layer) const {
  const TensorShape neurons = neurons_of(layer);
  const std::uint32_t pool = layers[layer].pool;
  return {neurons.height / pool, neurons.width / pool, neurons.channels};
}

std::uint64_t SpikingNetwork::weights() const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) sum += geometry_of(i).elements() * layers[i].outputs;
  return sum;
}

std::uint64_t SpikingNetwork::neurons() const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) sum += neurons_of(i).values();
  return sum;
}

const std::vector<std::string>& spiking_networks() {
  static const std::vector<std::string> names{"cv", "rf1", "rf2", "rf2_hardware"};
  return names;
}

SpikingNetwork build_spiking_network(std::string_view name) {
  if (name == "cv") return cv();
  if (name == "rf1") return rf1();
  if (name == "rf2") return rf2();
  if (name == "rf2_hardware") return rf2_hardware();
  std::string all;
  for (const std::string& known : spiking_networks()) all += (all.empty() ? "" : ", ") + known;
  throw InputError("spiking network " + std::string(name),
                   "no such network; expected " + all + did_you_mean(name, spiking_networks()));
}

}  // namespace rheo::spiking
