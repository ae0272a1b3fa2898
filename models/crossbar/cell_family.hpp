#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/core/parameters.hpp"
#include "models/crossbar/pulse_trains.hpp"

namespace rheo::crossbar {

struct PopulationParameters;

/// What a family may keep per cell beyond steps and bounds.
inline constexpr std::size_t most_own_values = 3;

/// Hidden parameters of one cell as the population draws them; weights and steps in weight units.
struct Cell {
  float step_up = 0;    ///< mean step of one up pulse, as the family scales it
  float step_down = 0;  ///< the same downwards, positive
  float bound_low = 0;
  float bound_high = 0;
  float reset_bias = 0;                      ///< where decay and reset lead
  std::array<float, most_own_values> own{};  ///< of the family
};

/// The cells of one plane as the update sees them: rows of `row_stride` columns, padded to 16. The padding's
/// bounds are zero, so it stays zero.
struct CellArrays {
  float* weights = nullptr;  ///< what pulses move
  float* visible = nullptr;  ///< what reads see, where that differs: weights + write_noise xi; else null
  const float* step_up = nullptr;
  const float* step_down = nullptr;
  const float* bound_low = nullptr;
  const float* bound_high = nullptr;
  std::array<const float*, most_own_values> own{};
  std::size_t row_stride = 0;
  float cycle_to_cycle = 0.3F;  ///< relative deviation of one pulse
  float write_noise = 0;        ///< weight units
};

/// Which pulses a plane takes.
enum class PulseSelection : std::uint8_t {
  both,        ///< up and down
  up_only,     ///< only pulses that mean up
  down_as_up,  ///< only pulses that mean down, and they step up: the negative cell of a one-sided pair
  down_only,   ///< only pulses that mean down
};

/// How n coincidences of one cell within one train become a step. Of a train of 31 coincidences the Kolmogorov-Smirnov
/// distance between the two modes is below 0.008 for constant steps, 0.015 (from 0) to 0.05 (at a bound) for ReRamSB's
/// soft bounds, up to 0.09 for a power law and up to 0.3 at the bounds of ReRamES's exponential steps
/// (tests/crossbar/coincidence_mode_test.cpp).
enum class CoincidenceMode : std::uint8_t {
  automatic,   ///< aggregated for constant steps, exact for steps that depend on the weight
  exact,       ///< one pulse after the other, each with its noise and clipped to the bounds
  aggregated,  ///< one Gaussian with the mean and variance of n steps from the weight before, clipped once
};
inline constexpr std::array<std::string_view, 3> coincidence_mode_names{"automatic", "exact", "aggregated"};

/// Events to be applied, in order, to rows [first_row, last_row) of a plane.
struct PulseApplication {
  const PulseEvents& events;
  const CellArrays& cells;
  const RandomKey& cycle_noise;  ///< keyed by the vector's identity and the cell's position or rank
  const RandomKey& write_noise;
  PulseSelection selection = PulseSelection::both;
  bool exact = false;
  std::size_t first_row = 0;
  std::size_t last_row = 0;
};

/// How a kind of cell answers pulses: its population, its step, its own parameters. One file in `families/`
/// each; the file's name is the family's.
///
/// One pulse moves the weight by a Gaussian whose mean m(w) and deviation s(w) depend on the weight before,
/// and the bounds clip the result.
class CellFamily {
 public:
  virtual ~CellFamily() = default;
  [[nodiscard]] virtual std::unique_ptr<CellFamily> clone() const = 0;

  [[nodiscard]] virtual std::string_view description() const noexcept = 0;
  /// The family's own parameters; they stand beside those of PopulationParameters.
  virtual void describe(Parameters& p) = 0;
  /// What is wrong with them together, if anything.
  [[nodiscard]] virtual std::optional<ParameterFault> check() const { return std::nullopt; }

  /// Mean step of one pulse around weight 0, from which trains take their length and probabilities.
  [[nodiscard]] virtual double granularity(const PopulationParameters& population) const;

  [[nodiscard]] virtual std::size_t own_values() const noexcept { return 0; }
  /// Standard normal variates that complete() wants for each cell.
  [[nodiscard]] virtual std::size_t own_variates() const noexcept { return 0; }
  /// Adds the family's own values to a cell whose common ones are drawn, and may change those.
  virtual void complete(const PopulationParameters& population, std::span<const float> variates, Cell& cell) const;

  /// Whether the step depends on the weight, so that n pulses are not n times one pulse.
  [[nodiscard]] virtual bool depends_on_weight() const noexcept { return true; }

  /// Returns the cell pulses applied.
  virtual std::uint64_t apply(const PulseApplication& pulses) const = 0;
};

/// The names of all families, in alphabetical order.
[[nodiscard]] std::span<const std::string> cell_family_names();

/// Throws std::invalid_argument for a name that is not among them.
[[nodiscard]] std::unique_ptr<CellFamily> make_cell_family(std::string_view name);

}  // namespace rheo::crossbar
