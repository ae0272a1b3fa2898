#include "models/crossbar/read_kernel.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/read_kernel.cpp"
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

using rheo::HWY_NAMESPACE::NormalMap;
using rheo::HWY_NAMESPACE::WordStream;

constexpr std::size_t group_size = 8;   // vectors that share one pass over the weights
constexpr std::size_t chunk_size = 64;  // vectors whose magnitudes are found together

const hn::ScalableTag<float> df;
const hn::ScalableTag<std::uint32_t> du;
const hn::ScalableTag<std::int32_t> di;
using Lane = hn::Vec<decltype(df)>;
using Integers = hn::Vec<decltype(di)>;

/// How the elements of a vector lie: `runs` stretches of `length` elements, `run_stride` apart, elements
/// `element_stride` apart within.
struct Layout {
  std::size_t runs = 1;
  std::size_t length = 0;
  std::size_t run_stride = 0;
  std::size_t element_stride = 1;
};

/// acc[v][o] = sum over k of x[v][k] w[k][o..], RV vectors by RO registers of outputs.
template <int RV, int RO>
HWY_INLINE void Products(const float* const* x, const Layout& layout, const float* HWY_RESTRICT w, std::size_t w_stride,
                         Lane (&acc)[RV][RO]) {
  const std::size_t lanes = hn::Lanes(df);
  const float* at[RV];
  HWY_UNROLL(8)
  for (int v = 0; v < RV; ++v) {
    at[v] = x[v];
    HWY_UNROLL(4)
    for (int o = 0; o < RO; ++o) acc[v][o] = hn::Zero(df);
  }
  for (std::size_t run = 0; run < layout.runs; ++run) {
    const std::size_t first = run * layout.run_stride;
    const std::size_t end = first + layout.length * layout.element_stride;
    for (std::size_t k = first; k < end; k += layout.element_stride) {
      Lane row[RO];
      HWY_UNROLL(4)
      for (int o = 0; o < RO; ++o) row[o] = hn::LoadU(df, w + static_cast<std::size_t>(o) * lanes);
      w += w_stride;
      HWY_UNROLL(8)
      for (int v = 0; v < RV; ++v) {
        const Lane value = hn::Set(df, at[v][k]);
        HWY_UNROLL(4)
        for (int o = 0; o < RO; ++o) acc[v][o] = hn::MulAdd(value, row[o], acc[v][o]);
      }
    }
  }
}

/// The same for one vector, over the listed inputs alone: an input of zero adds nothing.
template <int RO>
HWY_INLINE void SparseProducts(const float* HWY_RESTRICT x, const std::uint32_t* HWY_RESTRICT which, std::size_t count,
                               const float* HWY_RESTRICT w, std::size_t w_stride, Lane (&acc)[1][RO]) {
  const std::size_t lanes = hn::Lanes(df);
  HWY_UNROLL(8)
  for (int o = 0; o < RO; ++o) acc[0][o] = hn::Zero(df);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t k = which[i];
    const Lane value = hn::Set(df, x[k]);
    HWY_UNROLL(8)
    for (int o = 0; o < RO; ++o) {
      acc[0][o] = hn::MulAdd(value, hn::LoadU(df, w + k * w_stride + static_cast<std::size_t>(o) * lanes), acc[0][o]);
    }
  }
}

/// One read that is under way.
struct Vector {
  std::size_t source = 0;  ///< number in the block
  std::uint64_t identity = 0;
  float magnitude = 0;
  float scale = 0;  ///< output units of one ADC step
  float* out = nullptr;
  bool clipped = false;
};

/// Stores the integrated sums of `count` vectors, whole registers, where their results go.
template <int RV, int RO>
HWY_INLINE void DenseTile(const PackedMatrix& m, const float* const* x, const Layout& layout, std::size_t count,
                          std::size_t output, const Vector* vectors) {
  Lane acc[RV][RO];
  Products<RV, RO>(x, layout, m.values + output, m.row_stride, acc);
  HWY_UNROLL(8)
  for (int v = 0; v < RV; ++v) {
    if (static_cast<std::size_t>(v) >= count) break;
    HWY_UNROLL(4)
    for (int o = 0; o < RO; ++o) {
      const std::size_t at = output + static_cast<std::size_t>(o) * hn::Lanes(df);
      if (at < m.outputs) hn::StoreU(acc[v][o], df, vectors[v].out + at);
    }
  }
}

