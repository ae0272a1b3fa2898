#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/core/parameters.hpp"
#include "models/crossbar/blocks.hpp"

namespace rheo::crossbar {

/// How a rank-1 update reaches the cells.
enum class UpdateMode : std::uint8_t {
  stochastic_compressed,   ///< stochastic trains, up and down pulses played in one pass
  stochastic,              ///< up pulses in one pass, down pulses in a second one with trains of its own
  mean_count,              ///< rint(c_x c_d / slots) pulses, c = rint(slots P) of each line
  deterministic_implicit,  ///< rint(slots P(x) P(d)) pulses
  none_with_device,        ///< w - lr x d in floating point, then the bounds of the cells
};
inline constexpr std::array<std::string_view, 5> update_mode_names{"stochastic_compressed", "stochastic", "mean_count",
                                                                   "deterministic_implicit", "none_with_device"};

/// Longest train that can be asked for.
inline constexpr int longest_train = 1023;

/// How a rank-1 update becomes pulse trains (Gokmen and Vlasov 2016; the management as in aihwkit).
struct PulseSettings {
  UpdateMode mode = UpdateMode::stochastic_compressed;
  float granularity = 0.0016F;    ///< mean step of a cell at one coincidence
  int train_length = 31;          ///< slots of the longest train, 1 to longest_train
  bool update_management = true;  ///< balance the two trains by the largest magnitudes of x and d
  bool length_management = true;  ///< shorten the train to ceil(lr x_m d_m / granularity)
};

/// Slots and firing probabilities per unit of |x| and |d| of one vector's trains.
struct PulseScales {
  int slots = 0;
  float rows = 0;
  float columns = 0;
};

/// P(x) = min(1, |x| rows), P(d) = min(1, |d| columns); granularity slots P(x) P(d) = lr |x d| as long as nothing
/// saturates. Beyond `train_length` slots update management lets only d saturate.
[[nodiscard]] PulseScales pulse_scales(const PulseSettings& settings, float learning_rate, float largest_x,
                                       float largest_d) noexcept;

/// What the lines of a block of vectors send to the cells, where something coincides or may coincide.
///
/// Lines are kept in three ways, all with the sign of the value in bit 31 of a word:
/// - list: a train of one slot; the lines that fire, as line | sign;
/// - trains: up to 31 slots; a word a column (bit s: slot s), padded to 16, and pairs (row, word) of the rows that
///   fire. A longer train is several events, 31 slots each;
/// - counts: floats whose products are numbers of pulses (product: the update itself); one a column, padded to
///   16, and pairs (row, float) of the rows that are not zero.
struct PulseEvents {
  enum class Kind : std::uint8_t { list, trains, counts, product };
  struct Event {
    std::uint64_t identity = 0;  ///< of the vector
    std::size_t columns_at = 0;  ///< index in `words`
    std::size_t rows_at = 0;     ///< index in `words`
    std::uint32_t columns = 0;   ///< list: columns that fire
    std::uint32_t rows = 0;      ///< rows that fire
    std::uint32_t segment = 0;   ///< number of the part within its vector: keys the noise
    Kind kind = Kind::list;
    std::int8_t polarity = 0;  ///< 0: up and down pulses; +1: only up; -1: only down
    float divisor = 1;         ///< counts: rint(row column / divisor) pulses
  };
  std::vector<std::uint32_t> words;  ///< the first `used` hold something
  std::size_t used = 0;
  std::vector<Event> events;

  /// Room for `count` more words.
  std::uint32_t* room(std::size_t count) {
    if (words.size() < used + count) words.resize(2 * (used + count));
    return words.data() + used;
  }
  void clear() noexcept {
    used = 0;
    events.clear();
  }
};

/// Time and energy of the trains of a block.
struct PulseCounts {
  std::uint64_t vectors = 0;             ///< vectors whose trains were played
  std::uint64_t skipped = 0;             ///< vectors whose x or d was zero
  std::uint64_t slots = 0;               ///< sum of the slots played, all passes
  std::vector<std::uint64_t> by_length;  ///< vectors that took that many slots, all passes
  std::uint64_t row_pulses = 0;          ///< pulses on row lines
  std::uint64_t column_pulses = 0;       ///< pulses on column lines
  std::uint64_t random_bits = 0;         ///< drawn by the generators of both edges
  std::uint64_t coincidences = 0;        ///< cell pulses

  PulseCounts& operator+=(const PulseCounts& other);
};

/// Draws the trains of the vectors and appends those that matter to `events`. Columns draw first; when no
/// column fires in any slot the rows stay idle. A line fires in a slot when its random number is below its
/// probability, resolved to 2^-31.
PulseCounts draw_pulse_trains(const PulseSettings& settings, float learning_rate, const InputBlock& inputs,
                              const InputBlock& errors, const VectorRange& vectors, const RandomKey& row_key,
                              const RandomKey& column_key, PulseEvents& events);

}  // namespace rheo::crossbar
