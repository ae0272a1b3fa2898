#include "models/crossbar/pulse_trains.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/pulse_trains.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

#include "models/core/counter_random-inl.h"
#include "models/crossbar/magnitude-inl.h"
#include "models/crossbar/patch-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace {

using rheo::HWY_NAMESPACE::RandomWords;

const hn::ScalableTag<float> df;
const hn::ScalableTag<std::uint32_t> du;
const hn::ScalableTag<std::int32_t> di;
using Words = hn::Vec<decltype(du)>;
using Lane = hn::Vec<decltype(df)>;

constexpr std::uint32_t sign_bit = 0x80000000U;
constexpr std::uint32_t slot_bits = 0x7FFFFFFFU;
constexpr int segment_slots = 31;
constexpr std::uint64_t draws_per_segment = 64;

/// Thresholds in units of 2^-31: a line fires when (word >> 1) is below.
HWY_INLINE Words Thresholds(Lane values, float scale) {
  const Lane p = hn::Mul(hn::Abs(values), hn::Set(df, scale * 0x1p31F));
  return hn::BitCast(du, hn::ConvertTo(di, hn::Min(p, hn::Set(df, 2147483520.0F))));
}

HWY_INLINE Words Signs(Lane values) { return hn::And(hn::BitCast(du, values), hn::Set(du, sign_bit)); }

/// Where the random numbers of one line's train begin.
struct Draws {
  const RandomKey& key;
  std::uint64_t identity;
  std::uint64_t first;  ///< number of the segment's first draw

  HWY_INLINE Words operator()(std::uint64_t number, std::size_t line) const {
    return RandomWords(du, key, identity, ((first + number) << 32) + line / 4);
  }
};

/// Which of the lanes that begin at line `line` fire in the only slot.
HWY_INLINE hn::Mask<decltype(du)> FiresOnce(const Draws& draws, std::size_t line, Lane values, float scale) {
  const Words draw = hn::ShiftRight<1>(draws(0, line));
  return hn::RebindMask(du, hn::Lt(hn::BitCast(di, draw), hn::BitCast(di, Thresholds(values, scale))));
}

/// The trains of the lanes that begin at line `line`: two slots a random word while both 16-bit halves
/// decide; a half that ties is decided by 15 more bits of a second word.
HWY_INLINE Words TrainWords(const Draws& draws, std::size_t line, Lane values, float scale, int slots) {
  if (slots == 1) {
    return hn::Or(hn::IfThenElseZero(FiresOnce(draws, line, values, scale), hn::Set(du, 1U)), Signs(values));
  }
  const Words threshold = Thresholds(values, scale);
  const hn::Repartition<std::uint16_t, decltype(du)> d16;
  const Words high = hn::ShiftRight<15>(threshold);  // the leading 16 of 31 bits
  const auto coarse = hn::BitCast(d16, hn::Or(high, hn::ShiftLeft<16>(high)));
  const Words low = hn::And(threshold, hn::Set(du, 0x7FFFU));
  const auto fine = hn::BitCast(d16, hn::Or(low, hn::ShiftLeft<16>(low)));
  auto train = hn::Zero(d16);
  const int count = (slots + 1) / 2;
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<std::uint64_t>(2 * i + 1);
    const auto draw = hn::BitCast(d16, draws(number, line));
    auto fires = hn::Lt(draw, coarse);
    const auto tie = hn::Eq(draw, coarse);
    if (HWY_UNLIKELY(!hn::AllFalse(d16, tie))) {
      const auto second = hn::BitCast(d16, draws(number + 1, line));
      fires = hn::Or(fires, hn::And(tie, hn::Lt(hn::ShiftRight<1>(second), fine)));
    }
    auto bit = hn::Set(d16, static_cast<std::uint16_t>(1U << i));
    if (2 * i + 1 >= slots) {  // an odd train's last draw fills one slot only
      bit = hn::BitCast(d16, hn::Set(du, std::uint32_t{1} << i));
    }
    train = hn::Or(train, hn::IfThenElseZero(fires, bit));
  }
  return hn::Or(hn::And(hn::BitCast(du, train), hn::Set(du, slot_bits)), Signs(values));
}

HWY_INLINE Words SlotBits(Words train) { return hn::And(train, hn::Set(du, slot_bits)); }

