#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/cost/energy.hpp"
#include "models/stream/crossbar_threshold.hpp"
#include "models/stream/pipeline.hpp"
#include "models/stream/tick_batching.hpp"
#include "platforms/stream_fpga/stream_configuration.hpp"

namespace rheo {

/// How busy a stage was.
struct StageUse {
  std::string name;
  std::uint64_t busy_cycles = 0;
  std::uint64_t events = 0;  ///< of the SystemC kernel
};

/// What entered a layer, as shares of its inputs that spiked at a tick.
struct LayerSpikes {
  double mean_ratio = 0;
  double peak_ratio = 0;      ///< the largest at one tick
  double fullest_ratio = 0;   ///< the largest mean of one example: what an event buffer must hold
  std::uint64_t fullest = 0;  ///< the same as spikes. With propagation delays an example's ticks count from its arrival
};

/// A spiking network on a streaming platform, elaborated: in lanes or on tiles, streaming or tick-batched as the
/// configuration says.
class StreamChip {
 public:
  /// `matrices`: those of the layers, on stream_tiles. Throws InputError when the network does not fit the device or
  /// the stages do not go together.
  StreamChip(const StreamConfiguration& configuration, const spiking::SpikingNetwork& network,
             std::vector<stream::LayerParameters> layers, const std::vector<stream::CrossbarMatrix>& matrices = {});

  /// Runs one example, a packed frame a tick. With propagation delays its result may come with a later example.
  /// Throws InputError for events.capacity_bits when an event buffer is too small.
  void run(std::vector<std::vector<std::uint64_t>> frames);
  /// Called with the output of a layer, in front of its pooling, at each tick. Streaming only (std::logic_error).
  void observe(std::function<void(std::size_t layer, std::uint64_t frame, const std::vector<std::uint64_t>& spikes)>);
  /// Pushes out what waits in delay lines. No run() after it.
  void finish();

  /// Spikes of each output neuron, by example.
  [[nodiscard]] const std::vector<stream::DmaOut::Result>& results() const;
  /// From the first request to the last result.
  [[nodiscard]] stream::Cycle cycles() const;
  [[nodiscard]] double seconds() const { return static_cast<double>(cycles()) / clock_hz_; }
  /// Cycles between two ticks at the output, mean over the second half of all ticks.
  [[nodiscard]] double tick_interval_cycles() const;

  /// Actions, parts and time for the cost table.
  [[nodiscard]] ChipActivity activity() const;
  [[nodiscard]] std::vector<BufferUse> buffers() const;
  [[nodiscard]] std::uint64_t bram18k() const;
  [[nodiscard]] std::vector<StageUse> stages() const;
  [[nodiscard]] LayerSpikes spikes_into(std::size_t layer) const;
  /// The tiles of each layer; none on stream_fpga.
  [[nodiscard]] const std::vector<const stream::CrossbarThreshold*>& tiles() const noexcept { return tiles_; }
  /// Of one layer in tick-batching: bits of its event buffer that the fullest example needed.
  [[nodiscard]] std::uint64_t event_bits_of(std::size_t layer) const;

 private:
  [[nodiscard]] std::vector<Component*> components() const;
  [[nodiscard]] const std::vector<stream::Stage*>& all_stages() const;

  [[nodiscard]] const stream::SpikeStream& input_of(std::size_t layer) const;

  double clock_hz_;
  std::uint32_t ticks_;
  std::uint64_t drained_ticks_ = 0;
  std::vector<std::string> names_;
  std::vector<const stream::CrossbarThreshold*> tiles_;  ///< of the pipeline
  std::vector<std::uint64_t> spikes_;                    ///< into each layer so far
  std::vector<std::uint64_t> fullest_;                   ///< of one example
  std::unique_ptr<stream::Pipeline> streaming_;
  std::unique_ptr<stream::TickBatchedPipeline> batched_;
};

}  // namespace rheo
