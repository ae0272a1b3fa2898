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
  return block.images + vector / positions * block.image_stride + vector % positions * g.channels + block.first_element;
}

/// Where a vector lies: its image, and the row and column of its patch among the image's patches.
struct Place {
  std::size_t image;
  std::size_t y, x;
};

/// Finds places without dividing: one multiplication a quotient, exact for numbers below 2^32.
class Places {
 public:
  explicit Places(const PatchGeometry& g)
      : positions_(g.positions()),
        width_(g.out_width()),
        by_positions_(Inverse(positions_)),
        by_width_(Inverse(width_)) {}

  HWY_INLINE Place operator()(std::size_t vector) const {
    const std::size_t image = Quotient(vector, by_positions_);
    const std::size_t position = vector - image * positions_;
    const std::size_t y = Quotient(position, by_width_);
    return {image, y, position - y * width_};
  }

 private:
  static std::uint64_t Inverse(std::size_t divisor) { return divisor == 1 ? 0 : ~std::uint64_t{0} / divisor + 1; }
  HWY_INLINE static std::size_t Quotient(std::size_t value, std::uint64_t inverse) {
    std::uint64_t high = value;
    if (inverse != 0) (void)hwy::Mul128(value, inverse, &high);
    return high;
  }

  std::size_t positions_, width_;
  std::uint64_t by_positions_, by_width_;
};

/// Calls visit(offset in the slice, address in the image, values) for each contiguous run of the slice of
/// the patch at `place`; runs that fall into the padding are left out.
template <class Block, class Visit>
HWY_INLINE void VisitRuns(const Block& block, const Place& place, Visit visit) {
  const PatchGeometry& g = block.geometry;
  if (IsPixel(g)) {
    visit(std::size_t{0}, (place.y * g.width + place.x) * g.channels + block.first_element,
          std::size_t{block.elements});
    return;
  }
  const std::size_t last_element = std::size_t{block.first_element} + block.elements;
  const auto top = static_cast<std::ptrdiff_t>(place.y * g.stride) - g.padding;
  const auto left = static_cast<std::ptrdiff_t>(place.x * g.stride) - g.padding;
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
HWY_INLINE void GatherPatch(const InputBlock& block, const Place& place, float* patch) {
  const float* image = block.images + place.image * block.image_stride;
  if (block.geometry.padding != 0) std::fill_n(patch, block.elements, 0.0F);
  VisitRuns(block, place, [&](std::size_t at, std::size_t address, std::size_t count) HWY_ATTR {
    CopyRun(image + address, patch + at, count);
  });
}

HWY_INLINE void StorePatch(const OutputBlock& block, const Place& place, const float* patch) {
  float* image = block.images + place.image * block.image_stride;
  if (block.accumulate) {
    VisitRuns(block, place, [&](std::size_t at, std::size_t address, std::size_t count) HWY_ATTR {
      AddRun(patch + at, image + address, count);
    });
  } else {
    VisitRuns(block, place, [&](std::size_t at, std::size_t address, std::size_t count) HWY_ATTR {
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

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
