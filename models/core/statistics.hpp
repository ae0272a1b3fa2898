#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/core/scope.hpp"

namespace rheo {

/// One kind of counted action of a hardware block. The part of the name before the first dot is the
/// component it is reported under ("adc.convert" belongs to "adc").
struct ActionKind {
  std::string name;         ///< e.g. "adc.convert"
  std::string unit;         ///< what one count is, e.g. "conversion"
  std::string description;  ///< one sentence for the report
  std::string cost;         ///< entry of the cost table with the energy of one count, e.g. "adc.convert.9b"
};

/// Parts of a block that take area and leak, whether or not anything happens.
struct InventoryItem {
  std::string component;  ///< reported under this name, e.g. "adc"
  std::string cost;       ///< entry of the cost table with area and static power of one instance
  std::uint64_t count = 0;
};

/// Counts of a block's actions by mode, phase and layer. Counts are integers, so sums do not depend on
/// the order in which commands run.
class ActionCounts {
 public:
  ActionCounts() = default;
  explicit ActionCounts(std::vector<ActionKind> kinds);

  void add(std::size_t kind, Scope scope, std::uint64_t count) {
    const std::size_t at = index(kind, scope);
    if (at >= counts_.size()) grow(scope.layer);
    counts_[at] += count;
  }

  [[nodiscard]] const std::vector<ActionKind>& kinds() const noexcept { return kinds_; }
  /// One more than the largest layer index seen.
  [[nodiscard]] std::size_t layers() const noexcept;
  [[nodiscard]] std::uint64_t count(std::size_t kind, Scope scope) const noexcept;
  /// Sum over phases and layers.
  [[nodiscard]] std::uint64_t total(std::size_t kind, Mode mode) const noexcept;

  /// All counters in a fixed order, for checkpoints.
  [[nodiscard]] const std::vector<std::uint64_t>& values() const noexcept { return counts_; }
  /// Throws std::invalid_argument when the size does not fit the kinds.
  void restore(std::vector<std::uint64_t> values);

 private:
  [[nodiscard]] std::size_t index(std::size_t kind, Scope scope) const noexcept {
    return scope_index(scope) * kinds_.size() + kind;
  }
  void grow(LayerIndex layer);

  std::vector<ActionKind> kinds_;
  std::vector<std::uint64_t> counts_;
};

/// Time a block was busy, by mode, phase and layer, in ticks of the simulation's time resolution.
class BusyTime {
 public:
  void add(Scope scope, std::uint64_t ticks) {
    const std::size_t at = scope_index(scope);
    if (at >= ticks_.size()) grow(scope.layer);
    ticks_[at] += ticks;
  }
  [[nodiscard]] std::uint64_t ticks(Scope scope) const noexcept;
  [[nodiscard]] std::uint64_t total(Mode mode) const noexcept;
  [[nodiscard]] std::size_t layers() const noexcept;

  [[nodiscard]] const std::vector<std::uint64_t>& values() const noexcept { return ticks_; }
  void restore(std::vector<std::uint64_t> values);

 private:
  void grow(LayerIndex layer);

  std::vector<std::uint64_t> ticks_;
};

/// A memory as the report shows it.
struct BufferUse {
  std::string name;
  std::string kind;  ///< "bram", "dram", "fifo" or "register"
  std::uint64_t capacity_bits = 0;
  std::uint64_t peak_bits = 0;
  std::uint64_t bram18k = 0;  ///< 18-Kbit blocks, 0 where the memory is not made of them
};

/// What every hardware block offers to the report and to checkpoints. The report walks the module
/// tree and asks each module that implements it.
class Component {
 public:
  Component() = default;
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;
  virtual ~Component() = default;

  [[nodiscard]] virtual std::string component_name() const = 0;
  [[nodiscard]] virtual ActionCounts& actions() = 0;
  [[nodiscard]] virtual BusyTime& busy() = 0;
  [[nodiscard]] virtual std::vector<InventoryItem> inventory() const = 0;
  [[nodiscard]] virtual std::vector<BufferUse> buffers() const { return {}; }
  /// Commands that may keep the block busy at the same time: busy time over this is utilisation.
  [[nodiscard]] virtual std::size_t parallel() const { return 1; }

  /// State that outlives a moment of quiescence, as bytes: weights, memory contents, open DRAM rows.
  [[nodiscard]] virtual std::vector<std::byte> save_state() const { return {}; }
  /// Throws std::invalid_argument when the bytes do not fit this component.
  virtual void restore_state(std::span<const std::byte> state);
};

}  // namespace rheo