template <int RV>
HWY_INLINE void DenseRows(const PackedMatrix& m, const float* const* x, const Layout& layout, std::size_t count,
                          const Vector* vectors) {
  const std::size_t lanes = hn::Lanes(df);
  std::size_t output = 0;
  for (; output + lanes < m.outputs; output += 2 * lanes) {
    if (output + 2 * lanes <= m.row_stride) {
      DenseTile<RV, 2>(m, x, layout, count, output, vectors);
    } else {
      DenseTile<RV, 1>(m, x, layout, count, output, vectors);
      DenseTile<RV, 1>(m, x, layout, count, output + lanes, vectors);
    }
  }
  if (output < m.outputs) DenseTile<RV, 1>(m, x, layout, count, output, vectors);
}

/// One vector: four registers of outputs at a time hide the latency of the sums.
HWY_INLINE void DenseOne(const PackedMatrix& m, const float* const* x, const Layout& layout, const Vector* vectors) {
  const std::size_t lanes = hn::Lanes(df);
  std::size_t output = 0;
  for (; output + 4 * lanes <= m.row_stride; output += 4 * lanes) {
    DenseTile<1, 4>(m, x, layout, 1, output, vectors);
  }
  for (; output < m.outputs; output += lanes) DenseTile<1, 1>(m, x, layout, 1, output, vectors);
}

/// `count` vectors, at most group_size; `x` has group_size entries, of which those beyond `count` may be anything
/// that can be read.
HWY_INLINE void Dense(const PackedMatrix& m, const float* const* x, const Layout& layout, std::size_t count,
                      const Vector* vectors) {
#if HWY_TARGET <= HWY_AVX3
  if (count > 2) {
    DenseRows<8>(m, x, layout, count, vectors);
    return;
  }
#else
  for (; count > 2; count -= std::min<std::size_t>(count, 4), x += 4, vectors += 4) {
    DenseRows<4>(m, x, layout, std::min<std::size_t>(count, 4), vectors);
  }
#endif
  for (std::size_t v = 0; v < count; ++v) DenseOne(m, x + v, layout, vectors + v);
}

template <int RO>
HWY_INLINE void SparseTile(const PackedMatrix& m, const float* x, const std::uint32_t* which, std::size_t count,
                           std::size_t output, float* out) {
  Lane acc[1][RO];
  SparseProducts<RO>(x, which, count, m.values + output, m.row_stride, acc);
  HWY_UNROLL(8)
  for (int o = 0; o < RO; ++o) {
    const std::size_t at = output + static_cast<std::size_t>(o) * hn::Lanes(df);
    if (at < m.outputs) hn::StoreU(acc[0][o], df, out + at);
  }
}

HWY_INLINE void Sparse(const PackedMatrix& m, const float* x, const std::uint32_t* which, std::size_t count,
                       float* out) {
  const std::size_t lanes = hn::Lanes(df);
  std::size_t output = 0;
  for (; output + 8 * lanes <= m.row_stride; output += 8 * lanes) SparseTile<8>(m, x, which, count, output, out);
  for (; output + 4 * lanes <= m.row_stride; output += 4 * lanes) SparseTile<4>(m, x, which, count, output, out);
  for (; output < m.outputs; output += lanes) SparseTile<1>(m, x, which, count, output, out);
}

