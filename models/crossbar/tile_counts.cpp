#include "models/crossbar/tile_counts.hpp"

#include <array>
#include <span>
#include <stdexcept>

#include "models/crossbar/pulse_trains.hpp"

namespace rheo::crossbar {
namespace {

constexpr std::size_t read_numbers = 3;
constexpr std::size_t update_numbers = 13;

/// Longest time of a vector: both passes of a train.
constexpr std::uint64_t most_slots = 2 * longest_train;

void append(ValueCounts& list, const UpdateCounts& update) {
  const PulseCounts& pulses = update.pulses;
  list.insert(list.end(), {pulses.vectors, pulses.skipped, pulses.slots, pulses.random_bits, update.cell_pulses,
                           update.half_selected, update.reads.reads, update.reads.driven, update.reads.activity,
                           update.converted, update.cells_read, update.cells_reset, update.accumulated});
  for (std::size_t length = 0; length < pulses.by_length.size(); ++length) {
    if (pulses.by_length[length] > 0) list.insert(list.end(), {length, pulses.by_length[length]});
  }
}

UpdateCounts update_of(ValueCountsView list) {
  if (list.size() < update_numbers || (list.size() - update_numbers) % 2 != 0) {
    throw std::invalid_argument("these are not the counts of an update");
  }
  UpdateCounts update;
  PulseCounts& pulses = update.pulses;
  const std::array<std::uint64_t*, update_numbers> places{
      &pulses.vectors,       &pulses.skipped,     &pulses.slots,        &pulses.random_bits,    &update.cell_pulses,
      &update.half_selected, &update.reads.reads, &update.reads.driven, &update.reads.activity, &update.converted,
      &update.cells_read,    &update.cells_reset, &update.accumulated};
  for (std::size_t i = 0; i < update_numbers; ++i) *places[i] = list[i];
  for (std::size_t i = update_numbers; i < list.size(); i += 2) {
    const std::uint64_t length = list[i];
    if (length > most_slots) throw std::invalid_argument("these are not the counts of an update");
    if (pulses.by_length.size() <= length) pulses.by_length.resize(length + 1);
    pulses.by_length[length] += list[i + 1];
  }
  return update;
}

}  // namespace

ValueCounts listed(const TileRead& read) {
  ValueCounts list{read.reads.reads, read.reads.driven, read.reads.activity};
  if (read.calibration.reads.reads > 0) append(list, read.calibration);
  return list;
}

ValueCounts listed(const UpdateCounts& update) {
  ValueCounts list;
  append(list, update);
  return list;
}

TileRead read_from(ValueCountsView list) {
  if (list.size() < read_numbers) throw std::invalid_argument("these are not the counts of a read");
  TileRead read;
  read.reads.reads = list[0];
  read.reads.driven = list[1];
  read.reads.activity = list[2];
  if (list.size() > read_numbers) read.calibration = update_of(list.subspan(read_numbers));
  return read;
}

UpdateCounts update_from(ValueCountsView list) { return update_of(list); }

}  // namespace rheo::crossbar
