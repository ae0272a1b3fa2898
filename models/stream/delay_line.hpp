#pragma once

#include <cstdint>
#include <vector>

#include "models/stream/stage.hpp"
#include "models/stream/stage_memory.hpp"

namespace rheo::stream {

/// Hands every frame on `ticks` frames later, empty frames before: a fixed axonal or synaptic delay of a whole layer.
/// One word in and one out in a step, so that a frame takes frame_bits / word bits cycles. Holds `ticks` frames.
/// Actions: delay.bit (written or read).
class DelayLine : public Stage {
 public:
  /// Throws InputError when the words of both streams differ.
  DelayLine(const sc_core::sc_module_name& name, const StageContext& context, std::uint64_t ticks,
            std::uint64_t frame_bits, SpikeStream& in, SpikeStream& out);

  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  void work() override;

  std::uint64_t ticks_;
  std::uint64_t frame_bits_;
  std::uint32_t word_bits_;
  SpikeStream& in_;
  SpikeStream& out_;
  BitQueue frames_;
  std::vector<std::uint64_t> word_;
  bool have_word_ = false;
  Cycle word_cycle_ = 0;
};

}  // namespace rheo::stream