/// Turns integrated sums into digital outputs, in place. With `report` it says which vectors had an output that
/// clipped.
template <bool report>
HWY_INLINE void ConvertSums(const ReadSettings& settings, const RandomKey& key, std::size_t outputs,
                            std::uint64_t attempt, Vector* vectors, std::size_t count) {
  const Lane gain = hn::Set(df, 1.0F / (settings.dac_levels * settings.adc_step));
  const Lane noise = hn::Set(df, settings.output_noise / settings.adc_step);
  const Lane limit = hn::Set(df, settings.adc_levels);
  const Lane lower = hn::Neg(limit);
  const std::size_t lanes = hn::Lanes(df);
  const std::size_t last = (outputs - 1) / lanes * lanes;
  const auto last_lanes = hn::FirstN(df, outputs - last);
  WordStream<decltype(du)> words(du, key);
  const NormalMap<decltype(du)> normal;
  for (std::size_t v = 0; v < count; ++v) {
    float* HWY_RESTRICT out = vectors[v].out;
    const Lane scale = hn::Set(df, vectors[v].scale);
    words.Seek(vectors[v].identity, attempt << 32);
    Lane most = hn::Zero(df);
    const auto convert = [&](std::size_t o) HWY_ATTR {
      const Lane code = hn::Round(hn::MulAdd(normal(words.Next()), noise, hn::Mul(hn::LoadU(df, out + o), gain)));
      hn::StoreU(hn::Mul(hn::Max(hn::Min(code, limit), lower), scale), df, out + o);
      return hn::Abs(code);
    };
    for (std::size_t o = 0; o < last; o += lanes) {
      const Lane magnitude = convert(o);
      if constexpr (report) most = hn::Max(most, magnitude);
    }
    const Lane magnitude = convert(last);
    if constexpr (report) {
      most = hn::Max(most, hn::IfThenElseZero(last_lanes, magnitude));
      vectors[v].clipped = !hn::AllFalse(df, hn::Gt(most, limit));
    }
  }
}

/// Where results go: pixels whose outputs are whole and contiguous in place, others to a buffer and from there.
class Results {
 public:
  Results(const OutputBlock& out, std::size_t outputs)
      : out_(out),
        places_(out.geometry),
        in_place_(!out.accumulate && out.elements % 16 == 0 && IsPixel(out.geometry)),
        whole_images_(out.image_stride == out.geometry.image_values()),
        stride_(PaddedTo16(outputs) + 16),
        buffer_(hwy::AllocateAligned<float>(group_size * stride_)) {}

  HWY_INLINE float* Place(std::size_t vector, std::size_t slot) const {
    if (!in_place_) return buffer_.get() + slot * stride_;
    const PatchGeometry& g = out_.geometry;
    if (whole_images_) return out_.images + vector * g.channels + out_.first_element;
    const auto place = places_(vector);
    return out_.images + place.image * out_.image_stride + (place.y * g.width + place.x) * g.channels +
           out_.first_element;
  }
  HWY_INLINE void Store(std::size_t vector, const float* result) const {
    if (!in_place_) StorePatch(out_, places_(vector), result);
  }

 private:
  const OutputBlock& out_;
  Places places_;
  bool in_place_, whole_images_;
  std::size_t stride_;
  hwy::AlignedFreeUniquePtr<float[]> buffer_;
};

/// Converts a block of vectors through DACs, array and ADCs.
class AnalogReader {
 public:
  AnalogReader(const ReadSettings& settings, const PackedMatrix& m, const InputBlock& in, const RandomKey& key,
               const OutputBlock& out)
      : settings_(settings),
        m_(m),
        in_(in),
        out_(out),
        key_(key),
        in_stride_(PaddedTo16(m.inputs)),
        places_(in.geometry),
        results_(out, m.outputs),
        magnitudes_(in),
        by_rows_(RowsFit(in)),
        lists_(m.outputs >= 64 && !by_rows_),
        patch_(hwy::AllocateAligned<float>(in_stride_)),
        spare_(hwy::AllocateAligned<float>(in_stride_)),
        codes_(hwy::AllocateAligned<float>(by_rows_ ? in_.elements * chunk_size : group_size * in_stride_)),
        which_(hwy::AllocateAligned<std::uint32_t>(group_size * (in_stride_ + 16))),
        line_sums_(hwy::AllocateAligned<float>(LineSums())) {
    std::fill_n(patch_.get(), in_stride_, 0.0F);
    std::fill_n(line_sums_.get(), LineSums(), 0.0F);
  }

