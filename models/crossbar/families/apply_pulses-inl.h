// Applies pulse events to a plane of cells: the loops that all families share. A family's file includes this once per
// Highway target and instantiates ApplyEvents with its step:
//
//   struct Step {
//     explicit Step(const CellArrays&, ...);
//     // mean and standard deviation of the change by one pulse, upwards where `up`, from the weights w;
//     // at(values) loads one of the per-cell arrays for these lanes
//     template <class At> void operator()(const At& at, Lane w, LaneMask up, Lane& mean, Lane& deviation) const;
//   };
//
// The bits depend on the events and the cells alone: every coincidence's random numbers come from the vector's
// identity and from the cell's position (trains, counts) or from its rank among the event's coincidences (list), row by
// row. Which of the loops below takes an event never matters.
#if defined(RHEO_APPLY_PULSES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef RHEO_APPLY_PULSES_INL_H
#undef RHEO_APPLY_PULSES_INL_H
#else
#define RHEO_APPLY_PULSES_INL_H
#endif

#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "models/core/counter_random-inl.h"
#include "models/crossbar/cell_family.hpp"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using LaneTag = hn::ScalableTag<float>;
using WordTag = hn::ScalableTag<std::uint32_t>;
using IndexTag = hn::ScalableTag<std::int32_t>;
using Lane = hn::Vec<LaneTag>;
using Words = hn::Vec<WordTag>;
using Indices = hn::Vec<IndexTag>;
using LaneMask = hn::Mask<LaneTag>;

/// Lanes in which a bit is set.
HWY_INLINE LaneMask MaskOf(std::uint32_t bits) {
  const std::uint8_t bytes[8] = {static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8)};
  return hn::LoadMaskBits(LaneTag(), bytes);
}

/// Consecutive values go to the lanes whose bits are set, in order; the others are zero.
HWY_INLINE Lane LoadExpanded(std::uint32_t bits, const float* values) {
#if HWY_TARGET <= HWY_AVX3
  return Lane{_mm512_maskz_expandloadu_ps(static_cast<__mmask16>(bits), values)};
#else
  alignas(64) float lanes[hn::MaxLanes(LaneTag())] = {};
  for (; bits != 0; bits &= bits - 1) lanes[std::countr_zero(bits)] = *values++;
  return hn::Load(LaneTag(), lanes);
#endif
}

HWY_INLINE void ScatterWhere(LaneMask which, Lane values, float* to, Indices where) {
#if HWY_TARGET <= HWY_AVX3
  _mm512_mask_i32scatter_ps(to, which.raw, where.raw, values.raw, 4);
#else
  alignas(64) float value[hn::MaxLanes(LaneTag())];
  alignas(64) std::int32_t index[hn::MaxLanes(LaneTag())];
  std::uint8_t bytes[8] = {};
  hn::Store(values, LaneTag(), value);
  hn::Store(where, IndexTag(), index);
  hn::StoreMaskBits(LaneTag(), which, bytes);
  for (std::uint32_t bits = bytes[0]; bits != 0; bits &= bits - 1) {
    const int lane = std::countr_zero(bits);
    to[index[lane]] = value[lane];
  }
#endif
}

/// Cells that lie next to each other.
struct Adjacent {
  std::size_t first;
  HWY_INLINE Lane operator()(const float* values) const { return hn::LoadU(LaneTag(), values + first); }
};

/// Cells anywhere; unused lanes point at cell 0.
struct Scattered {
  Indices where;
  HWY_INLINE Lane operator()(const float* values) const { return hn::GatherIndex(LaneTag(), values, where); }
};

template <class Step>
class PulseApplier {
 public:
  PulseApplier(const Step& step, const PulseApplication& pulses)
      : step_(step), pulses_(pulses), cells_(pulses.cells), lanes_(hn::Lanes(df)) {
    for (std::size_t n = 0; n < roots.size(); ++n) roots[n] = std::sqrt(static_cast<float>(n));
  }

  std::uint64_t operator()() {
    std::uint64_t coincidences = 0;
    for (const PulseEvents::Event& event : pulses_.events.events) {
      if (pulses_.selection == PulseSelection::both && event.polarity == 0) {
        coincidences += ApplyEvent<false>(event);
      } else {
        coincidences += ApplyEvent<true>(event);
      }
    }
    return coincidences;
  }

