#include "workloads/network/graph.hpp"

#include <algorithm>
#include <stdexcept>

#include "models/digital/pooling.hpp"

namespace rheo {
namespace {

/// Output size of a window of `kernel` that slides over `size` values.
std::uint32_t slid(const std::string& name, std::uint32_t size, std::uint32_t kernel, std::uint32_t stride,
                   std::uint32_t padding) {
  if (kernel == 0 || stride == 0 || size + 2 * padding < kernel) {
    throw std::invalid_argument(name + ": a window of " + std::to_string(kernel) + " does not fit an image of " +
                                std::to_string(size));
  }
  return (size + 2 * padding - kernel) / stride + 1;
}

struct ShapeOf {
  const std::string& name;
  const TensorShape& in;

  TensorShape operator()(const Input&) const { return in; }
  TensorShape operator()(const Conv2d& c) const {
    return {slid(name, in.height, c.kernel, c.stride, c.padding), slid(name, in.width, c.kernel, c.stride, c.padding),
            c.channels};
  }
  TensorShape operator()(const Linear& l) const { return {1, 1, l.outputs}; }
  TensorShape operator()(const ActivationLayer&) const { return in; }
  TensorShape operator()(const Pool2d& p) const {
    static_cast<void>(slid(name, std::min(in.height, in.width), p.kernel, p.stride, p.padding));
    const vector_math::PoolShape windows{1, in.height, in.width, in.channels, p.kernel, p.stride, p.padding, p.ceiling};
    return {static_cast<std::uint32_t>(windows.out_height()), static_cast<std::uint32_t>(windows.out_width()),
            in.channels};
  }
  TensorShape operator()(const LocalResponseNorm& n) const {
    if (n.size % 2 == 0) throw std::invalid_argument(name + ": the window's size must be odd");
    return in;
  }
  TensorShape operator()(const SoftmaxCrossEntropy&) const { return in; }
};

}  // namespace

std::size_t Graph::add_input(TensorShape shape) {
  if (!nodes_.empty()) throw std::invalid_argument("the input comes first");
  nodes_.push_back({"input", Input{}, {}, shape});
  return 0;
}

std::size_t Graph::add(std::string name, Operation operation, std::vector<std::size_t> inputs) {
  if (nodes_.empty()) throw std::invalid_argument(name + ": the network has no input yet");
  if (inputs.empty()) inputs = {nodes_.size() - 1};
  for (const std::size_t input : inputs) {
    if (input >= nodes_.size()) throw std::invalid_argument(name + ": its input does not exist yet");
  }
  const TensorShape shape = std::visit(ShapeOf{name, nodes_[inputs[0]].shape}, operation);
  nodes_.push_back({std::move(name), operation, std::move(inputs), shape});
  return nodes_.size() - 1;
}

std::uint64_t Graph::parameters() const {
  std::uint64_t sum = 0;
  for (std::size_t node = 0; node < nodes_.size(); ++node) sum += parameters(node);
  return sum;
}

std::uint64_t Graph::parameters(std::size_t index) const {
  const Node& node = nodes_.at(index);
  if (node.inputs.empty()) return 0;
  const TensorShape& in = nodes_[node.inputs[0]].shape;
  if (const auto* conv = std::get_if<Conv2d>(&node.operation)) {
    return (std::uint64_t{conv->kernel} * conv->kernel * in.channels + 1) * conv->channels;
  }
  if (const auto* linear = std::get_if<Linear>(&node.operation)) {
    return (std::uint64_t{in.values()} + 1) * linear->outputs;
  }
  if (const auto* pool = std::get_if<Pool2d>(&node.operation)) return pool->kind == PoolKind::mixed ? in.channels : 0;
  return 0;
}

std::size_t Graph::choose_pooling(PoolKind kind) {
  std::size_t chosen = 0;
  for (Node& node : nodes_) {
    auto* pool = std::get_if<Pool2d>(&node.operation);
    if (pool == nullptr || !pool->open) continue;
    pool->kind = kind;
    ++chosen;
  }
  return chosen;
}

}  // namespace rheo
