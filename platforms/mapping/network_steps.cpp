#include "platforms/mapping/network_steps.hpp"

#include <utility>

#include "models/core/error.hpp"

namespace rheo {
namespace {

class Reader {
 public:
  Reader(const Graph& graph, Mapping& mapping) : graph_(graph), mapping_(mapping) {}

  NetworkSteps run() {
    const auto& nodes = graph_.nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Node& node = nodes[i];
      if (i > 0 && (node.inputs.size() != 1 || node.inputs[0] != i - 1)) {
        refuse(node, "the analog training chip maps chains of layers only");
      }
      std::visit([&](const auto& operation) { read(node, operation); }, node.operation);
    }
    if (steps_.empty() || steps_.back().kind != Step::Kind::loss) {
      throw InputError("workload.network", graph_.name() + " does not end in softmax and cross-entropy");
    }
    name_layers();
    return {std::move(tensors_), std::move(steps_)};
  }

 private:
  [[noreturn]] void refuse(const Node& node, const std::string& what) const {
    throw InputError("workload.network", graph_.name() + ": " + node.name + ": " + what);
  }

  void name_layers() {
    for (const MatrixLayer& layer : mapping_.layers) mapping_.layer_names.push_back(layer.name);
    for (Step& step : steps_) {
      if (step.kind == Step::Kind::matrix) {
        step.account = static_cast<LayerIndex>(step.layer + 1);
      } else {
        mapping_.layer_names.push_back(step.kind == Step::Kind::loss ? "loss" : tensors_[step.out].name);
        step.account = static_cast<LayerIndex>(mapping_.layer_names.size());
      }
    }
  }

  void add_matrix(const Node& node, const PatchGeometry& geometry, std::uint32_t outputs) {
    MatrixLayer layer;
    layer.name = node.name;
    layer.geometry = geometry;
    layer.inputs = static_cast<std::uint32_t>(geometry.elements());
    layer.outputs = outputs;
    mapping_.layers.push_back(layer);
    Step step;
    step.layer = mapping_.layers.size() - 1;
    add_step(node, step);
  }

  void add_step(const Node& node, Step step) {
    step.in = tensors_.size() - 1;
    tensors_.push_back({.name = node.name, .shape = node.shape});
    step.out = tensors_.size() - 1;
    steps_.push_back(step);
  }

  void read(const Node& node, const Input&) { tensors_.push_back({.name = "input", .shape = node.shape}); }
  void read(const Node& node, const Conv2d& conv) {
    const TensorShape& in = tensors_.back().shape;
    add_matrix(node, {in.height, in.width, in.channels, conv.kernel, conv.kernel, conv.stride, conv.padding},
               conv.channels);
    mapping_.layers.back().convolution = true;
  }
  void read(const Node& node, const Linear& linear) {
    add_matrix(node, PatchGeometry::pixels(1, 1, tensors_.back().shape.values()), linear.outputs);
  }
  void read(const Node& node, const ActivationLayer& activation) {
    if (steps_.empty() || steps_.back().kind != Step::Kind::matrix ||
        steps_.back().activation != vector_math::Activation::identity) {
      refuse(node, "an activation must follow a convolution or a linear layer");
    }
    steps_.back().activation = activation.kind;
  }
  void read(const Node& node, const Pool2d& pool) {
    const TensorShape& in = tensors_.back().shape;
    Step step;
    step.kind = Step::Kind::pool;
    step.pool = pool;
    step.window = {in.height, in.width, in.channels, pool.kernel, pool.kernel, pool.stride, pool.padding};
    if (pool.kind == PoolKind::mixed) {
      step.layer = mapping_.mixtures.size();
      mapping_.mixtures.push_back({.name = node.name, .channels = in.channels, .first_beta = pool.first_beta});
    }
    add_step(node, step);
  }
  void read(const Node& node, const LocalResponseNorm& norm) {
    const TensorShape& in = tensors_.back().shape;
    Step step;
    step.kind = Step::Kind::norm;
    step.norm = norm;
    step.window = {in.height, in.width, in.channels, norm.size, norm.size, 1, (norm.size - 1) / 2};
    add_step(node, step);
  }
  void read(const Node& node, const SoftmaxCrossEntropy&) {
    if (steps_.empty() || steps_.back().kind != Step::Kind::matrix) refuse(node, "must follow a linear layer");
    Step step;
    step.kind = Step::Kind::loss;
    step.in = step.out = tensors_.size() - 1;
    steps_.push_back(step);
  }

  const Graph& graph_;
  Mapping& mapping_;
  std::vector<Tensor> tensors_;
  std::vector<Step> steps_;
};

}  // namespace

NetworkSteps read_network(const Graph& graph, Mapping& mapping) { return Reader(graph, mapping).run(); }

}  // namespace rheo