HWY_INLINE std::uint64_t SumOf(Words counts) { return hn::GetLane(hn::SumOfLanes(du, counts)); }

/// The scales of up to a group of vectors, as pulse_scales() gives them one by one.
constexpr std::size_t group_size = 64;
struct GroupScales {
  alignas(64) float slots[group_size];
  alignas(64) float rows[group_size];
  alignas(64) float columns[group_size];
};

HWY_INLINE void ScalesOf(const PulseSettings& settings, float learning_rate, const float* largest_x,
                         const float* largest_d, std::size_t count, GroupScales& scales) {
  const Lane strength = hn::Set(df, learning_rate / settings.granularity);
  const Lane longest = hn::Set(df, static_cast<float>(settings.train_length));
  const Lane zero = hn::Zero(df);
  for (std::size_t v = 0; v < count; v += hn::Lanes(df)) {
    const Lane x = hn::Load(df, largest_x + v);
    const Lane d = hn::Load(df, largest_d + v);
    const Lane wanted = hn::Mul(hn::Mul(strength, x), d);
    const auto live = hn::Gt(wanted, zero);
    const Lane slots = settings.length_management ? hn::Min(hn::Ceil(wanted), longest) : longest;
    const Lane base = hn::Sqrt(hn::Div(strength, slots));
    hn::Store(hn::IfThenElseZero(live, slots), df, scales.slots + v);
    if (settings.update_management) {
      const Lane e = hn::IfThenElse(hn::Gt(wanted, longest), hn::Mul(d, hn::Div(longest, wanted)), d);
      hn::Store(hn::Mul(base, hn::Sqrt(hn::Div(e, x))), df, scales.rows + v);
      hn::Store(hn::Mul(base, hn::Sqrt(hn::Div(x, e))), df, scales.columns + v);
    } else {
      hn::Store(base, df, scales.rows + v);
      hn::Store(base, df, scales.columns + v);
    }
  }
}

/// Draws for one block of vectors.
class Drawer {
 public:
  Drawer(const PulseSettings& settings, float learning_rate, const InputBlock& inputs, const InputBlock& errors,
         const RandomKey& row_key, const RandomKey& column_key, PulseEvents& out)
      : settings_(settings),
        learning_rate_(learning_rate),
        inputs_(inputs),
        errors_(errors),
        input_places_(inputs.geometry),
        error_places_(errors.geometry),
        row_key_(row_key),
        column_key_(column_key),
        out_(out),
        rows_(PaddedTo16(inputs.elements)),
        columns_(PaddedTo16(errors.elements)),
        x_(hwy::AllocateAligned<float>(rows_)),
        d_(hwy::AllocateAligned<float>(columns_)) {
    std::fill_n(x_.get(), rows_, 0.0F);
    std::fill_n(d_.get(), columns_, 0.0F);
    counts_.by_length.assign(static_cast<std::size_t>(passes() * settings.train_length) + 1, 0);
  }

  /// The most frequent case: one slot, one pass.
  HWY_INLINE void OneSlot(std::size_t v, std::uint64_t identity, const PulseScales& scales) {
    ++one_slot_;
    gathered_ = false;
    List(v, identity, scales, 0, 0, Errors(v));
  }