  ReadCounts operator()(const VectorRange& range) {
    const std::size_t end = range.first + range.count;
    std::size_t since_flush = 0;
    // Float sums of codes stay exact below 2^24, whatever the DAC and however often a vector is read again.
    const auto flush_limit = static_cast<std::size_t>(16777216.0F / (settings_.dac_levels *
                                                                     static_cast<float>(settings_.max_halvings + 1))) -
                             chunk_size;
    for (std::size_t v = range.first; v < end;) {
      std::size_t count = std::min(chunk_size, end - v);
      if (by_rows_) count = std::min(count, in_.geometry.out_width() - places_(v).x);
      Chunk(v, count, range.identity);
      v += count;
      since_flush += count;
      if (since_flush > flush_limit) Flush(since_flush);
    }
    Flush(since_flush);
    return counts_;
  }

 private:
  /// Images of one channel: neighbouring patches are converted side by side, an element at a time.
  static bool RowsFit(const InputBlock& in) {
    const PatchGeometry& g = in.geometry;
    return g.channels == 1 && g.stride == 1 && g.padding == 0 && g.kernel_width > 1 && in.first_element == 0 &&
           in.elements == g.elements();
  }

  /// Sums of code magnitudes: a register an input while rows are converted, else one value.
  [[nodiscard]] std::size_t LineSums() const { return by_rows_ ? in_.elements * hn::Lanes(df) : in_stride_; }

