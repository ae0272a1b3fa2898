// Gathering and scattering of patches, largest magnitudes: the Highway part shared by the kernels.
#if defined(RHEO_PATCH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef RHEO_PATCH_INL_H
#undef RHEO_PATCH_INL_H
#else
#define RHEO_PATCH_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "models/crossbar/blocks.hpp"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t PaddedTo16(std::size_t count) { return (count + 15) / 16 * 16; }

HWY_INLINE bool IsPixel(const PatchGeometry& g) {
  return g.kernel_height == 1 && g.kernel_width == 1 && g.padding == 0 && g.stride == 1;
}

/// The first value of vector `vector` of a block whose vectors are pixels. Images that lie next to each other
/// need no division.
HWY_INLINE const float* PixelAt(const InputBlock& block, std::size_t vector) {
  const PatchGeometry& g = block.geometry;
  if (block.image_stride == g.image_values()) return block.images + vector * g.channels + block.first_element;
  const std::size_t positions = g.positions();
  return block.images + vector / positions * block.image_stride + vector % positions * g.channels +
         block.first_element;
}

/// Calls visit(offset in the slice, address in the image, values) for each contiguous run of the slice of
/// the patch at `position`; runs that fall into the padding are left out.
template <class Block, class Visit>
HWY_INLINE void VisitRuns(const Block& block, std::size_t position, Visit visit) {
  const PatchGeometry& g = block.geometry;
  const std::size_t last_element = std::size_t{block.first_element} + block.elements;
  if (IsPixel(g)) {
    visit(std::size_t{0}, position * g.channels + block.first_element, std::size_t{block.elements});
    return;
  }
  const auto top = static_cast<std::ptrdiff_t>(position / g.out_width() * g.stride) - g.padding;
  const auto left = static_cast<std::ptrdiff_t>(position % g.out_width() * g.stride) - g.padding;
  const std::size_t row_elements = std::size_t{g.kernel_width} * g.channels;
  const auto first_column = std::max<std::ptrdiff_t>(0, -left);
  const auto end_column = std::min<std::ptrdiff_t>(g.kernel_width, static_cast<std::ptrdiff_t>(g.width) - left);
  for (std::size_t ky = block.first_element / row_elements; ky * row_elements < last_element; ++ky) {
    const std::ptrdiff_t y = top + static_cast<std::ptrdiff_t>(ky);
    if (y < 0 || y >= static_cast<std::ptrdiff_t>(g.height) || end_column <= first_column) continue;
    const std::size_t begin = std::max<std::size_t>(
        block.first_element, ky * row_elements + static_cast<std::size_t>(first_column) * g.channels);
    const std::size_t end =
        std::min(last_element, ky * row_elements + static_cast<std::size_t>(end_column) * g.channels);
    if (begin >= end) continue;
    const auto pixel = y * static_cast<std::ptrdiff_t>(g.width) + left;
    const auto address =
        pixel * static_cast<std::ptrdiff_t>(g.channels) + static_cast<std::ptrdiff_t>(begin - ky * row_elements);
    visit(begin - block.first_element, static_cast<std::size_t>(address), end - begin);
  }
}

HWY_INLINE void CopyRun(const float* HWY_RESTRICT from, float* HWY_RESTRICT to, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
  if (i < count) {
    const auto tail = hn::FirstN(d, count - i);
    hn::BlendedStore(hn::MaskedLoad(tail, d, from + i), tail, d, to + i);
  }
}

HWY_INLINE void AddRun(const float* HWY_RESTRICT from, float* HWY_RESTRICT to, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
  }
  if (i < count) {
    const auto tail = hn::FirstN(d, count - i);
    hn::BlendedStore(hn::Add(hn::MaskedLoad(tail, d, to + i), hn::MaskedLoad(tail, d, from + i)), tail, d, to + i);
  }
}

/// `patch` holds block.elements values and is zero wherever the padding is.
HWY_INLINE void GatherPatch(const InputBlock& block, std::size_t vector, float* patch) {
  if (IsPixel(block.geometry)) {
    CopyRun(PixelAt(block, vector), patch, block.elements);
    return;
  }
  const std::size_t positions = block.geometry.positions();
  const float* image = block.images + vector / positions * block.image_stride;
  if (block.geometry.padding != 0) std::fill_n(patch, block.elements, 0.0F);
  VisitRuns(block, vector % positions, [&](std::size_t at, std::size_t address, std::size_t count) HWY_ATTR {
    CopyRun(image + address, patch + at, count);
  });
}