  HWY_INLINE void Vector(std::size_t v, std::uint64_t identity, const PulseScales& scales) {
    ++counts_.vectors;
    if (settings_.mode == UpdateMode::none_with_device) {
      GatherPatch(errors_, error_places_(v), d_.get());
      GatherPatch(inputs_, input_places_(v), x_.get());
      ++counts_.by_length[0];
      FloatEvent(PulseEvents::Kind::product, identity, x_.get(), learning_rate_, d_.get(), 1, 1);
      return;
    }
    const int played = passes() * scales.slots;
    counts_.slots += static_cast<std::uint64_t>(played);
    ++counts_.by_length[static_cast<std::size_t>(played)];
    const float* d = Errors(v);
    if (settings_.mode == UpdateMode::mean_count || settings_.mode == UpdateMode::deterministic_implicit) {
      GatherPatch(inputs_, input_places_(v), x_.get());
      const auto slots = static_cast<float>(scales.slots);
      Clamp(x_.get(), rows_, scales.rows, x_.get());
      Clamp(d, columns_, scales.columns, d_.get());
      counts_.row_pulses += Pulses(x_.get(), rows_, slots);
      counts_.column_pulses += Pulses(d_.get(), columns_, slots);
      if (settings_.mode == UpdateMode::mean_count) {
        WholePulses(x_.get(), rows_, slots);
        WholePulses(d_.get(), columns_, slots);
        FloatEvent(PulseEvents::Kind::counts, identity, x_.get(), 1, d_.get(), 1, slots);
      } else {
        FloatEvent(PulseEvents::Kind::counts, identity, x_.get(), slots, d_.get(), 1, 1);
      }
      return;
    }
    counts_.random_bits += static_cast<std::uint64_t>(played) * errors_.elements;
    gathered_ = false;
    std::uint32_t segment = 0;
    for (int pass = 0; pass < passes(); ++pass) {
      const auto polarity = static_cast<std::int8_t>(passes() == 1 ? 0 : 1 - 2 * pass);
      for (int left = scales.slots; left > 0; left -= segment_slots, ++segment) {
        const int slots = std::min(left, segment_slots);
        if (scales.slots == 1) {
          List(v, identity, scales, segment, polarity, d);
        } else {
          Trains(v, identity, scales, slots, segment, polarity, d);
        }
      }
    }
  }

  void Skip() { ++counts_.skipped; }
  [[nodiscard]] PulseCounts counts() const {
    PulseCounts counts = counts_;
    counts.vectors += one_slot_;
    counts.slots += one_slot_;
    if (one_slot_ > 0) counts.by_length[1] += one_slot_;
    counts.random_bits += one_slot_ * errors_.elements;
    return counts;
  }

 private:
  [[nodiscard]] int passes() const { return settings_.mode == UpdateMode::stochastic ? 2 : 1; }

  Draws RowDraws(std::uint64_t identity, std::uint32_t segment) const {
    return {row_key_, identity, segment * draws_per_segment};
  }
  Draws ColumnDraws(std::uint64_t identity, std::uint32_t segment) const {
    return {column_key_, identity, segment * draws_per_segment};
  }

  /// The error vector with zeros up to a multiple of 16: in place where it lies so, else a copy.
  HWY_INLINE const float* Errors(std::size_t v) {
    const PatchGeometry& g = errors_.geometry;
    if (errors_.elements % 16 == 0 && IsPixel(g)) return PixelAt(errors_, v);
    GatherPatch(errors_, error_places_(v), d_.get());
    return d_.get();
  }

  HWY_INLINE const float* Inputs(std::size_t v) {
    if (!gathered_) GatherPatch(inputs_, input_places_(v), x_.get());
    gathered_ = true;
    return x_.get();
  }

