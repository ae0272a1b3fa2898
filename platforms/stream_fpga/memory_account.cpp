#include "platforms/stream_fpga/memory_account.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"
#include "platforms/stream_fpga/layer_mapping.hpp"

namespace rheo {
namespace {

using stream::LayerParameters;
using stream::StageMemory;

/// Bits and blocks of FIFOs and delay lines, which come one after the other.
struct Sum {
  std::uint64_t bits = 0;
  std::uint64_t bram18k = 0;
  void add(const StageMemory& memory) {
    bits += memory.bits();
    bram18k += memory.bram18k();
  }
};

double accounted_ratio(const StreamConfiguration& configuration, const spiking::SpikingNetwork& network,
                       std::size_t layer) {
  return configuration.spike_ratio.empty() ? network.layers[layer].spike_ratio : configuration.spike_ratio[layer];
}

}  // namespace

std::uint32_t event_bits(std::uint64_t inputs, std::uint64_t ticks) noexcept {
  return static_cast<std::uint32_t>(std::bit_width(inputs * ticks - 1));
}

std::uint64_t event_buffer_bits(double spike_ratio, std::uint64_t inputs, std::uint64_t ticks) {
  constexpr std::uint64_t one = 1'000'000'000;
  const auto ratio = static_cast<std::uint64_t>(std::llround(spike_ratio * static_cast<double>(one)));
  const std::uint64_t all = inputs * ticks * event_bits(inputs, ticks);
  // ratio x all / one, without overflow: both parts of `all` times at most `one`.
  const std::uint64_t whole = all / one * ratio;
  return whole + ceil_divide(all % one * ratio, one);
}

std::uint64_t LayerMemory::bram18k() const noexcept {
  return input.bram18k() + lines.bram18k() + weights.bram18k() + membranes.bram18k() + events.bram18k() +
         delay_bram18k + fifo_bram18k;
}

std::uint64_t MemoryAccount::bram18k() const noexcept {
  std::uint64_t sum = output_delay_bram18k;
  for (const LayerMemory& layer : layers) sum += layer.bram18k();
  return sum;
}

std::uint64_t MemoryAccount::least_bram18k() const noexcept {
  std::uint64_t bits = 0;
  for (const LayerMemory& layer : layers) bits += layer.weights.bits() + layer.membranes.bits();
  return ceil_divide(bits, 18 * 1024);
}

std::vector<std::uint64_t> event_capacities(const StreamConfiguration& configuration,
                                            const spiking::SpikingNetwork& network) {
  constexpr std::uint64_t events_at_a_time = 64;
  const std::vector<double>& given = configuration.events.capacity_bits;
  std::vector<std::uint64_t> capacities(given.begin(), given.end());
  if (!given.empty()) return capacities;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const double ratio = accounted_ratio(configuration, network, i);
    if (ratio == 0) {
      throw InputError(
          "events.capacity_bits",
          fmt::format("no spike ratio of {} is known to size them by; expected capacities or accounting.spike_ratio",
                      network.layers[i].name));
    }
    const std::uint64_t inputs = network.input_of(i).values();
    const std::uint32_t bits = event_bits(inputs, network.ticks);
    capacities.push_back(
        round_up(ceil_divide(event_buffer_bits(ratio, inputs, network.ticks), bits), events_at_a_time) * bits);
  }
  return capacities;
}

