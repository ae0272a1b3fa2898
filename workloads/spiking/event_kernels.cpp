#include "workloads/spiking/event_kernels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

// Highway compiles the part between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workloads/spiking/event_kernels.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/core/elementary-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::spiking::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using rheo::HWY_NAMESPACE::Exp;

/// Lengths are multiples of 8: whole vectors of up to 16, then perhaps one of 8.
template <class Number, class Body>
HWY_INLINE void ForLanes(std::size_t length, Body&& body) {
  const hn::CappedTag<Number, 16> d;
  const hn::CappedTag<Number, 8> rest;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= length; i += lanes) body(d, i);
  if (i < length) body(rest, i);
}

/// As for_spikes, compiled for the target.
template <class Visit>
HWY_INLINE void ForSpikes(std::span<const std::uint64_t> words, Visit&& visit) {
  for (std::size_t w = 0; w < words.size(); ++w) {
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
      visit(w * 64 + static_cast<std::size_t>(std::countr_zero(rest)));
    }
  }
}

template <class Number>
void AddEventsOf(const EventPlan& plan, std::span<const std::uint64_t> spikes, const Number* weights, Number* sums) {
  const EventPlace* places = plan.places().data();
  ForSpikes(spikes, [&](std::size_t value) HWY_ATTR {
    const EventPlace place = places[value];
    const Number* HWY_RESTRICT from = weights + place.weight;
    Number* HWY_RESTRICT to = sums + place.sum;
    for (unsigned row = 0; row < place.rows; ++row, from += plan.weight_stride(), to += plan.sum_stride()) {
      ForLanes<Number>(place.length, [&](auto d, std::size_t i) HWY_ATTR {
        hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
      });
    }
  });
}

void AddFloatEvents(const EventPlan& plan, std::span<const std::uint64_t> spikes, const float* weights, float* sums) {
  AddEventsOf(plan, spikes, weights, sums);
}

void AddIntegerEvents(const EventPlan& plan, std::span<const std::uint64_t> spikes, const std::int32_t* weights,
                      std::int32_t* sums) {
  AddEventsOf(plan, spikes, weights, sums);
}

void AddGradient(const EventPlan& plan, std::span<const std::uint64_t> spikes, const float* slopes, float* gradient) {
  const EventPlace* places = plan.places().data();
  ForSpikes(spikes, [&](std::size_t value) HWY_ATTR {
    const EventPlace place = places[value];
    const float* HWY_RESTRICT from = slopes + place.sum;
    float* HWY_RESTRICT to = gradient + place.weight;
    for (unsigned row = 0; row < place.rows; ++row, from += plan.sum_stride(), to += plan.weight_stride()) {
      ForLanes<float>(place.length, [&](auto d, std::size_t i) HWY_ATTR {
        hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
      });
    }
  });
}

/// The products go to 24 partial sums: 16 for whole groups of 16 values of a row, 8 for the rest of 8.
void PullBack(const EventPlan& plan, std::span<const std::uint64_t> chosen, const float* weights, const float* slopes,
              float* inputs) {
  const hn::CappedTag<float, 8> half;
  const EventPlace* places = plan.places().data();
  ForSpikes(chosen, [&](std::size_t value) HWY_ATTR {
    const EventPlace place = places[value];
    const float* HWY_RESTRICT w = weights + place.weight;
    const float* HWY_RESTRICT s = slopes + place.sum;
    auto rest = hn::Zero(half);
#if HWY_MAX_BYTES >= 64
    const hn::CappedTag<float, 16> whole;
    auto all = hn::Zero(whole);
#else
    auto low = hn::Zero(half), high = hn::Zero(half);
#endif
    for (unsigned row = 0; row < place.rows; ++row, w += plan.weight_stride(), s += plan.sum_stride()) {
      std::size_t i = 0;
      for (; i + 16 <= place.length; i += 16) {
#if HWY_MAX_BYTES >= 64
        all = hn::MulAdd(hn::LoadU(whole, w + i), hn::LoadU(whole, s + i), all);
#else
        low = hn::MulAdd(hn::LoadU(half, w + i), hn::LoadU(half, s + i), low);
        high = hn::MulAdd(hn::LoadU(half, w + i + 8), hn::LoadU(half, s + i + 8), high);
#endif
      }
      if (i < place.length) rest = hn::MulAdd(hn::LoadU(half, w + i), hn::LoadU(half, s + i), rest);
    }
#if HWY_MAX_BYTES >= 64
    const auto low = hn::LowerHalf(half, all), high = hn::UpperHalf(half, all);
#endif
    inputs[value] = hn::GetLane(hn::SumOfLanes(half, hn::Add(hn::Add(low, rest), high)));
  });
}

