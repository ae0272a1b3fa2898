#include "models/crossbar/general_read.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/general_read.cpp"
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

constexpr std::size_t group_size = 8;  // vectors that share one pass over the weights

const hn::ScalableTag<float> df;
const hn::ScalableTag<std::uint32_t> du;
const hn::ScalableTag<std::int32_t> di;
using Lane = hn::Vec<decltype(df)>;
using Words = hn::Vec<decltype(du)>;

HWY_INLINE Lane UniformFromWords(Words words) {
  const Lane number = hn::ConvertTo(df, hn::BitCast(di, hn::ShiftRight<9>(words)));
  return hn::Mul(hn::Add(number, hn::Set(df, 0.5F)), hn::Set(df, 0x1p-23F));
}

/// sums[v][o] = sum over k of x[v][k] w[k][o], or of x[v][k] |w[k][o]|.
template <bool kMagnitudes, int RV, int RO>
HWY_INLINE void MultiplyTile(const PackedMatrix& m, const float* HWY_RESTRICT x, std::size_t x_stride,
                             std::size_t output, float* HWY_RESTRICT sums, std::size_t sum_stride) {
  const std::size_t lanes = hn::Lanes(df);
  Lane acc[RV][RO];
  HWY_UNROLL(8)
  for (int v = 0; v < RV; ++v) {
    HWY_UNROLL(2)
    for (int o = 0; o < RO; ++o) acc[v][o] = hn::Zero(df);
  }
  for (std::size_t k = 0; k < m.inputs; ++k) {
    Lane row[RO];
    HWY_UNROLL(2)
    for (int o = 0; o < RO; ++o) {
      row[o] = hn::LoadU(df, m.values + k * m.row_stride + output + static_cast<std::size_t>(o) * lanes);
      if constexpr (kMagnitudes) row[o] = hn::Abs(row[o]);
    }
    HWY_UNROLL(8)
    for (int v = 0; v < RV; ++v) {
      const Lane value = hn::Set(df, x[static_cast<std::size_t>(v) * x_stride + k]);
      HWY_UNROLL(2)
      for (int o = 0; o < RO; ++o) acc[v][o] = hn::MulAdd(value, row[o], acc[v][o]);
    }
  }
  for (int v = 0; v < RV; ++v) {
    for (int o = 0; o < RO; ++o) {
      hn::StoreU(acc[v][o], df,
                 sums + static_cast<std::size_t>(v) * sum_stride + output + static_cast<std::size_t>(o) * lanes);
    }
  }
}

template <bool kMagnitudes, int RV>
HWY_INLINE void MultiplyRows(const PackedMatrix& m, const float* x, std::size_t x_stride, float* sums,
                             std::size_t sum_stride) {
  const std::size_t lanes = hn::Lanes(df);
  std::size_t output = 0;
  for (; output + 2 * lanes <= m.row_stride; output += 2 * lanes) {
    MultiplyTile<kMagnitudes, RV, 2>(m, x, x_stride, output, sums, sum_stride);
  }
  if (output < m.row_stride) MultiplyTile<kMagnitudes, RV, 1>(m, x, x_stride, output, sums, sum_stride);
}

template <bool kMagnitudes>
void Multiply(const PackedMatrix& m, const float* x, std::size_t x_stride, std::size_t count, float* sums,
              std::size_t sum_stride) {
  std::size_t v = 0;
#if HWY_TARGET <= HWY_AVX3
  for (; v + 8 <= count; v += 8) {
    MultiplyRows<kMagnitudes, 8>(m, x + v * x_stride, x_stride, sums + v * sum_stride, sum_stride);
  }
#endif
  for (; v + 4 <= count; v += 4) {
    MultiplyRows<kMagnitudes, 4>(m, x + v * x_stride, x_stride, sums + v * sum_stride, sum_stride);
  }
  for (; v < count; ++v) {
    MultiplyRows<kMagnitudes, 1>(m, x + v * x_stride, x_stride, sums + v * sum_stride, sum_stride);
  }
}

