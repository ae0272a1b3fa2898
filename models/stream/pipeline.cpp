#include "models/stream/pipeline.hpp"

#include <fmt/format.h>

#include <functional>
#include <numeric>

#include "models/core/error.hpp"
#include "models/stream/matrix_vector_threshold.hpp"

namespace rheo::stream {
namespace {

/// A stage that is to be built: its words and how to build it between two streams.
struct Plan {
  std::string name;
  LayerIndex layer;
  std::uint32_t read_bits, write_bits;
  std::uint64_t depth;       ///< of the FIFO before it
  std::uint64_t frame_bits;  ///< that it hands over
  std::function<void(SpikeStream* in, SpikeStream* out)> build;
};

LifStageMaker matrix_vector_threshold_maker(bool zero_skipping) {
  return [zero_skipping](const char* name, const StageContext& context, const LayerParameters& layer,
                         const TickSchedule& schedule, SpikeStream& in, SpikeStream& out) {
    return std::make_unique<MatrixVectorThreshold>(
        name, context, WeightMatrix(layer.weights, layer.in_features(), layer.outputs, layer.weight_bits),
        static_cast<std::uint32_t>(layer.geometry.positions()), layer.folding, layer.lif, schedule, zero_skipping, in,
        out);
  };
}

}  // namespace

Pipeline::Pipeline(const PipelineParameters& parameters, const std::vector<LayerParameters>& layers) {
  if (layers.empty()) throw InputError("network", "no layers; expected one or more");
  if (parameters.ticks < 1) throw InputError("network", "no ticks; expected one or more");
  frame_bits_ = layers.front().geometry.image_values();
  for (const LayerParameters& layer : layers) total_delay_ += layer.synaptic_delay + layer.axonal_delay;
  const bool inside = parameters.delays == DelayPlace::inside;

  const LifStageMaker make_lif_stage =
      parameters.make_lif_stage ? parameters.make_lif_stage : matrix_vector_threshold_maker(parameters.zero_skipping);

  std::vector<Plan> plans;
  std::vector<std::size_t> first_plan;  // of each layer
  std::uint64_t frame = frame_bits_;
  std::uint32_t word = static_cast<std::uint32_t>(std::gcd(frame_bits_, std::uint64_t{parameters.dma.bits_per_cycle}));
  plans.push_back({"dma_in", shared_layer, 0, word, 0, frame, [&, this](SpikeStream*, SpikeStream* out) {
                     const StageContext context{parameters.clock, shared_layer};
                     dma_in_ = std::make_unique<DmaIn>("dma_in", context, parameters.dma, frame_bits_, *out);
                     stages_.push_back(dma_in_.get());
                   }});
  const auto add_delay = [&](const std::string& name, LayerIndex layer, std::uint64_t ticks, std::uint64_t depth) {
    plans.push_back({name, layer, word, word, depth, frame,
                     [&parameters, this, name, layer, ticks, bits = frame](SpikeStream* in, SpikeStream* out) {
                       const StageContext context{parameters.clock, layer};
                       delays_.push_back(std::make_unique<DelayLine>(name.c_str(), context, ticks, bits, *in, *out));
                       stages_.push_back(delays_.back().get());
                     }});
  };

  std::uint64_t lead = 0;     // ticks by which the spikes at this place are late
  std::uint64_t pending = 0;  // of these, what no delay line has done yet
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerParameters& layer = layers[i];
    const auto index = static_cast<LayerIndex>(i + 1);
    const StageContext context{parameters.clock, index};
    if (layer.geometry.image_values() != frame) {
      throw InputError(layer.name, fmt::format("an input of {} values behind {}; expected as many",
                                               layer.geometry.image_values(), frame));
    }
    first_plan.push_back(plans.size());
    pending += layer.synaptic_delay;
    if (inside && pending > 0) {
      add_delay(layer.name + "_delay", index, pending, layer.fifo_depth);
      lead += pending;
      pending = 0;
    }
    const auto positions = static_cast<std::uint32_t>(layer.geometry.positions());
    if (layer.has_window()) {
      const std::uint32_t simd = layer.window_lanes();
      plans.push_back({layer.name + "_swu", index, simd, simd, layer.fifo_depth,
                       std::uint64_t{positions} * layer.in_features(),
                       [&layer, context, simd, this](SpikeStream* in, SpikeStream* out) {
                         windows_.push_back(std::make_unique<SlidingWindow>((layer.name + "_swu").c_str(), context,
                                                                            layer.geometry, simd, *in, *out));
                         stages_.push_back(windows_.back().get());
                       }});
    }
    const TickSchedule schedule{parameters.ticks, lead};
    frame = layer.neurons().bits();
    word = layer.folding.pe;
    plans.push_back({layer.name + "_" + parameters.lif_stage, index, layer.folding.simd, word,
                     layer.has_window() ? layer.window_fifo_depth : layer.fifo_depth, frame,
                     [&, context, schedule](SpikeStream* in, SpikeStream* out) {
                       units_.push_back(make_lif_stage((layer.name + "_" + parameters.lif_stage).c_str(), context,
                                                       layer, schedule, *in, *out));
                       stages_.push_back(units_.back().get());
                     }});
    if (layer.pool > 1) {
      frame = layer.output().bits();
      plans.push_back({layer.name + "_pool", index, word, word, layer.fifo_depth, frame,
                       [&layer, context, this](SpikeStream* in, SpikeStream* out) {
                         pools_.push_back(std::make_unique<MaxPool>((layer.name + "_pool").c_str(), context,
                                                                    layer.neurons(), layer.pool, layer.folding.pe, *in,
                                                                    *out));
                         stages_.push_back(pools_.back().get());
                       }});
    }
    pending += layer.axonal_delay;
  }