  /// Lines of one slot that fire, appended at `to`; returns their number.
  HWY_INLINE static std::uint32_t FiringLines(const Draws& draws, const float* values, std::size_t padded_count,
                                              float scale, std::uint32_t* to) {
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < padded_count; i += hn::Lanes(df)) {
      const Lane value = hn::LoadU(df, values + i);
      const auto fires = FiresOnce(draws, i, value, scale);
      if (hn::AllFalse(du, fires)) continue;
      const Words line = hn::Or(hn::Iota(du, static_cast<std::uint32_t>(i)), Signs(value));
      hn::StoreU(hn::Compress(line, fires), du, to + found);
      found += static_cast<std::uint32_t>(hn::CountTrue(du, fires));
    }
    return found;
  }

  HWY_INLINE void List(std::size_t v, std::uint64_t identity, const PulseScales& scales, std::uint32_t segment,
                       std::int8_t polarity, const float* d) {
    std::uint32_t* words = out_.room(columns_ + rows_ + 32);
    const std::uint32_t columns = FiringLines(ColumnDraws(identity, segment), d, columns_, scales.columns, words);
    if (columns == 0) return;
    counts_.column_pulses += columns;
    counts_.random_bits += inputs_.elements;
    const std::uint32_t rows = FiringLines(RowDraws(identity, segment), Inputs(v), rows_, scales.rows, words + columns);
    if (rows == 0) return;
    counts_.row_pulses += rows;
    PulseEvents::Event event;
    event.identity = identity;
    event.columns_at = out_.used;
    event.rows_at = out_.used + columns;
    event.columns = columns;
    event.rows = rows;
    event.segment = segment;
    event.kind = PulseEvents::Kind::list;
    event.polarity = polarity;
    out_.used += columns + rows;
    out_.events.push_back(event);
  }

  HWY_INLINE void Trains(std::size_t v, std::uint64_t identity, const PulseScales& scales, int slots,
                         std::uint32_t segment, std::int8_t polarity, const float* d) {
    std::uint32_t* words = out_.room(columns_ + 2 * rows_ + 32);
    Words pulses = hn::Zero(du);
    for (std::size_t j = 0; j < columns_; j += hn::Lanes(df)) {
      const Words train = TrainWords(ColumnDraws(identity, segment), j, hn::LoadU(df, d + j), scales.columns, slots);
      hn::StoreU(train, du, words + j);
      pulses = hn::Add(pulses, hn::PopulationCount(SlotBits(train)));
    }
    const std::uint64_t column_pulses = SumOf(pulses);
    if (column_pulses == 0) return;
    counts_.column_pulses += column_pulses;
    counts_.random_bits += static_cast<std::uint64_t>(slots) * inputs_.elements;

    std::uint32_t* pairs = words + columns_;
    const float* x = Inputs(v);
    std::uint32_t rows = 0;
    pulses = hn::Zero(du);
    for (std::size_t i = 0; i < rows_; i += hn::Lanes(df)) {
      const Words train = TrainWords(RowDraws(identity, segment), i, hn::LoadU(df, x + i), scales.rows, slots);
      const Words fired = SlotBits(train);
      pulses = hn::Add(pulses, hn::PopulationCount(fired));
      rows += Pairs(hn::Ne(fired, hn::Zero(du)), i, train, pairs + 2 * rows);
    }
    if (rows == 0) return;
    counts_.row_pulses += SumOf(pulses);
    PulseEvents::Event event;
    event.identity = identity;
    event.columns_at = out_.used;
    event.rows_at = out_.used + columns_;
    event.rows = rows;
    event.segment = segment;
    event.kind = PulseEvents::Kind::trains;
    event.polarity = polarity;
    out_.used += columns_ + 2 * rows;
    out_.events.push_back(event);
  }

  /// Pairs (line, word) of the lanes in `which`; returns their number.
  HWY_INLINE static std::uint32_t Pairs(hn::Mask<decltype(du)> which, std::size_t line, Words words,
                                        std::uint32_t* to) {
    if (hn::AllFalse(du, which)) return 0;
    alignas(64) std::uint32_t lines[hn::MaxLanes(du)];
    alignas(64) std::uint32_t values[hn::MaxLanes(du)];
    const Words numbers = hn::Iota(du, static_cast<std::uint32_t>(line));
    const std::size_t count = hn::CompressStore(numbers, which, du, lines);
    hn::CompressStore(words, which, du, values);
    for (std::size_t i = 0; i < count; ++i) {
      to[2 * i] = lines[i];
      to[2 * i + 1] = values[i];
    }
    return static_cast<std::uint32_t>(count);
  }

  /// to = sign(v) min(1, |v| scale)
  HWY_INLINE static void Clamp(const float* values, std::size_t count, float scale, float* to) {
    const Lane one = hn::Set(df, 1.0F);
    for (std::size_t i = 0; i < count; i += hn::Lanes(df)) {
      const Lane value = hn::LoadU(df, values + i);
      const Lane p = hn::Min(hn::Mul(hn::Abs(value), hn::Set(df, scale)), one);
      hn::StoreU(hn::CopySign(p, value), df, to + i);
    }
  }

  HWY_INLINE static std::uint64_t Pulses(const float* p, std::size_t count, float slots) {
    Words sum = hn::Zero(du);
    for (std::size_t i = 0; i < count; i += hn::Lanes(df)) {
      const Lane n = hn::Round(hn::Mul(hn::Abs(hn::LoadU(df, p + i)), hn::Set(df, slots)));
      sum = hn::Add(sum, hn::BitCast(du, hn::ConvertTo(di, n)));
    }
    return SumOf(sum);
  }

  /// Probabilities become whole numbers of pulses, the nearest.
  HWY_INLINE static void WholePulses(float* p, std::size_t count, float slots) {
    for (std::size_t i = 0; i < count; i += hn::Lanes(df)) {
      hn::StoreU(hn::Round(hn::Mul(hn::LoadU(df, p + i), hn::Set(df, slots))), df, p + i);
    }
  }

  /// An event of floats: columns c[j] column_scale, rows r[i] row_scale that are not zero.
  HWY_INLINE void FloatEvent(PulseEvents::Kind kind, std::uint64_t identity, const float* r, float row_scale,
                             const float* c, float column_scale, float divisor) {
    std::uint32_t* words = out_.room(columns_ + 2 * rows_ + 32);
    for (std::size_t j = 0; j < columns_; j += hn::Lanes(df)) {
      hn::StoreU(hn::BitCast(du, hn::Mul(hn::LoadU(df, c + j), hn::Set(df, column_scale))), du, words + j);
    }
    std::uint32_t rows = 0;
    for (std::size_t i = 0; i < rows_; i += hn::Lanes(df)) {
      const Lane value = hn::Mul(hn::LoadU(df, r + i), hn::Set(df, row_scale));
      rows += Pairs(hn::RebindMask(du, hn::Ne(value, hn::Zero(df))), i, hn::BitCast(du, value),
                    words + columns_ + 2 * rows);
    }
    if (rows == 0) return;
    PulseEvents::Event event;
    event.identity = identity;
    event.columns_at = out_.used;
    event.rows_at = out_.used + columns_;
    event.rows = rows;
    event.kind = kind;
    event.divisor = divisor;
    out_.used += columns_ + 2 * rows;
    out_.events.push_back(event);
  }

  const PulseSettings& settings_;
  float learning_rate_;
  const InputBlock& inputs_;
  const InputBlock& errors_;
  Places input_places_, error_places_;
  const RandomKey& row_key_;
  const RandomKey& column_key_;
  PulseEvents& out_;
  std::size_t rows_, columns_;
  hwy::AlignedFreeUniquePtr<float[]> x_, d_;
  bool gathered_ = false;
  std::uint64_t one_slot_ = 0;
  PulseCounts counts_;
};

}  // namespace