  HWY_INLINE void Chunk(std::size_t first, std::size_t count, std::uint64_t identity) {
    std::fill_n(magnitude_, chunk_size, 0.0F);
    magnitudes_(first, count, magnitude_);
    for (std::size_t i = 0; i < count; i += hn::Lanes(df)) {
      const Lane magnitude = hn::Load(df, magnitude_ + i);
      const Lane full_scale = settings_.noise_management ? magnitude : hn::Set(df, 1.0F);
      const auto live = hn::Gt(magnitude, hn::Zero(df));
      hn::Store(hn::IfThenElseZero(live, hn::Div(hn::Set(df, settings_.dac_levels), full_scale)), df, steps_ + i);
      hn::Store(full_scale, df, magnitude_ + i);
    }
    if (by_rows_) ConvertRow(first, count);
    std::size_t filled = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t v = first + i;
      if (!(steps_[i] > 0)) {  // nothing to read: the output is zero
        ++counts_.skipped;
        if (!out_.accumulate) {
          float* result = results_.Place(v, filled);
          std::fill_n(result, m_.outputs, 0.0F);
          results_.Store(v, result);
        }
        continue;
      }
      vectors_[filled] = {v,
                          identity + v,
                          magnitude_[i],
                          magnitude_[i] * settings_.adc_step * settings_.output_scale,
                          results_.Place(v, filled),
                          false};
      if (by_rows_) {
        x_[filled] = codes_.get() + i;
      } else {
        float* codes = codes_.get() + filled * in_stride_;
        x_[filled] = codes;
        listed_[filled] = ConvertPatch(v, steps_[i], codes, which_.get() + filled * (in_stride_ + 16));
      }
      if (++filled == group_size) {
        Group(filled);
        filled = 0;
      }
    }
    if (filled > 0) Group(filled);
  }

  /// The codes of neighbouring positions of a row: element k of all of them from codes_[k chunk_size] on.
  HWY_INLINE void ConvertRow(std::size_t first, std::size_t count) {
    const PatchGeometry& g = in_.geometry;
    const std::size_t width = g.width;
    const std::size_t kernel_width = g.kernel_width;
    const std::size_t kernel_height = g.kernel_height;
    const auto place = places_(first);
    const float* pixels = in_.images + place.image * in_.image_stride + place.y * width + place.x;
    const Lane limit = hn::Set(df, settings_.dac_levels);
    for (std::size_t i = 0; i < count; i += hn::Lanes(df)) {
      const Lane steps = hn::Load(df, steps_ + i);
      const bool whole = i + hn::Lanes(df) <= count;
      const auto part = hn::FirstN(df, count - i);
      float* HWY_RESTRICT codes = codes_.get() + i;
      float* HWY_RESTRICT sums = line_sums_.get();
      Integers driven = hn::Zero(di);
      for (std::size_t y = 0; y < kernel_height; ++y) {
        const float* HWY_RESTRICT from = pixels + y * width + i;
        for (std::size_t x = 0; x < kernel_width; ++x) {
          const Lane value = whole ? hn::LoadU(df, from + x) : hn::MaskedLoad(part, df, from + x);
          const Lane code = Code(value, steps, limit);
          hn::Store(code, df, codes);
          hn::Store(hn::Add(hn::Load(df, sums), hn::Abs(code)), df, sums);
          driven = hn::Add(driven, Driven(code));
          codes += chunk_size;
          sums += hn::Lanes(df);
        }
      }
      driven_ = hn::Add(driven_, driven);
    }
  }

  HWY_INLINE static Lane Code(Lane value, Lane steps, Lane limit) {
    return hn::Max(hn::Min(hn::Round(hn::Mul(value, steps)), limit), hn::Neg(limit));
  }

  /// 1 where the code is not zero.
  HWY_INLINE static Integers Driven(Lane code) {
    return hn::BitCast(di, hn::ShiftRight<31>(hn::BitCast(du, hn::VecFromMask(df, hn::Ne(code, hn::Zero(df))))));
  }

  /// The codes of one vector, zeros up to a multiple of 16. With lists_, `which` gets the inputs whose code is not
  /// zero; returns their number.
  HWY_INLINE std::size_t ConvertPatch(std::size_t v, float steps_per_unit, float* HWY_RESTRICT codes,
                                      std::uint32_t* HWY_RESTRICT which) {
    const float* HWY_RESTRICT values = patch_.get();
    if (IsPixel(in_.geometry) && in_.elements == in_stride_) {
      values = PixelAt(in_, v);
    } else {
      GatherPatch(in_, places_(v), patch_.get());
    }
    return lists_ ? ConvertValues<true>(values, steps_per_unit, codes, which)
                  : ConvertValues<false>(values, steps_per_unit, codes, which);
  }

  template <bool list>
  HWY_INLINE std::size_t ConvertValues(const float* HWY_RESTRICT values, float steps_per_unit,
                                       float* HWY_RESTRICT codes, std::uint32_t* HWY_RESTRICT which) {
    const Lane steps = hn::Set(df, steps_per_unit);
    const Lane limit = hn::Set(df, settings_.dac_levels);
    const std::size_t count = in_stride_;
    float* HWY_RESTRICT sums = line_sums_.get();
    Integers driven = hn::Zero(di);
    std::size_t found = 0;
    for (std::size_t i = 0; i < count; i += hn::Lanes(df)) {
      const Lane code = Code(hn::LoadU(df, values + i), steps, limit);
      hn::Store(code, df, codes + i);
      hn::Store(hn::Add(hn::Load(df, sums + i), hn::Abs(code)), df, sums + i);
      if constexpr (list) {
        const auto fires = hn::RebindMask(du, hn::Ne(code, hn::Zero(df)));
        hn::StoreU(hn::Compress(hn::Iota(du, static_cast<std::uint32_t>(i)), fires), du, which + found);
        found += hn::CountTrue(du, fires);
      } else {
        driven = hn::Add(driven, Driven(code));
      }
    }
    if constexpr (list) {
      counts_.driven += found;
    } else {
      driven_ = hn::Add(driven_, driven);
    }
    return found;
  }

  HWY_INLINE void Group(std::size_t filled) {
    counts_.reads += filled;
    const Layout layout = by_rows_ ? Layout{1, m_.inputs, 0, chunk_size} : Layout{1, m_.inputs, 0, 1};
    for (std::size_t slot = filled; slot < group_size; ++slot) x_[slot] = x_[0];
    // Few lines driven in a vector: visit those alone.
    std::size_t dense_from = filled;
    for (std::size_t slot = 0; slot < filled; ++slot) {
      if (lists_ && 2 * listed_[slot] < m_.inputs) {
        Sparse(m_, x_[slot], which_.get() + slot * (in_stride_ + 16), listed_[slot], vectors_[slot].out);
      } else if (dense_from == filled) {
        dense_from = slot;
      }
    }
    if (dense_from < filled) {
      // A vector that went the sparse way is only computed again, to the same bits.
      if (dense_from > 0) {
        std::copy(x_ + dense_from, x_ + filled, x_);
        Dense(m_, x_, layout, filled - dense_from, vectors_ + dense_from);
      } else {
        Dense(m_, x_, layout, filled, vectors_);
      }
    }
    if (settings_.max_halvings > 0) {
      ConvertSums<true>(settings_, key_, m_.outputs, 0, vectors_, filled);
    } else {
      ConvertSums<false>(settings_, key_, m_.outputs, 0, vectors_, filled);
    }
    for (std::size_t slot = 0; slot < filled; ++slot) {
      if (HWY_UNLIKELY(vectors_[slot].clipped)) Repeat(vectors_[slot]);
      results_.Store(vectors_[slot].source, vectors_[slot].out);
    }
  }

  /// Bound management: halves the input and reads again while an output clips.
  HWY_NOINLINE void Repeat(Vector& vector) {
    const float* x = spare_.get();
    float magnitude = vector.magnitude;
    for (int attempt = 1; vector.clipped && attempt <= settings_.max_halvings; ++attempt) {
      magnitude *= 2;
      GatherPatch(in_, places_(vector.source), patch_.get());
      const Lane steps = hn::Set(df, settings_.dac_levels / magnitude);
      for (std::size_t i = 0; i < in_stride_; i += hn::Lanes(df)) {
        const Lane code = Code(hn::Load(df, patch_.get() + i), steps, hn::Set(df, settings_.dac_levels));
        hn::Store(code, df, spare_.get() + i);
        driven_ = hn::Add(driven_, Driven(code));
      }
      for (std::size_t k = 0; k < m_.inputs; ++k) {
        line_sums_[by_rows_ ? k * hn::Lanes(df) : k] += std::abs(spare_[k]);
      }
      ++counts_.reads;
      vector.scale = magnitude * settings_.adc_step * settings_.output_scale;
      DenseOne(m_, &x, Layout{1, m_.inputs, 0, 1}, &vector);
      ConvertSums<true>(settings_, key_, m_.outputs, static_cast<std::uint64_t>(attempt), &vector, 1);
    }
  }

  void Flush(std::size_t& since) {
    since = 0;
    alignas(64) std::int32_t driven[hn::MaxLanes(di)];
    hn::Store(driven_, di, driven);
    for (const std::int32_t count : driven) counts_.driven += static_cast<std::uint64_t>(count);
    driven_ = hn::Zero(di);
    if (settings_.conductance == nullptr) return;
    for (std::size_t k = 0; k < m_.inputs; ++k) {
      std::uint64_t sum = 0;
      for (std::size_t lane = 0; lane < (by_rows_ ? hn::Lanes(df) : 1); ++lane) {
        sum += static_cast<std::uint64_t>(line_sums_[by_rows_ ? k * hn::Lanes(df) + lane : k]);
      }
      counts_.activity += sum * settings_.conductance[k];
    }
    std::fill_n(line_sums_.get(), LineSums(), 0.0F);
  }

  const ReadSettings& settings_;
  const PackedMatrix& m_;
  const InputBlock& in_;
  const OutputBlock& out_;
  const RandomKey& key_;
  std::size_t in_stride_;
  Places places_;
  Results results_;
  Magnitudes magnitudes_;
  bool by_rows_;
  bool lists_;  ///< inputs whose code is not zero are listed
  ReadCounts counts_;
  Integers driven_ = hn::Zero(di);
  hwy::AlignedFreeUniquePtr<float[]> patch_, spare_, codes_;
  hwy::AlignedFreeUniquePtr<std::uint32_t[]> which_;
  hwy::AlignedFreeUniquePtr<float[]> line_sums_;  ///< of the magnitudes of each input's codes
  alignas(64) float magnitude_[chunk_size];       ///< full scale of each vector of the chunk
  alignas(64) float steps_[chunk_size];           ///< DAC steps per unit; 0: nothing to read
  Vector vectors_[group_size];
  const float* x_[group_size] = {};
  std::size_t listed_[group_size] = {};
};

}  // namespace