  if (!inside) pending = total_delay_;
  if (pending > 0) {
    add_delay("output_delay", shared_layer, pending, end_fifo_depth);
    lead += pending;
  }
  const auto labels = static_cast<std::uint32_t>(frame);
  const std::uint32_t counter_bits = LabelCounters::counter_bits(parameters.ticks);
  plans.push_back({"counters", shared_layer, word, counter_bits, end_fifo_depth, std::uint64_t{labels} * counter_bits,
                   [&, labels, lead](SpikeStream* in, SpikeStream* out) {
                     const StageContext context{parameters.clock, shared_layer};
                     counters_ = std::make_unique<LabelCounters>("counters", context, labels,
                                                                 TickSchedule{parameters.ticks, lead}, *in, *out);
                     stages_.push_back(counters_.get());
                   }});
  plans.push_back(
      {"dma_out", shared_layer, counter_bits, 0, end_fifo_depth, 0, [&, labels](SpikeStream* in, SpikeStream*) {
         const StageContext context{parameters.clock, shared_layer};
         dma_out_ = std::make_unique<DmaOut>("dma_out", context, labels, *in);
         stages_.push_back(dma_out_.get());
       }});

  for (std::size_t i = 1; i < plans.size(); ++i) {
    const SpikeStreamParameters words{plans[i - 1].write_bits, plans[i].read_bits, plans[i].depth,
                                      plans[i - 1].frame_bits, !plans[i - 1].name.ends_with("_swu")};
    streams_.push_back(std::make_unique<SpikeStream>((plans[i].name + "_in").c_str(), words, plans[i].layer));
  }
  for (std::size_t i = 0; i < plans.size(); ++i) {
    plans[i].build(i == 0 ? nullptr : streams_[i - 1].get(), i + 1 == plans.size() ? nullptr : streams_[i].get());
  }
  for (const std::size_t plan : first_plan) layer_inputs_.push_back(streams_[plan - 1].get());
}

void Pipeline::send_drain() {
  for (std::uint64_t tick = 0; tick < total_delay_; ++tick) send(std::vector<std::uint64_t>(words_for(frame_bits_)));
}

std::vector<Component*> Pipeline::components() const {
  std::vector<Component*> all(stages_.begin(), stages_.end());
  for (const auto& stream : streams_) all.push_back(stream.get());
  return all;
}

}  // namespace rheo::stream
