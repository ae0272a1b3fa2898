#include "models/crossbar/pulse_kernel.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/pulse_kernel.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

#include "models/core/counter_random-inl.h"
#include "models/crossbar/patch-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace {

using rheo::HWY_NAMESPACE::NormalFromWords;
using rheo::HWY_NAMESPACE::RandomWords;

const hn::ScalableTag<float> df;
const hn::ScalableTag<std::uint32_t> du;
const hn::ScalableTag<std::int32_t> di;
using Words = hn::Vec<decltype(du)>;
using Lane = hn::Vec<decltype(df)>;

constexpr std::uint32_t sign_bit = 0x80000000U;
constexpr std::uint32_t slot_bits = 0x7FFFFFFFU;

/// Thresholds in units of 2^-31: a line fires when (word >> 1) is below.
HWY_INLINE Words Thresholds(Lane values, float scale) {
  const Lane p = hn::Mul(hn::Abs(values), hn::Set(df, scale * 0x1p31F));
  return hn::BitCast(du, hn::ConvertTo(di, hn::Min(p, hn::Set(df, 2147483520.0F))));
}

/// The trains of the lanes that begin at line `line`: two slots a random word while both 16-bit halves
/// decide; a half that ties is decided by 15 more bits of a second word.
HWY_INLINE Words TrainWords(const RandomKey& key, std::uint64_t identity, std::size_t line, Lane values, float scale,
                            int slots) {
  const Words threshold = Thresholds(values, scale);
  const Words sign = hn::And(hn::BitCast(du, values), hn::Set(du, sign_bit));
  const std::uint64_t block = line / 4;
  if (slots == 1) {
    const Words draw = hn::ShiftRight<1>(RandomWords(du, key, identity, block));
    const auto fires = hn::Lt(hn::BitCast(di, draw), hn::BitCast(di, threshold));
    return hn::Or(hn::And(hn::VecFromMask(du, hn::RebindMask(du, fires)), hn::Set(du, 1U)), sign);
  }
  const hn::Repartition<std::uint16_t, decltype(du)> d16;
  const Words high = hn::ShiftRight<15>(threshold);  // the leading 16 of 31 bits
  const auto coarse = hn::BitCast(d16, hn::Or(high, hn::ShiftLeft<16>(high)));
  const Words low = hn::And(threshold, hn::Set(du, 0x7FFFU));
  const auto fine = hn::BitCast(d16, hn::Or(low, hn::ShiftLeft<16>(low)));
  auto train = hn::Zero(d16);
  const int draws = (slots + 1) / 2;
  for (int i = 0; i < draws; ++i) {
    const std::uint64_t stream = static_cast<std::uint64_t>(2 * i + 1) << 32;
    const auto draw = hn::BitCast(d16, RandomWords(du, key, identity, stream + block));
    auto fires = hn::Lt(draw, coarse);
    const auto tie = hn::Eq(draw, coarse);
    if (HWY_UNLIKELY(!hn::AllFalse(d16, tie))) {
      const auto second = hn::BitCast(d16, RandomWords(du, key, identity, stream + (std::uint64_t{1} << 32) + block));
      fires = hn::Or(fires, hn::And(tie, hn::Lt(hn::ShiftRight<1>(second), fine)));
    }
    auto bit = hn::Set(d16, static_cast<std::uint16_t>(1U << i));
    if (2 * i + 1 >= slots) {  // an odd train's last draw fills one slot only
      bit = hn::BitCast(d16, hn::Set(du, std::uint32_t{1} << i));
    }
    train = hn::Or(train, hn::IfThenElseZero(fires, bit));
  }
  return hn::Or(hn::And(hn::BitCast(du, train), hn::Set(du, slot_bits)), sign);
}

HWY_INLINE Words CountSlots(Words trains) { return hn::PopulationCount(hn::And(trains, hn::Set(du, slot_bits))); }

HWY_INLINE std::uint64_t SumOf(Words counts) { return hn::GetLane(hn::SumOfLanes(du, counts)); }

}  // namespace

