#include "models/core/statistics.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace rheo {
namespace {

const std::vector<ActionKind> two_kinds{{"adc.convert", "conversion", "", "adc"}, {"dac.drive", "line", "", "dac"}};

/// Every scope of the first `layers` layers.
std::vector<Scope> all_scopes(LayerIndex layers) {
  std::vector<Scope> scopes;
  for (LayerIndex layer = 0; layer < layers; ++layer) {
    for (const Mode mode : {Mode::training, Mode::evaluation}) {
      for (const Phase phase : {Phase::forward, Phase::backward, Phase::update, Phase::digital, Phase::transfer}) {
        scopes.push_back({mode, phase, layer});
      }
    }
  }
  return scopes;
}

TEST(ActionCounts, KeepsEveryKindAndScopeApart) {
  ActionCounts counts(two_kinds);
  std::uint64_t amount = 1;
  for (const Scope scope : all_scopes(4)) {
    for (std::size_t kind = 0; kind < 2; ++kind) counts.add(kind, scope, amount++);
  }
  EXPECT_EQ(counts.layers(), 4U);
  amount = 1;
  for (const Scope scope : all_scopes(4)) {
    for (std::size_t kind = 0; kind < 2; ++kind) EXPECT_EQ(counts.count(kind, scope), amount++);
  }
}

TEST(ActionCounts, AddsUpOverPhasesAndLayersButNotModes) {
  ActionCounts counts(two_kinds);
  counts.add(0, {Mode::training, Phase::forward, 1}, 5);
  counts.add(0, {Mode::training, Phase::forward, 1}, 6);
  counts.add(0, {Mode::training, Phase::update, 7}, 100);
  counts.add(0, {Mode::evaluation, Phase::forward, 1}, 1000);
  counts.add(1, {Mode::training, Phase::forward, 1}, 10000);
  EXPECT_EQ(counts.count(0, {Mode::training, Phase::forward, 1}), 11U);
  EXPECT_EQ(counts.total(0, Mode::training), 111U);
  EXPECT_EQ(counts.total(0, Mode::evaluation), 1000U);
  EXPECT_EQ(counts.total(1, Mode::training), 10000U);
  EXPECT_EQ(counts.total(1, Mode::evaluation), 0U);
}

TEST(ActionCounts, WhatNeverHappenedIsZero) {
  const ActionCounts none;
  EXPECT_EQ(none.layers(), 0U);
  ActionCounts counts(two_kinds);
  EXPECT_EQ(counts.layers(), 0U);
  EXPECT_EQ(counts.count(1, {Mode::evaluation, Phase::transfer, 65535}), 0U);
  EXPECT_EQ(counts.total(1, Mode::training), 0U);
  counts.add(0, {Mode::training, Phase::forward, 65535}, 1);
  EXPECT_EQ(counts.layers(), 65536U);
}

TEST(ActionCounts, RestoreBringsBackWhatValuesGave) {
  ActionCounts counts(two_kinds);
  counts.add(1, {Mode::evaluation, Phase::digital, 3}, 42);
  ActionCounts other(two_kinds);
  other.add(0, {Mode::training, Phase::forward, 9}, 7);
  other.restore(counts.values());
  EXPECT_EQ(other.values(), counts.values());
  EXPECT_EQ(other.count(1, {Mode::evaluation, Phase::digital, 3}), 42U);
  EXPECT_EQ(other.total(0, Mode::training), 0U);
}

TEST(ActionCounts, RestoreRefusesCountersOfAnotherComponent) {
  ActionCounts counts(two_kinds);
  EXPECT_THROW(counts.restore(std::vector<std::uint64_t>(mode_count * phase_count * 2 + 1)), std::invalid_argument);
  EXPECT_NO_THROW(counts.restore({}));
  ActionCounts none;
  EXPECT_THROW(none.restore({1}), std::invalid_argument);
  EXPECT_NO_THROW(none.restore({}));
}

TEST(BusyTime, KeepsScopesApartAndAddsUpByMode) {
  BusyTime busy;
  std::uint64_t ticks = 1;
  std::array<std::uint64_t, 2> sums{};
  for (const Scope scope : all_scopes(3)) {
    busy.add(scope, ticks);
    sums[static_cast<std::size_t>(scope.mode)] += ticks++;
  }
  ticks = 1;
  for (const Scope scope : all_scopes(3)) EXPECT_EQ(busy.ticks(scope), ticks++);
  EXPECT_EQ(busy.total(Mode::training), sums[0]);
  EXPECT_EQ(busy.total(Mode::evaluation), sums[1]);
  EXPECT_EQ(busy.layers(), 3U);
  EXPECT_EQ(busy.ticks({Mode::training, Phase::forward, 100}), 0U);

  BusyTime other;
  other.restore(busy.values());
  EXPECT_EQ(other.values(), busy.values());
  EXPECT_THROW(other.restore({1, 2, 3}), std::invalid_argument);
}

class Stateless final : public Component {
 public:
  [[nodiscard]] std::string component_name() const override { return "chip.part"; }
  [[nodiscard]] ActionCounts& actions() override { return actions_; }
  [[nodiscard]] BusyTime& busy() override { return busy_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {}; }

 private:
  ActionCounts actions_;
  BusyTime busy_;
};

TEST(Component, WithoutStateRefusesACheckpointThatHasSome) {
  Stateless part;
  EXPECT_TRUE(part.save_state().empty());
  EXPECT_TRUE(part.buffers().empty());
  EXPECT_NO_THROW(part.restore_state({}));
  const std::array<std::byte, 1> state{};
  EXPECT_THROW(part.restore_state(state), std::invalid_argument);
}

}  // namespace
}  // namespace rheo
