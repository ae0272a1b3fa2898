#pragma once

#include "models/core/recorder.hpp"
#include "models/crossbar/read_kernel.hpp"
#include "models/crossbar/weight_store.hpp"

namespace rheo::crossbar {

/// What the values of a tile's command decide, as a list of numbers.
///     read      reads, lines driven, activity; then the numbers of an update where cells were calibrated before
///     update    vectors, skipped, slots, random bits, cell pulses, half-selected, reads, lines driven, activity,
///               converted, cells read, cells reset, accumulated; then pairs of a train's length and the vectors that
///               took it
/// ReadCounts, PulseCounts and UpdateCounts say what each is.
struct TileRead {
  ReadCounts reads;
  UpdateCounts calibration;
};

[[nodiscard]] ValueCounts listed(const TileRead& read);
[[nodiscard]] ValueCounts listed(const UpdateCounts& update);

/// The same back. What no time or action depends on is 0. Throw std::invalid_argument for a list that is none.
[[nodiscard]] TileRead read_from(ValueCountsView list);
[[nodiscard]] UpdateCounts update_from(ValueCountsView list);

}  // namespace rheo::crossbar
