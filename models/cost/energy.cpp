#include "models/cost/energy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <tuple>

namespace rheo {
namespace {

constexpr std::string_view idle = "idle";
constexpr std::string_view shared = "shared";
constexpr double mm2_per_m2 = 1e6;

std::string component_of(std::string_view name) { return std::string(name.substr(0, name.find('.'))); }

/// A sum that keeps what rounding drops (Neumaier), so that sums of the same items in different groups agree.
class Sum {
 public:
  void add(double value) {
    const double next = sum_ + value;
    lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - next) + value : (value - next) + sum_;
    sum_ = next;
  }
  [[nodiscard]] double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0.0;
  double lost_ = 0.0;
};

double checked(double value, std::string_view what, std::string_view item) {
  if (std::isfinite(value) && value >= 0.0) return value;
  throw std::logic_error(fmt::format("{} of {} is {}; it must be finite and not negative", what, item, value));
}

std::uint64_t checked_sum(std::uint64_t a, std::uint64_t b, std::string_view item) {
  if (a + b < a) throw std::logic_error(fmt::format("the count of {} does not fit 64 bits", item));
  return a + b;
}

void name_once(std::vector<std::string>& names, std::string name) {
  if (std::ranges::count(names, name) == 0) names.push_back(std::move(name));
}

/// The items' values summed by the part that `part_of` names; all of `parts` appear, in that order.
template <class Item, class PartOf, class Value>
Breakdown sum_by(const std::vector<Item>& items, const std::vector<std::string>& parts, PartOf part_of, Value value) {
  std::map<std::string, Sum, std::less<>> sums;
  for (const Item& item : items) sums[std::string(part_of(item))].add(value(item));
  std::vector<Breakdown::Part> named;
  for (const std::string& part : parts) named.emplace_back(part, sums[part].value());
  return Breakdown(std::move(named));
}

/// The sum of all items and the share of those that are assumptions.
template <class Item, class Value>
std::pair<double, double> total_and_assumed(const std::vector<Item>& items, Value value) {
  Sum total;
  Sum assumed;
  for (const Item& item : items) {
    total.add(value(item));
    if (item.assumption) assumed.add(value(item));
  }
  return {total.value(), total.value() > 0.0 ? std::min(1.0, assumed.value() / total.value()) : 0.0};
}

/// Groups the counts of all modules, so that two tiles are one item.
using CountKey = std::tuple<std::string, std::string, std::string, std::size_t, std::size_t>;

std::map<CountKey, std::uint64_t> grouped_counts(const ChipActivity& activity, Mode mode) {
  std::map<CountKey, std::uint64_t> counts;
  for (const ActionCounts& actions : activity.actions) {
    for (std::size_t kind = 0; kind < actions.kinds().size(); ++kind) {
      const ActionKind& what = actions.kinds()[kind];
      if (what.cost.empty()) continue;
      for (std::size_t layer = 0; layer < actions.layers(); ++layer) {
        for (std::size_t phase = 0; phase < phase_count; ++phase) {
          const std::uint64_t count =
              actions.count(kind, {mode, static_cast<Phase>(phase), static_cast<LayerIndex>(layer)});
          if (count == 0) continue;
          std::uint64_t& sum = counts[{what.name, what.cost, what.unit, layer, phase}];
          sum = checked_sum(sum, count, what.name);
        }
      }
    }
  }
  return counts;
}

struct AreaItem {
  std::string component;
  double mm2 = 0.0;
  bool assumption = false;
};

}  // namespace

double Breakdown::at(std::string_view name) const {
  const auto found = std::ranges::find(parts_, name, &Part::first);
  if (found == parts_.end()) throw std::out_of_range(fmt::format("the breakdown has no part {}", name));
  return found->second;
}

void require_costs(const ChipActivity& activity, const CostTable& table) {
  for (const ActionCounts& actions : activity.actions) {
    for (const ActionKind& kind : actions.kinds()) {
      if (!kind.cost.empty()) (void)table.energy(kind.cost);
    }
  }
  for (const InventoryItem& item : activity.inventory) {
    (void)table.static_power(item.cost);
    (void)table.area(item.cost);
  }
}

