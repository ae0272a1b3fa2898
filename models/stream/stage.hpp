#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <systemc>
#include <vector>

#include "models/core/statistics.hpp"
#include "models/stream/spike_stream.hpp"

namespace rheo::stream {

struct StageContext {
  sc_core::sc_time clock;  ///< period
  LayerIndex layer = shared_layer;
};

/// A deterministic stage of a streaming pipeline. It keeps its own time (in cycles) ahead of or behind the kernel's:
/// each step happens in the first cycle in which its input, its room at the output and the stage itself are ready.
/// Woken by an event of the kernel or called by a writer that waits for room, it goes as far as its streams allow.
class Stage : public sc_core::sc_module, public Component {
 public:
  /// Goes as far as the streams allow.
  void run();
  /// An event at the end of `cycle`, or now when that has passed.
  void wake_after(Cycle cycle);

  /// Does nothing up to the end of `cycle`.
  void rest_until(Cycle cycle) noexcept { next_ = std::max(next_, cycle + 1); }

  /// Cycles in which the stage worked, as opposed to waiting for its streams.
  [[nodiscard]] std::uint64_t busy_cycles() const noexcept { return busy_cycles_; }
  /// Times that the kernel woke the stage.
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  /// The first cycle after the latest step.
  [[nodiscard]] Cycle now() const noexcept { return next_; }

  [[nodiscard]] std::string component_name() const override { return basename(); }
  [[nodiscard]] ActionCounts& actions() override { return actions_; }
  [[nodiscard]] BusyTime& busy() override;

 protected:
  SC_HAS_PROCESS(Stage);
  Stage(const sc_core::sc_module_name& name, const StageContext& context, std::vector<ActionKind> actions);

  /// Works until a stream stops it.
  virtual void work() = 0;

  /// The step in `cycle` is done.
  void step(Cycle cycle) noexcept {
    next_ = cycle + 1;
    ++busy_cycles_;
  }
  /// `count` steps in consecutive cycles, the last one in `cycle`.
  void steps(Cycle cycle, std::uint64_t count) noexcept {
    next_ = cycle + 1;
    busy_cycles_ += count;
  }
  /// `count` steps, after which next_ has been set.
  void worked(std::uint64_t count) noexcept { busy_cycles_ += count; }
  void count(std::size_t kind, std::uint64_t n) { actions_.add(kind, scope_, n); }
  [[nodiscard]] const StageContext& context() const noexcept { return context_; }

  Cycle next_ = 0;  ///< the first cycle in which the next step may happen

 private:
  void woken();

  StageContext context_;
  Scope scope_;
  sc_core::sc_event wake_;
  bool running_ = false;
  std::uint64_t busy_cycles_ = 0;
  std::uint64_t events_ = 0;
  ActionCounts actions_;
  BusyTime busy_;
};

}  // namespace rheo::stream
