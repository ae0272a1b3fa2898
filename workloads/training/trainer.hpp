#pragma once

#include <cstdint>
#include <vector>

#include "workloads/data/augmentation.hpp"
#include "workloads/data/dataset.hpp"
#include "workloads/training/executor.hpp"
#include "workloads/training/schedule.hpp"

namespace rheo {

struct TrainingRecipe {
  std::int64_t epochs = 1;
  std::int64_t batch_size = 1;
  double weight_decay = 0;
  ScheduleParameters schedule;
  std::uint64_t seed = 1;  ///< of the order of the samples and of their augmentation
  AugmentationParameters augmentation;
};

/// One line of the learning curve. Rates are those of the epoch's last batch.
struct EpochRecord {
  std::int64_t epoch = 0;  ///< from 1
  double train_loss = 0, train_accuracy = 0;
  double test_loss = 0, test_accuracy = 0;
  double learning_rate = 0, momentum = 0;
};

/// Loss and rate of one training step.
struct StepRecord {
  double learning_rate = 0;
  double loss = 0;
};

/// Where a training run stands between two batches. Copyable: a checkpoint holds it.
struct TrainerState {
  std::int64_t epoch = 0;        ///< epochs completed
  bool testing = false;          ///< the present epoch's training is over
  std::int64_t next_sample = 0;  ///< of the present epoch's training or test samples
  double loss_sum = 0;           ///< over the samples so far
  std::int64_t correct = 0;
  EpochRecord current;
  std::vector<EpochRecord> records;
};

/// Trains on an executor: order of samples, schedule and metrics. A run is a sequence of batches; between any
/// two of them its state can be saved and taken up again, to the same bits.
class Trainer {
 public:
  /// The dataset and the executor must outlive the trainer. Throws InputError when the recipe does not fit.
  Trainer(const Dataset& data, const TrainingRecipe& recipe, Executor& executor);

  [[nodiscard]] bool done() const noexcept { return state_.epoch == recipe_.epochs; }
  /// One training batch or one batch of the test after an epoch.
  void advance();
  /// Loss and rate of the last training batch.
  [[nodiscard]] const StepRecord& last_step() const noexcept { return last_step_; }

  [[nodiscard]] const TrainerState& state() const noexcept { return state_; }
  void restore(const TrainerState& state) {
    state_ = state;
    order_epoch_ = -1;
  }

  /// Images of one epoch.
  [[nodiscard]] std::int64_t train_images() const noexcept { return train_count(); }
  [[nodiscard]] std::int64_t test_images() const noexcept { return test_count(); }
  /// Samples processed of all there are to process, tests included.
  [[nodiscard]] std::int64_t samples_done() const noexcept;
  [[nodiscard]] std::int64_t samples_in_all() const noexcept;

 private:
  void train_batch();
  void test_batch();
  [[nodiscard]] std::int64_t train_count() const noexcept { return static_cast<std::int64_t>(data_->train.count); }
  [[nodiscard]] std::int64_t test_count() const noexcept { return static_cast<std::int64_t>(data_->test.count); }
  void account(const BatchResults& results, std::span<const std::uint8_t> labels);

  const Dataset* data_;
  TrainingRecipe recipe_;
  Executor* executor_;
  TrainerState state_;
  StepRecord last_step_;
  std::vector<std::uint32_t> order_;
  std::int64_t order_epoch_ = -1;
  std::vector<std::uint8_t> pixels_, labels_;
};

}  // namespace rheo
