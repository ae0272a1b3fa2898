#include "models/crossbar/read_kernel.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/read_kernel.cpp"
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
using Lane = hn::Vec<decltype(df)>;

/// acc[v][o] = sum over k of x[v][k] w[k][o..], RV vectors by RO registers of outputs.
template <int RV, int RO>
HWY_INLINE void Products(const float* HWY_RESTRICT x, std::size_t x_stride, const float* HWY_RESTRICT w,
                         std::size_t w_stride, std::size_t inputs, Lane (&acc)[RV][RO]) {
  const std::size_t lanes = hn::Lanes(df);
  HWY_UNROLL(8)
  for (int v = 0; v < RV; ++v) {
    HWY_UNROLL(4)
    for (int o = 0; o < RO; ++o) acc[v][o] = hn::Zero(df);
  }
  for (std::size_t k = 0; k < inputs; ++k) {
    Lane row[RO];
    HWY_UNROLL(4)
    for (int o = 0; o < RO; ++o) row[o] = hn::LoadU(df, w + k * w_stride + static_cast<std::size_t>(o) * lanes);
    HWY_UNROLL(8)
    for (int v = 0; v < RV; ++v) {
      const Lane value = hn::Set(df, x[static_cast<std::size_t>(v) * x_stride + k]);
      HWY_UNROLL(4)
      for (int o = 0; o < RO; ++o) acc[v][o] = hn::MulAdd(value, row[o], acc[v][o]);
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

/// Turns integrated sums into digital outputs, `out` having room for whole registers. Returns whether any of
/// the outputs [0, outputs) clipped.
struct Converter {
  const ReadSettings& settings;
  const RandomKey& key;

  HWY_INLINE bool operator()(Lane sum, std::uint64_t identity, std::uint64_t attempt, std::size_t output,
                             std::size_t outputs, float scale, float* out) const {
    const float gain = 1.0F / (settings.dac_levels * settings.adc_step);
    const Lane noise = NormalFromWords(du, RandomWords(du, key, identity, (attempt << 32) + output / 4));
    const Lane analog =
        hn::MulAdd(noise, hn::Set(df, settings.output_noise / settings.adc_step), hn::Mul(sum, hn::Set(df, gain)));
    const Lane code = hn::Round(analog);
    const Lane limit = hn::Set(df, settings.adc_levels);
    const Lane clipped = hn::Max(hn::Min(code, limit), hn::Neg(limit));
    hn::StoreU(hn::Mul(clipped, hn::Set(df, scale)), df, out + output);
    if (settings.max_halvings == 0) return false;
    const auto over = hn::And(hn::Gt(hn::Abs(code), limit), hn::FirstN(df, outputs - output));
    return !hn::AllFalse(df, over);
  }
};

struct ExactStore {
  HWY_INLINE bool operator()(Lane sum, std::uint64_t, std::uint64_t, std::size_t output, std::size_t, float,
                             float* out) const {
    hn::StoreU(sum, df, out + output);
    return false;
  }
};

struct Vector {
  std::uint64_t identity = 0;
  float scale = 0;
  float* out = nullptr;
  bool clipped = false;
};

template <int RV, int RO, class Finish>
HWY_INLINE void DenseTile(const Finish& finish, const PackedMatrix& m, const float* x, std::size_t x_stride,
                          std::size_t output, std::uint64_t attempt, Vector* vectors) {
  Lane acc[RV][RO];
  Products<RV, RO>(x, x_stride, m.values + output, m.row_stride, m.inputs, acc);
  HWY_UNROLL(8)
  for (int v = 0; v < RV; ++v) {
    HWY_UNROLL(4)
    for (int o = 0; o < RO; ++o) {
      const std::size_t at = output + static_cast<std::size_t>(o) * hn::Lanes(df);
      if (at < m.outputs) {
        vectors[v].clipped |=
            finish(acc[v][o], vectors[v].identity, attempt, at, m.outputs, vectors[v].scale, vectors[v].out);
      }
    }
  }
}

template <int RV, class Finish>
HWY_INLINE void DenseRows(const Finish& finish, const PackedMatrix& m, const float* x, std::size_t x_stride,
                          std::uint64_t attempt, Vector* vectors) {
  const std::size_t lanes = hn::Lanes(df);
  std::size_t output = 0;
  for (; output + lanes < m.outputs; output += 2 * lanes) {
    if (output + 2 * lanes <= m.row_stride) {
      DenseTile<RV, 2>(finish, m, x, x_stride, output, attempt, vectors);
    } else {
      DenseTile<RV, 1>(finish, m, x, x_stride, output, attempt, vectors);
      DenseTile<RV, 1>(finish, m, x, x_stride, output + lanes, attempt, vectors);
    }
  }
  if (output < m.outputs) DenseTile<RV, 1>(finish, m, x, x_stride, output, attempt, vectors);
}

template <class Finish>
HWY_INLINE void Dense(const Finish& finish, const PackedMatrix& m, const float* x, std::size_t x_stride,
                      std::size_t count, std::uint64_t attempt, Vector* vectors) {
  std::size_t v = 0;
#if HWY_TARGET <= HWY_AVX3
  for (; v + 8 <= count; v += 8) DenseRows<8>(finish, m, x + v * x_stride, x_stride, attempt, vectors + v);
#endif
  for (; v + 4 <= count; v += 4) DenseRows<4>(finish, m, x + v * x_stride, x_stride, attempt, vectors + v);
  for (; v < count; ++v) DenseRows<1>(finish, m, x + v * x_stride, x_stride, attempt, vectors + v);
}

template <int RO, class Finish>
HWY_INLINE void SparseTile(const Finish& finish, const PackedMatrix& m, const float* x, const std::uint32_t* which,
                           std::size_t count, std::size_t output, Vector& vector) {
  Lane acc[1][RO];
  SparseProducts<RO>(x, which, count, m.values + output, m.row_stride, acc);
  HWY_UNROLL(8)
  for (int o = 0; o < RO; ++o) {
    const std::size_t at = output + static_cast<std::size_t>(o) * hn::Lanes(df);
    if (at < m.outputs) {
      vector.clipped |= finish(acc[0][o], vector.identity, 0, at, m.outputs, vector.scale, vector.out);
    }
  }
}

template <class Finish>
HWY_INLINE void Sparse(const Finish& finish, const PackedMatrix& m, const float* x, const std::uint32_t* which,
                       std::size_t count, Vector& vector) {
  const std::size_t lanes = hn::Lanes(df);
  std::size_t output = 0;
  for (; output + 8 * lanes <= m.row_stride; output += 8 * lanes) {
    SparseTile<8>(finish, m, x, which, count, output, vector);
  }
  for (; output < m.outputs; output += lanes) SparseTile<1>(finish, m, x, which, count, output, vector);
}

std::size_t NonZero(const float* codes, std::size_t count, std::uint32_t* which) {
  std::size_t found = 0;
  const std::size_t lanes = hn::Lanes(du);
  for (std::size_t i = 0; i < count; i += lanes) {
    const auto code = hn::LoadU(df, codes + i);
    const auto mask = hn::RebindMask(du, hn::Ne(code, hn::Zero(df)));
    const auto index = hn::Iota(du, static_cast<std::uint32_t>(i));
    hn::StoreU(hn::Compress(index, mask), du, which + found);
    found += hn::CountTrue(du, mask);
  }
  return found;
}

struct Scratch {
  std::size_t in_stride;
  std::size_t out_stride;
  hwy::AlignedFreeUniquePtr<float[]> patches;
  hwy::AlignedFreeUniquePtr<float[]> codes;
  hwy::AlignedFreeUniquePtr<float[]> results;
  hwy::AlignedFreeUniquePtr<std::uint32_t[]> which;

  explicit Scratch(const PackedMatrix& m)
      : in_stride(PaddedTo16(m.inputs)),
        out_stride(PaddedTo16(m.outputs) + 16),
        patches(hwy::AllocateAligned<float>(group_size * in_stride)),
        codes(hwy::AllocateAligned<float>(group_size * in_stride)),
        results(hwy::AllocateAligned<float>(group_size * out_stride)),
        which(hwy::AllocateAligned<std::uint32_t>(in_stride + 16)) {
    std::fill_n(patches.get(), group_size * in_stride, 0.0F);
    std::fill_n(codes.get(), group_size * in_stride, 0.0F);
  }
};

/// A pixel's outputs can be written in place when they are whole and contiguous.
HWY_INLINE float* InPlace(const OutputBlock& out, std::size_t vector) {
  const PatchGeometry& g = out.geometry;
  const bool direct = !out.accumulate && out.elements % 16 == 0 && g.kernel_height == 1 && g.kernel_width == 1 &&
                      g.stride == 1 && g.padding == 0;
  if (!direct) return nullptr;
  const std::size_t positions = g.positions();
  return out.images + vector / positions * out.image_stride + vector % positions * g.channels + out.first_element;
}

}  // namespace

ReadCounts AnalogRead(const ReadSettings& settings, const PackedMatrix& m, const InputBlock& in,
                      const VectorRange& range, const RandomKey& key, const OutputBlock& out) {
  ReadCounts counts;
  Scratch scratch(m);
  const Converter finish{settings, key};
  const float activity_unit = 65536.0F / settings.dac_levels;
  std::array<Vector, group_size> vectors;
  std::array<std::size_t, group_size> sources{};
  std::array<float, group_size> magnitudes{};

  const auto begin_read = [&](std::size_t slot, float scale) HWY_ATTR {
    float* codes = scratch.codes.get() + slot * scratch.in_stride;
    Quantise(scratch.patches.get() + slot * scratch.in_stride, scratch.in_stride, settings.dac_levels / scale,
             settings.dac_levels, codes);
    vectors[slot].scale = scale * settings.adc_step * settings.output_scale;
    vectors[slot].clipped = false;
    ++counts.reads;
    if (settings.conductance != nullptr) {
      counts.activity += static_cast<std::uint64_t>(
          AbsoluteDot(codes, settings.conductance, scratch.in_stride) * activity_unit + 0.5F);
    }
  };

  std::size_t v = range.first;
  const std::size_t end = range.first + range.count;
  while (v < end) {
    std::size_t filled = 0;
    for (; v < end && filled < group_size; ++v) {
      float* patch = scratch.patches.get() + filled * scratch.in_stride;
      GatherPatch(in, v, patch);
      const float magnitude = LargestMagnitude(patch, scratch.in_stride);
      float* place = InPlace(out, v);
      float* result = place != nullptr ? place : scratch.results.get() + filled * scratch.out_stride;
      if (!(magnitude > 0)) {  // nothing to read: the output is zero
        ++counts.skipped;
        if (!out.accumulate) {
          std::fill_n(result, m.outputs, 0.0F);
          if (place == nullptr) StorePatch(out, v, result);
        }
        continue;
      }
      magnitudes[filled] = settings.noise_management ? magnitude : 1.0F;
      sources[filled] = v;
      vectors[filled] = {range.identity + v, 0, result, false};
      begin_read(filled, magnitudes[filled]);
      ++filled;
    }
    // Few lines driven in every vector: visit those alone.
    std::size_t dense_from = filled;
    for (std::size_t slot = 0; slot < filled; ++slot) {
      const float* codes = scratch.codes.get() + slot * scratch.in_stride;
      const std::size_t driven = NonZero(codes, scratch.in_stride, scratch.which.get());
      counts.driven += driven;
      if (2 * driven < m.inputs && m.outputs >= 64) {
        Sparse(finish, m, codes, scratch.which.get(), driven, vectors[slot]);
      } else if (dense_from == filled) {
        dense_from = slot;
      }
    }
    if (dense_from < filled) {
      // A vector that went the sparse way is only computed again, to the same bits.
      Dense(finish, m, scratch.codes.get() + dense_from * scratch.in_stride, scratch.in_stride, filled - dense_from, 0,
            vectors.data() + dense_from);
    }
    for (std::size_t slot = 0; slot < filled; ++slot) {
      float scale = magnitudes[slot];
      for (int attempt = 1; vectors[slot].clipped && attempt <= settings.max_halvings; ++attempt) {
        scale *= 2;
        begin_read(slot, scale);
        counts.driven +=
            NonZero(scratch.codes.get() + slot * scratch.in_stride, scratch.in_stride, scratch.which.get());
        Dense(finish, m, scratch.codes.get() + slot * scratch.in_stride, scratch.in_stride, 1,
              static_cast<std::uint64_t>(attempt), vectors.data() + slot);
      }
      if (InPlace(out, sources[slot]) == nullptr) StorePatch(out, sources[slot], vectors[slot].out);
    }
  }
  return counts;
}

void ExactRead(const PackedMatrix& m, const InputBlock& in, const VectorRange& range, const OutputBlock& out) {
  Scratch scratch(m);
  std::array<Vector, group_size> vectors;
  const std::size_t end = range.first + range.count;
  for (std::size_t v = range.first; v < end; v += group_size) {
    const std::size_t count = std::min(group_size, end - v);
    for (std::size_t i = 0; i < count; ++i) {
      GatherPatch(in, v + i, scratch.patches.get() + i * scratch.in_stride);
      float* place = InPlace(out, v + i);
      vectors[i].out = place != nullptr ? place : scratch.results.get() + i * scratch.out_stride;
    }
    Dense(ExactStore{}, m, scratch.patches.get(), scratch.in_stride, count, 0, vectors.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (InPlace(out, v + i) == nullptr) StorePatch(out, v + i, vectors[i].out);
    }
  }
}

void AccumulateOuterProducts(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                             float* gradient, std::size_t row_stride) {
  // Groups of vectors are gathered once; every gradient register then takes them in order.
  constexpr std::size_t group = 32;
  const std::size_t lanes = hn::Lanes(df);
  const std::size_t in_stride = PaddedTo16(inputs.elements);
  const std::size_t error_stride = PaddedTo16(errors.elements);
  auto x = hwy::AllocateAligned<float>(group * in_stride);
  auto d = hwy::AllocateAligned<float>(group * error_stride);
  std::fill_n(d.get(), group * error_stride, 0.0F);
  const std::size_t end = range.first + range.count;
  for (std::size_t v = range.first; v < end; v += group) {
    const std::size_t count = std::min(group, end - v);
    for (std::size_t i = 0; i < count; ++i) {
      GatherPatch(inputs, v + i, x.get() + i * in_stride);
      GatherPatch(errors, v + i, d.get() + i * error_stride);
    }
    for (std::size_t o = 0; o < errors.elements; o += lanes) {
      const auto live = hn::FirstN(df, errors.elements - o);
      std::size_t k = 0;
      for (; k + 8 <= inputs.elements; k += 8) {
        Lane acc[8];
        HWY_UNROLL(8)
        for (std::size_t r = 0; r < 8; ++r) acc[r] = hn::MaskedLoad(live, df, gradient + (k + r) * row_stride + o);
        for (std::size_t i = 0; i < count; ++i) {
          const Lane error = hn::LoadU(df, d.get() + i * error_stride + o);
          HWY_UNROLL(8)
          for (std::size_t r = 0; r < 8; ++r) {
            acc[r] = hn::MulAdd(hn::Set(df, x[i * in_stride + k + r]), error, acc[r]);
          }
        }
        HWY_UNROLL(8)
        for (std::size_t r = 0; r < 8; ++r) hn::BlendedStore(acc[r], live, df, gradient + (k + r) * row_stride + o);
      }
      for (; k < inputs.elements; ++k) {
        Lane acc = hn::MaskedLoad(live, df, gradient + k * row_stride + o);
        for (std::size_t i = 0; i < count; ++i) {
          acc = hn::MulAdd(hn::Set(df, x[i * in_stride + k]), hn::LoadU(df, d.get() + i * error_stride + o), acc);
        }
        hn::BlendedStore(acc, live, df, gradient + k * row_stride + o);
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