 private:
  static constexpr LaneTag df{};
  static constexpr WordTag du{};
  static constexpr IndexTag di{};
  static constexpr std::uint32_t sign_bit = 0x80000000U;

  template <bool selective>
  HWY_INLINE std::uint64_t ApplyEvent(const PulseEvents::Event& event) {
    switch (event.kind) {
      case PulseEvents::Kind::list:
        return ApplyList<selective>(event);
      case PulseEvents::Kind::trains:
        return ApplyRows<selective>(event, [](Words row, Words column, float) HWY_ATTR {
          return hn::PopulationCount(hn::And(hn::And(row, column), hn::Set(du, ~sign_bit)));
        });
      case PulseEvents::Kind::counts:
        return ApplyRows<selective>(event, [](Words row, Words column, float divisor) HWY_ATTR {
          const Lane product = hn::Abs(hn::Mul(hn::BitCast(df, row), hn::BitCast(df, column)));
          return hn::BitCast(du, hn::ConvertTo(di, hn::Round(hn::Div(product, hn::Set(df, divisor)))));
        });
      case PulseEvents::Kind::product:
        return ApplyProduct(event);
    }
    return 0;
  }

  /// Direction and choice of pulses: w -= lr x d, so equal signs step down and different signs up.
  template <bool selective>
  HWY_INLINE void Direct(const PulseEvents::Event& event, LaneMask& up, LaneMask& live) const {
    if constexpr (selective) {
      if (event.polarity > 0) live = hn::And(live, up);
      if (event.polarity < 0) live = hn::AndNot(up, live);
      if (pulses_.selection == PulseSelection::up_only) live = hn::And(live, up);
      if (pulses_.selection == PulseSelection::down_only) live = hn::AndNot(up, live);
      if (pulses_.selection == PulseSelection::down_as_up) {
        live = hn::AndNot(up, live);
        up = hn::Not(up);
      }
    }
  }

  HWY_INLINE Lane Clip(Lane w, Lane low, Lane high) const { return hn::Min(hn::Max(w, low), high); }

  /// n pulses in every lane, from w. `noise(pulse)` gives the variates of each lane's pulse of that number.
  template <class At, class Noise>
  HWY_INLINE Lane Moved(const At& at, Lane w, LaneMask up, Words n, const Noise& noise) const {
    const Lane low = at(cells_.bound_low);
    const Lane high = at(cells_.bound_high);
    Lane mean, deviation;
    if (!pulses_.exact) {
      step_(at, w, up, mean, deviation);
      const Lane count = hn::ConvertTo(df, hn::BitCast(di, n));
      const Lane change = hn::MulAdd(hn::Mul(deviation, Root(n, count)), noise(0), hn::Mul(mean, count));
      return Clip(hn::Add(w, change), low, high);
    }
    for (std::uint32_t pulse = 0;; ++pulse) {
      const auto left = hn::Gt(hn::BitCast(di, n), hn::Set(di, static_cast<std::int32_t>(pulse)));
      if (hn::AllFalse(di, left)) return w;
      step_(at, w, up, mean, deviation);
      const Lane moved = Clip(hn::Add(w, hn::MulAdd(deviation, noise(pulse), mean)), low, high);
      w = hn::IfThenElse(hn::RebindMask(df, left), moved, w);
    }
  }

  /// sqrt(n) for whole n: from a table while that is quicker, which gives the same bits.
  HWY_INLINE Lane Root([[maybe_unused]] Words n, Lane count) const {
#if HWY_TARGET <= HWY_AVX3
    if (hn::AllTrue(du, hn::Lt(n, hn::Set(du, 32U)))) {
      return Lane{_mm512_permutex2var_ps(_mm512_load_ps(roots.data()), n.raw, _mm512_load_ps(roots.data() + 16))};
    }
#endif
    return hn::Sqrt(count);
  }

  /// One pulse in every lane.
  template <class At>
  HWY_INLINE Lane MovedOnce(const At& at, Lane w, LaneMask up, Lane noise) const {
    Lane mean, deviation;
    step_(at, w, up, mean, deviation);
    return Clip(hn::Add(w, hn::MulAdd(deviation, noise, mean)), at(cells_.bound_low), at(cells_.bound_high));
  }

