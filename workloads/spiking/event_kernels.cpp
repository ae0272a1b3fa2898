#include "workloads/spiking/event_kernels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

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

/// Bit i of row t becomes bit t of row i (Warren, Hacker's Delight, 2nd edition, section 7-3).
HWY_INLINE void Transpose(std::uint64_t (&rows)[64]) {
  std::uint64_t low = 0x0000'0000'FFFF'FFFF;
  for (std::size_t half = 32; half != 0; half >>= 1, low ^= low << half) {
    for (std::size_t row = 0; row < 64; row = ((row | half) + 1) & ~half) {
      const std::uint64_t swapped = ((rows[row] >> half) ^ rows[row | half]) & low;
      rows[row] ^= swapped << half;
      rows[row | half] ^= swapped;
    }
  }
}

/// Calls visit(value, bits) for every value with spikes among up to 64 ticks, in ascending order: bit t says whether at
/// tick `first` + t.
template <class Visit>
HWY_INLINE void ForInputs(SpikeRows spikes, std::size_t first, Visit&& visit) {
  const std::size_t ticks = std::min<std::size_t>(64, spikes.ticks - first);
  for (std::size_t w = 0; w < spikes.words; ++w) {
    std::uint64_t rows[64] = {};
    std::uint64_t any = 0;
    for (std::size_t t = 0; t < ticks; ++t) any |= rows[t] = spikes.at(first + t)[w];
    if (any == 0) continue;
    Transpose(rows);
    for (; any != 0; any &= any - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(any));
      visit(w * 64 + bit, rows[bit]);
    }
  }
}

/// `count` bits, up to 64, from bit `first` on.
HWY_INLINE std::uint64_t BitsFrom(std::span<const std::uint64_t> words, std::size_t first, std::size_t count) {
  const std::size_t shift = first % 64;
  std::uint64_t bits = words[first / 64] >> shift;
  if (shift + count > 64) bits |= words[first / 64 + 1] << (64 - shift);
  return count == 64 ? bits : bits & ((std::uint64_t{1} << count) - 1);
}

/// Visits the spikes of a tick channel by channel, each in ascending order.
class SpikesByChannel {
 public:
  explicit SpikesByChannel(const EventPlan& plan)
      : channels_(plan.input_channels()), positions_(plan.inputs() / channels_), blocks_((positions_ + 63) / 64) {}

  template <class Visit>
  HWY_INLINE void For(std::span<const std::uint64_t> words, Visit&& visit) {
    for (std::size_t c0 = 0; c0 < channels_; c0 += 64) {
      const std::size_t count = std::min<std::size_t>(64, channels_ - c0);
      for (std::size_t b = 0; b < blocks_.size(); ++b) {
        std::uint64_t(&rows)[64] = blocks_[b].rows;
        const std::size_t positions = std::min<std::size_t>(64, positions_ - b * 64);
        std::uint64_t any = 0;
        for (std::size_t i = 0; i < positions; ++i) {
          any |= rows[i] = BitsFrom(words, (b * 64 + i) * channels_ + c0, count);
        }
        std::fill(rows + positions, rows + 64, 0);
        if (any != 0) Transpose(rows);
      }
      for (std::size_t c = 0; c < count; ++c) {
        for (std::size_t b = 0; b < blocks_.size(); ++b) {
          for (std::uint64_t rest = blocks_[b].rows[c]; rest != 0; rest &= rest - 1) {
            visit((b * 64 + static_cast<std::size_t>(std::countr_zero(rest))) * channels_ + c0 + c);
          }
        }
      }
    }
  }

 private:
  struct Block {
    std::uint64_t rows[64];
  };
  std::size_t channels_, positions_;
  std::vector<Block> blocks_;
};

/// Adds rows of numbers to others, up to 16 to the same ones at a time: what they are added to stays in registers. In
/// the order given.
template <class Number>
class WaitingRows {
 public:
  WaitingRows(std::size_t from_stride, std::size_t to_stride) : from_stride_(from_stride), to_stride_(to_stride) {}

