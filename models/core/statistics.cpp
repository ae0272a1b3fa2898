#include "models/core/statistics.hpp"

#include <algorithm>
#include <stdexcept>

namespace rheo {
ActionCounts::ActionCounts(std::vector<ActionKind> kinds) : kinds_(std::move(kinds)) {}

void ActionCounts::grow(LayerIndex layer) {
  counts_.resize((static_cast<std::size_t>(layer) + 1) * scopes_per_layer * kinds_.size());
}

std::size_t ActionCounts::layers() const noexcept {
  return kinds_.empty() ? 0 : counts_.size() / (scopes_per_layer * kinds_.size());
}

std::uint64_t ActionCounts::count(std::size_t kind, Scope scope) const noexcept {
  const std::size_t at = index(kind, scope);
  return at < counts_.size() ? counts_[at] : 0;
}

std::uint64_t ActionCounts::total(std::size_t kind, Mode mode) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t layer = 0; layer < layers(); ++layer) {
    for (std::size_t phase = 0; phase < phase_count; ++phase) {
      sum += count(kind, {mode, static_cast<Phase>(phase), static_cast<LayerIndex>(layer)});
    }
  }
  return sum;
}

void ActionCounts::restore(std::vector<std::uint64_t> values) {
  if (kinds_.empty() ? !values.empty() : values.size() % (scopes_per_layer * kinds_.size()) != 0) {
    throw std::invalid_argument("action counters do not fit this component");
  }
  counts_ = std::move(values);
}

void BusyTime::grow(LayerIndex layer) { ticks_.resize((static_cast<std::size_t>(layer) + 1) * scopes_per_layer); }

std::uint64_t BusyTime::ticks(Scope scope) const noexcept {
  const std::size_t at = scope_index(scope);
  return at < ticks_.size() ? ticks_[at] : 0;
}

std::size_t BusyTime::layers() const noexcept { return ticks_.size() / scopes_per_layer; }

std::uint64_t BusyTime::total(Mode mode) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t layer = 0; layer < layers(); ++layer) {
    for (std::size_t phase = 0; phase < phase_count; ++phase) {
      sum += ticks({mode, static_cast<Phase>(phase), static_cast<LayerIndex>(layer)});
    }
  }
  return sum;
}

void BusyTime::restore(std::vector<std::uint64_t> values) {
  if (values.size() % scopes_per_layer != 0) throw std::invalid_argument("busy times do not fit this component");
  ticks_ = std::move(values);
}

void Component::restore_state(std::span<const std::byte> state) {
  if (!state.empty()) throw std::invalid_argument(component_name() + " keeps no state, but the checkpoint has some");
}

}  // namespace rheo
