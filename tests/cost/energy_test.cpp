#include "models/cost/energy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/core/error.hpp"

namespace rheo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

/// Round numbers, so that the joules of a test can be added in one's head.
CostTable simple_table() {
  return CostTable::from_text(R"(
    [adc]
    static_power = "3 W"
    area = "2 mm2"
    node = "32 nm"
    source = "test"
    [adc.convert]
    energy = "2 J"
    node = "32 nm"
    source = "test"
    [array.pulse]
    energy = "10 J"
    node = "32 nm"
    source = "test"
    assumption = true
    derivation = "guess"
    [array.cell]
    static_power = "0 W"
    area = "1 mm2"
    node = "32 nm"
    source = "test"
    assumption = true
    derivation = "guess"
  )",
                              "simple.toml");
}

enum Kind : std::size_t { convert, pulse, seen };

ActionCounts tile_counters() {
  return ActionCounts({{"adc.convert", "conversion", "", "adc.convert"},
                       {"array.pulse", "pulse", "", "array.pulse"},
                       {"array.read", "vector", "counted, but not charged", ""}});
}

/// Two tiles, two layers, both modes.
struct TwoTiles {
  ActionCounts first = tile_counters();
  ActionCounts second = tile_counters();

  TwoTiles() {
    first.add(convert, {Mode::training, Phase::forward, 1}, 5);
    first.add(convert, {Mode::training, Phase::backward, 1}, 3);
    first.add(pulse, {Mode::training, Phase::update, 1}, 7);
    first.add(seen, {Mode::training, Phase::forward, 1}, 1000);
    second.add(convert, {Mode::training, Phase::forward, 1}, 1);
    second.add(convert, {Mode::training, Phase::forward, 2}, 2);
    second.add(convert, {Mode::training, Phase::digital, shared_layer}, 4);
    second.add(convert, {Mode::evaluation, Phase::forward, 2}, 100);
  }

  [[nodiscard]] ChipActivity activity() const {
    return {.actions = {first, second},
            .inventory = {{"adc", "adc", 2}, {"array.cell", "array.cell", 4}},
            .duration_s = {1.5, 0.5, 0.25},
            .layers = {"conv1", "fc"}};
  }
};

double sum(const Breakdown& breakdown) {
  double total = 0.0;
  for (const auto& [name, value] : breakdown.parts()) total += value;
  return total;
}

TEST(Energy, IsCountsTimesEntriesPlusStaticPowerTimesTime) {
  const TwoTiles tiles;
  const EnergyReport report = energy_report(tiles.activity(), Mode::training, simple_table());
  // 15 conversions of 2 J, 7 pulses of 10 J, 2 converters of 3 W for 1.5 s.
  EXPECT_EQ(report.total_j, 15 * 2.0 + 7 * 10.0 + 2 * 3.0 * 1.5);
  EXPECT_THAT(report.by_component.parts(), ElementsAre(Pair("adc", 30.0 + 9.0), Pair("array", 70.0)));
  EXPECT_THAT(report.by_phase.parts(), ElementsAre(Pair("forward", 16.0), Pair("backward", 6.0), Pair("update", 70.0),
                                                   Pair("digital", 8.0), Pair("transfer", 0.0), Pair("idle", 9.0)));
  EXPECT_THAT(report.by_layer.parts(),
              ElementsAre(Pair("conv1", 12.0 + 6.0 + 70.0), Pair("fc", 4.0), Pair("shared", 8.0 + 9.0)));
  EXPECT_DOUBLE_EQ(report.assumed_fraction, 70.0 / 109.0);
}

TEST(Energy, EvaluationIsAccountedApart) {
  const TwoTiles tiles;
  const EnergyReport report = energy_report(tiles.activity(), Mode::evaluation, simple_table());
  EXPECT_EQ(report.total_j, 100 * 2.0 + 2 * 3.0 * 0.5);
  EXPECT_EQ(report.by_layer.at("fc"), 200.0);
  EXPECT_EQ(report.by_phase.at("update"), 0.0);
  EXPECT_EQ(report.assumed_fraction, 0.0);
}

