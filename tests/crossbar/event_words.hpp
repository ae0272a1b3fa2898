#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/crossbar/pulse_trains.hpp"

namespace rheo::crossbar::testing {

inline constexpr std::uint32_t slot_mask = 0x7FFFFFFFU;

/// Columns of a stochastic event, one word a line: bit s is slot s, bit 31 the sign; 0 where nothing fires.
inline std::vector<std::uint32_t> column_words(const PulseEvents& events, const PulseEvents::Event& event,
                                               std::size_t columns) {
  std::vector<std::uint32_t> words(columns, 0U);
  if (event.kind == PulseEvents::Kind::list) {
    for (std::uint32_t c = 0; c < event.columns; ++c) {
      const std::uint32_t word = events.words.at(event.columns_at + c);
      words.at(word & slot_mask) = (word & ~slot_mask) | 1U;
    }
  } else {
    for (std::size_t j = 0; j < columns; ++j) {
      const std::uint32_t word = events.words.at(event.columns_at + j);
      words[j] = (word & slot_mask) != 0 ? word : 0U;
    }
  }
  return words;
}

/// Rows, the same way.
inline std::vector<std::uint32_t> row_words(const PulseEvents& events, const PulseEvents::Event& event,
                                            std::size_t rows) {
  std::vector<std::uint32_t> words(rows, 0U);
  for (std::uint32_t r = 0; r < event.rows; ++r) {
    if (event.kind == PulseEvents::Kind::list) {
      const std::uint32_t word = events.words.at(event.rows_at + r);
      words.at(word & slot_mask) = (word & ~slot_mask) | 1U;
    } else {
      words.at(events.words.at(event.rows_at + 2 * r)) = events.words.at(event.rows_at + 2 * r + 1);
    }
  }
  return words;
}

/// An event of trains in which every row meets every column of a plane with these trains.
inline PulseEvents all_meet(std::uint64_t identity, std::size_t rows, std::size_t stride, std::uint32_t row_train,
                            std::uint32_t column_train) {
  PulseEvents events;
  events.words.assign(stride, column_train);
  for (std::size_t i = 0; i < rows; ++i) {
    events.words.push_back(static_cast<std::uint32_t>(i));
    events.words.push_back(row_train);
  }
  events.used = events.words.size();
  PulseEvents::Event event;
  event.identity = identity;
  event.rows_at = stride;
  event.rows = static_cast<std::uint32_t>(rows);
  event.kind = PulseEvents::Kind::trains;
  events.events.push_back(event);
  return events;
}

/// Every one of `rows` rows fires with every one of `columns` columns, in the only slot.
inline PulseEvents all_meet_once(std::uint64_t identity, std::size_t rows, std::size_t columns,
                                 std::uint32_t row_sign) {
  PulseEvents events;
  for (std::uint32_t j = 0; j < columns; ++j) events.words.push_back(j);
  for (std::uint32_t i = 0; i < rows; ++i) events.words.push_back(i | row_sign);
  events.used = events.words.size();
  PulseEvents::Event event;
  event.identity = identity;
  event.rows_at = columns;
  event.columns = static_cast<std::uint32_t>(columns);
  event.rows = static_cast<std::uint32_t>(rows);
  event.kind = PulseEvents::Kind::list;
  events.events.push_back(event);
  return events;
}

}  // namespace rheo::crossbar::testing