/// Adds up term(sum, i) over registers of values in the fixed order that general_read() promises.
template <class Term>
HWY_INLINE float FixedSum(std::size_t padded_count, Term term) {
  constexpr std::size_t partial_sums = 64;
  const std::size_t lanes = hn::Lanes(df);
  alignas(64) float partial[partial_sums];
  for (std::size_t first = 0; first < partial_sums; first += lanes) {
    Lane sum = hn::Zero(df);
    for (std::size_t i = first; i < padded_count; i += partial_sums) sum = term(sum, i);
    hn::Store(sum, df, partial + first);
  }
  for (std::size_t step = partial_sums / 2; step > 0; step /= 2) {
    for (std::size_t i = 0; i < step; ++i) partial[i] += partial[i + step];
  }
  return partial[0];
}

/// One vector on its way through the stages.
struct Reading {
  std::size_t vector = 0;  ///< of the block
  std::uint64_t identity = 0;
  std::uint64_t attempt = 0;
  float scale = 1;
  bool clipped = false;
};

/// A buffer of one row a vector of the group.
struct Rows {
  std::size_t stride = 0;
  hwy::AlignedFreeUniquePtr<float[]> values;

  Rows(std::size_t width, bool wanted) : stride(PaddedTo16(width)) {
    if (!wanted) return;
    values = hwy::AllocateAligned<float>(group_size * stride);
    std::fill_n(values.get(), group_size * stride, 0.0F);
  }
  [[nodiscard]] float* row(std::size_t slot) const { return values.get() + slot * stride; }
};

class Reader {
 public:
  Reader(const GeneralReadSettings& settings, const PackedMatrix& matrix, const RandomKey& key)
      : s_(settings),
        dac_(settings.parameters.dac),
        adc_(settings.parameters.adc),
        management_(settings.parameters.management),
        matrix_(matrix),
        key_(key),
        dac_levels_(dac_.levels()),
        dac_bound_(static_cast<float>(dac_.bound)),
        adc_levels_(adc_.levels()),
        adc_step_(adc_.step()),
        phases_(dac_.phases()),
        phase_bits_(static_cast<int>(dac_.phase_bits)),
        drive_levels_(phases_ > 1 ? static_cast<float>((1 << phase_bits_) - 1) : dac_levels_),
        gain_(dac_bound_ / (drive_levels_ * adc_step_)),
        weight_noise_(static_cast<float>(settings.parameters.read.weight_noise)),
        pcm_(weight_noise_ > 0 && settings.parameters.read.weight_noise_kind == WeightNoise::pcm),
        codes_(matrix.inputs, true),
        drives_(matrix.inputs, true),
        weighted_(matrix.inputs, s_.collecting_drop > 0 || s_.feeding_drop > 0 || pcm_),
        patches_(matrix.inputs, true),
        sums_(matrix.outputs, true),
        extra_(matrix.outputs, s_.collecting_drop > 0 || s_.feeding_drop > 0 || pcm_),
        currents_(matrix.outputs, s_.collecting_drop > 0 && s_.collecting_loss == nullptr),
        charges_(matrix.outputs, phases_ > 1 && dac_.accumulation == Accumulation::analog),
        results_(matrix.outputs, true),
        positions_(hwy::AllocateAligned<float>(std::max(codes_.stride, sums_.stride))) {}

  ReadCounts Read(const InputBlock& in, const VectorRange& range, const OutputBlock& out) {
    const Places in_places(in.geometry);
    const Places out_places(out.geometry);
    const std::size_t end = range.first + range.count;
    for (std::size_t v = range.first; v < end;) {
      std::size_t filled = 0;
      for (; v < end && filled < group_size; ++v) {
        GatherPatch(in, in_places(v), patches_.row(filled));
        const float scale = FirstScale(patches_.row(filled));
        if (scale > 0) {
          readings_[filled++] = {v, range.identity + v, 0, scale, false};
        } else {
          ++counts_.skipped;
          if (out.accumulate) continue;
          std::fill_n(results_.row(0), matrix_.outputs, 0.0F);
          StorePatch(out, out_places(v), results_.row(0));
        }
      }
      ReadOnce(0, filled);
      for (std::size_t slot = 0; slot < filled; ++slot) {
        Reading& reading = readings_[slot];
        while (reading.clipped && PrepareRepeat(reading, patches_.row(slot))) ReadOnce(slot, 1);
        const auto scale = hn::Set(df, OutputScale(reading.scale));
        float* result = results_.row(slot);
        for (std::size_t o = 0; o < results_.stride; o += hn::Lanes(df)) {
          hn::StoreU(hn::Mul(hn::LoadU(df, result + o), scale), df, result + o);
        }
        StorePatch(out, out_places(reading.vector), result);
      }
    }
    return counts_;
  }

