#pragma once

#include <cstddef>
#include <cstdint>

#include "models/core/patch_geometry.hpp"

namespace rheo::crossbar {

/// A block of input vectors: a slice of the elements of every patch of some channels-last images.
struct InputBlock {
  const float* images = nullptr;
  std::size_t image_stride = 0;  ///< values from one image to the next
  PatchGeometry geometry;
  std::uint32_t first_element = 0;  ///< of the slice
  std::uint32_t elements = 0;       ///< of the slice
};

/// Where a block of output vectors goes, addressed the same way. `accumulate` adds to what is there: partial
/// sums of a split matrix, and the overlapping patches of a convolution's backward pass.
struct OutputBlock {
  float* images = nullptr;
  std::size_t image_stride = 0;
  PatchGeometry geometry;
  std::uint32_t first_element = 0;
  std::uint32_t elements = 0;
  bool accumulate = false;
};

/// Vectors [first, first + count) of the block's images. Vector v of the block is vector `identity + v` of
/// the run: the number that its random numbers are keyed by, whatever the blocking.
struct VectorRange {
  std::size_t first = 0;
  std::size_t count = 0;
  std::uint64_t identity = 0;
  std::uint64_t batch = 0;  ///< vectors of the whole mini-batch; 0: these are all
};

}  // namespace rheo::crossbar
