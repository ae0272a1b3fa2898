#pragma once

#include "models/core/parameters.hpp"
#include "models/digital/unit.hpp"

namespace rheo {

struct DmaParameters {
  std::int64_t channels = 4;  ///< descriptors that run at the same time
  std::int64_t burst_bytes = 256;
  std::int64_t outstanding = 8;    ///< bursts a channel keeps in flight
  double round_trip = 100e-9;      ///< s, from a burst's request to its data
  std::int64_t setup_cycles = 16;  ///< to read a descriptor

  void describe(Parameters& p) {
    p.integer("channels", channels, {1, 64}, "descriptors that run at the same time");
    p.integer("burst_bytes", burst_bytes, {8, 65536}, "bytes of one burst");
    p.integer("outstanding", outstanding, {1, 1024}, "bursts that a channel keeps in flight");
    p.quantity("round_trip", round_trip, Dimension::seconds, {0, 1}, "from a burst's request to its data");
    p.integer("setup_cycles", setup_cycles, {0, 10000}, "cycles to read a descriptor");
  }
};

/// The DMA engine. One descriptor (a transfer command) copies a contiguous region between two memories.
///
/// Timing: bursts of `burst_bytes`, an item each, round_trip / outstanding apart at best, streamed from the source
/// to the destination by the law of Unit; a descriptor costs `setup_cycles` once. `channels` descriptors run at a time.
/// Actions: dma.byte (bytes moved), dma.descriptor.
class Dma : public Unit {
 public:
  Dma(const sc_core::sc_module_name& name, std::uint16_t index, const UnitContext& context,
      const DmaParameters& parameters);

  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::size_t parallel() const override { return static_cast<std::size_t>(parameters_.channels); }

 private:
  enum Kind : std::size_t { byte, descriptor };

  ValueCounts compute(const Command& command) override;
  Work account(const Command& command, ValueCountsView counts) override;

  DmaParameters parameters_;
};

}  // namespace rheo
