#include "models/stream/label_counters.hpp"

#include <algorithm>
#include <bit>

namespace rheo::stream {

std::uint32_t LabelCounters::counter_bits(std::uint32_t ticks) noexcept {
  return static_cast<std::uint32_t>(std::bit_width(ticks));
}

LabelCounters::LabelCounters(const sc_core::sc_module_name& name, const StageContext& context, std::uint32_t labels,
                             const TickSchedule& schedule, SpikeStream& in, SpikeStream& out)
    : Stage(name, context, {{"counter.add", "spike", "spikes counted for a label", "stream.add"}}),
      schedule_(schedule),
      in_(in),
      out_(out),
      frame_words_(labels / in.parameters().read_bits),
      counter_bits_(counter_bits(schedule.ticks)),
      counts_(labels),
      frame_(words_for(labels) + 1) {
  in_.connect_reader(*this);
  out_.connect_writer(*this);
}

void LabelCounters::work() {
  while (true) {
    while (counts_to_write_ > 0) {
      if (!out_.ready_to_write()) return;
      const Cycle cycle = std::max(next_, out_.room_from());
      out_.write(cycle);
      step(cycle);
      --counts_to_write_;
    }
    if (!in_.ready_to_read()) return;
    const Cycle cycle = std::max(next_, in_.data_from());
    in_.read(cycle);
    step(cycle);
    if (++word_ < frame_words_) continue;
    word_ = 0;
    in_.take(frame_.data(), 0, counts_.size());
    std::uint64_t spikes = 0;
    for (std::size_t label = 0; label < counts_.size(); ++label) {
      const std::uint64_t spike = bits_at(frame_.data(), label, 1);
      counts_[label] += spike;
      spikes += spike;
    }
    count(0, spikes);
    frame_ends_.push_back(cycle);
    if (observer_) observer_(frames_, frame_);
    if (!schedule_.last(frames_++)) continue;
    for (std::uint64_t& label : counts_) {
      out_.put(&label, 0, counter_bits_);
      label = 0;
    }
    counts_to_write_ = static_cast<std::uint32_t>(counts_.size());
  }
}

std::vector<InventoryItem> LabelCounters::inventory() const {
  return {{"counter", "stream.lutram_bit", counts_.size() * counter_bits_}};
}

std::vector<BufferUse> LabelCounters::buffers() const {
  const std::uint64_t bits = counts_.size() * counter_bits_;
  return {{basename(), "register", bits, bits, 0}};
}

}  // namespace rheo::stream