ReadCounts AnalogRead(const ReadSettings& settings, const PackedMatrix& m, const InputBlock& in,
                      const VectorRange& range, const RandomKey& key, const OutputBlock& out) {
  return AnalogReader(settings, m, in, key, out)(range);
}

namespace {

/// The vectors of a block where their elements lie, or copies of them where that is not possible.
class VectorsInPlace {
 public:
  VectorsInPlace(const InputBlock& in, std::size_t group)
      : in_(in),
        places_(in.geometry),
        // Without padding the elements of whole patches lie in one stretch a kernel row.
        in_place_(in.geometry.padding == 0 && in.first_element == 0 && in.elements == in.geometry.elements()),
        stride_(PaddedTo16(in.elements)) {
    const PatchGeometry& g = in.geometry;
    if (in_place_) {
      layout_ = {g.kernel_height, std::size_t{g.kernel_width} * g.channels, std::size_t{g.width} * g.channels, 1};
    } else {
      layout_ = {1, in.elements, 0, 1};
      copies_ = hwy::AllocateAligned<float>(group * stride_);
    }
  }

  [[nodiscard]] const Layout& layout() const { return layout_; }

  /// Offsets of the elements from the vector's first.
  [[nodiscard]] std::vector<std::size_t> Offsets() const {
    std::vector<std::size_t> offsets;
    for (std::size_t run = 0; run < layout_.runs; ++run) {
      for (std::size_t k = 0; k < layout_.length; ++k) offsets.push_back(run * layout_.run_stride + k);
    }
    return offsets;
  }

