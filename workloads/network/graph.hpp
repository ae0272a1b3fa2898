#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/digital/vector_math.hpp"

namespace rheo {

/// A channels-last tensor of one image.
struct TensorShape {
  std::uint32_t height = 1;
  std::uint32_t width = 1;
  std::uint32_t channels = 1;

  [[nodiscard]] std::uint32_t values() const noexcept { return height * width * channels; }
  friend bool operator==(const TensorShape&, const TensorShape&) = default;
};

struct Input {};
/// With bias. Matrix: kernel x kernel x input channels rows, `channels` columns.
struct Conv2d {
  std::uint32_t channels = 1;
  std::uint32_t kernel = 1;
  std::uint32_t stride = 1;
  std::uint32_t padding = 0;
};
/// With bias; takes its input flattened, channels last.
struct Linear {
  std::uint32_t outputs = 1;
};
struct ActivationLayer {
  vector_math::Activation kind = vector_math::Activation::tanh;
};
enum class PoolKind : std::uint8_t {
  max,
  average,
  stochastic,  ///< one cell by chance in training, the mean of what chance would choose in evaluation
  mixed,       ///< alpha max + (1 - alpha) average, alpha learned for each channel
};
inline constexpr std::array<std::string_view, 4> pool_kind_names{"max", "average", "stochastic", "mixed"};
/// With `ceiling`, a window that reaches over the end of the image counts; its cells outside take no part.
struct Pool2d {
  PoolKind kind = PoolKind::max;
  std::uint32_t kernel = 2;
  std::uint32_t stride = 2;
  std::uint32_t padding = 0;
  bool ceiling = false;
  bool open = false;        ///< the network leaves the kind to its user: Graph::choose_pooling
  float mu = 10;            ///< mixed: alpha = 1 / (1 + exp(-mu beta))
  float first_beta = 0.2F;  ///< mixed: beta before training, 2 / mu
};
/// Local response normalisation within a channel, see local_response_norm.hpp.
struct LocalResponseNorm {
  std::uint32_t size = 3;
  float alpha = 5e-5F;
  float beta = 0.75F;
};
/// Softmax, cross-entropy loss and their gradient.
struct SoftmaxCrossEntropy {};

using Operation = std::variant<Input, Conv2d, Linear, ActivationLayer, Pool2d, LocalResponseNorm, SoftmaxCrossEntropy>;

/// One node of the network.
struct Node {
  std::string name;
  Operation operation;
  std::vector<std::size_t> inputs;  ///< indices of earlier nodes
  TensorShape shape;                ///< of the output
};

/// A network as a list of nodes in the order of execution. Shapes are computed as nodes are added.
class Graph {
 public:
  explicit Graph(std::string name) : name_(std::move(name)) {}

  /// Adds a node that takes the output of `inputs` (none: the node before) and returns its index.
  /// Throws std::invalid_argument when the shapes do not go together, naming the node.
  std::size_t add(std::string name, Operation operation, std::vector<std::size_t> inputs = {});
  std::size_t add_input(TensorShape shape);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::vector<Node>& nodes() const noexcept { return nodes_; }
  [[nodiscard]] const TensorShape& input_shape() const { return nodes_.at(0).shape; }
  /// Weights, biases and mixtures: of the network, of one node.
  [[nodiscard]] std::uint64_t parameters() const;
  [[nodiscard]] std::uint64_t parameters(std::size_t node) const;

  /// Makes every pooling whose kind is open one of this kind; returns how many there are.
  std::size_t choose_pooling(PoolKind kind);

 private:
  std::string name_;
  std::vector<Node> nodes_;
};

}  // namespace rheo
