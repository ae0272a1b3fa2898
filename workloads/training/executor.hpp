#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rheo {

/// Images that go through the hardware together.
struct Batch {
  std::span<const std::uint8_t> pixels;  ///< images x image values, channels last
  std::span<const std::uint8_t> labels;  ///< 255: none, and the loss is -log of the prediction's probability
  std::uint64_t first_sample = 0;  ///< number of the first image in the run; keys the random numbers
};

struct StepScalars {
  double learning_rate = 0;
  double momentum = 0;
  double weight_decay = 0;
};

/// What the hardware found for each image.
struct BatchResults {
  std::vector<float> losses;
  std::vector<std::uint8_t> predictions;
};

/// What a platform offers to the trainer. The trainer owns the order of samples, the schedule and the metrics;
/// loss, gradients and updates are computed on the platform.
class Executor {
 public:
  virtual ~Executor() = default;

  /// One mini-batch: forward, backward, update. At most batch_limit() images.
  virtual BatchResults train_step(const Batch& batch, const StepScalars& scalars) = 0;
  virtual BatchResults evaluate(const Batch& batch) = 0;
  [[nodiscard]] virtual std::size_t batch_limit() const = 0;
  /// Simulated time so far, in seconds, training and evaluation.
  [[nodiscard]] virtual double simulated_seconds() const = 0;
};

}  // namespace rheo