 private:
  // ---- Management ----

  /// What the input is divided by at first; 0 when there is nothing to read.
  float FirstScale(const float* x) const {
    const float magnitude = LargestMagnitude(x, patches_.stride);
    if (!(magnitude > 0)) return 0;
    if (!management_.noise) return 1;
    const auto limit = static_cast<float>(management_.noise_limit);
    const auto limited = [&](float value) { return limit > 0 ? std::min(value, limit) : value; };
    switch (management_.noise_scale) {
      case NoiseScale::absolute_maximum:
        return limited(magnitude);
      case NoiseScale::maximum:
        return limited(std::max(*std::max_element(x, x + matrix_.inputs), 0.0F));
      case NoiseScale::constant:
        return static_cast<float>(management_.noise_constant);
      case NoiseScale::worst_case:
        break;
    }
    return WorstCaseScale(x);
  }

  float WorstCaseScale(const float* x) const {
    const Lane zero = hn::Zero(df);
    const float positive = FixedSum(patches_.stride, [&](Lane sum, std::size_t i) HWY_ATTR {
      return hn::Add(sum, hn::Max(hn::LoadU(df, x + i), zero));
    });
    const float negative = FixedSum(patches_.stride, [&](Lane sum, std::size_t i) HWY_ATTR {
      return hn::Add(sum, hn::Max(hn::Neg(hn::LoadU(df, x + i)), zero));
    });
    float magnitude = LargestMagnitude(x, patches_.stride);
    if (management_.noise_limit > 0) magnitude = std::min(magnitude, static_cast<float>(management_.noise_limit));
    const float fitting = std::max(positive, negative) *
                          (static_cast<float>(management_.assumed_weight) / static_cast<float>(adc_.bound));
    const float coarsest = magnitude * (dac_levels_ / static_cast<float>(management_.worst_case_levels));
    return std::max(magnitude, std::min(fitting, coarsest));
  }

  /// Sets the scale of the next attempt, if there is one.
  bool PrepareRepeat(Reading& reading, const float* x) const {
    const bool worst_case = s_.bound == BoundManagement::iterative_worst_case;
    if (s_.bound != BoundManagement::iterative && !worst_case) return false;
    const auto repeats = static_cast<std::uint64_t>(management_.max_halvings) + (worst_case ? 1 : 0);
    if (reading.attempt >= repeats) return false;
    ++reading.attempt;
    if (worst_case && reading.attempt == 1) {
      reading.scale = std::max(reading.scale, WorstCaseScale(x));
    } else {
      reading.scale *= 2;
    }
    return true;
  }

  /// Output units of one unit of the results.
  float OutputScale(float scale) const {
    float total = scale * adc_step_ * s_.output_scale;
    if (dac_.converted_phases() > 1) total *= drive_levels_ / dac_levels_;
    if (s_.slice_bits > 0) total *= s_.slice_scale;
    return total;
  }

  // ---- Stages ----

