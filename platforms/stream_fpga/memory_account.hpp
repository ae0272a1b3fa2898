#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/stream/layer_parameters.hpp"
#include "platforms/stream_fpga/stream_configuration.hpp"
#include "workloads/spiking/network.hpp"

namespace rheo {

/// Bits of a buffer of encoded events, for S inputs over T ticks of which the share p spikes:
///     ceil(p S T ceil(log2(S T)))
/// Source: thesis equation 2.5 with the logarithm rounded up, which is what its tables print. p is taken to nine
/// decimals, so that 0.07 is 7/100.
[[nodiscard]] std::uint64_t event_buffer_bits(double spike_ratio, std::uint64_t inputs, std::uint64_t ticks);

/// Bits of one encoded event: ceil(log2(S T)).
[[nodiscard]] std::uint32_t event_bits(std::uint64_t inputs, std::uint64_t ticks) noexcept;

/// One layer of tables 2.3, 2.5 and 2.8, and what they leave out.
struct LayerMemory {
  std::string name;
  bool convolution = false;
  std::uint64_t inputs = 0;  ///< S
  std::uint64_t ticks = 0;   ///< T
  double spike_ratio = 0;    ///< p
  std::uint64_t tick_batching_bits = 0;
  std::uint64_t binary_tensor_bits = 0;              ///< S T
  double break_even = 0;                             ///< p log2(S T); encoded events are smaller below 1 (equation 2.6)
  std::uint64_t input_buffer_bits = 0;               ///< kernel x kernel x input channels; of a dense layer: its inputs
  std::uint64_t input_buffer_bits_printed_rule = 0;  ///< the same, but of a dense layer its outputs, as printed

  /// input: one patch, on tiles two; lines: of the sliding window, none without one; weights: none on tiles
  stream::StageMemory input, lines, weights, membranes;
  stream::StageMemory events;  ///< buffer of encoded spikes in front of the layer, with tick-batching
  std::uint64_t delay_bits = 0, fifo_bits = 0;
  std::uint64_t delay_bram18k = 0, fifo_bram18k = 0;

  [[nodiscard]] std::uint64_t bram18k() const noexcept;
};

/// Memory of a network on the streaming platform with the configuration's schedule, without simulating it.
struct MemoryAccount {
  std::vector<LayerMemory> layers;
  std::uint64_t shared_fifo_bits = 0;   ///< around the label counters
  std::uint64_t output_delay_bits = 0;  ///< when delays are pushed to the output
  std::uint64_t output_delay_bram18k = 0;
  bool events_by_run = false;  ///< some event buffers are as large as the run makes them and not in here

  [[nodiscard]] std::uint64_t bram18k() const noexcept;
  /// Blocks that the bits of weights and membranes alone would fill to the last bit.
  [[nodiscard]] std::uint64_t least_bram18k() const noexcept;
};

/// Bits of the event buffer in front of each layer with tick-batching: events.capacity_bits, or without it
/// event_buffer_bits() of the accounted spike ratio, rounded up to 64 events (one look-up table holds 64 bits). 0: as
/// many as the examples take. Throws InputError for a layer whose ratio is not known.
[[nodiscard]] std::vector<std::uint64_t> event_capacities(const StreamConfiguration& configuration,
                                                          const spiking::SpikingNetwork& network);

/// Throws InputError as event_capacities() does.
[[nodiscard]] MemoryAccount memory_account(const StreamConfiguration& configuration,
                                           const spiking::SpikingNetwork& network);

/// What of the device's block RAM is missing, naming the largest demands; empty: it fits.
[[nodiscard]] std::string does_not_fit(const MemoryAccount& account, FpgaPart part);

/// Throws InputError for device.part when the network does not fit.
void require_fit(const MemoryAccount& account, FpgaPart part);
/// The same for a number of blocks.
void require_fit(std::uint64_t bram18k, FpgaPart part);

}  // namespace rheo
