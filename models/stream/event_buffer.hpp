#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/stream/spike_bits.hpp"
#include "models/stream/stage.hpp"
#include "models/stream/stage_memory.hpp"

namespace rheo::stream {

/// Memory for the encoded spikes of a layer's input over all ticks of an example, in the order of their codes:
///     code = tick x inputs + position, in ceil(log2(inputs x ticks)) bits
/// Source: thesis section 2.2.1, equation 2.5.
class EventBuffer {
 public:
  /// `capacity_bits` 0: as large as it must be.
  EventBuffer(std::string name, std::uint64_t inputs, std::uint32_t ticks, std::uint64_t capacity_bits);

  void clear() noexcept;
  void append(std::uint32_t tick, std::uint64_t position);
  /// The number of events, and event `index` as tick x inputs + position.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t code(std::uint64_t index) const noexcept {
    return bits_at(codes_.data(), index * event_bits_, event_bits_);
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint64_t inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::uint32_t ticks() const noexcept { return ticks_; }
  [[nodiscard]] std::uint32_t event_bits() const noexcept { return event_bits_; }
  /// The most bits that one example needed, whether or not they fit.
  [[nodiscard]] std::uint64_t peak_bits() const noexcept { return peak_events_ * event_bits_; }
  [[nodiscard]] std::uint64_t capacity_bits() const noexcept {
    return capacity_bits_ == 0 ? peak_bits() : capacity_bits_;
  }
  /// Events were lost: the results are not those of the network.
  [[nodiscard]] bool overflowed() const noexcept { return peak_bits() > capacity_bits(); }
  [[nodiscard]] StageMemory memory() const noexcept { return event_memory(capacity_bits(), event_bits_); }

 private:
  std::string name_;
  std::uint64_t inputs_;
  std::uint32_t ticks_;
  std::uint32_t event_bits_;
  std::uint64_t capacity_bits_;
  std::uint64_t size_ = 0;    ///< stored
  std::uint64_t wanted_ = 0;  ///< stored and lost
  std::uint64_t peak_events_ = 0;
  std::vector<std::uint64_t> codes_;
};

class EventReader;

/// Encodes the spikes of a stream. A word takes a cycle, and one more for each spike after its first.
/// When all ticks of an example are in the buffer, the reader starts.
/// Actions: event.code (events encoded or decoded), event.bit (bits of the buffer).
class EventWriter : public Stage {
 public:
  EventWriter(const sc_core::sc_module_name& name, const StageContext& context, EventBuffer& buffer,
              EventReader& reader, SpikeStream& in);

  /// The cycle in which the latest example was complete.
  [[nodiscard]] Cycle end() const noexcept { return end_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  void work() override;

  EventBuffer& buffer_;
  EventReader& reader_;
  SpikeStream& in_;
  std::vector<std::uint64_t> word_;
  std::uint64_t position_ = 0;
  std::uint32_t tick_ = 0;
  Cycle end_ = 0;
};

/// Decodes the events of a buffer into frames, tick after tick. A word takes a cycle, and one more for each spike after
/// its first. Actions as EventWriter.
class EventReader : public Stage {
 public:
  EventReader(const sc_core::sc_module_name& name, const StageContext& context, EventBuffer& buffer, SpikeStream& out);

  /// Reads the buffer once, from the cycle after `cycle` on.
  void start(Cycle cycle);
  /// The cycle of the first word of the latest example.
  [[nodiscard]] Cycle begin() const noexcept { return begin_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {}; }

 private:
  void work() override;

  EventBuffer& buffer_;
  SpikeStream& out_;
  std::vector<std::uint64_t> word_;
  std::uint64_t word_spikes_ = 0;
  bool have_word_ = false;
  bool running_ = false;
  std::uint64_t event_ = 0;
  std::uint64_t position_ = 0;
  std::uint32_t tick_ = 0;
  Cycle begin_ = 0;
};

}  // namespace rheo::stream