  /// Reads vectors [first, first + count) of the group once.
  void ReadOnce(std::size_t first, std::size_t count) {
    for (std::size_t slot = first; slot < first + count; ++slot) {
      ++counts_.reads;
      readings_[slot].clipped = false;
      ToCodes(readings_[slot], patches_.row(slot), codes_.row(slot));
    }
    for (std::size_t slice = 0; slice < s_.slices; ++slice) {
      PackedMatrix cells = matrix_;
      cells.values += slice * matrix_.inputs * matrix_.row_stride;
      for (int phase = 0; phase < phases_; ++phase) {
        const std::uint64_t conversion =
            slice * static_cast<std::uint64_t>(phases_) + static_cast<std::uint64_t>(phase);
        // Slices next to each other hang on the same lines.
        const std::uint64_t drive = s_.slices_in_turn ? conversion : static_cast<std::uint64_t>(phase);
        for (std::size_t slot = first; slot < first + count; ++slot) Drive(slot, slice, phase, drive);
        Multiply<false>(cells, drives_.row(first), drives_.stride, count, sums_.row(first), sums_.stride);
        for (std::size_t slot = first; slot < first + count; ++slot) Scale(sums_.row(slot), gain_);
        LoseAlongTheWires(cells, slice, first, count);
        AddWeightNoise(cells, conversion, first, count);
        for (std::size_t slot = first; slot < first + count; ++slot) Collect(slot, slice, phase, conversion);
      }
    }
  }

  Words Draw(ReadDraw draw, const Reading& reading, std::uint64_t conversion, std::size_t index) const {
    return RandomWords(
        du, key_, reading.identity,
        (static_cast<std::uint64_t>(draw) << 56) + (reading.attempt << 32) + (conversion << 24) + index / 4);
  }

  void ToCodes(const Reading& reading, const float* x, float* codes) const {
    const Lane scale = hn::Set(df, dac_levels_ / (reading.scale * dac_bound_));
    const Lane limit = hn::Set(df, dac_levels_);
    const bool stochastic = dac_.rounding == Rounding::stochastic;
    for (std::size_t k = 0; k < codes_.stride; k += hn::Lanes(df)) {
      Lane code = hn::Mul(hn::LoadU(df, x + k), scale);
      if (dac_.quantise) {
        code = stochastic ? hn::Floor(hn::Add(code, UniformFromWords(Draw(ReadDraw::input_rounding, reading, 0, k))))
                          : hn::Round(code);
      }
      code = hn::Max(hn::Min(code, limit), hn::Neg(limit));
      hn::StoreU(hn::IfThenElseZero(hn::FirstN(df, Left(matrix_.inputs, k)), code), df, codes + k);
    }
  }

  /// What the lines carry in one phase, in units of drive_levels_.
  void Drive(std::size_t slot, std::size_t slice, int phase, std::uint64_t drive) {
    const Reading& reading = readings_[slot];
    const float* codes = codes_.row(slot);
    float* drives = drives_.row(slot);
    std::uint64_t driven = 0;
    for (std::size_t k = 0; k < codes_.stride; k += hn::Lanes(df)) {
      Lane value = hn::LoadU(df, codes + k);
      if (phases_ > 1) {
        const auto magnitude = hn::ConvertTo(di, hn::Abs(value));
        const auto bits =
            hn::And(hn::ShiftRightSame(magnitude, phase * phase_bits_), hn::Set(di, (1 << phase_bits_) - 1));
        value = hn::CopySign(hn::ConvertTo(df, bits), value);
      }
      driven += hn::CountTrue(df, hn::Ne(value, hn::Zero(df)));
      hn::StoreU(value, df, drives + k);
    }
    if (slice == 0 || s_.slices_in_turn) counts_.driven += driven;
    if (slice == 0 && s_.conductance != nullptr) {
      // Whole numbers, as analog_read() sums them.
      for (std::size_t k = 0; k < matrix_.inputs; ++k) {
        const double charge = std::abs(double{drives[k]}) * per_dac_step(s_.conductance[k], drive_levels_);
        counts_.activity += static_cast<std::uint64_t>(charge + 0.5);
      }
    }
    if (dac_.noise == 0 && dac_.asymmetry == 0) return;
    const Lane noise = hn::Set(df, static_cast<float>(dac_.noise) * drive_levels_ / dac_bound_);
    const Lane negative = hn::Set(df, 1.0F - static_cast<float>(dac_.asymmetry));
    for (std::size_t k = 0; k < codes_.stride; k += hn::Lanes(df)) {
      Lane value = hn::LoadU(df, drives + k);
      if (dac_.noise > 0) {
        value = hn::MulAdd(NormalFromWords(du, Draw(ReadDraw::input_noise, reading, drive, k)), noise, value);
      }
      value = hn::IfThenElse(hn::Lt(value, hn::Zero(df)), hn::Mul(value, negative), value);
      hn::StoreU(hn::IfThenElseZero(hn::FirstN(df, Left(matrix_.inputs, k)), value), df, drives + k);
    }
  }

