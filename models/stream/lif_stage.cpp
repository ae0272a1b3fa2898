#include "models/stream/lif_stage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/core/error.hpp"

namespace rheo::stream {

std::string_view memory_cost(std::uint64_t blocks) noexcept {
  return blocks > 0 ? "stream.buffer_bit" : "stream.lutram_access";
}

LifStage::LifStage(const sc_core::sc_module_name& name, const StageContext& context, std::vector<ActionKind> actions,
                   std::uint32_t positions, std::uint32_t outputs, std::uint32_t pe, const LifParameters& lif,
                   const TickSchedule& schedule, SpikeStream& out)
    : Stage(name, context, std::move(actions)),
      positions_(positions),
      outputs_(outputs),
      pe_(pe),
      lif_(lif),
      schedule_(schedule),
      out_(out),
      membranes_(std::size_t{positions} * outputs),
      fired_(words_for(outputs) + 1) {
  const std::string what = basename();
  if (pe < 1 || outputs % pe != 0) {
    throw InputError(what, fmt::format("pe = {}; expected a divisor of {} outputs", pe, outputs));
  }
  if (lif.membrane_bits < 2 || lif.membrane_bits > 32) {
    throw InputError(what, fmt::format("membranes of {} bits; expected 2 to 32", lif.membrane_bits));
  }
  if (lif.threshold < 0 || lif.threshold > lif.highest()) {
    throw InputError(what, fmt::format("threshold = {}; expected 0 to {}", lif.threshold, lif.highest()));
  }
  out_.connect_writer(*this);
}

void LifStage::observe(std::function<void(std::uint64_t, const std::vector<std::uint64_t>&)> observer) {
  observer_ = std::move(observer);
  frame_spikes_.resize(words_for(membranes_.size()) + 1);
}

template <class Lif, class Value>
void LifStage::fire_here(const Lif& lif, std::span<const Value> sums, std::vector<Value>& membranes) {
  const std::span<Value> here = std::span(membranes).subspan(std::size_t{position_} * outputs_, outputs_);
  stream::fire(lif, sums, here, fired_);
  if (schedule_.last(frames_)) std::fill(here.begin(), here.end(), Value{});
  out_.put(fired_.data(), 0, outputs_);
  if (observer_) copy_bits(frame_spikes_.data(), std::size_t{position_} * outputs_, fired_.data(), 0, outputs_);
}

void LifStage::fire(std::span<const std::int32_t> sums) { fire_here(lif_, sums, membranes_); }

void LifStage::fire(const RealLif& lif, std::span<const float> sums) {
  real_membranes_.resize(membranes_.size());
  fire_here(lif, sums, real_membranes_);
}

bool LifStage::end_position() {
  if (++position_ < positions_) return false;
  position_ = 0;
  count_frame();
  if (observer_) observer_(frames_, frame_spikes_);
  ++frames_;
  return true;
}

BufferUse LifStage::buffer(std::string_view part, const StageMemory& memory) const {
  const std::uint64_t blocks = memory.bram18k();
  return {fmt::format("{}.{}", basename(), part), blocks > 0 ? "bram" : "register", memory.bits(), memory.bits(),
          blocks};
}

std::vector<InventoryItem> LifStage::memory_inventory(std::string_view component) const {
  std::uint64_t blocks = 0;
  std::uint64_t table_bits = 0;
  for (const BufferUse& use : buffers()) {
    blocks += use.bram18k;
    if (use.bram18k == 0) table_bits += use.capacity_bits;
  }
  std::vector<InventoryItem> items;
  if (blocks > 0) items.push_back({"bram", "bram.18k", blocks});
  if (table_bits > 0) items.push_back({std::string(component), "stream.lutram_bit", table_bits});
  return items;
}

}  // namespace rheo::stream