  /// Vector `vector` of the block, the `slot`th of its group.
  HWY_INLINE const float* At(std::size_t vector, std::size_t slot) const {
    if (!in_place_) {
      GatherPatch(in_, places_(vector), copies_.get() + slot * stride_);
      return copies_.get() + slot * stride_;
    }
    const PatchGeometry& g = in_.geometry;
    if (IsPixel(g)) return PixelAt(in_, vector);
    const auto place = places_(vector);
    return in_.images + place.image * in_.image_stride + (place.y * g.width + place.x) * g.stride * g.channels;
  }

 private:
  const InputBlock& in_;
  Places places_;
  bool in_place_;
  std::size_t stride_;
  Layout layout_;
  hwy::AlignedFreeUniquePtr<float[]> copies_;
};

/// Inputs of a contiguous vector that are not zero; `which` has room for a register more.
HWY_INLINE std::size_t NonZero(const float* x, std::size_t count, std::uint32_t* which) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; i += hn::Lanes(df)) {
    const Lane value =
        i + hn::Lanes(df) <= count ? hn::LoadU(df, x + i) : hn::MaskedLoad(hn::FirstN(df, count - i), df, x + i);
    const auto mask = hn::RebindMask(du, hn::Ne(value, hn::Zero(df)));
    hn::StoreU(hn::Compress(hn::Iota(du, static_cast<std::uint32_t>(i)), mask), du, which + found);
    found += hn::CountTrue(du, mask);
  }
  return found;
}

/// gradient[first + r][o..] += sum over `count` vectors of x[first + r] d[o..], R rows by one register.
template <int R>
HWY_INLINE void OuterTile(const float* const* x, const std::size_t* offsets, const float* d, std::size_t d_stride,
                          std::size_t count, hn::Mask<decltype(df)> live, float* gradient, std::size_t row_stride) {
  Lane acc[R];
  std::size_t at[R];
  HWY_UNROLL(8)
  for (std::size_t r = 0; r < R; ++r) {
    acc[r] = hn::MaskedLoad(live, df, gradient + r * row_stride);
    at[r] = offsets[r];
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Lane error = hn::Load(df, d + i * d_stride);
    const float* values = x[i];
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < R; ++r) acc[r] = hn::MulAdd(hn::Set(df, values[at[r]]), error, acc[r]);
  }
  HWY_UNROLL(8)
  for (std::size_t r = 0; r < R; ++r) hn::BlendedStore(acc[r], live, df, gradient + r * row_stride);
}

}  // namespace

