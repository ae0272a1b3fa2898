#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "models/core/patch_geometry.hpp"

namespace rheo {

/// Part of one image's vectors, chosen by a table of positions: what the address generator of a unit does with an
/// indexed command. Images are channels last, floats; vector i is the one at positions[i].

/// out[i] = the patch at positions[i], elements() values, 0 in the padding. With `regions` q > 0 the output plane is
/// divided into q x q regions of the same size, and what lies outside the region of a patch's own position is 0, too
/// (the convolution then must keep the size of the plane).
void gather_patches(const float* image, const PatchGeometry& geometry, std::uint32_t regions,
                    std::span<const std::uint16_t> positions, float* out);

/// out[i] = the pixel of `channels` values at positions[i].
void gather_pixels(const float* image, std::size_t channels, std::span<const std::uint16_t> positions, float* out);

/// The pixel at positions[i] = in[i].
void scatter_pixels(const float* in, std::size_t channels, std::span<const std::uint16_t> positions, float* image);

/// image = sum of the patches, each at its position: the backward pass of gather_patches. patches[i] belongs to
/// positions[i]; patches are added in the order of their positions, whatever the order of the table, so that the sum
/// has the bits of a plain convolution's. `image` is overwritten.
void fold_patches(const float* patches, const PatchGeometry& geometry, std::uint32_t regions,
                  std::span<const std::uint16_t> positions, float* image);

}  // namespace rheo
