#include "models/stream/event_buffer.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace rheo::stream {
namespace {

enum Kind : std::size_t { code, bit };

std::vector<ActionKind> event_actions() {
  return {{"event.code", "event", "spikes encoded or decoded", "stream.add"},
          {"event.bit", "bit", "bits written into or read from event buffers", "stream.buffer_bit"}};
}

}  // namespace

EventBuffer::EventBuffer(std::string name, std::uint64_t inputs, std::uint32_t ticks, std::uint64_t capacity_bits)
    : name_(std::move(name)),
      inputs_(inputs),
      ticks_(ticks),
      event_bits_(std::max(1U, static_cast<std::uint32_t>(std::bit_width(inputs * ticks - 1)))),
      capacity_bits_(capacity_bits) {}

void EventBuffer::clear() noexcept { size_ = wanted_ = 0; }

void EventBuffer::append(std::uint32_t tick, std::uint64_t position) {
  peak_events_ = std::max(peak_events_, ++wanted_);
  if (capacity_bits_ != 0 && (size_ + 1) * event_bits_ > capacity_bits_) return;
  const std::uint64_t at = size_ * event_bits_;
  if (words_for(at + event_bits_) + 1 > codes_.size()) codes_.resize(2 * words_for(at + event_bits_) + 1);
  set_bits(codes_.data(), at, event_bits_, tick * inputs_ + position);
  ++size_;
}

EventWriter::EventWriter(const sc_core::sc_module_name& name, const StageContext& context, EventBuffer& buffer,
                         EventReader& reader, SpikeStream& in)
    : Stage(name, context, event_actions()),
      buffer_(buffer),
      reader_(reader),
      in_(in),
      word_(words_for(in.parameters().read_bits) + 1) {
  in_.connect_reader(*this);
}

void EventWriter::work() {
  const std::uint32_t bits = in_.parameters().read_bits;
  while (in_.ready_to_read()) {
    const Cycle cycle = std::max(next_, in_.data_from());
    in_.read(cycle);
    in_.take(word_.data(), 0, bits);
    if (tick_ == 0 && position_ == 0) buffer_.clear();
    std::uint64_t spikes = 0;
    for (std::uint32_t first = 0; first < bits; first += 64) {
      const std::uint32_t part = std::min(64U, bits - first);
      for (std::uint64_t left = bits_at(word_.data(), first, part); left != 0; left &= left - 1) {
        buffer_.append(tick_, position_ + first + static_cast<std::uint64_t>(std::countr_zero(left)));
        ++spikes;
      }
    }
    const std::uint64_t taken = std::max<std::uint64_t>(1, spikes);
    steps(cycle + taken - 1, taken);
    count(code, spikes);
    count(bit, spikes * buffer_.event_bits());
    position_ += bits;
    if (position_ < buffer_.inputs()) continue;
    position_ = 0;
    if (++tick_ < buffer_.ticks()) continue;
    tick_ = 0;
    end_ = next_ - 1;
    reader_.start(end_);
  }
}

std::vector<InventoryItem> EventWriter::inventory() const {
  const StageMemory memory = buffer_.memory();
  if (memory.bram18k() > 0) return {{"bram", "bram.18k", memory.bram18k()}};
  return {{"event", "stream.lutram_bit", memory.bits()}};
}

std::vector<BufferUse> EventWriter::buffers() const {
  const StageMemory memory = buffer_.memory();
  return {{buffer_.name(), memory.bram18k() > 0 ? "bram" : "register", buffer_.capacity_bits(), buffer_.peak_bits(),
           memory.bram18k()}};
}

EventReader::EventReader(const sc_core::sc_module_name& name, const StageContext& context, EventBuffer& buffer,
                         SpikeStream& out)
    : Stage(name, context, event_actions()),
      buffer_(buffer),
      out_(out),
      word_(words_for(out.parameters().write_bits) + 1) {
  out_.connect_writer(*this);
}

void EventReader::start(Cycle cycle) {
  rest_until(cycle);
  running_ = true;
  event_ = 0;
  wake_after(cycle);
}

void EventReader::work() {
  const std::uint32_t bits = out_.parameters().write_bits;
  while (running_) {
    if (!have_word_) {
      std::fill(word_.begin(), word_.end(), 0);
      word_spikes_ = 0;
      const std::uint64_t first = tick_ * buffer_.inputs() + position_;
      while (event_ < buffer_.size() && buffer_.code(event_) < first + bits) {
        set_bits(word_.data(), buffer_.code(event_) - first, 1, 1);
        ++word_spikes_;
        ++event_;
      }
      have_word_ = true;
      count(code, word_spikes_);
      count(bit, word_spikes_ * buffer_.event_bits());
    }
    if (!out_.ready_to_write()) return;
    const std::uint64_t taken = std::max<std::uint64_t>(1, word_spikes_);
    const Cycle cycle = std::max(next_ + taken - 1, out_.room_from());
    if (tick_ == 0 && position_ == 0) begin_ = cycle;
    out_.put(word_.data(), 0, bits);
    out_.write(cycle);
    steps(cycle, taken);
    have_word_ = false;
    position_ += bits;
    if (position_ < buffer_.inputs()) continue;
    position_ = 0;
    running_ = ++tick_ < buffer_.ticks();
    if (running_) {
      wake_after(next_ - 1);
      return;
    }
    tick_ = 0;
  }
}

}  // namespace rheo::stream
