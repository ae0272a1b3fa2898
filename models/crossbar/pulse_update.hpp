#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "models/core/parameters.hpp"
#include "models/core/thread_team.hpp"
#include "models/crossbar/cell_family.hpp"
#include "models/crossbar/pulse_trains.hpp"

namespace rheo::crossbar {

/// How updates become pulses. Names as in aihwkit's UpdateParameters.
struct UpdateParameters {
  UpdateMode mode = UpdateMode::stochastic_compressed;
  std::int64_t train_length = 31;
  bool update_management = true;
  bool length_management = true;
  CoincidenceMode coincidences = CoincidenceMode::automatic;

  void describe(Parameters& p) {
    p.choice("update_mode", mode, update_mode_names, "how a rank-1 update reaches the cells");
    p.integer("train_length", train_length, {1, longest_train}, "slots of the longest pulse train");
    p.flag("update_management", update_management, "balance the two trains by the largest magnitudes");
    p.flag("length_management", length_management, "shorten the trains to what the update needs");
    p.choice("coincidences", coincidences, coincidence_mode_names,
             "several pulses of one train on a cell: one after the other, or one Gaussian in their place");
  }

  [[nodiscard]] PulseSettings settings(double granularity) const {
    return {mode, static_cast<float>(granularity), static_cast<int>(train_length), update_management,
            length_management};
  }
};

/// Draws the trains of whole blocks of vectors and hands them to the cells, with the threads of a team.
class PulseUpdate {
 public:
  /// The random numbers of the lines come from (seed, stream, generators): an array may have several sets of pulse
  /// generators.
  PulseUpdate(const PulseSettings& settings, std::uint64_t seed, std::uint32_t stream, std::uint32_t generators = 0);

  /// Applies events to rows [first, last) and returns the cell pulses. Called for disjoint rows at the same time.
  using Apply = std::function<std::uint64_t(const PulseEvents& events, std::size_t first, std::size_t last)>;

  /// w <- w - lr x d, vector after vector. `inputs` blocks have as many elements as the matrix has rows.
  PulseCounts operator()(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                         float learning_rate, ThreadTeam& team, const Apply& apply);

  /// The same where each vector goes to one of `planes` planes: to plane_of(identity of the vector).
  using PlaneOf = std::function<std::size_t(std::uint64_t identity)>;
  using ApplyTo =
      std::function<std::uint64_t(std::size_t plane, const PulseEvents& events, std::size_t first, std::size_t last)>;
  PulseCounts to_one_of(std::size_t planes, const PlaneOf& plane_of, const InputBlock& inputs, const InputBlock& errors,
                        const VectorRange& range, float learning_rate, ThreadTeam& team, const ApplyTo& apply);

  /// The same in two steps: trains do not depend on the weights, so they may be drawn for block after block while its
  /// data are at hand. apply() plays all that wait, in order, to cells of `rows` rows.
  PulseCounts draw(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                   ThreadTeam& team);
  PulseCounts apply(std::size_t rows, ThreadTeam& team, const Apply& apply);

  [[nodiscard]] const PulseSettings& settings() const noexcept { return settings_; }

 private:
  using Consume = std::function<std::uint64_t(std::size_t first, std::size_t last)>;

  void consume(std::size_t rows, ThreadTeam& team, PulseCounts& counts, const Consume& work);

  PulseSettings settings_;
  RandomKey row_key_, column_key_;
  std::vector<PulseEvents> parts_;  ///< consecutive vectors each
  std::size_t waiting_ = 0;         ///< parts that hold trains not yet applied
};

}  // namespace rheo::crossbar
