#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/crossbar/blocks.hpp"

namespace rheo::crossbar {

/// How a rank-1 update becomes pulse trains (Gokmen and Vlasov 2016; the management as in aihwkit).
struct PulseSettings {
  float dw_min = 0.0016F;         ///< mean step of a cell at one coincidence
  int train_length = 31;          ///< slots of the longest train, 1 to 31
  bool update_management = true;  ///< balance the two trains by the largest magnitudes of x and d
  bool length_management = true;  ///< shorten the train to ceil(lr x_m d_m / dw_min)
};

/// Slots and firing probabilities per unit of |x| and |d| of one vector's trains.
struct PulseScales {
  int slots = 0;
  float rows = 0;
  float columns = 0;
};

/// P(x) = min(1, |x| rows), P(d) = min(1, |d| columns); dw_min slots P(x) P(d) = lr |x d| as long as nothing
/// saturates. Beyond `train_length` slots update management lets only d saturate.
[[nodiscard]] PulseScales pulse_scales(const PulseSettings& settings, float learning_rate, float largest_x,
                                       float largest_d) noexcept;

/// The trains of a block of vectors in which something coincides or may coincide. A train is a word: bit s
/// is slot s, bit 31 the sign.
struct PulseEvents {
  struct Event {
    std::uint64_t identity = 0;  ///< of the vector
    std::size_t columns_at = 0;  ///< index in `words`: one word a column, padded to 16
    std::size_t rows_at = 0;     ///< index in `words`: pairs (row, word) of the rows that fire
    std::uint32_t rows = 0;      ///< number of pairs
  };
  std::vector<std::uint32_t> words;
  std::vector<Event> events;
};

/// Time and energy of the trains of a block.
struct PulseCounts {
  std::uint64_t vectors = 0;                  ///< vectors whose trains were played
  std::uint64_t skipped = 0;                  ///< vectors whose x or d was zero
  std::uint64_t slots = 0;                    ///< sum of train lengths
  std::array<std::uint64_t, 32> by_length{};  ///< vectors whose trains have that many slots
  std::uint64_t row_pulses = 0;               ///< pulses on row lines
  std::uint64_t column_pulses = 0;            ///< pulses on column lines
  std::uint64_t random_bits = 0;              ///< drawn by the generators of both edges
  std::uint64_t coincidences = 0;             ///< cell pulses

  PulseCounts& operator+=(const PulseCounts& other) noexcept {
    vectors += other.vectors;
    skipped += other.skipped;
    slots += other.slots;
    for (std::size_t i = 0; i < by_length.size(); ++i) by_length[i] += other.by_length[i];
    row_pulses += other.row_pulses;
    column_pulses += other.column_pulses;
    random_bits += other.random_bits;
    coincidences += other.coincidences;
    return *this;
  }
};

/// Draws the trains of the vectors and appends those that matter to `events`. Columns draw first; when no
/// column fires in any slot the rows stay idle. A line fires in a slot when its random number is below its
/// probability, resolved to 2^-31.
PulseCounts draw_pulse_trains(const PulseSettings& settings, float learning_rate, const InputBlock& inputs,
                              const InputBlock& errors, const VectorRange& vectors, const RandomKey& row_key,
                              const RandomKey& column_key, PulseEvents& events);

/// The cells as the update sees them: `inputs` rows of `row_stride` columns, padded to 16. The padding's
/// bounds are zero, so it stays zero.
struct CellArrays {
  float* weights = nullptr;
  const float* step_up = nullptr;
  const float* step_down = nullptr;
  const float* bound_low = nullptr;
  const float* bound_high = nullptr;
  std::size_t row_stride = 0;
  float cycle_to_cycle = 0.3F;  ///< relative deviation of one pulse
};

/// Applies the events in order to rows [first_row, last_row). A cell whose trains coincide n times steps by
/// n s + sqrt(n) s sigma xi against the sign of x d and is then clipped to its bounds: exact for n = 1, for
/// more one Gaussian in place of n pulses. xi comes from the cell's position and the vector's identity.
/// Returns the coincidences.
std::uint64_t apply_pulse_trains(const PulseEvents& events, const CellArrays& cells, const RandomKey& noise,
                                 std::size_t first_row, std::size_t last_row);

}  // namespace rheo::crossbar