  /// Trains and counts: rows that fire against all columns.
  template <bool selective, class Count>
  HWY_INLINE std::uint64_t ApplyRows(const PulseEvents::Event& event, const Count& count) {
    const std::uint32_t* columns = pulses_.events.words.data() + event.columns_at;
    const std::uint32_t* pairs = pulses_.events.words.data() + event.rows_at;
    const std::uint64_t segment = std::uint64_t{event.segment} << 44;
    std::uint64_t coincidences = 0;
    for (std::uint32_t r = 0; r < event.rows; ++r) {
      const std::size_t row = pairs[2 * r];
      if (row < pulses_.first_row || row >= pulses_.last_row) continue;
      const Words row_word = hn::Set(du, pairs[2 * r + 1]);
      Words total = hn::Zero(du);  // of the row: at most 1023 a cell
      for (std::size_t j = 0; j < cells_.row_stride; j += lanes_) {
        const Words column_word = hn::LoadU(du, columns + j);
        Words n = count(row_word, column_word, event.divisor);
        auto live = hn::RebindMask(df, hn::Ne(n, hn::Zero(du)));
        if (hn::AllFalse(df, live)) continue;
        auto up =
            hn::RebindMask(df, hn::Ne(hn::And(hn::Xor(row_word, column_word), hn::Set(du, sign_bit)), hn::Zero(du)));
        Direct<selective>(event, up, live);
        if constexpr (selective) {
          if (hn::AllFalse(df, live)) continue;
          n = hn::IfThenElseZero(hn::RebindMask(du, live), n);
        }
        total = hn::Add(total, n);
        const Adjacent at{row * cells_.row_stride + j};
        const Lane w = at(cells_.weights);
        const Lane moved = Moved(at, w, up, n, [&](std::uint64_t pulse) HWY_ATTR {
          return rheo::HWY_NAMESPACE::NormalFromWords(
              du, rheo::HWY_NAMESPACE::RandomWords(du, pulses_.cycle_noise, event.identity,
                                                   segment + (pulse << 32) + at.first / 4));
        });
        hn::StoreU(hn::IfThenElse(live, moved, w), df, cells_.weights + at.first);
        if (cells_.visible != nullptr) {
          const Lane seen = Seen(moved, event.identity, segment + at.first / 4);
          hn::StoreU(hn::IfThenElse(live, seen, at(cells_.visible)), df, cells_.visible + at.first);
        }
      }
      coincidences += hn::GetLane(hn::SumOfLanes(du, total));
    }
    return coincidences;
  }

  /// w <- w - row column, then the bounds: no pulses.
  HWY_INLINE std::uint64_t ApplyProduct(const PulseEvents::Event& event) {
    const std::uint32_t* columns = pulses_.events.words.data() + event.columns_at;
    const std::uint32_t* pairs = pulses_.events.words.data() + event.rows_at;
    for (std::uint32_t r = 0; r < event.rows; ++r) {
      const std::size_t row = pairs[2 * r];
      if (row < pulses_.first_row || row >= pulses_.last_row) continue;
      const Lane factor = hn::Set(df, std::bit_cast<float>(pairs[2 * r + 1]));
      for (std::size_t j = 0; j < cells_.row_stride; j += lanes_) {
        const Adjacent at{row * cells_.row_stride + j};
        const Lane column = hn::BitCast(df, hn::LoadU(du, columns + j));
        const Lane moved =
            Clip(hn::NegMulAdd(factor, column, at(cells_.weights)), at(cells_.bound_low), at(cells_.bound_high));
        hn::StoreU(moved, df, cells_.weights + at.first);
        if (cells_.visible != nullptr) {
          hn::StoreU(Seen(moved, event.identity, at.first / 4), df, cells_.visible + at.first);
        }
      }
    }
    return 0;
  }

  /// What reads see of a cell that was just pulsed.
  HWY_INLINE Lane Seen(Lane w, std::uint64_t identity, std::uint64_t block) const {
    const Lane xi = rheo::HWY_NAMESPACE::NormalFromWords(
        du, rheo::HWY_NAMESPACE::RandomWords(du, pulses_.write_noise, identity, block));
    return hn::MulAdd(xi, hn::Set(df, cells_.write_noise), w);
  }

