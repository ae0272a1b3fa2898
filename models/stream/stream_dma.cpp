#include "models/stream/stream_dma.hpp"

#include <algorithm>
#include <stdexcept>

#include "models/core/rounding.hpp"

namespace rheo::stream {
namespace {

std::vector<ActionKind> actions_of(const char* dram, const char* description) {
  return {{"dma.byte", "byte", "bytes that DMA engines moved", "dma.byte"}, {dram, "bit", description, dram}};
}

}  // namespace

DmaIn::DmaIn(const sc_core::sc_module_name& name, const StageContext& context, const StreamDmaParameters& parameters,
             std::uint64_t frame_bits, SpikeStream& out)
    : Stage(name, context, actions_of("dram.read", "bits read from DRAM")),
      parameters_(parameters),
      frame_bits_(frame_bits),
      frame_words_(frame_bits / out.parameters().write_bits),
      out_(out),
      port_free_(parameters.latency) {
  out_.connect_writer(*this);
}

void DmaIn::send(std::vector<std::uint64_t> frame) {
  if (frame.size() * 64 < frame_bits_) throw std::invalid_argument("a frame of too few bits");
  if (waiting_.empty()) wake_after(next_);
  frame.resize(words_for(frame_bits_) + 1);
  waiting_.push_back(std::move(frame));
}

void DmaIn::work() {
  if (waiting_.empty()) return;
  const std::uint64_t word_bits = out_.parameters().write_bits;
  while (word_ < frame_words_) {
    if (!out_.ready_to_write()) return;
    if (word_ == 0) {
      out_.put(waiting_.front().data(), 0, frame_bits_);
      count(byte, ceil_divide(frame_bits_, 8));
      count(dram_read, frame_bits_);
    }
    Cycle cycle = std::max({next_, out_.room_from(), port_free_ + (word_ * word_bits) / parameters_.bits_per_cycle});
    if (word_ == 0) {
      cycle = std::max(cycle, parameters_.latency + frames_ * parameters_.frame_interval);
      frame_start_ = cycle;
    }
    out_.write(cycle);
    step(cycle);
    ++word_;
  }
  port_free_ = std::max(port_free_ + ceil_divide(frame_bits_, parameters_.bits_per_cycle), frame_start_);
  word_ = 0;
  ++frames_;
  waiting_.pop_front();
  if (!waiting_.empty()) wake_after(next_ - 1);
}

DmaOut::DmaOut(const sc_core::sc_module_name& name, const StageContext& context, std::uint32_t words, SpikeStream& in)
    : Stage(name, context, actions_of("dram.write", "bits written to DRAM")), words_(words), in_(in) {
  in_.connect_reader(*this);
}

void DmaOut::work() {
  const std::uint32_t bits = in_.parameters().read_bits;
  while (in_.ready_to_read()) {
    const Cycle cycle = std::max(next_, in_.data_from());
    in_.read(cycle);
    step(cycle);
    std::uint64_t value[2] = {};
    in_.take(value, 0, bits);
    values_.push_back(static_cast<std::uint32_t>(value[0]));
    if (values_.size() < words_) continue;
    count(byte, ceil_divide(std::uint64_t{words_} * bits, 8));
    count(dram_write, std::uint64_t{words_} * bits);
    results_.push_back({cycle, std::move(values_)});
    values_.clear();
  }
}

}  // namespace rheo::stream
