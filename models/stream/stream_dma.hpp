#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "models/stream/stage.hpp"

namespace rheo::stream {

struct StreamDmaParameters {
  std::uint32_t bits_per_cycle = 64;  ///< of the memory's port
  std::uint32_t latency = 32;         ///< cycles from a frame's request to its first bits
  std::uint64_t frame_interval = 0;   ///< cycles between two frames at least (the rate of the samples); 0: none
};

/// DMA that reads frames from off-chip memory and hands them to the first stage, a word of the stream a cycle at most
/// and `bits_per_cycle` on average. Requests are made ahead: the latency is paid once, not once a frame.
/// Actions: dma.byte, dram.read (bits).
class DmaIn : public Stage {
 public:
  DmaIn(const sc_core::sc_module_name& name, const StageContext& context, const StreamDmaParameters& parameters,
        std::uint64_t frame_bits, SpikeStream& out);

  /// Puts a frame behind those that wait: bit i of the frame is bit i mod 64 of word i / 64.
  void send(std::vector<std::uint64_t> frame);
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {{"dma", "dma", 1}}; }

 private:
  enum Kind : std::size_t { byte, dram_read };

  void work() override;

  StreamDmaParameters parameters_;
  std::uint64_t frame_bits_;
  std::uint64_t frame_words_;
  SpikeStream& out_;
  std::deque<std::vector<std::uint64_t>> waiting_;
  std::uint64_t word_ = 0;
  std::uint64_t frames_ = 0;
  Cycle port_free_;        ///< the memory's port has delivered all frames before
  Cycle frame_start_ = 0;  ///< first word of the present frame
};

/// DMA that writes results, one word of the stream a cycle.
/// Actions: dma.byte, dram.write (bits).
class DmaOut : public Stage {
 public:
  struct Result {
    Cycle end = 0;  ///< the cycle of its last word
    std::vector<std::uint32_t> values;
  };

  /// `words` words make a result.
  DmaOut(const sc_core::sc_module_name& name, const StageContext& context, std::uint32_t words, SpikeStream& in);

  [[nodiscard]] const std::vector<Result>& results() const noexcept { return results_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {{"dma", "dma", 1}}; }

 private:
  enum Kind : std::size_t { byte, dram_write };

  void work() override;

  std::uint32_t words_;
  SpikeStream& in_;
  std::vector<std::uint32_t> values_;
  std::vector<Result> results_;
};

}  // namespace rheo::stream