MemoryAccount memory_account(const StreamConfiguration& configuration, const spiking::SpikingNetwork& network) {
  const std::vector<LayerParameters> layers = map_layers(configuration, network);
  const bool batched = configuration.schedule == StreamSchedule::tick_batching;
  const std::vector<std::uint64_t> capacities =
      batched ? event_capacities(configuration, network) : std::vector<std::uint64_t>(layers.size());
  const bool inside = configuration.delays.place == stream::DelayPlace::inside;
  MemoryAccount account;
  // The words of the streams follow Pipeline.
  std::uint64_t frame = layers.front().geometry.image_values();
  auto word = static_cast<std::uint32_t>(std::gcd(frame, static_cast<std::uint64_t>(configuration.dma.bits_per_cycle)));
  std::uint64_t pending = 0;
  std::uint64_t total_delay = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerParameters& layer = layers[i];
    LayerMemory memory;
    memory.name = layer.name;
    memory.convolution = network.layers[i].kind == spiking::SpikingLayer::Kind::convolution;
    memory.inputs = layer.geometry.image_values();
    memory.ticks = network.ticks;
    memory.spike_ratio = accounted_ratio(configuration, network, i);
    memory.tick_batching_bits = event_buffer_bits(memory.spike_ratio, memory.inputs, memory.ticks);
    memory.binary_tensor_bits = memory.inputs * memory.ticks;
    memory.break_even = memory.spike_ratio * std::log2(static_cast<double>(memory.binary_tensor_bits));
    memory.input_buffer_bits = layer.in_features();
    memory.input_buffer_bits_printed_rule = memory.convolution ? layer.in_features() : layer.outputs;

    memory.input = stream::input_memory(layer.in_features(), layer.folding);
    memory.weights = stream::weight_memory(layer.in_features(), layer.outputs, layer.weight_bits, layer.folding);
    memory.membranes = stream::membrane_memory(layer.neurons().bits(), layer.lif.membrane_bits, layer.folding);

    Sum fifos;
    const std::uint32_t read = layer.has_window() ? layer.window_lanes() : layer.folding.simd;
    pending += layer.synaptic_delay;
    total_delay += layer.synaptic_delay + layer.axonal_delay;
    if (inside && pending > 0) {
      Sum delay;
      delay.add(stream::delay_memory(pending, frame, word));
      memory.delay_bits = delay.bits;
      memory.delay_bram18k = delay.bram18k;
      fifos.add(stream::fifo_memory(layer.fifo_depth, word));
      pending = 0;
    }
    if (batched) {
      // Into the first buffer, out of the layer's own, and from its MVTU on to the next one: see TickBatchedPipeline.
      if (i == 0) fifos.add(stream::fifo_memory(layer.fifo_depth, word));
      fifos.add(stream::fifo_memory(layer.fifo_depth, read));
      fifos.add(stream::fifo_memory(layer.fifo_depth, layer.folding.pe));
      memory.events = stream::event_memory(capacities[i], event_bits(memory.inputs, memory.ticks));
      account.events_by_run = account.events_by_run || capacities[i] == 0;
    } else {
      fifos.add(stream::fifo_memory(layer.fifo_depth, std::max(word, read)));
    }
    if (layer.has_window()) {
      memory.lines = stream::line_memory(layer.geometry, layer.window_lanes());
      fifos.add(stream::fifo_memory(layer.window_fifo_depth, std::max(layer.window_lanes(), layer.folding.simd)));
    }
    word = layer.folding.pe;
    if (layer.pool > 1) fifos.add(stream::fifo_memory(layer.fifo_depth, word));
    frame = layer.output().bits();
    pending += layer.axonal_delay;
    memory.fifo_bits = fifos.bits;
    memory.fifo_bram18k = fifos.bram18k;
    account.layers.push_back(std::move(memory));
  }
  Sum ends;
  if (!inside) pending = total_delay;
  if (pending > 0) {
    const StageMemory delay = stream::delay_memory(pending, frame, word);
    account.output_delay_bits = delay.bits();
    account.output_delay_bram18k = delay.bram18k();
    ends.add(stream::fifo_memory(stream::end_fifo_depth, word));
  }
  if (!batched) ends.add(stream::fifo_memory(stream::end_fifo_depth, word));
  ends.add(stream::fifo_memory(stream::end_fifo_depth, static_cast<std::uint32_t>(std::bit_width(network.ticks))));
  account.shared_fifo_bits = ends.bits;
  return account;
}

std::string does_not_fit(const MemoryAccount& account, FpgaPart part) {
  const std::uint64_t budget = bram18k_of(part);
  if (account.bram18k() <= budget) return {};
  std::vector<std::pair<std::uint64_t, std::string>> demands;
  for (const LayerMemory& layer : account.layers) {
    demands.emplace_back(layer.weights.bram18k(), fmt::format("weights of {}", layer.name));
    demands.emplace_back(layer.events.bram18k(), fmt::format("events of {}", layer.name));
    demands.emplace_back(layer.membranes.bram18k(), fmt::format("membranes of {}", layer.name));
    demands.emplace_back(layer.lines.bram18k() + layer.input.bram18k() + layer.fifo_bram18k + layer.delay_bram18k,
                         fmt::format("streams of {}", layer.name));
  }
  std::ranges::stable_sort(demands, std::greater{}, &std::pair<std::uint64_t, std::string>::first);
  std::vector<std::string> largest;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, demands.size()); ++i) {
    largest.push_back(fmt::format("{} for the {}", demands[i].first, demands[i].second));
  }
  return fmt::format("does not fit: {} 18-Kbit block RAMs of {} on the device ({})", account.bram18k(), budget,
                     fmt::join(largest, ", "));
}

void require_fit(const MemoryAccount& account, FpgaPart part) {
  if (const std::string fault = does_not_fit(account, part); !fault.empty()) {
    throw InputError("device.part", fault + "; expected another part, fewer bits or another folding");
  }
}

void require_fit(std::uint64_t bram18k, FpgaPart part) {
  if (bram18k <= bram18k_of(part)) return;
  throw InputError("device.part",
                   fmt::format("does not fit: {} 18-Kbit block RAMs of {} on the device; expected another "
                               "part, fewer bits or another folding",
                               bram18k, bram18k_of(part)));
}

}  // namespace rheo