  /// One-slot events: coincidence (r, c) takes the random numbers of rank r columns + c.
  template <bool selective>
  HWY_INLINE std::uint64_t ApplyList(const PulseEvents::Event& event) {
    const std::uint32_t* rows = pulses_.events.words.data() + event.rows_at;
    // Rows ascend.
    const auto number = [](std::uint32_t word) { return word & ~sign_bit; };
    std::uint32_t begin = 0;
    std::uint32_t end = event.rows;
    if (pulses_.first_row > 0) {
      begin = static_cast<std::uint32_t>(
          std::partition_point(rows, rows + event.rows,
                               [&](std::uint32_t word) { return number(word) < pulses_.first_row; }) -
          rows);
    }
    while (end > begin && number(rows[end - 1]) >= pulses_.last_row) --end;
    if (begin == end) return 0;
    // Few firing columns leave most lanes of a row idle: then cells are gathered from wherever they lie.
    const bool dense = std::uint64_t{event.columns} * 3 >= cells_.row_stride / lanes_ * 8 && event.columns >= 4;
    return dense ? ApplyMasked<selective>(event, begin, end) : ApplyGathered<selective>(event, begin, end);
  }

  template <bool selective>
  HWY_INLINE std::uint64_t ApplyGathered(const PulseEvents::Event& event, std::uint32_t begin, std::uint32_t end) {
    const std::uint32_t* rows = pulses_.events.words.data() + event.rows_at;
    const std::uint32_t* columns = pulses_.events.words.data() + event.columns_at;
    const std::uint64_t segment = std::uint64_t{event.segment} << 44;
    std::uint64_t coincidences = 0;
    constexpr std::size_t most = hn::MaxLanes(LaneTag());
    alignas(64) std::int32_t where[most] = {};
    alignas(64) std::uint32_t signs[most] = {};
    std::uint64_t rank = std::uint64_t{begin} * event.columns;
    std::size_t lane = rank % lanes_;  // variates come in whole registers
    std::uint64_t first_rank = rank - lane;
    std::size_t from = lane;
    const auto flush = [&]() HWY_ATTR {
      const auto filled = hn::AndNot(hn::FirstN(df, from), hn::FirstN(df, lane));
      const Scattered at{hn::Load(di, where)};
      auto up = hn::RebindMask(df, hn::Ne(hn::Load(du, signs), hn::Zero(du)));
      auto live = filled;
      Direct<selective>(event, up, live);
      const Lane noise = rheo::HWY_NAMESPACE::NormalFromWords(
          du, rheo::HWY_NAMESPACE::RandomWords(du, pulses_.cycle_noise, event.identity, segment + first_rank / 4));
      const Lane w = at(cells_.weights);
      const Lane moved = MovedOnce(at, w, up, noise);
      ScatterWhere(live, moved, cells_.weights, at.where);
      if (cells_.visible != nullptr) {
        ScatterWhere(live, Seen(moved, event.identity, segment + first_rank / 4), cells_.visible, at.where);
      }
      coincidences += hn::CountTrue(df, live);
      first_rank += lanes_;
      lane = from = 0;
    };
    for (std::uint32_t r = begin; r < end; ++r) {
      const auto base = static_cast<std::uint32_t>((rows[r] & ~sign_bit) * cells_.row_stride);
      for (std::uint32_t c = 0; c < event.columns; ++c) {
        where[lane] = static_cast<std::int32_t>(base + (columns[c] & ~sign_bit));
        signs[lane] = (columns[c] ^ rows[r]) & sign_bit;
        if (++lane == lanes_) flush();
      }
    }
    if (lane > from) flush();
    return coincidences;
  }

