#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/core/scope.hpp"
#include "models/core/statistics.hpp"
#include "models/cost/cost_table.hpp"

namespace rheo {

/// What a run did and what it did it on: all that energy and area are computed from.
struct ChipActivity {
  std::vector<std::reference_wrapper<const ActionCounts>> actions;  ///< one per module
  std::vector<InventoryItem> inventory;                             ///< of all modules
  std::array<double, mode_count> duration_s{};                      ///< time spent in each mode
  std::vector<std::string> layers;                                  ///< network layer i is LayerIndex i + 1
};

/// The joules of one kind of action in one phase of one layer, over all modules that count it, or the
/// static energy of one part of the inventory (action "static", phase "idle", layer "shared").
struct EnergyItem {
  std::string component;  ///< name before the first dot
  std::string action;
  std::string unit;  ///< what one count is
  std::string entry;
  std::string_view phase;
  LayerIndex layer = shared_layer;
  std::uint64_t count = 0;
  double joules = 0.0;
  bool assumption = false;
};

/// An item summed over phases and layers: one line of the text report.
struct EnergyLine {
  std::string component;
  std::string action;
  std::string unit;
  std::string entry;
  std::uint64_t count = 0;
  double joules = 0.0;
  bool assumption = false;
};

/// Named parts of a whole, in an order worth reading.
class Breakdown {
 public:
  using Part = std::pair<std::string, double>;

  Breakdown() = default;
  explicit Breakdown(std::vector<Part> parts) : parts_(std::move(parts)) {}

  [[nodiscard]] const std::vector<Part>& parts() const noexcept { return parts_; }
  /// Throws std::out_of_range for a name that is not there.
  [[nodiscard]] double at(std::string_view name) const;

 private:
  std::vector<Part> parts_;
};

/// Each breakdown sums to the total. What the chip has but did not use stands there with 0 J.
struct EnergyReport {
  double total_j = 0.0;
  Breakdown by_component;
  Breakdown by_phase;             ///< the phases, and "idle": static power times the time of the mode
  Breakdown by_layer;             ///< the layers in network order, and "shared" with the static energy
  double assumed_fraction = 0.0;  ///< share of the total from entries that are assumptions
};

struct AreaReport {
  double total_mm2 = 0.0;
  Breakdown by_component;
  double assumed_fraction = 0.0;
};

/// Throws InputError for the first action or part that the table cannot price. Call it before a long run:
/// what is counted at its end needs the same entries. An action whose `cost` is empty is counted only.
void require_costs(const ChipActivity& activity, const CostTable& table);

/// Every action that happened in this mode, ordered by name, entry, layer and phase; then the static parts
/// in inventory order. Throws InputError as require_costs does, std::logic_error naming the item when
/// energy is not finite or is negative.
[[nodiscard]] std::vector<EnergyItem> energy_items(const ChipActivity& activity, Mode mode, const CostTable& table);

/// The items summed over phases and layers, in the same order.
[[nodiscard]] std::vector<EnergyLine> energy_lines(const std::vector<EnergyItem>& items);

[[nodiscard]] EnergyReport energy_report(const ChipActivity& activity, Mode mode, const CostTable& table);

[[nodiscard]] AreaReport area_report(const std::vector<InventoryItem>& inventory, const CostTable& table);

}  // namespace rheo
