#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace rheo::stream {

/// A clock cycle of the stages' clock, counted from the start of the simulation.
using Cycle = std::uint64_t;

/// The cycles of numbered words, which rise strictly, as runs of consecutive cycles: a stage that does not wait adds to
/// the last run, so that a run is what stages hand each other, however many words it has.
class CycleRuns {
 public:
  /// Consecutive cycles, the first and how many.
  struct Stretch {
    Cycle cycle;
    std::uint64_t words;
  };

  [[nodiscard]] std::uint64_t words() const noexcept { return words_; }

  /// The next `count` words, in `cycle` and the cycles after it.
  void append(Cycle cycle, std::uint64_t count) {
    if (end_ == begin_ || at(end_ - 1).cycle + (words_ - at(end_ - 1).word) != cycle) {
      if (end_ - begin_ == runs_.size()) grow();
      runs_[end_++ & (runs_.size() - 1)] = {words_, cycle};
    }
    words_ += count;
  }

  /// From `word` to the end of its run. `cursor` is the number of a run at or before it and follows.
  [[nodiscard]] Stretch from(std::uint64_t word, std::uint64_t& cursor) const noexcept {
    while (cursor + 1 < end_ && at(cursor + 1).word <= word) ++cursor;
    return {at(cursor).cycle + (word - at(cursor).word), end_of(cursor) - word};
  }

  /// How many words have a cycle before `cycle`. `cursor` is the number of a run that begins before it, or of the first
  /// run, and follows.
  [[nodiscard]] std::uint64_t words_before(Cycle cycle, std::uint64_t& cursor) const noexcept {
    if (end_ == begin_) return words_;
    while (cursor + 1 < end_ && at(cursor + 1).cycle < cycle) ++cursor;
    const Run& run = at(cursor);
    return cycle <= run.cycle ? run.word : std::min(end_of(cursor), run.word + (cycle - run.cycle));
  }

  /// Number of runs so far. The last one may still grow.
  [[nodiscard]] std::uint64_t runs() const noexcept { return end_; }
  /// The word behind a run.
  [[nodiscard]] std::uint64_t end_of(std::uint64_t run) const noexcept {
    return run + 1 < end_ ? at(run + 1).word : words_;
  }
  [[nodiscard]] Cycle last_cycle_of(std::uint64_t run) const noexcept {
    return at(run).cycle + (end_of(run) - at(run).word) - 1;
  }

  /// Runs before this one are no longer asked for.
  void forget_before(std::uint64_t run) noexcept { begin_ = run; }

 private:
  struct Run {
    std::uint64_t word;
    Cycle cycle;
  };

  [[nodiscard]] const Run& at(std::uint64_t run) const noexcept { return runs_[run & (runs_.size() - 1)]; }
  void grow() {
    std::vector<Run> larger(2 * runs_.size());
    for (std::uint64_t run = begin_; run < end_; ++run) larger[run & (larger.size() - 1)] = at(run);
    runs_ = std::move(larger);
  }

  std::vector<Run> runs_ = std::vector<Run>(16);  ///< a ring, its size a power of two
  std::uint64_t begin_ = 0, end_ = 0;             ///< numbers of the runs that are kept
  std::uint64_t words_ = 0;
};

}  // namespace rheo::stream