  /// `rows` rows of `length` numbers.
  HWY_INLINE void Add(const Number* from, Number* to, std::size_t rows, std::size_t length) {
    if (count_ == from_.size() || to != to_ || rows != rows_ || length != length_) {
      Finish();
      to_ = to;
      rows_ = rows;
      length_ = length;
    }
    from_[count_++] = from;
  }
  HWY_INLINE void Finish() {
    const hn::CappedTag<Number, 16> d;
    const hn::CappedTag<Number, 8> half;
    const std::size_t lanes = hn::Lanes(d);
    for (std::size_t row = 0; row < rows_; ++row) {
      Number* HWY_RESTRICT to = to_ + row * to_stride_;
      const std::size_t from = row * from_stride_;
      std::size_t i = 0;
      // Four variables: an array of vectors would not stay in registers.
      for (; i + 4 * lanes <= length_; i += 4 * lanes) {
        auto a = hn::LoadU(d, to + i), b = hn::LoadU(d, to + i + lanes);
        auto c = hn::LoadU(d, to + i + 2 * lanes), e = hn::LoadU(d, to + i + 3 * lanes);
        for (std::size_t k = 0; k < count_; ++k) {
          const Number* HWY_RESTRICT at = from_[k] + from + i;
          a = hn::Add(a, hn::LoadU(d, at));
          b = hn::Add(b, hn::LoadU(d, at + lanes));
          c = hn::Add(c, hn::LoadU(d, at + 2 * lanes));
          e = hn::Add(e, hn::LoadU(d, at + 3 * lanes));
        }
        hn::StoreU(a, d, to + i);
        hn::StoreU(b, d, to + i + lanes);
        hn::StoreU(c, d, to + i + 2 * lanes);
        hn::StoreU(e, d, to + i + 3 * lanes);
      }
      for (; i < length_; i += 8) {
        auto sum = hn::LoadU(half, to + i);
        for (std::size_t k = 0; k < count_; ++k) sum = hn::Add(sum, hn::LoadU(half, from_[k] + from + i));
        hn::StoreU(sum, half, to + i);
      }
    }
    count_ = 0;
  }

 private:
  std::size_t from_stride_, to_stride_;
  std::size_t count_ = 0, rows_ = 0, length_ = 0;
  Number* to_ = nullptr;
  std::array<const Number*, 16> from_{};
};

// A linear layer may have more weights than caches hold: it goes through them once for 64 ticks. A convolution uses its
// few weights again and again within a tick, of its input channels one after the other where that pays.

/// So many weights stay in the first cache.
constexpr std::size_t kWeightsInCache = 8192;

template <class Number>
void SumEventsOf(const EventPlan& plan, SpikeRows spikes, const Number* weights, Number* sums) {
  const EventPlace* places = plan.places().data();
  const std::size_t neurons = plan.neurons();
  std::fill(sums, sums + spikes.ticks * neurons, Number{0});
  WaitingRows<Number> rows(plan.weight_stride(), plan.sum_stride());
  const auto add = [&](std::size_t tick, std::size_t value) HWY_ATTR {
    const EventPlace& place = places[value];
    rows.Add(weights + place.weight, sums + tick * neurons + place.sum, place.rows, place.length);
  };
  if (plan.linear()) {
    for (std::size_t first = 0; first < spikes.ticks; first += 64) {
      const std::size_t end = std::min(first + 64, spikes.ticks);
      for (std::size_t w = 0; w < spikes.words; ++w) {
        for (std::size_t tick = first; tick < end; ++tick) {
          ForSpikes(spikes.at(tick).subspan(w, 1), [&](std::size_t bit) HWY_ATTR { add(tick, w * 64 + bit); });
        }
      }
    }
  } else {
    for (std::size_t tick = 0; tick < spikes.ticks; ++tick) {
      ForSpikes(spikes.at(tick), [&](std::size_t value) HWY_ATTR { add(tick, value); });
    }
  }
  rows.Finish();
}

void SumFloatEvents(const EventPlan& plan, SpikeRows spikes, const float* weights, float* sums) {
  SumEventsOf(plan, spikes, weights, sums);
}

void SumIntegerEvents(const EventPlan& plan, SpikeRows spikes, const std::int32_t* weights, std::int32_t* sums) {
  SumEventsOf(plan, spikes, weights, sums);
}

void AddGradient(const EventPlan& plan, SpikeRows spikes, const float* slopes, float* gradient) {
  const EventPlace* places = plan.places().data();
  const std::size_t neurons = plan.neurons();
  WaitingRows<float> rows(plan.sum_stride(), plan.weight_stride());
  const auto add = [&](std::size_t tick, std::size_t value) HWY_ATTR {
    const EventPlace& place = places[value];
    rows.Add(slopes + tick * neurons + place.sum, gradient + place.weight, place.rows, place.length);
  };
  if (plan.linear()) {
    for (std::size_t end = spikes.ticks; end > 0;) {
      const std::size_t first = (end - 1) / 64 * 64;
      ForInputs(spikes, first, [&](std::size_t value, std::uint64_t ticks) HWY_ATTR {
        while (ticks != 0) {
          const auto latest = static_cast<std::size_t>(std::bit_width(ticks)) - 1;
          ticks ^= std::uint64_t{1} << latest;
          add(first + latest, value);
        }
      });
      end = first;
    }
  } else if (plan.weights() <= kWeightsInCache) {
    for (std::size_t tick = spikes.ticks; tick-- > 0;) {
      ForSpikes(spikes.at(tick), [&](std::size_t value) HWY_ATTR { add(tick, value); });
    }
  } else {
    SpikesByChannel channels(plan);
    for (std::size_t tick = spikes.ticks; tick-- > 0;) {
      channels.For(spikes.at(tick), [&](std::size_t value) HWY_ATTR { add(tick, value); });
    }
  }
  rows.Finish();
}

