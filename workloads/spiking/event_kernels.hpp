#pragma once

#include <cstdint>
#include <span>

#include "workloads/spiking/data/spike_data.hpp"
#include "workloads/spiking/event_plan.hpp"
#include "workloads/spiking/surrogate.hpp"

/// The arithmetic of LIF layers on bit-packed spikes. Sums are taken in ascending order of the spikes, dot
/// products in 24 partial sums: the same bits on every instruction set, however many ticks a call takes. Arrays of
/// neurons have a row of EventPlan::neurons() values for every tick, arrays of inputs one of EventPlan::inputs().
namespace rheo::spiking {

/// sums = sum of the weights of every spike.
void sum_events(const EventPlan& plan, SpikeRows spikes, const float* weights, float* sums);
void sum_events(const EventPlan& plan, SpikeRows spikes, const std::int32_t* weights, std::int32_t* sums);

/// after = (before > threshold ? 0 : decay before) + sums, for one tick; `after` may be `before` or `sums`. The neurons
/// that spike are those whose membrane is above the threshold.
void step_membranes(std::size_t neurons, float decay, float threshold, const float* before, const float* sums,
                    float* after);

/// The layer's output at one tick: bit i is set when output i, pooled, is above the threshold.
void pack_spikes(const EventPlan& plan, float threshold, const float* membranes, std::span<std::uint64_t> spikes);

/// gradient[...] += slopes at every spike, the latest tick first: the gradient of the weights.
void add_gradient(const EventPlan& plan, SpikeRows spikes, const float* slopes, float* gradient);

/// inputs[i] = sum of weights x slopes over the neurons that input i reaches, for the inputs chosen; the others stay.
void pull_back(const EventPlan& plan, SpikeRows chosen, const float* weights, const float* slopes, float* inputs);

/// Bit i is set when the surrogate of output i, of its largest membrane where pooled, is not 0.
void pack_sensitive(const EventPlan& plan, const Surrogate& surrogate, float threshold, const float* membranes,
                    std::span<std::uint64_t> sensitive);

/// One tick of the membranes' gradient, backwards in time. `later` is dLoss/dm of the tick after and `outputs`
/// dLoss/dout of this one; with s the surrogate at m, `slopes`, which may be `later`, becomes
///     s (outputs - [through_reset] decay m later) + (m > threshold ? 0 : decay later)
void step_back(std::size_t neurons, const Surrogate& surrogate, float decay, float threshold, bool through_reset,
               const float* membranes, const float* outputs, const float* later, float* slopes);

/// sum += part, value by value.
void add_values(std::span<const float> part, std::span<float> sum);

}  // namespace rheo::spiking
