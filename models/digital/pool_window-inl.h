// Windows that slide over channels-last images: the Highway part shared by pooling and local response normalisation.
//
// Include it as the -inl.h headers of Highway are: before the target's code, within the file that foreach_target.h
// repeats.

#if defined(RHEO_MODELS_DIGITAL_POOL_WINDOW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RHEO_MODELS_DIGITAL_POOL_WINDOW_INL_H_
#undef RHEO_MODELS_DIGITAL_POOL_WINDOW_INL_H_
#else
#define RHEO_MODELS_DIGITAL_POOL_WINDOW_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "hwy/highway.h"
#include "models/digital/pooling.hpp"

HWY_BEFORE_NAMESPACE();
namespace rheo::vector_math::HWY_NAMESPACE {

/// The cells of one window that lie in the image.
struct Window {
  std::size_t first_row;
  std::size_t last_row;  ///< one past
  std::size_t first_column;
  std::size_t last_column;  ///< one past

  std::size_t cells() const { return (last_row - first_row) * (last_column - first_column); }

  /// Calls body(offset of the cell within its image) in scan order.
  template <class Body>
  HWY_INLINE void for_cells(const PoolShape& shape, const Body& body) const {
    for (std::size_t row = first_row; row < last_row; ++row) {
      for (std::size_t column = first_column; column < last_column; ++column) {
        body((row * shape.width + column) * shape.channels);
      }
    }
  }
};

/// Calls body(window, offset of the image in the input, offset of the output position) in scan order.
template <class Body>
HWY_INLINE void for_windows(const PoolShape& shape, const Body& body) {
  const auto first = [&](std::size_t i) { return std::max(i * shape.stride, shape.padding) - shape.padding; };
  const auto last = [&](std::size_t i, std::size_t size) {
    return std::min(i * shape.stride + shape.kernel - shape.padding, size);
  };
  const std::size_t rows = shape.out_height();
  const std::size_t columns = shape.out_width();
  std::size_t out = 0;
  for (std::size_t image = 0; image < shape.images; ++image) {
    for (std::size_t y = 0; y < rows; ++y) {
      for (std::size_t x = 0; x < columns; ++x, out += shape.channels) {
        body(Window{first(y), last(y, shape.height), first(x), last(x, shape.width)},
             image * shape.height * shape.width * shape.channels, out);
      }
    }
  }
}

}  // namespace rheo::vector_math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