std::vector<EnergyItem> energy_items(const ChipActivity& activity, Mode mode, const CostTable& table) {
  require_costs(activity, table);
  std::vector<EnergyItem> items;
  for (const auto& [key, count] : grouped_counts(activity, mode)) {
    const auto& [action, entry, unit, layer, phase] = key;
    if (layer > activity.layers.size()) {
      throw std::logic_error(fmt::format("{} is counted for layer {} of {}", action, layer, activity.layers.size()));
    }
    const double joules = checked(static_cast<double>(count) * table.energy(entry), "the energy", action);
    items.push_back({component_of(action), action, unit, entry, phase_names[phase], static_cast<LayerIndex>(layer),
                     count, joules, table.entry(entry).assumption});
  }
  const double duration = checked(activity.duration_s[static_cast<std::size_t>(mode)], "the duration", "a mode");
  for (const InventoryItem& part : activity.inventory) {
    const double watts = static_cast<double>(part.count) * table.static_power(part.cost);
    items.push_back({component_of(part.component), "static", "instance", part.cost, idle, shared_layer, part.count,
                     checked(watts * duration, "the static energy", part.component),
                     table.entry(part.cost).assumption});
  }
  return items;
}

std::vector<EnergyLine> energy_lines(const std::vector<EnergyItem>& items) {
  std::vector<EnergyLine> lines;
  std::vector<Sum> joules;
  for (const EnergyItem& item : items) {
    const auto same = [&](const EnergyLine& line) {
      return line.component == item.component && line.action == item.action && line.entry == item.entry &&
             line.unit == item.unit;
    };
    const auto found = std::ranges::find_if(lines, same);
    const auto index = static_cast<std::size_t>(found - lines.begin());
    if (found == lines.end()) {
      lines.push_back({item.component, item.action, item.unit, item.entry, 0, 0.0, item.assumption});
      joules.emplace_back();
    }
    lines[index].count = checked_sum(lines[index].count, item.count, item.action);
    joules[index].add(item.joules);
  }
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i].joules = joules[i].value();
  return lines;
}

EnergyReport energy_report(const ChipActivity& activity, Mode mode, const CostTable& table) {
  const std::vector<EnergyItem> items = energy_items(activity, mode, table);

  std::vector<std::string> components;
  for (const ActionCounts& actions : activity.actions) {
    for (const ActionKind& kind : actions.kinds()) {
      if (!kind.cost.empty()) name_once(components, component_of(kind.name));
    }
  }
  for (const InventoryItem& part : activity.inventory) name_once(components, component_of(part.component));
  std::vector<std::string> phases(phase_names.begin(), phase_names.end());
  phases.emplace_back(idle);
  std::vector<std::string> layers;
  for (const std::string& layer : activity.layers) name_once(layers, layer);
  name_once(layers, std::string(shared));
  if (layers.size() != activity.layers.size() + 1) {
    throw std::logic_error("two layers have one name, or one is called shared");
  }

  const auto joules = std::mem_fn(&EnergyItem::joules);
  const auto layer_name = [&](const EnergyItem& item) {
    return item.layer == shared_layer ? layers.back() : layers[item.layer - 1u];
  };
  EnergyReport report;
  report.by_component = sum_by(items, components, std::mem_fn(&EnergyItem::component), joules);
  report.by_phase = sum_by(items, phases, std::mem_fn(&EnergyItem::phase), joules);
  report.by_layer = sum_by(items, layers, layer_name, joules);
  std::tie(report.total_j, report.assumed_fraction) = total_and_assumed(items, joules);
  checked(report.total_j, "the energy", "the chip");
  return report;
}

AreaReport area_report(const std::vector<InventoryItem>& inventory, const CostTable& table) {
  std::vector<AreaItem> items;
  std::vector<std::string> components;
  for (const InventoryItem& part : inventory) {
    const double mm2 = static_cast<double>(part.count) * table.area(part.cost) * mm2_per_m2;
    items.push_back(
        {component_of(part.component), checked(mm2, "the area", part.component), table.entry(part.cost).assumption});
    name_once(components, items.back().component);
  }
  const auto mm2 = std::mem_fn(&AreaItem::mm2);
  AreaReport report;
  report.by_component = sum_by(items, components, std::mem_fn(&AreaItem::component), mm2);
  std::tie(report.total_mm2, report.assumed_fraction) = total_and_assumed(items, mm2);
  checked(report.total_mm2, "the area", "the chip");
  return report;
}

}  // namespace rheo