PulseCounts DrawPulseTrains(const PulseSettings& settings, float learning_rate, const InputBlock& inputs,
                            const InputBlock& errors, const VectorRange& range, const RandomKey& row_key,
                            const RandomKey& column_key, PulseEvents& out) {
  Drawer drawer(settings, learning_rate, inputs, errors, row_key, column_key, out);
  Magnitudes largest_x(inputs);
  Magnitudes largest_d(errors);
  alignas(64) float x[group_size];
  alignas(64) float d[group_size];
  GroupScales scales;
  const bool one_pass = settings.mode == UpdateMode::stochastic_compressed;
  const std::size_t end = range.first + range.count;
  for (std::size_t v = range.first; v < end; v += group_size) {
    const std::size_t count = std::min(group_size, end - v);
    std::fill_n(x, group_size, 0.0F);
    std::fill_n(d, group_size, 0.0F);
    largest_d(v, count, d);
    largest_x(v, count, x);
    ScalesOf(settings, learning_rate, x, d, count, scales);
    for (std::size_t i = 0; i < count; ++i) {
      if (scales.slots[i] == 1 && one_pass) {
        drawer.OneSlot(v + i, range.identity + v + i, {1, scales.rows[i], scales.columns[i]});
      } else if (scales.slots[i] > 0) {
        drawer.Vector(v + i, range.identity + v + i,
                      {static_cast<int>(scales.slots[i]), scales.rows[i], scales.columns[i]});
      } else {
        drawer.Skip();
      }
    }
  }
  return drawer.counts();
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(DrawPulseTrains);

}  // namespace

PulseCounts& PulseCounts::operator+=(const PulseCounts& other) {
  vectors += other.vectors;
  skipped += other.skipped;
  slots += other.slots;
  by_length.resize(std::max(by_length.size(), other.by_length.size()));
  for (std::size_t i = 0; i < other.by_length.size(); ++i) by_length[i] += other.by_length[i];
  row_pulses += other.row_pulses;
  column_pulses += other.column_pulses;
  random_bits += other.random_bits;
  coincidences += other.coincidences;
  return *this;
}

PulseScales pulse_scales(const PulseSettings& settings, float learning_rate, float largest_x,
                         float largest_d) noexcept {
  const float strength = learning_rate / settings.granularity;
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

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