  void LoseAlongTheWires(const PackedMatrix& cells, std::size_t slice, std::size_t first, std::size_t count) {
    const std::size_t input_pitch = s_.slices_in_turn ? s_.slices : 1;
    const std::size_t output_pitch = s_.slices_in_turn ? 1 : s_.slices;
    if (s_.collecting_drop > 0) {
      const std::size_t length = matrix_.inputs * input_pitch;
      if (s_.collecting_loss == nullptr) {
        Weighted(first, count, [](Lane x, std::size_t) HWY_ATTR { return hn::Abs(x); });
        Multiply<true>(cells, weighted_.row(first), weighted_.stride, count, currents_.row(first), currents_.stride);
      }
      Positions(length, input_pitch, s_.slices_in_turn ? slice : 0, matrix_.inputs);
      Weighted(first, count,
               [this](Lane x, std::size_t k) HWY_ATTR { return hn::Mul(x, hn::LoadU(df, positions_.get() + k)); });
      Multiply<false>(cells, weighted_.row(first), weighted_.stride, count, extra_.row(first), extra_.stride);
      const float load = static_cast<float>(length) / static_cast<float>(s_.parameters.wires.conductance_ratio) *
                         (dac_bound_ / drive_levels_) / s_.full_scale;
      for (std::size_t slot = first; slot < first + count; ++slot) {
        for (std::size_t o = 0; o < sums_.stride; o += hn::Lanes(df)) {
          const Lane loss = s_.collecting_loss != nullptr
                                ? hn::LoadU(df, s_.collecting_loss + slice * sums_.stride + o)
                                : FarEndLoss(hn::Mul(hn::LoadU(df, currents_.row(slot) + o), hn::Set(df, load)));
          Lose(slot, o, hn::Mul(loss, hn::Set(df, s_.collecting_drop)));
        }
      }
    }
    if (s_.feeding_drop > 0) {
      const float* loss = s_.feeding_loss + slice * codes_.stride;
      Weighted(first, count, [loss](Lane x, std::size_t k) HWY_ATTR { return hn::Mul(x, hn::LoadU(df, loss + k)); });
      Multiply<false>(cells, weighted_.row(first), weighted_.stride, count, extra_.row(first), extra_.stride);
      Positions(matrix_.outputs * output_pitch, output_pitch, s_.slices_in_turn ? 0 : slice, matrix_.outputs);
      for (std::size_t slot = first; slot < first + count; ++slot) {
        for (std::size_t o = 0; o < sums_.stride; o += hn::Lanes(df)) {
          Lose(slot, o, hn::Mul(hn::LoadU(df, positions_.get() + o), hn::Set(df, s_.feeding_drop)));
        }
      }
    }
  }

  static Lane FarEndLoss(Lane a) {
    return hn::Mul(a, hn::MulAdd(a, hn::MulAdd(a, hn::Set(df, 0.05F), hn::Set(df, -0.2F)), hn::Set(df, 0.5F)));
  }

  /// y <- y - share x (the sums in `extra_`, in steps)
  void Lose(std::size_t slot, std::size_t o, Lane share) const {
    float* y = sums_.row(slot) + o;
    const Lane lost = hn::Mul(hn::LoadU(df, extra_.row(slot) + o), hn::Set(df, gain_));
    hn::StoreU(hn::NegMulAdd(share, lost, hn::LoadU(df, y)), df, y);
  }

