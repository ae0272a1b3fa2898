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

/// The network of "RAPA-ConvNets" (Rasch et al. 2019, section 2.2): Caffe's cifar10_full with ReLU, and with pooling
/// after the activation. Windows of 3 every 2 in Caffe's ceiling mode halve the planes: 32, 16, 8, 4.
Graph cifar10_full_with(std::string name, std::array<std::uint32_t, 3> channels, TensorShape input,
                        std::uint32_t classes) {
  Graph graph(std::move(name));
  graph.add_input(input);
  const auto halve = [](PoolKind kind, bool open) {
    return Pool2d{.kind = kind, .kernel = 3, .stride = 2, .ceiling = true, .open = open};
  };
  graph.add("conv1", Conv2d{channels[0], 5, 1, 2});
  graph.add("relu1", ActivationLayer{Activation::relu});
  graph.add("pool1", halve(PoolKind::max, true));
  graph.add("norm1", LocalResponseNorm{});
  graph.add("conv2", Conv2d{channels[1], 5, 1, 2});
  graph.add("relu2", ActivationLayer{Activation::relu});
  graph.add("pool2", halve(PoolKind::average, true));
  graph.add("norm2", LocalResponseNorm{});
  graph.add("conv3", Conv2d{channels[2], 5, 1, 2});
  graph.add("relu3", ActivationLayer{Activation::relu});
  graph.add("pool3", halve(PoolKind::average, false));
  graph.add("fc1", Linear{classes});
  graph.add("loss", SoftmaxCrossEntropy{});
  return graph;
}

Graph cifar10_full(TensorShape input, std::uint32_t classes) {
  return cifar10_full_with("cifar10_full", {32, 32, 64}, input, classes);
}

/// About as many weights as (16, 4, 1) replicas give the network above.
Graph cifar10_full_enlarged(TensorShape input, std::uint32_t classes) {
  return cifar10_full_with("cifar10_full_enlarged", {54, 64, 64}, input, classes);
}

}  // namespace

const std::vector<NetworkEntry>& networks() {
  static const std::vector<NetworkEntry> entries{
      {"cifar10_full", "conv 32, 32, 64 5x5, each with ReLU and pooling 3x3 stride 2, local norm, linear",
       cifar10_full},
      {"cifar10_full_enlarged", "the same with 54, 64, 64 channels", cifar10_full_enlarged},
      {"lenet", "conv 16 5x5, tanh, max-pool, conv 32 5x5, tanh, max-pool, linear 128, tanh, linear", lenet},
      {"perceptron", "linear 64, tanh, linear", perceptron},
      {"tiny", "conv 8 5x5 stride 2, tanh, max-pool, conv 16 3x3, ReLU, average-pool, linear: for quick trials", tiny},
  };
  return entries;
}

Graph build_network(std::string_view name, TensorShape input, std::uint32_t classes, std::optional<PoolKind> pooling) {
  std::vector<std::string> names;
  for (const NetworkEntry& entry : networks()) {
    names.push_back(entry.name);
    if (entry.name != name) continue;
    Graph graph = entry.build(input, classes);
    if (pooling && graph.choose_pooling(*pooling) == 0) {
      throw InputError("workload.pooling", entry.name + " does not leave its pooling open; expected as_named");
    }
    return graph;
  }
  throw InputError("workload.network", "\"" + std::string(name) + "\" is not a network" + did_you_mean(name, names) +
                                           "; `rheo list networks` prints all");
}

}  // namespace rheo