void StepMembranes(std::size_t neurons, float decay, float threshold, const float* HWY_RESTRICT before,
                   float* HWY_RESTRICT sums, float* HWY_RESTRICT after) {
  ForLanes<float>(neurons, [&](auto d, std::size_t i) HWY_ATTR {
    const auto m = hn::LoadU(d, before + i);
    const auto kept = hn::IfThenZeroElse(hn::Gt(m, hn::Set(d, threshold)), hn::Mul(hn::Set(d, decay), m));
    hn::StoreU(hn::Add(kept, hn::LoadU(d, sums + i)), d, after + i);
    hn::StoreU(hn::Zero(d), d, sums + i);
  });
}

/// The bits of a condition over consecutive values.
template <class Condition>
HWY_INLINE void PackBits(std::size_t values, const float* from, std::span<std::uint64_t> bits, Condition&& condition) {
  const hn::CappedTag<float, 8> d;
  auto* bytes = reinterpret_cast<std::uint8_t*>(bits.data());
  std::fill(bits.begin(), bits.end(), 0);
  for (std::size_t i = 0; i < values; i += 8) hn::StoreMaskBits(d, condition(d, hn::LoadU(d, from + i)), bytes + i / 8);
}

void PackAbove(std::size_t values, float threshold, const float* from, std::span<std::uint64_t> bits) {
  PackBits(values, from, bits, [&](auto d, auto m) HWY_ATTR { return hn::Gt(m, hn::Set(d, threshold)); });
}

void PackWithin(std::size_t values, float threshold, float reach, const float* from, std::span<std::uint64_t> bits) {
  PackBits(values, from, bits, [&](auto d, auto m) HWY_ATTR {
    return hn::Lt(hn::Abs(hn::Sub(m, hn::Set(d, threshold))), hn::Set(d, reach));
  });
}

void StepBack(std::size_t neurons, const Surrogate& surrogate, float decay, float threshold, bool through_reset,
              const float* HWY_RESTRICT membranes, const float* HWY_RESTRICT outputs, float* HWY_RESTRICT slopes) {
  const bool rectangle = surrogate.kind == Surrogate::Kind::rectangle;
  const auto width = static_cast<float>(surrogate.width);
  const float height = rectangle ? 1 / width : 0.39894228F / width;
  const float reset = through_reset ? decay : 0;
  ForLanes<float>(neurons, [&](auto d, std::size_t i) HWY_ATTR {
    const auto m = hn::LoadU(d, membranes + i);
    const auto later = hn::LoadU(d, slopes + i);
    const auto distance = hn::Sub(m, hn::Set(d, threshold));
    const auto out = hn::Sub(hn::LoadU(d, outputs + i), hn::Mul(hn::Mul(hn::Set(d, reset), m), later));
    auto through = hn::Mul(hn::Set(d, height), out);
    if (rectangle) {
      through = hn::IfThenElseZero(hn::Lt(hn::Abs(distance), hn::Set(d, 0.5F * width)), through);
    } else {
      const auto z = hn::Mul(distance, hn::Set(d, 1 / width));
      through = hn::Mul(through, Exp(d, hn::Mul(hn::Set(d, -0.5F), hn::Mul(z, z))));
    }
    const auto kept = hn::IfThenZeroElse(hn::Gt(m, hn::Set(d, threshold)), hn::Mul(hn::Set(d, decay), later));
    hn::StoreU(hn::Add(through, kept), d, slopes + i);
  });
}

