#include "platforms/stream_fpga/stream_chip.hpp"

#include <algorithm>
#include <stdexcept>

#include "platforms/stream_fpga/memory_account.hpp"

namespace rheo {
namespace {

using stream::Cycle;
using stream::Stage;

}  // namespace

StreamChip::StreamChip(const StreamConfiguration& configuration, const spiking::SpikingNetwork& network,
                       std::vector<stream::LayerParameters> layers, const std::vector<stream::CrossbarMatrix>& matrices)
    : clock_hz_(configuration.clock_hz), ticks_(network.ticks), spikes_(layers.size()), fullest_(layers.size()) {
  for (const stream::LayerParameters& layer : layers) names_.push_back(layer.name);
  stream::PipelineParameters parameters;
  parameters.clock = sc_core::sc_time(1.0 / configuration.clock_hz, sc_core::SC_SEC);
  parameters.ticks = network.ticks;
  parameters.zero_skipping = configuration.zero_skipping;
  parameters.delays = configuration.delays.place;
  parameters.dma.bits_per_cycle = static_cast<std::uint32_t>(configuration.dma.bits_per_cycle);
  parameters.dma.latency = static_cast<std::uint32_t>(configuration.dma.latency_cycles);
  parameters.dma.frame_interval = static_cast<std::uint64_t>(configuration.dma.tick_interval_cycles);
  if (configuration.on_tiles()) {
    parameters.lif_stage = "tiles";
    parameters.make_lif_stage = [&](const char* name, const stream::StageContext& context,
                                    const stream::LayerParameters& layer, const stream::TickSchedule& schedule,
                                    stream::SpikeStream& in, stream::SpikeStream& out) {
      auto unit = std::make_unique<stream::CrossbarThreshold>(
          name, context, matrices.at(context.layer - 1U), layer.in_features(), layer.outputs,
          static_cast<std::uint32_t>(layer.geometry.positions()), layer.folding, layer.lif, schedule,
          configuration.zero_skipping, in, out);
      tiles_.push_back(unit.get());
      return unit;
    };
  }
  if (configuration.schedule == StreamSchedule::streaming) {
    streaming_ = std::make_unique<stream::Pipeline>(parameters, layers);
  } else {
    batched_ =
        std::make_unique<stream::TickBatchedPipeline>(parameters, layers, event_capacities(configuration, network));
  }
  require_fit(bram18k(), configuration.part);
}

void StreamChip::run(std::vector<std::vector<std::uint64_t>> frames) {
  if (batched_) {
    try {
      batched_->run(std::move(frames));
    } catch (const InputError& error) {
      throw InputError("events.capacity_bits", error.what());
    }
  } else {
    for (auto& frame : frames) streaming_->send(std::move(frame));
    sc_core::sc_start();
  }
  for (std::size_t layer = 0; layer < names_.size(); ++layer) {
    const std::uint64_t spikes = input_of(layer).spikes();
    fullest_[layer] = std::max(fullest_[layer], spikes - spikes_[layer]);
    spikes_[layer] = spikes;
  }
}

void StreamChip::observe(
    std::function<void(std::size_t layer, std::uint64_t frame, const std::vector<std::uint64_t>& spikes)> observer) {
  if (!streaming_) throw std::logic_error("StreamChip::observe: a tick-batched pipeline is not observed");
  for (std::size_t layer = 0; layer < streaming_->units().size(); ++layer) {
    streaming_->units()[layer]->observe(
        [layer, observer](std::uint64_t frame, const std::vector<std::uint64_t>& spikes) {
          observer(layer, frame, spikes);
        });
  }
}

void StreamChip::finish() {
  if (!streaming_ || streaming_->total_delay() == 0) return;
  streaming_->send_drain();
  sc_core::sc_start();
}

const std::vector<stream::DmaOut::Result>& StreamChip::results() const {
  return streaming_ ? streaming_->results() : batched_->results();
}

Cycle StreamChip::cycles() const { return results().empty() ? 0 : results().back().end + 1; }

double StreamChip::tick_interval_cycles() const {
  const std::vector<Cycle>& ends = streaming_ ? streaming_->frame_ends() : batched_->frame_ends();
  if (ends.size() < 4) return 0;
  if (batched_) {
    // Ticks of the last layer follow each other quickly; what counts is the time of a whole example.
    return static_cast<double>(cycles()) / static_cast<double>(ends.size());
  }
  const std::size_t from = ends.size() / 2;
  return static_cast<double>(ends.back() - ends[from]) / static_cast<double>(ends.size() - 1 - from);
}

const std::vector<Stage*>& StreamChip::all_stages() const {
  return streaming_ ? streaming_->stages() : batched_->stages();
}

std::vector<Component*> StreamChip::components() const {
  return streaming_ ? streaming_->components() : batched_->components();
}

ChipActivity StreamChip::activity() const {
  ChipActivity activity;
  for (Component* component : components()) {
    activity.actions.emplace_back(component->actions());
    for (InventoryItem& item : component->inventory()) activity.inventory.push_back(std::move(item));
  }
  activity.inventory.push_back({"dram", "dram", 1});
  activity.duration_s[static_cast<std::size_t>(Mode::evaluation)] = seconds();
  // The tiles of all layers are written at once.
  double& preparation = activity.duration_s[static_cast<std::size_t>(Mode::preparation)];
  for (const stream::CrossbarThreshold* tiles : tiles_) preparation = std::max(preparation, tiles->program_seconds());
  activity.layers = names_;
  return activity;
}

std::vector<BufferUse> StreamChip::buffers() const {
  std::vector<BufferUse> all;
  for (const Component* component : components()) {
    for (BufferUse& use : component->buffers()) all.push_back(std::move(use));
  }
  return all;
}

std::uint64_t StreamChip::bram18k() const {
  std::uint64_t blocks = 0;
  for (const BufferUse& use : buffers()) blocks += use.bram18k;
  return blocks;
}

std::vector<StageUse> StreamChip::stages() const {
  std::vector<StageUse> uses;
  for (const Stage* stage : all_stages()) uses.push_back({stage->basename(), stage->busy_cycles(), stage->events()});
  return uses;
}

const stream::SpikeStream& StreamChip::input_of(std::size_t layer) const {
  return streaming_ ? streaming_->input_of(layer) : batched_->input_of(layer);
}

LayerSpikes StreamChip::spikes_into(std::size_t layer) const {
  const stream::SpikeStream& in = input_of(layer);
  if (in.bits_written() == 0) return {};
  const auto frame = static_cast<double>(in.parameters().frame_bits);
  return {static_cast<double>(in.spikes()) / static_cast<double>(in.bits_written()),
          static_cast<double>(in.peak_spikes()) / frame, static_cast<double>(fullest_[layer]) / (frame * ticks_),
          fullest_[layer]};
}

std::uint64_t StreamChip::event_bits_of(std::size_t layer) const {
  return batched_ ? batched_->events_of(layer).peak_bits() : 0;
}

}  // namespace rheo