using Eight = hn::Vec<hn::CappedTag<float, 8>>;

HWY_INLINE Eight Load8(const float* from) { return hn::LoadU(hn::CappedTag<float, 8>(), from); }

/// Sixteen values in one vector or in two.
struct Sixteen {
#if HWY_MAX_BYTES >= 64
  hn::Vec<hn::CappedTag<float, 16>> all = hn::Zero(hn::CappedTag<float, 16>());

  static HWY_INLINE Sixteen Load(const float* from) { return {hn::LoadU(hn::CappedTag<float, 16>(), from)}; }
  HWY_INLINE void MulAdd(Sixteen a, Sixteen b) { all = hn::MulAdd(a.all, b.all, all); }
  [[nodiscard]] HWY_INLINE Eight Low() const { return hn::LowerHalf(hn::CappedTag<float, 8>(), all); }
  [[nodiscard]] HWY_INLINE Eight High() const { return hn::UpperHalf(hn::CappedTag<float, 8>(), all); }
#else
  Eight low = hn::Zero(hn::CappedTag<float, 8>()), high = low;

  static HWY_INLINE Sixteen Load(const float* from) { return {Load8(from), Load8(from + 8)}; }
  HWY_INLINE void MulAdd(Sixteen a, Sixteen b) {
    low = hn::MulAdd(a.low, b.low, low);
    high = hn::MulAdd(a.high, b.high, high);
  }
  [[nodiscard]] HWY_INLINE Eight Low() const { return low; }
  [[nodiscard]] HWY_INLINE Eight High() const { return high; }
#endif
};

/// A sum of products in 24 partial sums: 16 for whole groups of 16 values, 8 for a rest of 8.
struct Dot {
  const float* w;
  const float* s;
  Sixteen sums{};
  Eight rest = hn::Zero(hn::CappedTag<float, 8>());

  HWY_INLINE void Add(std::size_t i, std::size_t j) { sums.MulAdd(Sixteen::Load(w + i), Sixteen::Load(s + j)); }
  HWY_INLINE void AddRest(std::size_t i, std::size_t j) { rest = hn::MulAdd(Load8(w + i), Load8(s + j), rest); }
  [[nodiscard]] HWY_INLINE float Sum() const {
    return hn::GetLane(hn::SumOfLanes(hn::CappedTag<float, 8>(), hn::Add(hn::Add(sums.Low(), rest), sums.High())));
  }
};

/// Sums of products of equal extent, four at a time: the additions of one wait for each other.
class WaitingDots {
 public:
  explicit WaitingDots(const EventPlan& plan) : plan_(plan) {}

  /// The products of weights from `w` and slopes from `s` on.
  HWY_INLINE void Add(const EventPlace& place, const float* w, const float* s, float* result) {
    if (place.rows != rows_ || place.length != length_) {
      Finish();
      rows_ = place.rows;
      length_ = place.length;
    }
    w_[count_] = w;
    s_[count_] = s;
    results_[count_] = result;
    if (++count_ < 4) return;
    count_ = 0;
    // Four variables: an array of vectors would not stay in registers.
    Dot a{w_[0], s_[0]}, b{w_[1], s_[1]}, c{w_[2], s_[2]}, d{w_[3], s_[3]};
    ForLanesOfRows(
        [&](std::size_t i, std::size_t j) HWY_ATTR {
          a.Add(i, j);
          b.Add(i, j);
          c.Add(i, j);
          d.Add(i, j);
        },
        [&](std::size_t i, std::size_t j) HWY_ATTR {
          a.AddRest(i, j);
          b.AddRest(i, j);
          c.AddRest(i, j);
          d.AddRest(i, j);
        });
    *results_[0] = a.Sum();
    *results_[1] = b.Sum();
    *results_[2] = c.Sum();
    *results_[3] = d.Sum();
  }
  void Finish() {
    for (std::size_t k = 0; k < count_; ++k) {
      Dot dot{w_[k], s_[k]};
      ForLanesOfRows([&](std::size_t i, std::size_t j) HWY_ATTR { dot.Add(i, j); },
                     [&](std::size_t i, std::size_t j) HWY_ATTR { dot.AddRest(i, j); });
      *results_[k] = dot.Sum();
    }
    count_ = 0;
  }

 private:
  /// Calls the bodies with indices into the weights and the slopes.
  template <class Whole, class Rest>
  HWY_INLINE void ForLanesOfRows(Whole&& whole, Rest&& rest) const {
    for (std::size_t row = 0; row < rows_; ++row) {
      std::size_t i = row * plan_.weight_stride(), j = row * plan_.sum_stride();
      const std::size_t end = i + length_;
      for (; i + 16 <= end; i += 16, j += 16) whole(i, j);
      if (i < end) rest(i, j);
    }
  }