void AddValues(const float* part, float* sum, std::size_t count) {
  ForLanes<float>(count, [&](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(hn::Add(hn::LoadU(d, sum + i), hn::LoadU(d, part + i)), d, sum + i);
  });
}

}  // namespace rheo::spiking::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::spiking {
namespace {

HWY_EXPORT(AddFloatEvents);
HWY_EXPORT(AddIntegerEvents);
HWY_EXPORT(AddGradient);
HWY_EXPORT(PullBack);
HWY_EXPORT(StepMembranes);
HWY_EXPORT(PackAbove);
HWY_EXPORT(PackWithin);
HWY_EXPORT(StepBack);
HWY_EXPORT(AddValues);

/// The bits of a condition on each output's largest membrane.
template <class Condition>
void pack_windows(const EventPlan& plan, const float* membranes, std::span<std::uint64_t> bits, Condition condition) {
  std::fill(bits.begin(), bits.end(), 0);
  for (std::size_t i = 0; i < plan.output().values(); ++i) {
    const std::span<const std::uint32_t> window = plan.window_of(i);
    float largest = membranes[window[0]];
    for (const std::uint32_t at : window) largest = std::max(largest, membranes[at]);
    if (condition(largest)) bits[i / 64] |= std::uint64_t{1} << i % 64;
  }
}

}  // namespace

void add_events(const EventPlan& plan, std::span<const std::uint64_t> spikes, const float* weights, float* sums) {
  HWY_DYNAMIC_DISPATCH(AddFloatEvents)(plan, spikes, weights, sums);
}

void add_events(const EventPlan& plan, std::span<const std::uint64_t> spikes, const std::int32_t* weights,
                std::int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(AddIntegerEvents)(plan, spikes, weights, sums);
}

void step_membranes(std::size_t neurons, float decay, float threshold, const float* before, float* sums, float* after) {
  HWY_DYNAMIC_DISPATCH(StepMembranes)(neurons, decay, threshold, before, sums, after);
}

void pack_spikes(const EventPlan& plan, float threshold, const float* membranes, std::span<std::uint64_t> spikes) {
  if (plan.direct()) {
    HWY_DYNAMIC_DISPATCH(PackAbove)(plan.neurons(), threshold, membranes, spikes);
  } else {
    pack_windows(plan, membranes, spikes, [&](float m) { return m > threshold; });
  }
}

void add_gradient(const EventPlan& plan, std::span<const std::uint64_t> spikes, const float* slopes, float* gradient) {
  HWY_DYNAMIC_DISPATCH(AddGradient)(plan, spikes, slopes, gradient);
}

void pull_back(const EventPlan& plan, std::span<const std::uint64_t> chosen, const float* weights, const float* slopes,
               float* inputs) {
  HWY_DYNAMIC_DISPATCH(PullBack)(plan, chosen, weights, slopes, inputs);
}

void pack_sensitive(const EventPlan& plan, const Surrogate& surrogate, float threshold, const float* membranes,
                    std::span<std::uint64_t> sensitive) {
  // The Gaussian has no end; past 5 standard deviations it is below 1e-5 of its height.
  const auto reach = static_cast<float>(surrogate.width) * (surrogate.kind == Surrogate::Kind::rectangle ? 0.5F : 5.0F);
  if (plan.direct()) {
    HWY_DYNAMIC_DISPATCH(PackWithin)(plan.neurons(), threshold, reach, membranes, sensitive);
  } else {
    pack_windows(plan, membranes, sensitive, [&](float m) { return std::abs(m - threshold) < reach; });
  }
}

void step_back(std::size_t neurons, const Surrogate& surrogate, float decay, float threshold, bool through_reset,
               const float* membranes, const float* outputs, float* slopes) {
  HWY_DYNAMIC_DISPATCH(StepBack)(neurons, surrogate, decay, threshold, through_reset, membranes, outputs, slopes);
}

void add_values(std::span<const float> part, std::span<float> sum) {
  HWY_DYNAMIC_DISPATCH(AddValues)(part.data(), sum.data(), sum.size());
}

}  // namespace rheo::spiking
#endif  // HWY_ONCE
