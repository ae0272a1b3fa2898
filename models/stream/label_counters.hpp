#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "models/stream/stage.hpp"
#include "models/stream/tick_schedule.hpp"

namespace rheo::stream {

/// One spike counter a label. Reads a word of the last layer's spikes a cycle; after the last tick of an example hands
/// the counts out, one a cycle, and starts again at 0. Counters are wide enough for one spike a tick.
/// Actions: counter.add (spikes counted).
class LabelCounters : public Stage {
 public:
  LabelCounters(const sc_core::sc_module_name& name, const StageContext& context, std::uint32_t labels,
                const TickSchedule& schedule, SpikeStream& in, SpikeStream& out);

  /// Bits of one counter: ticks + 1 values.
  [[nodiscard]] static std::uint32_t counter_bits(std::uint32_t ticks) noexcept;

  /// Called with each frame of spikes that arrives.
  void observe(std::function<void(std::uint64_t frame, const std::vector<std::uint64_t>& spikes)> observer) {
    observer_ = std::move(observer);
  }
  /// The last cycle of each frame.
  [[nodiscard]] const std::vector<Cycle>& frame_ends() const noexcept { return frame_ends_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  void work() override;

  TickSchedule schedule_;
  SpikeStream& in_;
  SpikeStream& out_;
  std::uint32_t frame_words_;
  std::uint32_t counter_bits_;
  std::vector<std::uint64_t> counts_;
  std::vector<std::uint64_t> frame_;
  std::vector<Cycle> frame_ends_;
  std::function<void(std::uint64_t, const std::vector<std::uint64_t>&)> observer_;
  std::uint32_t word_ = 0;
  std::uint32_t counts_to_write_ = 0;
  std::uint64_t frames_ = 0;
};

}  // namespace rheo::stream