HWY_INLINE void StorePatch(const OutputBlock& block, std::size_t vector, const float* patch) {
  const std::size_t positions = block.geometry.positions();
  float* image = block.images + vector / positions * block.image_stride;
  if (block.accumulate) {
    VisitRuns(block, vector % positions, [&](std::size_t at, std::size_t address, std::size_t count) HWY_ATTR {
      AddRun(patch + at, image + address, count);
    });
  } else {
    VisitRuns(block, vector % positions, [&](std::size_t at, std::size_t address, std::size_t count) HWY_ATTR {
      CopyRun(patch + at, image + address, count);
    });
  }
}

/// Largest magnitude of `count` values; `values` has room for whole vectors of 16 and zeros there.
HWY_INLINE float LargestMagnitude(const float* values, std::size_t padded_count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  // Four chains hide the latency; the largest of numbers does not depend on the order.
  auto a = hn::Zero(d);
  auto b = a;
  auto c = a;
  auto e = a;
  std::size_t i = 0;
  for (; i + 4 * lanes <= padded_count; i += 4 * lanes) {
    a = hn::Max(a, hn::Abs(hn::LoadU(d, values + i)));
    b = hn::Max(b, hn::Abs(hn::LoadU(d, values + i + lanes)));
    c = hn::Max(c, hn::Abs(hn::LoadU(d, values + i + 2 * lanes)));
    e = hn::Max(e, hn::Abs(hn::LoadU(d, values + i + 3 * lanes)));
  }
  for (; i < padded_count; i += lanes) a = hn::Max(a, hn::Abs(hn::LoadU(d, values + i)));
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(a, b), hn::Max(c, e))));
}

/// codes = clip(round(values scale)), `scale` in codes per unit.
HWY_INLINE void Quantise(const float* values, std::size_t padded_count, float scale, float levels, float* codes) {
  const hn::ScalableTag<float> d;
  const auto s = hn::Set(d, scale);
  const auto limit = hn::Set(d, levels);
  for (std::size_t i = 0; i < padded_count; i += hn::Lanes(d)) {
    const auto code = hn::Round(hn::Mul(hn::LoadU(d, values + i), s));
    hn::StoreU(hn::Max(hn::Min(code, limit), hn::Neg(limit)), d, codes + i);
  }
}

/// sum of |a_i| b_i in an order that does not depend on the vector length: 64 partial sums (element i adds to
/// partial sum i mod 64), then a tree.
HWY_INLINE float AbsoluteDot(const float* a, const float* b, std::size_t padded_count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr std::size_t partial_sums = 64;
  alignas(64) float partial[partial_sums];
  const auto add = [&](auto sum, std::size_t i) HWY_ATTR {
    return i < padded_count ? hn::MulAdd(hn::Abs(hn::LoadU(d, a + i)), hn::LoadU(d, b + i), sum) : sum;
  };
  // Four registers at a time take their share of the 64 partial sums.
  for (std::size_t first = 0; first < partial_sums; first += 4 * lanes) {
    auto s0 = hn::Zero(d);
    auto s1 = s0;
    auto s2 = s0;
    auto s3 = s0;
    for (std::size_t i = first; i < padded_count; i += partial_sums) {
      s0 = add(s0, i);
      s1 = add(s1, i + lanes);
      s2 = add(s2, i + 2 * lanes);
      s3 = add(s3, i + 3 * lanes);
    }
    hn::StoreU(s0, d, partial + first);
    hn::StoreU(s1, d, partial + first + lanes);
    hn::StoreU(s2, d, partial + first + 2 * lanes);
    hn::StoreU(s3, d, partial + first + 3 * lanes);
  }
  for (std::size_t step = partial_sums / 2; step >= lanes; step /= 2) {
    for (std::size_t i = 0; i < step; i += lanes) {
      hn::StoreU(hn::Add(hn::LoadU(d, partial + i), hn::LoadU(d, partial + i + step)), d, partial + i);
    }
  }
  for (std::size_t step = lanes / 2; step > 0; step /= 2) {
    for (std::size_t i = 0; i < step; ++i) partial[i] += partial[i + step];
  }
  return partial[0];
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