void ExactRead(const PackedMatrix& m, const InputBlock& in, const VectorRange& range, const OutputBlock& out) {
  const VectorsInPlace source(in, group_size);
  const Results results(out, m.outputs);
  // Errors behind a pooling layer are mostly zero: those lines are left out, which changes no bit.
  const bool lists = m.outputs >= 64 && source.layout().runs == 1;
  auto which = hwy::AllocateAligned<std::uint32_t>(PaddedTo16(m.inputs) + 16);
  Vector group[group_size];
  const std::size_t end = range.first + range.count;
  for (std::size_t v = range.first; v < end; v += group_size) {
    const std::size_t count = std::min(group_size, end - v);
    Vector dense[group_size];
    const float* x[group_size] = {};
    std::size_t filled = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const float* values = source.At(v + i, i);
      group[i].out = results.Place(v + i, i);
      const std::size_t listed = lists ? NonZero(values, m.inputs, which.get()) : m.inputs;
      if (2 * listed < m.inputs) {
        Sparse(m, values, which.get(), listed, group[i].out);
      } else {
        x[filled] = values;
        dense[filled++] = group[i];
      }
    }
    if (filled > 0) {
      std::fill(x + filled, x + group_size, x[0]);
      Dense(m, x, source.layout(), filled, dense);
    }
    // In order: overlapping patches add to the same places.
    for (std::size_t i = 0; i < count; ++i) results.Store(v + i, group[i].out);
  }
}

void AccumulateOuterProducts(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                             float* gradient, std::size_t row_stride) {
  // Groups of vectors are looked up once; every gradient register then takes them in order.
  constexpr std::size_t group = 64;
  const std::size_t lanes = hn::Lanes(df);
  const VectorsInPlace source(inputs, group);
  const Places error_places(errors.geometry);
  const std::vector<std::size_t> offsets = source.Offsets();
  const std::size_t error_stride = PaddedTo16(errors.elements);
  auto d = hwy::AllocateAligned<float>(group * error_stride);
  std::fill_n(d.get(), group * error_stride, 0.0F);
  const float* x[group];
  const std::size_t end = range.first + range.count;
  for (std::size_t v = range.first; v < end; v += group) {
    const std::size_t count = std::min(group, end - v);
    for (std::size_t i = 0; i < count; ++i) {
      x[i] = source.At(v + i, i);
      GatherPatch(errors, error_places(v + i), d.get() + i * error_stride);
    }
    for (std::size_t o = 0; o < errors.elements; o += lanes) {
      const auto live = hn::FirstN(df, errors.elements - o);
      const float* error = d.get() + o;
      std::size_t k = 0;
      for (; k + 8 <= inputs.elements; k += 8) {
        OuterTile<8>(x, offsets.data() + k, error, error_stride, count, live, gradient + k * row_stride + o,
                     row_stride);
      }
      for (; k < inputs.elements; ++k) {
        OuterTile<1>(x, offsets.data() + k, error, error_stride, count, live, gradient + k * row_stride + o,
                     row_stride);
      }
    }
  }
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(AnalogRead);
HWY_EXPORT(ExactRead);
HWY_EXPORT(AccumulateOuterProducts);

}  // namespace

ReadCounts analog_read(const ReadSettings& settings, const PackedMatrix& matrix, const InputBlock& in,
                       const VectorRange& vectors, const RandomKey& noise, const OutputBlock& out) {
  return HWY_DYNAMIC_DISPATCH(AnalogRead)(settings, matrix, in, vectors, noise, out);
}

void exact_read(const PackedMatrix& matrix, const InputBlock& in, const VectorRange& vectors, const OutputBlock& out) {
  HWY_DYNAMIC_DISPATCH(ExactRead)(matrix, in, vectors, out);
}

void accumulate_outer_products(const InputBlock& inputs, const InputBlock& errors, const VectorRange& vectors,
                               float* gradient, std::size_t row_stride) {
  HWY_DYNAMIC_DISPATCH(AccumulateOuterProducts)(inputs, errors, vectors, gradient, row_stride);
}

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
