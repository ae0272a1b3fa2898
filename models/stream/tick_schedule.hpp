#pragma once

#include <cstdint>

namespace rheo::stream {

/// Which tick of an example a frame is: examples of `ticks` frames follow each other without a gap, behind `lead`
/// empty frames (propagation delays in front of a stage).
struct TickSchedule {
  std::uint32_t ticks = 1;
  std::uint64_t lead = 0;

  [[nodiscard]] constexpr bool idle(std::uint64_t frame) const noexcept { return frame < lead; }
  [[nodiscard]] constexpr bool first(std::uint64_t frame) const noexcept {
    return !idle(frame) && (frame - lead) % ticks == 0;
  }
  /// The reset signal of figure 2.8.
  [[nodiscard]] constexpr bool last(std::uint64_t frame) const noexcept {
    return !idle(frame) && (frame - lead) % ticks == ticks - 1;
  }
};

}  // namespace rheo::stream
