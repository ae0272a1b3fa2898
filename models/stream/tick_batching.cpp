#include "models/stream/tick_batching.hpp"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "models/core/error.hpp"

namespace rheo::stream {

SpikeStream& TickBatchedPipeline::stream(const std::string& name, std::uint32_t write_bits, std::uint32_t read_bits,
                                         std::uint64_t depth, std::uint64_t frame_bits, LayerIndex layer) {
  streams_.push_back(std::make_unique<SpikeStream>(
      name.c_str(), SpikeStreamParameters{write_bits, read_bits, depth, frame_bits, true}, layer));
  return *streams_.back();
}

TickBatchedPipeline::TickBatchedPipeline(const PipelineParameters& parameters,
                                         const std::vector<LayerParameters>& layers,
                                         const std::vector<std::uint64_t>& event_capacity_bits)
    : ticks_(parameters.ticks) {
  if (layers.empty()) throw InputError("network", "no layers; expected one or more");
  const StageContext shared{parameters.clock, shared_layer};
  const TickSchedule schedule{ticks_, 0};

  // A reader exists before the writer that starts it.
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerParameters& layer = layers[i];
    if (layer.synaptic_delay + layer.axonal_delay > 0) {
      throw InputError(layer.name, "has propagation delays; expected none with tick-batching");
    }
    if (i > 0 && layer.geometry.image_values() != layers[i - 1].output().bits()) {
      throw InputError(layer.name, fmt::format("an input of {} values behind {}; expected as many",
                                               layer.geometry.image_values(), layers[i - 1].output().bits()));
    }
    const auto index = static_cast<LayerIndex>(i + 1);
    const std::uint64_t inputs = layer.geometry.image_values();
    const std::uint32_t read_bits = layer.has_window() ? layer.window_lanes() : layer.folding.simd;
    buffers_.push_back(std::make_unique<EventBuffer>(layer.name + "_events", inputs, ticks_,
                                                     event_capacity_bits.empty() ? 0 : event_capacity_bits.at(i)));
    layer_inputs_.push_back(&stream(layer.name + "_decoded", read_bits, read_bits, layer.fifo_depth, inputs, index));
    readers_.push_back(std::make_unique<EventReader>(
        (layer.name + "_reader").c_str(), StageContext{parameters.clock, index}, *buffers_[i], *layer_inputs_[i]));
    stages_.push_back(readers_.back().get());
  }
  const auto add_writer = [&](std::size_t layer, SpikeStream& in) {
    writers_.push_back(std::make_unique<EventWriter>((layers[layer].name + "_writer").c_str(),
                                                     StageContext{parameters.clock, static_cast<LayerIndex>(layer + 1)},
                                                     *buffers_[layer], *readers_[layer], in));
    stages_.push_back(writers_.back().get());
  };

  const std::uint64_t frame_bits = layers.front().geometry.image_values();
  const auto word = static_cast<std::uint32_t>(std::gcd(frame_bits, std::uint64_t{parameters.dma.bits_per_cycle}));
  SpikeStream& input = stream("input", word, word, layers.front().fifo_depth, frame_bits, shared_layer);
  dma_in_ = std::make_unique<DmaIn>("dma_in", shared, parameters.dma, frame_bits, input);
  stages_.push_back(dma_in_.get());
  add_writer(0, input);

  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerParameters& layer = layers[i];
    const auto index = static_cast<LayerIndex>(i + 1);
    const StageContext context{parameters.clock, index};
    const std::uint32_t pe = layer.folding.pe;
    const auto positions = static_cast<std::uint32_t>(layer.geometry.positions());
    SpikeStream* in = layer_inputs_[i];
    if (layer.has_window()) {
      SpikeStream& patches = stream(layer.name + "_patches", layer.window_lanes(), layer.folding.simd,
                                    layer.window_fifo_depth, std::uint64_t{positions} * layer.in_features(), index);
      windows_.push_back(std::make_unique<SlidingWindow>((layer.name + "_swu").c_str(), context, layer.geometry,
                                                         layer.window_lanes(), *in, patches));
      stages_.push_back(windows_.back().get());
      in = &patches;
    }
    SpikeStream* out = &stream(layer.name + "_spikes", pe, pe, layer.fifo_depth, layer.neurons().bits(), index);
    units_.push_back(std::make_unique<MatrixVectorThreshold>(
        (layer.name + "_mvtu").c_str(), context,
        WeightMatrix(layer.weights, layer.in_features(), layer.outputs, layer.weight_bits), positions, layer.folding,
        layer.lif, schedule, parameters.zero_skipping, *in, *out));
    stages_.push_back(units_.back().get());
    if (layer.pool > 1) {
      SpikeStream& pooled = stream(layer.name + "_pooled", pe, pe, layer.fifo_depth, layer.output().bits(), index);
      pools_.push_back(std::make_unique<MaxPool>((layer.name + "_pool").c_str(), context, layer.neurons(), layer.pool,
                                                 pe, *out, pooled));
      stages_.push_back(pools_.back().get());
      out = &pooled;
    }
    if (i + 1 < layers.size()) {
      add_writer(i + 1, *out);
      continue;
    }
    const auto labels = static_cast<std::uint32_t>(layer.output().bits());
    const std::uint32_t bits = LabelCounters::counter_bits(ticks_);
    SpikeStream& counts = stream("dma_out_in", bits, bits, end_fifo_depth, std::uint64_t{labels} * bits, shared_layer);
    counters_ = std::make_unique<LabelCounters>("counters", shared, labels, schedule, *out, counts);
    dma_out_ = std::make_unique<DmaOut>("dma_out", shared, labels, counts);
    stages_.push_back(counters_.get());
    stages_.push_back(dma_out_.get());
  }
}

void TickBatchedPipeline::run(std::vector<std::vector<std::uint64_t>> frames) {
  if (frames.size() != ticks_) throw std::invalid_argument("an example of another number of ticks");
  if (!results().empty()) dma_in_->rest_until(results().back().end);
  for (auto& frame : frames) dma_in_->send(std::move(frame));
  sc_core::sc_start();
  for (const auto& buffer : buffers_) {
    if (buffer->overflowed()) {
      throw InputError(buffer->name(), fmt::format("holds {} bits, an example needs {}; expected a larger capacity",
                                                   buffer->capacity_bits(), buffer->peak_bits()));
    }
  }
}

Cycle TickBatchedPipeline::end_of(std::size_t layer) const {
  return layer + 1 < writers_.size() ? writers_[layer + 1]->end() : counters_->frame_ends().back();
}

std::vector<Component*> TickBatchedPipeline::components() const {
  std::vector<Component*> all(stages_.begin(), stages_.end());
  for (const auto& stream : streams_) all.push_back(stream.get());
  return all;
}

}  // namespace rheo::stream
