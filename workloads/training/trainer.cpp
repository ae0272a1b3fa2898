#include "workloads/training/trainer.hpp"

#include <algorithm>
#include <utility>

#include "models/core/error.hpp"
#include "workloads/data/sample_order.hpp"

namespace rheo {

Trainer::Trainer(const Dataset& data, const TrainingRecipe& recipe, Executor& executor)
    : data_(&data), recipe_(recipe), executor_(&executor) {
  if (const auto fault = recipe.schedule.check(recipe.epochs)) throw InputError(fault->key, fault->text);
  if (data.train.count == 0) throw InputError("workload.train_samples", "there is nothing to train on");
}

void Trainer::advance() {
  if (done()) return;
  if (state_.testing) {
    test_batch();
  } else {
    train_batch();
  }
}

void Trainer::account(const BatchResults& results, std::span<const std::uint8_t> labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    state_.loss_sum += static_cast<double>(results.losses[i]);
    state_.correct += results.predictions[i] == labels[i] ? 1 : 0;
  }
}

void Trainer::train_batch() {
  const ImageSet& set = data_->train;
  if (order_epoch_ != state_.epoch) {
    order_ = sample_order(set.count, recipe_.seed, static_cast<std::uint64_t>(state_.epoch));
    order_epoch_ = state_.epoch;
  }
  const std::int64_t first = state_.next_sample;
  const std::int64_t count = std::min(recipe_.batch_size, train_count() - first);
  const std::size_t image = set.height * set.width * set.channels;
  pixels_.resize(static_cast<std::size_t>(count) * image);
  labels_.resize(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::size_t sample = order_[static_cast<std::size_t>(first + i)];
    augment(std::span(set.pixels).subspan(sample * image, image), {set.height, set.width, set.channels},
            recipe_.augmentation, recipe_.seed, static_cast<std::uint64_t>(state_.epoch), sample,
            std::span(pixels_).subspan(static_cast<std::size_t>(i) * image, image));
    labels_[static_cast<std::size_t>(i)] = set.labels[sample];
  }
  const std::int64_t steps = (train_count() + recipe_.batch_size - 1) / recipe_.batch_size;
  const StepRates rates =
      rates_at(recipe_.schedule, state_.epoch * steps + first / recipe_.batch_size, steps, recipe_.epochs);
  const auto first_sample = static_cast<std::uint64_t>(state_.epoch * train_count() + first);
  const double before = state_.loss_sum;
  account(executor_->train_step({pixels_, labels_, first_sample}, {rates.lr, rates.momentum, recipe_.weight_decay}),
          labels_);
  last_step_ = {rates.lr, (state_.loss_sum - before) / static_cast<double>(count)};

  state_.next_sample += count;
  if (state_.next_sample < train_count()) return;
  const auto samples = static_cast<double>(train_count());
  state_.current = {};
  state_.current.epoch = state_.epoch + 1;
  state_.current.train_loss = state_.loss_sum / samples;
  state_.current.train_accuracy = static_cast<double>(state_.correct) / samples;
  state_.current.learning_rate = rates.lr;
  state_.current.momentum = rates.momentum;
  state_.testing = true;
  state_.next_sample = 0;
  state_.loss_sum = 0;
  state_.correct = 0;
  if (test_count() == 0) test_batch();
}

void Trainer::test_batch() {
  const ImageSet& set = data_->test;
  const std::int64_t first = state_.next_sample;
  const std::int64_t count = std::min(recipe_.batch_size, test_count() - first);
  if (count > 0) {
    const std::size_t image = set.height * set.width * set.channels;
    const auto begin = static_cast<std::size_t>(first);
    const auto size = static_cast<std::size_t>(count);
    const std::span<const std::uint8_t> labels(set.labels.data() + begin, size);
    account(executor_->evaluate({std::span(set.pixels.data() + begin * image, size * image), labels,
                                 static_cast<std::uint64_t>(state_.epoch * test_count() + first)}),
            labels);
    state_.next_sample += count;
  }
  if (state_.next_sample < test_count()) return;
  if (test_count() > 0) {
    const auto samples = static_cast<double>(test_count());
    state_.current.test_loss = state_.loss_sum / samples;
    state_.current.test_accuracy = static_cast<double>(state_.correct) / samples;
  }
  state_.records.push_back(state_.current);
  state_.testing = false;
  state_.next_sample = 0;
  state_.loss_sum = 0;
  state_.correct = 0;
  ++state_.epoch;
}

std::int64_t Trainer::samples_done() const noexcept {
  const std::int64_t present = state_.testing ? train_count() + state_.next_sample : state_.next_sample;
  return state_.epoch * (train_count() + test_count()) + present;
}

std::int64_t Trainer::samples_in_all() const noexcept { return recipe_.epochs * (train_count() + test_count()); }

}  // namespace rheo
