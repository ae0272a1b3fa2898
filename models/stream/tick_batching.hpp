#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "models/stream/event_buffer.hpp"
#include "models/stream/matrix_vector_threshold.hpp"
#include "models/stream/pipeline.hpp"

namespace rheo::stream {

/// The same network with tick-batching: layer by layer, all ticks of an example before the next layer begins, encoded
/// events between the layers. The stages of a layer are those of the streaming pipeline (sliding window, MVTU,
/// pooling), with an event reader before and an event writer behind them; one layer works at a time. The input is
/// encoded as it arrives; an example starts when the one before has left.
///
/// Propagation delays are not supported (in a buffer they would be additions to tick numbers).
class TickBatchedPipeline {
 public:
  /// `event_capacity_bits`: of the buffer in front of each layer; empty or 0: as large as it must be.
  /// Throws InputError as Pipeline does, and for layers with delays.
  TickBatchedPipeline(const PipelineParameters& parameters, const std::vector<LayerParameters>& layers,
                      const std::vector<std::uint64_t>& event_capacity_bits = {});

  /// Runs one example, a packed frame a tick; takes simulated time.
  /// Throws InputError, naming buffer, capacity and demand, when events do not fit.
  void run(std::vector<std::vector<std::uint64_t>> frames);

  [[nodiscard]] const std::vector<DmaOut::Result>& results() const noexcept { return dma_out_->results(); }
  /// Called with each frame of spikes that reaches the label counters.
  void observe_output(std::function<void(std::uint64_t frame, const std::vector<std::uint64_t>& spikes)> observer) {
    counters_->observe(std::move(observer));
  }
  /// The buffer in front of a layer.
  [[nodiscard]] const EventBuffer& events_of(std::size_t layer) const { return *buffers_[layer]; }
  /// The stream of decoded spikes that enters a layer.
  [[nodiscard]] const SpikeStream& input_of(std::size_t layer) const { return *layer_inputs_[layer]; }
  /// The last cycle of each frame at the label counters.
  [[nodiscard]] const std::vector<Cycle>& frame_ends() const noexcept { return counters_->frame_ends(); }
  /// When a layer began and ended with the latest example.
  [[nodiscard]] Cycle begin_of(std::size_t layer) const { return readers_[layer]->begin(); }
  [[nodiscard]] Cycle end_of(std::size_t layer) const;
  [[nodiscard]] const std::vector<std::unique_ptr<MatrixVectorThreshold>>& units() const noexcept { return units_; }
  [[nodiscard]] const std::vector<Stage*>& stages() const noexcept { return stages_; }
  [[nodiscard]] std::vector<Component*> components() const;

 private:
  SpikeStream& stream(const std::string& name, std::uint32_t write_bits, std::uint32_t read_bits, std::uint64_t depth,
                      std::uint64_t frame_bits, LayerIndex layer);

  std::uint32_t ticks_;
  std::vector<std::unique_ptr<EventBuffer>> buffers_;
  std::vector<std::unique_ptr<SpikeStream>> streams_;
  std::vector<SpikeStream*> layer_inputs_;
  std::unique_ptr<DmaIn> dma_in_;
  std::vector<std::unique_ptr<EventReader>> readers_;
  std::vector<std::unique_ptr<EventWriter>> writers_;
  std::vector<std::unique_ptr<SlidingWindow>> windows_;
  std::vector<std::unique_ptr<MatrixVectorThreshold>> units_;
  std::vector<std::unique_ptr<MaxPool>> pools_;
  std::unique_ptr<LabelCounters> counters_;
  std::unique_ptr<DmaOut> dma_out_;
  std::vector<Stage*> stages_;
};

}  // namespace rheo::stream
