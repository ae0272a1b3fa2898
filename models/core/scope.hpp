#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rheo {

/// What is accounted apart, in time and in energy.
enum class Mode : std::uint8_t {
  training,
  evaluation,
  preparation,  ///< programming the weights that a run begins with, and looking into the chip
};
inline constexpr std::size_t mode_count = 3;
inline constexpr std::array<std::string_view, mode_count> mode_names{"training", "evaluation", "preparation"};

/// What a command is part of. `digital` is vector-unit work, `transfer` is DMA.
enum class Phase : std::uint8_t { forward, backward, update, digital, transfer };
inline constexpr std::size_t phase_count = 5;
inline constexpr std::array<std::string_view, phase_count> phase_names{"forward", "backward", "update", "digital",
                                                                       "transfer"};

/// Layer 0 is what no layer owns ("shared"); network layer i is i + 1.
using LayerIndex = std::uint16_t;
inline constexpr LayerIndex shared_layer = 0;

/// On whose behalf an action happens or a unit is busy.
struct Scope {
  Mode mode = Mode::training;
  Phase phase = Phase::forward;
  LayerIndex layer = shared_layer;

  friend bool operator==(const Scope&, const Scope&) = default;
};

/// Scopes in one row: layer by layer, in it mode by mode, in it phase by phase.
inline constexpr std::size_t scopes_per_layer = mode_count * phase_count;
[[nodiscard]] constexpr std::size_t scope_index(Scope scope) noexcept {
  return (static_cast<std::size_t>(scope.layer) * mode_count + static_cast<std::size_t>(scope.mode)) * phase_count +
         static_cast<std::size_t>(scope.phase);
}

}  // namespace rheo
