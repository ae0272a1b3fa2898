#include "workloads/training/trainer.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "workloads/data/synthetic.hpp"

namespace rheo {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// Learns nothing and keeps what it was shown, by the image's number in the run.
struct Watcher : Executor {
  BatchResults train_step(const Batch& batch, const StepScalars& scalars) override {
    rates.push_back(scalars.learning_rate);
    return show(batch, trained);
  }
  BatchResults evaluate(const Batch& batch) override { return show(batch, evaluated); }
  [[nodiscard]] std::size_t batch_limit() const override { return 1000; }
  [[nodiscard]] double simulated_seconds() const override { return 0; }

  static BatchResults show(const Batch& batch, std::map<std::uint64_t, Bytes>& to) {
    const std::size_t image = batch.pixels.size() / batch.labels.size();
    for (std::size_t i = 0; i < batch.labels.size(); ++i) {
      const auto pixels = batch.pixels.subspan(i * image, image);
      to[batch.first_sample + i] = {pixels.begin(), pixels.end()};
    }
    return {std::vector<float>(batch.labels.size()), Bytes(batch.labels.size())};
  }

  std::map<std::uint64_t, Bytes> trained, evaluated;
  std::vector<double> rates;
};

Dataset digits() {
  Dataset set;
  set.train = synthetic_digits(30, false, 1);
  set.test = synthetic_digits(10, true, 1);
  return set;
}

TrainingRecipe recipe_of(std::int64_t batch_size, AugmentationKind kind) {
  TrainingRecipe recipe;
  recipe.epochs = 2;
  recipe.batch_size = batch_size;
  recipe.augmentation.kind = kind;
  return recipe;
}

void run(Trainer trainer) {
  while (!trainer.done()) trainer.advance();
}

TEST(Trainer, AugmentedImagesDoNotDependOnTheBatchesNorOnAKillAndResume) {
  const Dataset set = digits();
  Watcher whole, halves, resumed;
  run(Trainer(set, recipe_of(30, AugmentationKind::strong), whole));
  run(Trainer(set, recipe_of(7, AugmentationKind::strong), halves));
  EXPECT_EQ(whole.trained, halves.trained);
  EXPECT_EQ(whole.trained.size(), 60U);

  Trainer killed(set, recipe_of(7, AugmentationKind::strong), resumed);
  for (int batch = 0; batch < 3; ++batch) killed.advance();
  Trainer other(set, recipe_of(7, AugmentationKind::strong), resumed);
  other.restore(killed.state());
  run(std::move(other));
  EXPECT_EQ(resumed.trained, whole.trained);
}

TEST(Trainer, OnlyTrainingImagesAreAugmented) {
  const Dataset set = digits();
  Watcher plain, moderate;
  run(Trainer(set, recipe_of(10, AugmentationKind::none), plain));
  run(Trainer(set, recipe_of(10, AugmentationKind::moderate), moderate));
  EXPECT_EQ(plain.evaluated, moderate.evaluated);
  EXPECT_NE(plain.trained, moderate.trained);
}

TEST(Trainer, TheRecipeOfRapaWarmsUpAtATwentiethAndAnnealsInSteps) {
  const Dataset set = digits();
  TrainingRecipe recipe = recipe_of(10, AugmentationKind::none);
  recipe.epochs = 5;
  recipe.schedule = {.kind = ScheduleKind::step,
                     .lr = 0.025,
                     .gamma = 0.1,
                     .step_epochs = 3,
                     .warmup = WarmupKind::constant,
                     .warmup_epochs = 1,
                     .warmup_factor = 0.05};
  Watcher watcher;
  run(Trainer(set, recipe, watcher));
  const double low = 0.025 * 0.05, high = 0.025, late = 0.025 * 0.1;
  EXPECT_EQ(watcher.rates, (std::vector<double>{low, low, low, high, high, high, high, high, high, late, late, late,
                                                late, late, late}));
}

}  // namespace
}  // namespace rheo