PulseCounts DrawPulseTrains(const PulseSettings& settings, float learning_rate, const InputBlock& inputs,
                            const InputBlock& errors, const VectorRange& range, const RandomKey& row_key,
                            const RandomKey& column_key, PulseEvents& out) {
  PulseCounts counts;
  const std::size_t lanes = hn::Lanes(df);
  const std::size_t rows = PaddedTo16(inputs.elements);
  const std::size_t columns = PaddedTo16(errors.elements);
  auto x = hwy::AllocateAligned<float>(rows);
  auto d = hwy::AllocateAligned<float>(columns);
  std::fill_n(x.get(), rows, 0.0F);
  std::fill_n(d.get(), columns, 0.0F);
  const std::size_t end = range.first + range.count;
  for (std::size_t v = range.first; v < end; ++v) {
    GatherPatch(errors, v, d.get());
    const float largest_d = LargestMagnitude(d.get(), columns);
    if (!(largest_d > 0)) {
      ++counts.skipped;
      continue;
    }
    GatherPatch(inputs, v, x.get());
    const float largest_x = LargestMagnitude(x.get(), rows);
    if (!(largest_x > 0)) {
      ++counts.skipped;
      continue;
    }
    const PulseScales scales = pulse_scales(settings, learning_rate, largest_x, largest_d);
    if (scales.slots == 0) {
      ++counts.skipped;
      continue;
    }
    const std::uint64_t identity = range.identity + v;
    ++counts.vectors;
    counts.slots += static_cast<std::uint64_t>(scales.slots);
    ++counts.by_length[static_cast<std::size_t>(scales.slots)];
    counts.random_bits += static_cast<std::uint64_t>(scales.slots) * errors.elements;

    PulseEvents::Event event{identity, out.words.size(), 0, 0};
    out.words.resize(event.columns_at + columns + 2 * rows);
    std::uint32_t* column_words = out.words.data() + event.columns_at;
    Words pulses = hn::Zero(du);
    for (std::size_t j = 0; j < columns; j += lanes) {
      const Words train = TrainWords(column_key, identity, j, hn::LoadU(df, d.get() + j), scales.columns, scales.slots);
      hn::StoreU(train, du, column_words + j);
      pulses = hn::Add(pulses, CountSlots(train));
    }
    const std::uint64_t column_pulses = SumOf(pulses);
    if (column_pulses == 0) {
      out.words.resize(event.columns_at);
      continue;
    }
    counts.column_pulses += column_pulses;
    counts.random_bits += static_cast<std::uint64_t>(scales.slots) * inputs.elements;

    event.rows_at = event.columns_at + columns;
    std::uint32_t* pairs = out.words.data() + event.rows_at;
    pulses = hn::Zero(du);
    alignas(64) std::uint32_t buffer[16];
    for (std::size_t i = 0; i < rows; i += lanes) {
      const Words train = TrainWords(row_key, identity, i, hn::LoadU(df, x.get() + i), scales.rows, scales.slots);
      const auto fired = hn::Ne(hn::And(train, hn::Set(du, slot_bits)), hn::Zero(du));
      if (hn::AllFalse(du, fired)) continue;
      pulses = hn::Add(pulses, CountSlots(train));
      hn::Store(train, du, buffer);
      std::uint8_t bits[8] = {};
      hn::StoreMaskBits(du, fired, bits);
      for (std::uint32_t left = bits[0] | (lanes > 8 ? static_cast<std::uint32_t>(bits[1]) << 8 : 0U); left != 0;
           left &= left - 1) {
        const auto lane = static_cast<std::uint32_t>(__builtin_ctz(left));
        pairs[2 * event.rows] = static_cast<std::uint32_t>(i) + lane;
        pairs[2 * event.rows + 1] = buffer[lane];
        ++event.rows;
      }
    }
    counts.row_pulses += SumOf(pulses);
    out.words.resize(event.rows == 0 ? event.columns_at : event.rows_at + 2 * event.rows);
    if (event.rows != 0) out.events.push_back(event);
  }
  return counts;
}