TEST(Energy, ItemsOfSeveralModulesAreOne) {
  const TwoTiles tiles;
  const std::vector<EnergyItem> items = energy_items(tiles.activity(), Mode::training, simple_table());
  ASSERT_EQ(items.size(), 7u) << "4 scopes of conversions, 1 of pulses, 2 parts";
  EXPECT_EQ(items[1].phase, "forward");
  EXPECT_EQ(items[1].layer, 1);
  EXPECT_EQ(items[1].count, 6u);
  EXPECT_EQ(items[1].joules, 12.0);
  const std::vector<EnergyLine> lines = energy_lines(items);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].component, "adc");
  EXPECT_EQ(lines[0].action, "adc.convert");
  EXPECT_EQ(lines[0].unit, "conversion");
  EXPECT_EQ(lines[0].entry, "adc.convert");
  EXPECT_EQ(lines[0].count, 15u);
  EXPECT_EQ(lines[0].joules, 30.0);
  EXPECT_EQ(lines[1].action, "array.pulse");
  EXPECT_TRUE(lines[1].assumption);
  EXPECT_EQ(lines[2].action, "static");
  EXPECT_EQ(lines[2].count, 2u);
  EXPECT_EQ(lines[2].joules, 9.0);
  EXPECT_EQ(lines[3].component, "array");
}

TEST(Energy, NothingDoneIsNoEnergyAndNoFraction) {
  const ChipActivity nothing;
  const EnergyReport report = energy_report(nothing, Mode::training, simple_table());
  EXPECT_EQ(report.total_j, 0.0);
  EXPECT_EQ(report.assumed_fraction, 0.0);
  EXPECT_THAT(report.by_layer.parts(), ElementsAre(Pair("shared", 0.0)));
}

/// A chip with the reference costs and counts that spread over many orders of magnitude.
struct BusyChip {
  CostTable table = CostTable::from_file(RHEO_REFERENCE_COSTS);
  std::vector<ActionCounts> modules;
  ChipActivity activity;

  BusyChip() {
    std::vector<ActionKind> kinds;
    for (const CostEntry& entry : table.entries()) {
      if (entry.energy) kinds.push_back({entry.name, "count", "", entry.name});
      if (entry.area && entry.static_power) activity.inventory.push_back({entry.name, entry.name, 1000});
    }
    std::mt19937_64 random(11);
    modules.assign(3, ActionCounts(kinds));
    for (ActionCounts& module : modules) {
      for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        for (LayerIndex layer = 0; layer <= 8; ++layer) {
          for (std::size_t phase = 0; phase < phase_count; ++phase) {
            module.add(kind, {Mode::training, static_cast<Phase>(phase), layer}, random() >> (4 + random() % 60));
          }
        }
      }
      activity.actions.emplace_back(module);
    }
    for (int layer = 1; layer <= 8; ++layer) activity.layers.push_back("layer" + std::to_string(layer));
    activity.duration_s = {12.345, 0.0, 0.0};
  }
  BusyChip(const BusyChip&) = delete;
};

TEST(Energy, TheTotalIsEachOfTheThreeSums) {
  const BusyChip chip;
  const EnergyReport report = energy_report(chip.activity, Mode::training, chip.table);
  ASSERT_GT(report.total_j, 0.0);
  const double tolerance = 1e-12 * report.total_j;
  EXPECT_NEAR(sum(report.by_component), report.total_j, tolerance);
  EXPECT_NEAR(sum(report.by_phase), report.total_j, tolerance);
  EXPECT_NEAR(sum(report.by_layer), report.total_j, tolerance);
  double lines = 0.0;
  for (const EnergyLine& line : energy_lines(energy_items(chip.activity, Mode::training, chip.table))) {
    lines += line.joules;
  }
  EXPECT_NEAR(lines, report.total_j, tolerance);
  EXPECT_GT(report.assumed_fraction, 0.0);
  EXPECT_LT(report.assumed_fraction, 1.0);
}

TEST(Energy, DoublingAnEntryAddsExactlyItsContribution) {
  const BusyChip chip;
  const auto before = energy_items(chip.activity, Mode::training, chip.table);
  const double total = energy_report(chip.activity, Mode::training, chip.table).total_j;
  for (const CostEntry& entry : chip.table.entries()) {
    if (!entry.energy) continue;
    const CostTable doubled = chip.table.with_energy_scaled(entry.name, 2.0);
    const auto after = energy_items(chip.activity, Mode::training, doubled);
    ASSERT_EQ(after.size(), before.size());
    double contribution = 0.0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const bool its_own = before[i].entry == entry.name && before[i].action != "static";
      if (its_own) contribution += before[i].joules;
      ASSERT_EQ(after[i].joules, before[i].joules * (its_own ? 2.0 : 1.0)) << entry.name << ' ' << before[i].action;
    }
    const double grown = energy_report(chip.activity, Mode::training, doubled).total_j;
    EXPECT_NEAR(grown - total, contribution, 1e-14 * grown) << entry.name;
  }
}

