#include "models/stream/delay_line.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/core/error.hpp"

namespace rheo::stream {

DelayLine::DelayLine(const sc_core::sc_module_name& name, const StageContext& context, std::uint64_t ticks,
                     std::uint64_t frame_bits, SpikeStream& in, SpikeStream& out)
    : Stage(name, context, {{"delay.bit", "bit", "bits written into or read from delay lines", "stream.buffer_bit"}}),
      ticks_(ticks),
      frame_bits_(frame_bits),
      word_bits_(in.parameters().read_bits),
      in_(in),
      out_(out),
      word_(words_for(word_bits_) + 1) {
  if (out.parameters().write_bits != word_bits_) {
    throw InputError(basename(), fmt::format("words of {} bits in and {} bits out; expected the same", word_bits_,
                                             out.parameters().write_bits));
  }
  frames_.push_zeros(ticks * frame_bits);
  in_.connect_reader(*this);
  out_.connect_writer(*this);
}

void DelayLine::work() {
  while (true) {
    if (!have_word_) {
      if (!in_.ready_to_read()) return;
      word_cycle_ = std::max(next_, in_.data_from());
      in_.read(word_cycle_);
      in_.take(word_.data(), 0, word_bits_);
      frames_.push(word_.data(), 0, word_bits_);
      frames_.pop(word_.data(), 0, word_bits_);
      have_word_ = true;
      count(0, 2ULL * word_bits_);
    }
    if (!out_.ready_to_write()) return;
    const Cycle cycle = std::max(word_cycle_, out_.room_from());
    out_.put(word_.data(), 0, word_bits_);
    out_.write(cycle);
    step(cycle);
    have_word_ = false;
  }
}

std::vector<InventoryItem> DelayLine::inventory() const {
  const StageMemory memory = delay_memory(ticks_, frame_bits_, word_bits_);
  if (memory.bram18k() > 0) return {{"bram", "bram.18k", memory.bram18k()}};
  return {{"delay", "stream.lutram_bit", memory.bits()}};
}

std::vector<BufferUse> DelayLine::buffers() const {
  const StageMemory memory = delay_memory(ticks_, frame_bits_, word_bits_);
  const std::uint64_t blocks = memory.bram18k();
  return {{basename(), blocks > 0 ? "bram" : "register", memory.bits(), memory.bits(), blocks}};
}

}  // namespace rheo::stream
