#include "workloads/network/zoo.hpp"

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"

namespace rheo {
namespace {

using vector_math::Activation;

/// LeNet of "Exploring Super-Convergence in Analog Hardware Acceleration Kit", Table 1.
Graph lenet(TensorShape input, std::uint32_t classes) {
  Graph graph("lenet");
  graph.add_input(input);
  graph.add("conv1", Conv2d{16, 5});
  graph.add("tanh1", ActivationLayer{Activation::tanh});
  graph.add("pool1", Pool2d{PoolKind::max, 2, 2});
  graph.add("conv2", Conv2d{32, 5});
  graph.add("tanh2", ActivationLayer{Activation::tanh});
  graph.add("pool2", Pool2d{PoolKind::max, 2, 2});
  graph.add("fc1", Linear{128});
  graph.add("tanh3", ActivationLayer{Activation::tanh});
  graph.add("fc2", Linear{classes});
  graph.add("loss", SoftmaxCrossEntropy{});
  return graph;
}

Graph perceptron(TensorShape input, std::uint32_t classes) {
  Graph graph("perceptron");
  graph.add_input(input);
  graph.add("fc1", Linear{64});
  graph.add("tanh1", ActivationLayer{Activation::tanh});
  graph.add("fc2", Linear{classes});
  graph.add("loss", SoftmaxCrossEntropy{});
  return graph;
}

/// A LeNet for tests: every kind of layer, few weights.
Graph tiny(TensorShape input, std::uint32_t classes) {
  Graph graph("tiny");
  graph.add_input(input);
  graph.add("conv1", Conv2d{8, 5, 2, 1});
  graph.add("tanh1", ActivationLayer{Activation::tanh});
  graph.add("pool1", Pool2d{PoolKind::max, 2, 2});
  graph.add("conv2", Conv2d{16, 3});
  graph.add("relu2", ActivationLayer{Activation::relu});
  graph.add("pool2", Pool2d{PoolKind::average, 2, 2});
  graph.add("fc1", Linear{classes});
  graph.add("loss", SoftmaxCrossEntropy{});
  return graph;
}

}  // namespace

const std::vector<NetworkEntry>& networks() {
  static const std::vector<NetworkEntry> entries{
      {"lenet", "conv 16 5x5, tanh, max-pool, conv 32 5x5, tanh, max-pool, linear 128, tanh, linear", lenet},
      {"perceptron", "linear 64, tanh, linear", perceptron},
      {"tiny", "conv 8 5x5 stride 2, tanh, max-pool, conv 16 3x3, ReLU, average-pool, linear: for quick trials", tiny},
  };
  return entries;
}

Graph build_network(std::string_view name, TensorShape input, std::uint32_t classes) {
  std::vector<std::string> names;
  for (const NetworkEntry& entry : networks()) {
    if (entry.name == name) return entry.build(input, classes);
    names.push_back(entry.name);
  }
  throw InputError("workload.network", "\"" + std::string(name) + "\" is not a network" + did_you_mean(name, names) +
                                           "; `rheo list networks` prints all");
}

}  // namespace rheo