std::uint64_t ApplyPulseTrains(const PulseEvents& events, const CellArrays& cells, const RandomKey& noise,
                               std::size_t first_row, std::size_t last_row) {
  const std::size_t lanes = hn::Lanes(df);
  const Lane sigma = hn::Set(df, cells.cycle_to_cycle);
  std::uint64_t coincidences = 0;
  for (const PulseEvents::Event& event : events.events) {
    const std::uint32_t* columns = events.words.data() + event.columns_at;
    const std::uint32_t* pairs = events.words.data() + event.rows_at;
    Words pulses = hn::Zero(du);
    for (std::size_t r = 0; r < event.rows; ++r) {
      const std::size_t row = pairs[2 * r];
      if (row < first_row || row >= last_row) continue;
      const Words row_train = hn::Set(du, pairs[2 * r + 1]);
      for (std::size_t j = 0; j < cells.row_stride; j += lanes) {
        const Words column_train = hn::LoadU(du, columns + j);
        const Words both = hn::And(hn::And(row_train, column_train), hn::Set(du, slot_bits));
        const auto live = hn::Ne(both, hn::Zero(du));
        if (hn::AllFalse(du, live)) continue;
        const Words n = hn::PopulationCount(both);
        pulses = hn::Add(pulses, n);
        // w -= lr x d: equal signs step down, different signs up.
        const auto up =
            hn::RebindMask(df, hn::Ne(hn::And(hn::Xor(row_train, column_train), hn::Set(du, sign_bit)), hn::Zero(du)));
        const std::size_t at = row * cells.row_stride + j;
        const Lane count = hn::ConvertTo(df, hn::BitCast(di, n));
        const Lane xi = NormalFromWords(du, RandomWords(du, noise, event.identity, at / 4));
        const Lane amount = hn::MulAdd(hn::Mul(hn::Sqrt(count), sigma), xi, count);
        const Lane step =
            hn::IfThenElse(up, hn::LoadU(df, cells.step_up + at), hn::Neg(hn::LoadU(df, cells.step_down + at)));
        const Lane w = hn::LoadU(df, cells.weights + at);
        const Lane moved = hn::Min(hn::Max(hn::MulAdd(step, amount, w), hn::LoadU(df, cells.bound_low + at)),
                                   hn::LoadU(df, cells.bound_high + at));
        hn::StoreU(hn::IfThenElse(hn::RebindMask(df, live), moved, w), df, cells.weights + at);
      }
    }
    coincidences += SumOf(pulses);
  }
  return coincidences;
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(DrawPulseTrains);
HWY_EXPORT(ApplyPulseTrains);

}  // namespace

PulseScales pulse_scales(const PulseSettings& settings, float learning_rate, float largest_x,
                         float largest_d) noexcept {
  const float strength = learning_rate / settings.dw_min;
  const float wanted = strength * largest_x * largest_d;
  if (!(wanted > 0)) return {};
  const auto longest = static_cast<float>(settings.train_length);
  const float slots = settings.length_management ? std::min(std::ceil(wanted), longest) : longest;
  const float base = std::sqrt(strength / slots);
  if (!settings.update_management) return {static_cast<int>(slots), base, base};
  const float d = wanted > longest ? largest_d * (longest / wanted) : largest_d;
  return {static_cast<int>(slots), base * std::sqrt(d / largest_x), base * std::sqrt(largest_x / d)};
}

PulseCounts draw_pulse_trains(const PulseSettings& settings, float learning_rate, const InputBlock& inputs,
                              const InputBlock& errors, const VectorRange& vectors, const RandomKey& row_key,
                              const RandomKey& column_key, PulseEvents& events) {
  return HWY_DYNAMIC_DISPATCH(DrawPulseTrains)(settings, learning_rate, inputs, errors, vectors, row_key, column_key,
                                               events);
}

std::uint64_t apply_pulse_trains(const PulseEvents& events, const CellArrays& cells, const RandomKey& noise,
                                 std::size_t first_row, std::size_t last_row) {
  return HWY_DYNAMIC_DISPATCH(ApplyPulseTrains)(events, cells, noise, first_row, last_row);
}

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
