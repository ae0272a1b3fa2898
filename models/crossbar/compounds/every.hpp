#pragma once

#include <algorithm>
#include <cstdint>

#include "models/crossbar/blocks.hpp"

namespace rheo::crossbar {

/// Cuts a block of vectors where something happens after every `every` vectors of the run, so that it happens at the
/// same vectors whatever the blocks: update(part) for what lies between, then event(). `seen` counts the vectors and
/// belongs to the state that is saved. every 0: never.
template <class Update, class Event>
void with_event_every(std::uint64_t every, const VectorRange& range, std::uint64_t& seen, const Update& update,
                      const Event& event) {
  VectorRange part = range;
  const std::size_t end = range.first + range.count;
  while (part.first < end) {
    const std::size_t left = end - part.first;
    part.count = every == 0 ? left : static_cast<std::size_t>(std::min<std::uint64_t>(left, every - seen % every));
    update(part);
    seen += part.count;
    part.first += part.count;
    if (every != 0 && seen % every == 0) event();
  }
}

}  // namespace rheo::crossbar
