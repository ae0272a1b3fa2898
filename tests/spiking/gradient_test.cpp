#include <gtest/gtest.h>

#include "tests/digital/vector_targets.hpp"
#include "tests/spiking/random_spikes.hpp"
#include "tests/spiking/reference_network.hpp"
#include "workloads/spiking/training.hpp"

namespace rheo::spiking {
namespace {

using reference::loss_of;
using reference::Rules;

SpikingRecipe recipe_of(SpikingRecipe::Method method) {
  SpikingRecipe recipe;
  recipe.method = method;
  recipe.initial_scale = 1.5;
  recipe.readout_scale = 4;
  recipe.surrogate.width = 0.8;
  if (method == SpikingRecipe::Method::local) recipe.burn_in = 3;
  return recipe;
}

Rules rules_of(const SpikingRecipe& recipe) {
  Rules rules;
  rules.surrogate = recipe.surrogate;
  rules.local = recipe.method == SpikingRecipe::Method::local;
  rules.through_reset = recipe.through_reset && !rules.local;
  rules.burn_in = static_cast<std::size_t>(recipe.burn_in);
  return rules;
}

/// Every weight's derivative of the mean loss of two examples, forwards in double precision.
void expect_gradient_of_reference(const SpikingRecipe& recipe) {
  ThreadTeam team(1);
  SpikingTrainer trainer(tiny_network(), recipe, 11, team);
  const RandomSpikes data;
  const std::vector<std::uint32_t> examples{4, 8};
  const FloatWeights got = trainer.gradient(data, examples, 2);
  const FloatWeights weights = trainer.weights();
  FloatWeights readouts;
  for (const auto& readout : trainer.network().readouts) {
    readouts.push_back(readout.plan.unpacked(std::span<const float>(readout.weights)));
  }
  SpikeTrain input(recipe.ticks > 0 ? static_cast<std::size_t>(recipe.ticks) : 12, 98);
  for (std::size_t l = 0; l < weights.size(); ++l) {
    double largest = 0;
    for (std::size_t w = 0; w < weights[l].size(); ++w) {
      double expected = 0;
      for (const std::uint32_t example : examples) {
        data.encode(example, 2, input);
        expected +=
            loss_of(tiny_network(), weights, readouts, input, data.label(example), rules_of(recipe), l, w).slope / 2;
      }
      EXPECT_NEAR(got[l][w], expected, 2e-6) << "layer " << l << " weight " << w;
      largest = std::max(largest, std::abs(expected));
    }
    EXPECT_GT(largest, 1e-3) << "layer " << l << " learns nothing here";
  }
}

TEST(SpikingGradient, ThroughTimeEqualsForwardDerivativesInDoublePrecision) {
  expect_gradient_of_reference(recipe_of(SpikingRecipe::Method::through_time));
}

TEST(SpikingGradient, TheGaussianAndTheClosedResetToo) {
  SpikingRecipe recipe = recipe_of(SpikingRecipe::Method::through_time);
  recipe.surrogate = {Surrogate::Kind::gaussian, 0.3};
  recipe.through_reset = false;
  expect_gradient_of_reference(recipe);
}

TEST(SpikingGradient, LocalLearningEqualsForwardDerivativesLayerByLayer) {
  expect_gradient_of_reference(recipe_of(SpikingRecipe::Method::local));
}

/// Blocks of 64 ticks hand over what goes from tick to tick.
TEST(SpikingGradient, OfMoreTicksThanABlock) {
  for (const auto method : {SpikingRecipe::Method::through_time, SpikingRecipe::Method::local}) {
    SpikingRecipe recipe = recipe_of(method);
    recipe.ticks = 135;
    if (method == SpikingRecipe::Method::local) recipe.burn_in = 66;
    expect_gradient_of_reference(recipe);
  }
}

/// The reference itself against finite differences, where the spike is the rectangle's integral: a true derivative.
TEST(SpikingGradient, TheReferenceIsTheSlopeOfItsSmoothedLoss) {
  ThreadTeam team(1);
  const SpikingRecipe recipe = recipe_of(SpikingRecipe::Method::through_time);
  const SpikingTrainer trainer(tiny_network(), recipe, 11, team);
  const FloatWeights weights = trainer.weights();
  Rules rules = rules_of(recipe);
  rules.smooth = true;
  const RandomSpikes data;
  SpikeTrain input(12, 98);
  data.encode(4, 2, input);
  constexpr double nudge = 1e-6;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    for (std::size_t w = 0; w < weights[l].size(); w += 7) {
      const auto loss = [&](double by) { return loss_of(tiny_network(), weights, {}, input, 1, rules, l, w, by); };
      EXPECT_NEAR(loss(0).slope, (loss(nudge).value - loss(-nudge).value) / (2 * nudge), 1e-6) << l << " " << w;
    }
  }
}

TEST(SpikingTrainer, ThreadsDoNotChangeABit) {
  for (const auto method : {SpikingRecipe::Method::through_time, SpikingRecipe::Method::local}) {
    const auto trained_by = [&](std::size_t threads) {
      ThreadTeam team(threads);
      SpikingTrainer trainer(tiny_network(), recipe_of(method), 11, team);
      const RandomSpikes data;
      const std::vector<std::uint32_t> batch{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
      for (std::uint64_t i = 0; i < 5; ++i) (void)trainer.train(data, batch, i, 0.5);
      return trainer.weights();
    };
    const FloatWeights one = trained_by(1);
    EXPECT_EQ(one, trained_by(2));
    EXPECT_EQ(one, trained_by(3));
  }
}

TEST(SpikingTrainer, InstructionSetsDoNotChangeABit) {
  SpikingNetwork wide = tiny_network();  // rows of 24 sums: a whole vector and a half
  wide.layers[0].outputs = 8;
  wide.layers[1].outputs = 24;
  for (const auto method : {SpikingRecipe::Method::through_time, SpikingRecipe::Method::local}) {
    SpikingRecipe recipe = recipe_of(method);
    recipe.surrogate = {Surrogate::Kind::gaussian, 0.3};
    const auto trained_on = [&](std::int64_t target) {
      const testing::OnInstructionSet chosen(target);
      ThreadTeam team(1);
      SpikingTrainer trainer(wide, recipe, 11, team);
      const RandomSpikes data;
      const std::vector<std::uint32_t> batch{0, 1, 2, 3, 4};
      for (std::uint64_t i = 0; i < 5; ++i) (void)trainer.train(data, batch, i, 0.5);
      return trainer.weights();
    };
    const auto targets = testing::instruction_sets();
    for (const std::int64_t target : targets) {
      EXPECT_TRUE(trained_on(target) == trained_on(targets.front())) << hwy::TargetName(target);
    }
  }
}

/// Hand-computed: gradient g twice, momentum 1/2, rate 1: velocities g, 3/2 g; steps 3/2 g, 7/4 g.
TEST(SpikingTrainer, NesterovStepsAreThoseOfTheFormula) {
  ThreadTeam team(1);
  SpikingRecipe recipe = recipe_of(SpikingRecipe::Method::through_time);
  recipe.momentum = 0.5;
  SpikingTrainer trainer(tiny_network(), recipe, 11, team);
  const RandomSpikes data;
  const std::vector<std::uint32_t> batch{4, 8};
  const FloatWeights before = trainer.weights();
  const FloatWeights g = trainer.gradient(data, batch, 2);
  (void)trainer.train(data, batch, 2, 1e-3);
  const FloatWeights between = trainer.weights();
  const FloatWeights g2 = trainer.gradient(data, batch, 2);
  (void)trainer.train(data, batch, 2, 1e-3);
  const FloatWeights after = trainer.weights();
  for (std::size_t l = 0; l < g.size(); ++l) {
    for (std::size_t w = 0; w < g[l].size(); ++w) {
      EXPECT_NEAR(before[l][w] - between[l][w], 1e-3 * 1.5 * g[l][w], 1e-7);
      const double velocity = 0.5 * g[l][w] + g2[l][w];
      EXPECT_NEAR(between[l][w] - after[l][w], 1e-3 * (g2[l][w] + 0.5 * velocity), 1e-7);
    }
  }
}

TEST(SpikingTrainer, LearnsToTellThreeSpikeTrainsApart) {
  for (const auto method : {SpikingRecipe::Method::through_time, SpikingRecipe::Method::local}) {
    ThreadTeam team(1);
    SpikingRecipe recipe = recipe_of(method);
    if (method == SpikingRecipe::Method::local) recipe.optimiser = SpikingRecipe::Optimiser::adamax;
    SpikingTrainer trainer(tiny_network(), recipe, 11, team);
    const RandomSpikes data;
    const std::vector<std::uint32_t> batch{0, 1, 2};
    std::size_t correct = 0;
    for (int i = 0; i < 300 && correct < 3; ++i) {
      correct = trainer.train(data, batch, 0, method == SpikingRecipe::Method::local ? 0.01 : 0.1).correct;
    }
    EXPECT_EQ(correct, 3U) << static_cast<int>(method);
  }
}

}  // namespace
}  // namespace rheo::spiking
