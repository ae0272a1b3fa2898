#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/stream/delay_line.hpp"
#include "models/stream/label_counters.hpp"
#include "models/stream/layer_parameters.hpp"
#include "models/stream/lif_stage.hpp"
#include "models/stream/max_pool.hpp"
#include "models/stream/sliding_window.hpp"
#include "models/stream/stream_dma.hpp"

namespace rheo::stream {

/// Where propagation delays are realised.
enum class DelayPlace : std::uint8_t {
  inside,  ///< a delay line in front of every layer that has a delay
  output,  ///< all of them as one delay line behind the last layer (thesis, figure 2.5)
};
inline constexpr std::array<std::string_view, 2> delay_place_names{"inside", "output"};

/// Makes the stage of a layer that multiplies and fires, between two streams.
using LifStageMaker =
    std::function<std::unique_ptr<LifStage>(const char* name, const StageContext& context, const LayerParameters& layer,
                                            const TickSchedule& schedule, SpikeStream& in, SpikeStream& out)>;

struct PipelineParameters {
  sc_core::sc_time clock;
  std::uint32_t ticks = 1;  ///< of an example
  bool zero_skipping = false;
  DelayPlace delays = DelayPlace::inside;
  StreamDmaParameters dma;
  LifStageMaker make_lif_stage{};  ///< none: matrix-vector-threshold units
  std::string lif_stage = "mvtu";  ///< what such a stage is called, behind the layer's name
};

/// A streaming network: DMA, the stages of the layers, label counters, DMA, each with a bounded FIFO before it. Frames
/// go in tick by tick, `ticks` of them an example; the spike counts of each example come out. Network layer i has
/// LayerIndex i + 1.
class Pipeline {
 public:
  /// Throws InputError, naming the stage, when layers, foldings or FIFOs do not fit together.
  Pipeline(const PipelineParameters& parameters, const std::vector<LayerParameters>& layers);

  /// Puts a frame of input spikes behind those that wait, packed (see DmaIn).
  void send(std::vector<std::uint64_t> frame) { dma_in_->send(std::move(frame)); }
  /// Empty frames that push what is in the delay lines out; needed after the last example.
  void send_drain();
  /// Called with each frame of spikes that reaches the label counters.
  void observe_output(std::function<void(std::uint64_t frame, const std::vector<std::uint64_t>& spikes)> observer) {
    counters_->observe(std::move(observer));
  }
  /// Ticks from a spike at the input to its effect at the output.
  [[nodiscard]] std::uint64_t total_delay() const noexcept { return total_delay_; }

  [[nodiscard]] const std::vector<DmaOut::Result>& results() const noexcept { return dma_out_->results(); }
  /// The last cycle of each frame at the label counters.
  [[nodiscard]] const std::vector<Cycle>& frame_ends() const noexcept { return counters_->frame_ends(); }

  [[nodiscard]] const std::vector<Stage*>& stages() const noexcept { return stages_; }
  [[nodiscard]] const std::vector<std::unique_ptr<SpikeStream>>& streams() const noexcept { return streams_; }
  /// By layer.
  [[nodiscard]] const std::vector<std::unique_ptr<LifStage>>& units() const noexcept { return units_; }
  /// The stream that enters a layer.
  [[nodiscard]] const SpikeStream& input_of(std::size_t layer) const { return *layer_inputs_[layer]; }
  /// Every stage and stream.
  [[nodiscard]] std::vector<Component*> components() const;

 private:
  std::uint64_t frame_bits_ = 0;
  std::uint64_t total_delay_ = 0;
  std::vector<std::unique_ptr<SpikeStream>> streams_;
  std::unique_ptr<DmaIn> dma_in_;
  std::vector<std::unique_ptr<DelayLine>> delays_;
  std::vector<std::unique_ptr<SlidingWindow>> windows_;
  std::vector<std::unique_ptr<LifStage>> units_;
  std::vector<std::unique_ptr<MaxPool>> pools_;
  std::unique_ptr<LabelCounters> counters_;
  std::unique_ptr<DmaOut> dma_out_;
  std::vector<Stage*> stages_;
  std::vector<SpikeStream*> layer_inputs_;
};

}  // namespace rheo::stream