  const EventPlan& plan_;
  std::size_t rows_ = 0, length_ = 0, count_ = 0;
  std::array<const float*, 4> w_{}, s_{};
  std::array<float*, 4> results_{};
};

void PullBack(const EventPlan& plan, SpikeRows chosen, const float* weights, const float* slopes, float* inputs) {
  const EventPlace* places = plan.places().data();
  const std::size_t neurons = plan.neurons(), row = plan.inputs();
  WaitingDots dots(plan);
  const auto add = [&](std::size_t tick, std::size_t value) HWY_ATTR {
    const EventPlace& place = places[value];
    dots.Add(place, weights + place.weight, slopes + tick * neurons + place.sum, inputs + tick * row + value);
  };
  if (plan.linear()) {
    for (std::size_t first = 0; first < chosen.ticks; first += 64) {
      ForInputs(chosen, first, [&](std::size_t value, std::uint64_t ticks) HWY_ATTR {
        for (; ticks != 0; ticks &= ticks - 1) add(first + static_cast<std::size_t>(std::countr_zero(ticks)), value);
      });
    }
  } else if (plan.weights() <= kWeightsInCache) {
    for (std::size_t tick = 0; tick < chosen.ticks; ++tick) {
      ForSpikes(chosen.at(tick), [&](std::size_t value) HWY_ATTR { add(tick, value); });
    }
  } else {
    SpikesByChannel channels(plan);
    for (std::size_t tick = 0; tick < chosen.ticks; ++tick) {
      channels.For(chosen.at(tick), [&](std::size_t value) HWY_ATTR { add(tick, value); });
    }
  }
  dots.Finish();
}

void StepMembranes(std::size_t neurons, float decay, float threshold, const float* before, const float* sums,
                   float* after) {
  ForLanes<float>(neurons, [&](auto d, std::size_t i) HWY_ATTR {
    const auto m = hn::LoadU(d, before + i);
    const auto kept = hn::IfThenZeroElse(hn::Gt(m, hn::Set(d, threshold)), hn::Mul(hn::Set(d, decay), m));
    hn::StoreU(hn::Add(kept, hn::LoadU(d, sums + i)), d, after + i);
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
              const float* membranes, const float* outputs, const float* after, float* slopes) {
  const bool rectangle = surrogate.kind == Surrogate::Kind::rectangle;
  const auto width = static_cast<float>(surrogate.width);
  const float height = rectangle ? 1 / width : 0.39894228F / width;
  const float reset = through_reset ? decay : 0;
  ForLanes<float>(neurons, [&](auto d, std::size_t i) HWY_ATTR {
    const auto m = hn::LoadU(d, membranes + i);
    const auto later = hn::LoadU(d, after + i);
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

HWY_EXPORT(SumFloatEvents);
HWY_EXPORT(SumIntegerEvents);
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

void sum_events(const EventPlan& plan, SpikeRows spikes, const float* weights, float* sums) {
  HWY_DYNAMIC_DISPATCH(SumFloatEvents)(plan, spikes, weights, sums);
}

void sum_events(const EventPlan& plan, SpikeRows spikes, const std::int32_t* weights, std::int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(SumIntegerEvents)(plan, spikes, weights, sums);
}

void step_membranes(std::size_t neurons, float decay, float threshold, const float* before, const float* sums,
                    float* after) {
  HWY_DYNAMIC_DISPATCH(StepMembranes)(neurons, decay, threshold, before, sums, after);
}

void pack_spikes(const EventPlan& plan, float threshold, const float* membranes, std::span<std::uint64_t> spikes) {
  if (plan.direct()) {
    HWY_DYNAMIC_DISPATCH(PackAbove)(plan.neurons(), threshold, membranes, spikes);
  } else {
    pack_windows(plan, membranes, spikes, [&](float m) { return m > threshold; });
  }
}

void add_gradient(const EventPlan& plan, SpikeRows spikes, const float* slopes, float* gradient) {
  HWY_DYNAMIC_DISPATCH(AddGradient)(plan, spikes, slopes, gradient);
}

void pull_back(const EventPlan& plan, SpikeRows chosen, const float* weights, const float* slopes, float* inputs) {
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
               const float* membranes, const float* outputs, const float* later, float* slopes) {
  HWY_DYNAMIC_DISPATCH(StepBack)
  (neurons, surrogate, decay, threshold, through_reset, membranes, outputs, later, slopes);
}

void add_values(std::span<const float> part, std::span<float> sum) {
  HWY_DYNAMIC_DISPATCH(AddValues)(part.data(), sum.data(), sum.size());
}

}  // namespace rheo::spiking
#endif  // HWY_ONCE