  template <bool selective>
  HWY_INLINE std::uint64_t ApplyMasked(const PulseEvents::Event& event, std::uint32_t begin, std::uint32_t end) {
    const std::uint32_t* rows = pulses_.events.words.data() + event.rows_at;
    const std::uint32_t* columns = pulses_.events.words.data() + event.columns_at;
    const std::uint64_t segment = std::uint64_t{event.segment} << 44;
    // Registers of columns in which something fires, with the lanes that do and their signs.
    blocks_.clear();
    for (std::uint32_t c = 0; c < event.columns; ++c) {
      const std::uint32_t column = columns[c] & ~sign_bit;
      const auto first = static_cast<std::uint32_t>(column / lanes_ * lanes_);
      if (blocks_.empty() || blocks_.back().first != first) blocks_.push_back({first, 0, 0, 0});
      Block& block = blocks_.back();
      const std::uint32_t bit = 1U << (column % lanes_);
      block.fires |= bit;
      if ((columns[c] & sign_bit) != 0) block.negative |= bit;
      ++block.count;
    }
    const std::size_t enough = event.columns + 2 * lanes_;
    if (variates_.size() < enough + chunk) variates_.resize(enough + chunk);
    // Variates of consecutive ranks: [at, have) of the buffer are ready; they are made in whole registers.
    std::uint64_t next = std::uint64_t{begin} * event.columns / lanes_ * lanes_;
    std::size_t at = std::uint64_t{begin} * event.columns % lanes_;
    std::size_t have = 0;
    const std::uint64_t last = std::uint64_t{end} * event.columns;
    std::uint64_t coincidences = 0;
    for (std::uint32_t r = begin; r < end; ++r) {
      if (have < at + event.columns) {
        std::size_t kept = 0;
        if (have > at) {
          kept = have - at;
          std::copy_n(variates_.begin() + static_cast<std::ptrdiff_t>(at), kept, variates_.begin());
          at = 0;
        } else {
          at -= have;  // the first register may begin before the rank that is wanted
        }
        have = kept;
        const std::size_t want =
            std::max<std::size_t>(at + event.columns, std::min<std::uint64_t>(chunk, kept + last - next));
        for (; have < want; have += lanes_, next += lanes_) {
          const Lane noise = rheo::HWY_NAMESPACE::NormalFromWords(
              du, rheo::HWY_NAMESPACE::RandomWords(du, pulses_.cycle_noise, event.identity, segment + next / 4));
          hn::StoreU(noise, df, variates_.data() + have);
        }
      }
      const std::size_t base = (rows[r] & ~sign_bit) * cells_.row_stride;
      const std::uint32_t row_negative = (rows[r] & sign_bit) != 0 ? ~0U : 0U;
      const float* variate = variates_.data() + at;
      for (const Block& block : blocks_) {
        auto live = MaskOf(block.fires);
        auto up = MaskOf(block.negative ^ row_negative);
        const Adjacent place{base + block.first};
        const Lane noise = LoadExpanded(block.fires, variate);
        variate += block.count;
        Direct<selective>(event, up, live);
        const Lane w = place(cells_.weights);
        const Lane moved = MovedOnce(place, w, up, noise);
        hn::BlendedStore(moved, live, df, cells_.weights + place.first);
        if (cells_.visible != nullptr) SeeMasked(event, place, moved, live, block, r);
        if constexpr (selective) coincidences += hn::CountTrue(df, live);
      }
      at += event.columns;
    }
    return selective ? coincidences : std::uint64_t{end - begin} * event.columns;
  }

  struct Block {
    std::uint32_t first;  ///< column of lane 0
    std::uint32_t fires;
    std::uint32_t negative;
    std::uint32_t count;
  };

  /// The write noise of the masked loop: as the gathered one takes it, by rank.
  HWY_INLINE void SeeMasked(const PulseEvents::Event& event, const Adjacent& place, Lane moved, LaneMask live,
                            const Block& block, std::uint32_t row) {
    const std::uint64_t segment = std::uint64_t{event.segment} << 44;
    const std::uint32_t* columns = pulses_.events.words.data() + event.columns_at;
    const auto before = static_cast<std::uint64_t>(
        std::partition_point(columns, columns + event.columns,
                             [&](std::uint32_t word) { return (word & ~sign_bit) < block.first; }) -
        columns);
    const std::uint64_t rank = std::uint64_t{row} * event.columns + before;
    constexpr std::size_t most = hn::MaxLanes(LaneTag());
    alignas(64) float noise[2 * most];
    for (std::size_t half = 0; half < 2; ++half) {
      const std::uint64_t first = rank / lanes_ * lanes_ + half * lanes_;
      hn::Store(rheo::HWY_NAMESPACE::NormalFromWords(
                    du, rheo::HWY_NAMESPACE::RandomWords(du, pulses_.write_noise, event.identity, segment + first / 4)),
                df, noise + half * lanes_);
    }
    const Lane xi = LoadExpanded(block.fires, noise + rank % lanes_);
    hn::BlendedStore(hn::MulAdd(xi, hn::Set(df, cells_.write_noise), moved), live, df, cells_.visible + place.first);
  }

  static constexpr std::size_t chunk = 2048;  ///< variates made ahead

  const Step& step_;
  const PulseApplication& pulses_;
  const CellArrays& cells_;
  std::size_t lanes_;
  alignas(64) std::array<float, 32> roots{};
  std::vector<Block> blocks_;
  std::vector<float> variates_;
};

template <class Step>
std::uint64_t ApplyEvents(const Step& step, const PulseApplication& pulses) {
  return PulseApplier<Step>(step, pulses)();
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
