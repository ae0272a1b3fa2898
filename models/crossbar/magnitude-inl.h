// Largest magnitudes of the vectors of a block: the Highway part shared by the kernels.
#if defined(RHEO_MAGNITUDE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef RHEO_MAGNITUDE_INL_H
#undef RHEO_MAGNITUDE_INL_H
#else
#define RHEO_MAGNITUDE_INL_H
#endif

#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "models/crossbar/patch-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Largest magnitudes of consecutive vectors. The patches of a convolution share their pixels, so the largest of
/// each pixel's channels is found once per image and then slides along rows and columns; which order is taken
/// does not matter to a maximum.
class Magnitudes {
 public:
  explicit Magnitudes(const InputBlock& block)
      : block_(block),
        places_(block.geometry),
        positions_(block.geometry.positions()),
        pixel_(IsPixel(block.geometry)) {
    const PatchGeometry& g = block.geometry;
    if (pixel_) return;
    if (block.first_element == 0 && block.elements == g.elements()) {
      plane_width_ = g.width + 2 * std::size_t{g.padding} + slack;
      plane_.assign((g.height + 2 * std::size_t{g.padding}) * plane_width_, 0.0F);
      rows_.assign(plane_.size() + slack, 0.0F);
      map_.assign(positions_ + slack, 0.0F);
    } else {
      patch_ = hwy::AllocateAligned<float>(PaddedTo16(block.elements));
      std::fill_n(patch_.get(), PaddedTo16(block.elements), 0.0F);
    }
  }

  /// to[i] = largest magnitude of vector first + i
  HWY_INLINE void operator()(std::size_t first, std::size_t count, float* to) {
    if (pixel_) {
      for (std::size_t i = 0; i < count; ++i) to[i] = OfRun(PixelAt(block_, first + i), block_.elements);
    } else if (patch_ != nullptr) {
      for (std::size_t i = 0; i < count; ++i) {
        GatherPatch(block_, places_(first + i), patch_.get());
        to[i] = LargestMagnitude(patch_.get(), PaddedTo16(block_.elements));
      }
    } else {
      while (count > 0) {
        const std::size_t image = first / positions_;
        if (image != image_) FillMap(image);
        const std::size_t position = first % positions_;
        const std::size_t here = std::min(count, positions_ - position);
        std::copy_n(map_.data() + position, here, to);
        first += here;
        to += here;
        count -= here;
      }
    }
  }

 private:
  static constexpr std::size_t slack = 16;

  HWY_INLINE static float OfRun(const float* values, std::size_t count) {
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    if (count == lanes) return hn::GetLane(hn::MaxOfLanes(d, hn::Abs(hn::LoadU(d, values))));
    auto most = hn::Zero(d);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) most = hn::Max(most, hn::Abs(hn::LoadU(d, values + i)));
    if (i < count) most = hn::Max(most, hn::Abs(hn::MaskedLoad(hn::FirstN(d, count - i), d, values + i)));
    return hn::GetLane(hn::MaxOfLanes(d, most));
  }

  void FillMap(std::size_t image) {
    image_ = image;
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    const PatchGeometry& g = block_.geometry;
    const float* values = block_.images + image * block_.image_stride;
    for (std::size_t y = 0; y < g.height; ++y) {
      float* row = plane_.data() + (y + g.padding) * plane_width_ + g.padding;
      const float* pixels = values + y * g.width * g.channels;
      if (g.channels == 1) {
        std::size_t x = 0;
        for (; x + lanes <= g.width; x += lanes) hn::StoreU(hn::Abs(hn::LoadU(d, pixels + x)), d, row + x);
        for (; x < g.width; ++x) row[x] = std::abs(pixels[x]);
      } else {
        for (std::size_t x = 0; x < g.width; ++x) row[x] = OfRun(pixels + x * g.channels, g.channels);
      }
    }
    const std::size_t out_width = g.out_width();
    const std::size_t height = g.height + 2 * std::size_t{g.padding};
    for (std::size_t y = 0; y < height; ++y) {
      const float* from = plane_.data() + y * plane_width_;
      float* to = rows_.data() + y * plane_width_;
      if (g.stride == 1) {
        for (std::size_t x = 0; x < out_width; x += lanes) {
          auto most = hn::LoadU(d, from + x);
          for (std::size_t k = 1; k < g.kernel_width; ++k) most = hn::Max(most, hn::LoadU(d, from + x + k));
          hn::StoreU(most, d, to + x);
        }
      } else {
        for (std::size_t x = 0; x < out_width; ++x) {
          to[x] = *std::max_element(from + x * g.stride, from + x * g.stride + g.kernel_width);
        }
      }
    }
    for (std::size_t y = 0; y < g.out_height(); ++y) {
      const float* from = rows_.data() + y * g.stride * plane_width_;
      float* to = map_.data() + y * out_width;
      for (std::size_t x = 0; x < out_width; x += lanes) {
        auto most = hn::LoadU(d, from + x);
        for (std::size_t k = 1; k < g.kernel_height; ++k)
          most = hn::Max(most, hn::LoadU(d, from + k * plane_width_ + x));
        hn::StoreU(most, d, to + x);
      }
    }
  }

  const InputBlock& block_;
  Places places_;
  std::size_t positions_;
  bool pixel_;
  std::size_t plane_width_ = 0;
  std::size_t image_ = std::numeric_limits<std::size_t>::max();
  std::vector<float> plane_;  ///< of each pixel, padded; rows of plane_width_
  std::vector<float> rows_;   ///< after sliding along rows
  std::vector<float> map_;    ///< of each position
  hwy::AlignedFreeUniquePtr<float[]> patch_;
};

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