  void AddWeightNoise(const PackedMatrix& cells, std::uint64_t conversion, std::size_t first, std::size_t count) {
    if (weight_noise_ == 0) return;
    if (pcm_) {
      Weighted(first, count, [](Lane x, std::size_t) HWY_ATTR { return hn::Mul(x, x); });
      Multiply<true>(cells, weighted_.row(first), weighted_.stride, count, extra_.row(first), extra_.stride);
    }
    for (std::size_t slot = first; slot < first + count; ++slot) {
      const float* x = drives_.row(slot);
      const float norm = pcm_ ? 1.0F : std::sqrt(FixedSum(drives_.stride, [x](Lane sum, std::size_t i) HWY_ATTR {
        const Lane value = hn::LoadU(df, x + i);
        return hn::MulAdd(value, value, sum);
      }));
      const Lane deviation = hn::Set(df, weight_noise_ * norm * gain_);
      float* y = sums_.row(slot);
      for (std::size_t o = 0; o < sums_.stride; o += hn::Lanes(df)) {
        const Lane xi = NormalFromWords(du, Draw(ReadDraw::weight_noise, readings_[slot], conversion, o));
        const Lane here = pcm_ ? hn::Mul(deviation, hn::Sqrt(hn::LoadU(df, extra_.row(slot) + o))) : deviation;
        hn::StoreU(hn::MulAdd(xi, here, hn::LoadU(df, y + o)), df, y + o);
      }
    }
  }

  /// One phase's analog sums go to the converters, or wait as charge for the last phase.
  void Collect(std::size_t slot, std::size_t slice, int phase, std::uint64_t conversion) {
    float* y = sums_.row(slot);
    const auto slice_weight = static_cast<float>(std::uint64_t{1} << (slice * static_cast<std::size_t>(s_.slice_bits)));
    const auto phase_weight = static_cast<float>(std::uint64_t{1} << (phase * phase_bits_));
    if (phases_ == 1 || dac_.accumulation == Accumulation::digital) {
      Convert(slot, slice, conversion, y, conversion == 0, phases_ == 1 ? slice_weight : slice_weight * phase_weight);
      return;
    }
    float* charge = charges_.row(slot);
    for (std::size_t o = 0; o < sums_.stride; o += hn::Lanes(df)) {
      const Lane now = hn::LoadU(df, y + o);
      const Lane sum = phase == 0 ? now : hn::MulAdd(hn::Set(df, phase_weight), now, hn::LoadU(df, charge + o));
      hn::StoreU(sum, df, charge + o);
    }
    if (phase + 1 < phases_) return;
    Scale(charge, drive_levels_ / dac_levels_);
    Convert(slot, slice, conversion, charge, slice == 0, slice_weight);
  }

  /// Turns analog sums, in steps, into codes and adds them to the results with their weight.
  void Convert(std::size_t slot, std::size_t slice, std::uint64_t conversion, const float* y, bool first,
               float weight) {
    Reading& reading = readings_[slot];
    float* results = results_.row(slot);
    const Lane limit = hn::Set(df, adc_levels_);
    const Lane negative = hn::Set(df, 1.0F - static_cast<float>(adc_.asymmetry));
    const float nonlinearity = static_cast<float>(adc_.nonlinearity / adc_.bound) * adc_step_;
    const std::size_t errors_at = slice * sums_.stride;
    float shift = 0;
    if (s_.bound == BoundManagement::shift) {
      shift = std::max(0.0F, *std::max_element(y, y + matrix_.outputs) - adc_levels_);
    }
    for (std::size_t o = 0; o < sums_.stride; o += hn::Lanes(df)) {
      const auto live = hn::FirstN(df, Left(matrix_.outputs, o));
      Lane value = hn::LoadU(df, y + o);
      if (shift > 0) value = hn::Sub(value, hn::Set(df, shift));
      Lane noise = hn::Set(df, static_cast<float>(adc_.noise) / adc_step_);
      Lane bend = hn::Set(df, nonlinearity);
      if (s_.errors != nullptr) {
        const ConverterErrors& e = *s_.errors;
        value = hn::MulAdd(value, hn::LoadU(df, e.gain.data() + errors_at + o),
                           hn::LoadU(df, e.offset.data() + errors_at + o));
        noise = hn::LoadU(df, e.noise.data() + errors_at + o);
        bend = hn::LoadU(df, e.nonlinearity.data() + errors_at + o);
      }
      if (adc_.nonlinearity > 0) value = hn::Div(value, hn::Add(hn::Set(df, 1.0F), hn::Abs(hn::Mul(bend, value))));
      if (adc_.asymmetry != 0) value = hn::IfThenElse(hn::Lt(value, hn::Zero(df)), hn::Mul(value, negative), value);
      value = hn::MulAdd(NormalFromWords(du, Draw(ReadDraw::output_noise, reading, conversion, o)), noise, value);
      if (adc_.quantise) {
        value =
            adc_.rounding == Rounding::stochastic
                ? hn::Floor(hn::Add(value, UniformFromWords(Draw(ReadDraw::output_rounding, reading, conversion, o))))
                : hn::Round(value);
      }
      reading.clipped |= !hn::AllFalse(df, hn::And(live, hn::Gt(hn::Abs(value), limit)));
      value = hn::Max(hn::Min(value, limit), hn::Neg(limit));
      if (!first) value = hn::MulAdd(value, hn::Set(df, weight), hn::LoadU(df, results + o));
      hn::StoreU(value, df, results + o);
    }
  }