TEST(Energy, AMissingEntryIsFoundBeforeTheRun) {
  ActionCounts counts({{"adc.convert", "conversion", "", "adc.convrt"}});
  ChipActivity activity;
  activity.actions.emplace_back(counts);
  EXPECT_THAT([&] { require_costs(activity, simple_table()); },
              ThrowsMessage<InputError>("simple.toml: no entry adc.convrt; did you mean adc.convert?"));
  EXPECT_THROW((void)energy_report(activity, Mode::training, simple_table()), InputError) << "unused, yet priced";
  activity.actions.clear();
  activity.inventory = {{"adc", "adc.convert", 1}};
  EXPECT_THAT([&] { require_costs(activity, simple_table()); },
              ThrowsMessage<InputError>(HasSubstr("adc.convert has no static_power")));
}

TEST(Energy, RefusesNumbersThatAreNone) {
  const TwoTiles tiles;
  for (const double seconds : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    ChipActivity activity = tiles.activity();
    activity.duration_s[0] = seconds;
    EXPECT_THAT([&] { (void)energy_report(activity, Mode::training, simple_table()); },
                ThrowsMessage<std::logic_error>(HasSubstr("the duration of a mode")));
  }
  const CostTable huge = simple_table().with_energy_scaled("array.pulse", 1e307);
  EXPECT_THAT([&] { (void)energy_report(tiles.activity(), Mode::training, huge); },
              ThrowsMessage<std::logic_error>(HasSubstr("the energy of array.pulse is inf")));
}

TEST(Energy, RefusesCountsThatNoLayerOwns) {
  const TwoTiles tiles;
  ChipActivity activity = tiles.activity();
  activity.layers = {"conv1"};
  EXPECT_THAT([&] { (void)energy_report(activity, Mode::training, simple_table()); },
              ThrowsMessage<std::logic_error>("adc.convert is counted for layer 2 of 1"));
  activity.layers = {"conv1", "conv1"};
  EXPECT_THROW((void)energy_report(activity, Mode::training, simple_table()), std::logic_error);
  activity.layers = {"conv1", "shared"};
  EXPECT_THROW((void)energy_report(activity, Mode::training, simple_table()), std::logic_error);
}

TEST(Energy, RefusesCountsThatOverflow) {
  ActionCounts counts = tile_counters();
  counts.add(convert, {Mode::training, Phase::forward, 1}, std::numeric_limits<std::uint64_t>::max());
  ChipActivity activity;
  activity.actions = {counts, counts};
  activity.layers = {"conv1"};
  EXPECT_THAT([&] { (void)energy_items(activity, Mode::training, simple_table()); },
              ThrowsMessage<std::logic_error>(HasSubstr("the count of adc.convert")));
}

TEST(Area, IsInstancesTimesEntries) {
  const AreaReport report =
      area_report({{"adc", "adc", 2}, {"array.cell", "array.cell", 4}, {"adc", "adc", 1}}, simple_table());
  EXPECT_DOUBLE_EQ(report.total_mm2, 2 * 2.0 + 4 * 1.0 + 1 * 2.0);
  EXPECT_DOUBLE_EQ(report.by_component.at("adc"), 6.0);
  EXPECT_DOUBLE_EQ(report.by_component.at("array"), 4.0);
  EXPECT_THROW((void)report.by_component.at("dac"), std::out_of_range);
  EXPECT_DOUBLE_EQ(report.assumed_fraction, 0.4);
}

TEST(Area, OfTheReferenceChipSumsToItsParts) {
  const BusyChip chip;
  const AreaReport report = area_report(chip.activity.inventory, chip.table);
  EXPECT_NEAR(sum(report.by_component), report.total_mm2, 1e-12 * report.total_mm2);
  EXPECT_THROW((void)area_report({{"adc", "adx", 1}}, chip.table), InputError);
}

}  // namespace
}  // namespace rheo
