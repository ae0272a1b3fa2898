#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "models/stream/lif.hpp"
#include "models/stream/stage.hpp"
#include "models/stream/stage_memory.hpp"
#include "models/stream/tick_schedule.hpp"

namespace rheo::stream {

/// The stage of a layer that ends in LIF neurons: whatever multiplies in front of them, the neurons of the `positions`
/// of a frame take their sums position by position, fire, and their spikes go out in words of `pe` bits.
///
/// Membranes are 0 before the first tick and after the last tick of each example. See LifParameters for the arithmetic.
class LifStage : public Stage {
 public:
  /// The membranes, by position and output.
  [[nodiscard]] std::span<const std::int32_t> membranes() const noexcept { return membranes_; }
  /// Called with each frame's output spikes when the frame is done: for tests and for measuring.
  void observe(std::function<void(std::uint64_t frame, const std::vector<std::uint64_t>& spikes)> observer);

 protected:
  /// Throws InputError unless pe divides the outputs, and the threshold lies in the membrane's range and is not
  /// negative (an empty frame must not fire).
  LifStage(const sc_core::sc_module_name& name, const StageContext& context, std::vector<ActionKind> actions,
           std::uint32_t positions, std::uint32_t outputs, std::uint32_t pe, const LifParameters& lif,
           const TickSchedule& schedule, SpikeStream& out);

  /// The neurons of the present position take `outputs` sums; their spikes are put into the output stream, whose words
  /// remain to be written.
  void fire(std::span<const std::int32_t> sums);
  /// The same for neurons in single precision, with membranes of their own.
  void fire(const RealLif& lif, std::span<const float> sums);
  /// Goes to the next position; true when the frame is done, which count_frame() has then been told.
  bool end_position();
  /// Books what was done since the last call.
  virtual void count_frame() = 0;

  [[nodiscard]] std::uint32_t positions() const noexcept { return positions_; }
  [[nodiscard]] std::uint32_t outputs() const noexcept { return outputs_; }
  [[nodiscard]] std::uint64_t neurons() const noexcept { return membranes_.size(); }
  /// Words of a position.
  [[nodiscard]] std::uint32_t passes() const noexcept { return outputs_ / pe_; }
  [[nodiscard]] std::uint32_t pe() const noexcept { return pe_; }
  [[nodiscard]] const LifParameters& lif() const noexcept { return lif_; }
  /// The present position and frame.
  [[nodiscard]] std::uint32_t position() const noexcept { return position_; }
  [[nodiscard]] std::uint64_t frame() const noexcept { return frames_; }
  [[nodiscard]] const TickSchedule& schedule() const noexcept { return schedule_; }
  [[nodiscard]] SpikeStream& out() noexcept { return out_; }

  /// A memory of the stage as reports show it.
  [[nodiscard]] BufferUse buffer(std::string_view part, const StageMemory& memory) const;
  /// The parts that the memories are made of.
  [[nodiscard]] std::vector<InventoryItem> memory_inventory(std::string_view component) const;

 private:
  template <class Lif, class Value>
  void fire_here(const Lif& lif, std::span<const Value> sums, std::vector<Value>& membranes);

  std::uint32_t positions_, outputs_, pe_;
  LifParameters lif_;
  TickSchedule schedule_;
  SpikeStream& out_;
  std::vector<std::int32_t> membranes_;
  std::vector<float> real_membranes_;        ///< of neurons in single precision
  std::vector<std::uint64_t> fired_;         ///< of one position
  std::vector<std::uint64_t> frame_spikes_;  ///< of the frame, when observed
  std::function<void(std::uint64_t, const std::vector<std::uint64_t>&)> observer_;
  std::uint32_t position_ = 0;
  std::uint64_t frames_ = 0;
};

/// The cost entry of an access to a memory of so many blocks: deep memories are block RAM, shallow ones look-up tables.
[[nodiscard]] std::string_view memory_cost(std::uint64_t blocks) noexcept;

}  // namespace rheo::stream