  // ---- Small pieces ----

  static std::size_t Left(std::size_t count, std::size_t at) { return count > at ? count - at : 0; }

  static void Scale(float* values, std::size_t padded_count, float factor) {
    for (std::size_t i = 0; i < padded_count; i += hn::Lanes(df)) {
      hn::StoreU(hn::Mul(hn::LoadU(df, values + i), hn::Set(df, factor)), df, values + i);
    }
  }
  void Scale(float* sums, float factor) const { Scale(sums, sums_.stride, factor); }

  /// weighted[v][k] = term(drives[v][k], k)
  template <class Term>
  void Weighted(std::size_t first, std::size_t count, Term term) const {
    for (std::size_t slot = first; slot < first + count; ++slot) {
      for (std::size_t k = 0; k < drives_.stride; k += hn::Lanes(df)) {
        hn::StoreU(term(hn::LoadU(df, drives_.row(slot) + k), k), df, weighted_.row(slot) + k);
      }
    }
  }

  void Positions(std::size_t length, std::size_t pitch, std::size_t offset, std::size_t count) const {
    std::fill_n(positions_.get(), std::max(codes_.stride, sums_.stride), 0.0F);
    for (std::size_t i = 0; i < count; ++i) positions_[i] = wire_position(i * pitch + offset, length);
  }

  const GeneralReadSettings& s_;
  const DacParameters& dac_;
  const AdcParameters& adc_;
  const ManagementParameters& management_;
  const PackedMatrix& matrix_;
  const RandomKey& key_;
  const float dac_levels_, dac_bound_, adc_levels_, adc_step_;
  const int phases_, phase_bits_;
  const float drive_levels_;  ///< of one phase
  const float gain_;          ///< steps of the converter per unit of weight x drive
  const float weight_noise_;
  const bool pcm_;
  Rows codes_, drives_, weighted_, patches_;
  Rows sums_, extra_, currents_, charges_, results_;
  hwy::AlignedFreeUniquePtr<float[]> positions_;
  std::array<Reading, group_size> readings_;
  ReadCounts counts_;
};

}  // namespace

ReadCounts GeneralRead(const GeneralReadSettings& settings, const PackedMatrix& matrix, const InputBlock& in,
                       const VectorRange& range, const RandomKey& key, const OutputBlock& out) {
  return Reader(settings, matrix, key).Read(in, range, out);
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(GeneralRead);

}  // namespace

ReadCounts general_read(const GeneralReadSettings& settings, const PackedMatrix& matrix, const InputBlock& in,
                        const VectorRange& vectors, const RandomKey& key, const OutputBlock& out) {
  return HWY_DYNAMIC_DISPATCH(GeneralRead)(settings, matrix, in, vectors, key, out);
}

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
