#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <vector>

namespace rheo {

/// When a unit may ask the memories for the bursts of a command. The command is `chunks` portions of work: each is
/// read, worked on and written, three stages that overlap. Times are ticks.
///   - At most `outstanding` reads and as many writes are in flight.
///   - There is room for `outstanding` portions that have been read and not begun.
///   - Portion k of n_k items begins when it has arrived and the one before has had its time:
///     b_k = max(a_k, b_(k-1) + n_(k-1) I), with the interval I between items. Its results may be written from
///     b_k + (n_k - 1) I + L on, with the latency L of an item.
/// The caller books the bursts in order, each at the time that it is told, and says when they end.
class BurstSchedule {
 public:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  struct Law {
    std::uint64_t interval = 0;
    std::uint64_t latency = 0;
    std::uint64_t outstanding = 1;  ///< at least 1
  };

  BurstSchedule(std::uint64_t chunks, std::uint64_t items, const Law& law, std::uint64_t now);

  [[nodiscard]] std::uint64_t chunks() const noexcept { return chunks_; }

  /// From when on a burst of this portion may be read. Portions are read in order.
  [[nodiscard]] std::uint64_t read_from(std::uint64_t chunk) const;
  /// A burst of the portion is booked and ends then.
  void read(std::uint64_t chunk, std::uint64_t now, std::uint64_t end);
  /// All bursts of the portions before this one are booked.
  void arrived_before(std::uint64_t chunk);

  /// From when on a burst of this portion's results may be written; never: it has not arrived yet.
  [[nodiscard]] std::uint64_t write_from(std::uint64_t chunk) const;
  void written(std::uint64_t now, std::uint64_t end);

  /// When all that is booked has ended and all that has arrived is done.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

 private:
  /// Bursts that have not ended.
  class InFlight {
   public:
    [[nodiscard]] std::uint64_t room_from(std::uint64_t outstanding) const {
      return ends_.size() < outstanding ? 0 : ends_.top();
    }
    void add(std::uint64_t now, std::uint64_t end) {
      while (!ends_.empty() && ends_.top() <= now) ends_.pop();
      ends_.push(end);
    }

   private:
    std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> ends_;
  };

  [[nodiscard]] std::uint64_t items_of(std::uint64_t chunk) const noexcept {
    return items_ * (chunk + 1) / chunks_ - items_ * chunk / chunks_;
  }

  std::uint64_t chunks_, items_;
  Law law_;
  std::vector<std::uint64_t> begin_;  ///< of the portions that have arrived
  std::uint64_t arrival_;             ///< of the portion that is being read
  std::uint64_t free_;                ///< when the unit can begin the next portion
  std::uint64_t end_;
  InFlight reads_, writes_;
};

}  // namespace rheo
