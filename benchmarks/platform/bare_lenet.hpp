#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/core/thread_team.hpp"
#include "models/crossbar/crossbar_array.hpp"

namespace rheo::benchmarks {

/// LeNet's training step from the kernels of the chip alone: no commands, no time, no memories, no transfers. Forward
/// and backward pass of a block of images and its pulse trains follow each other while the data are in the caches; the
/// trains are applied after the last block.
class BareLenet {
 public:
  BareLenet(const crossbar::ArraySettings& settings, std::size_t images_per_block);

  /// Mean loss of the batch.
  double train_step(std::span<const std::uint8_t> pixels, std::span<const std::uint8_t> labels,
                    std::uint64_t first_sample, float learning_rate, float momentum, float weight_decay);

 private:
  struct Layer {
    PatchGeometry geometry;
    crossbar::CrossbarArray array;
    std::vector<float> bias, bias_gradient, bias_velocity;
    std::vector<float> weights, gradient, velocity;  ///< ideal device only
  };
  struct Tensor {
    std::size_t values;
    std::vector<float> data;  ///< of one block
  };

  void forward(std::size_t layer, Tensor& in, Tensor& out, std::size_t count, std::uint64_t sample);
  void activate(std::size_t layer, Tensor& values, std::size_t count);
  void backward(std::size_t layer, Tensor& errors, Tensor& out, std::size_t count, std::uint64_t sample);
  void update(std::size_t layer, Tensor& in, Tensor& errors, std::size_t count, std::uint64_t sample,
              float learning_rate);

  ThreadTeam team_;
  std::size_t block_;
  std::vector<Layer> layers_;
  std::vector<Tensor> activations_, errors_;
  std::vector<Tensor> pooled_;  ///< of the convolutions, before bias and activation
};

}  // namespace rheo::benchmarks
