#include "models/digital/patch_access.hpp"

#include <algorithm>
#include <vector>

namespace rheo {
namespace {

/// Rows and columns [first, end) of the image.
struct Box {
  std::ptrdiff_t top, bottom, left, right;
};

/// What the patch at `position` may see of the image.
Box visible(const PatchGeometry& g, std::uint32_t regions, std::size_t position) {
  if (regions == 0) return {0, g.height, 0, g.width};
  const auto limits = [regions](std::size_t at, std::size_t size) {
    const std::size_t region = regions * at / size;
    return std::pair{static_cast<std::ptrdiff_t>(region * size / regions),
                     static_cast<std::ptrdiff_t>((region + 1) * size / regions)};
  };
  const auto [top, bottom] = limits(position / g.out_width(), g.height);
  const auto [left, right] = limits(position % g.out_width(), g.width);
  return {top, bottom, left, right};
}

/// Calls visit(offset in the patch, offset in the image, values) for each row of the patch, kernel row by kernel row.
template <class Visit>
void for_runs(const PatchGeometry& g, std::uint32_t regions, std::size_t position, const Visit& visit) {
  const Box box = visible(g, regions, position);
  const auto top = static_cast<std::ptrdiff_t>(position / g.out_width() * g.stride) - g.padding;
  const auto left = static_cast<std::ptrdiff_t>(position % g.out_width() * g.stride) - g.padding;
  const std::ptrdiff_t first = std::max(left, box.left);
  const std::ptrdiff_t end = std::min(left + static_cast<std::ptrdiff_t>(g.kernel_width), box.right);
  if (end <= first) return;
  for (std::ptrdiff_t ky = 0; ky < static_cast<std::ptrdiff_t>(g.kernel_height); ++ky) {
    const std::ptrdiff_t y = top + ky;
    if (y < box.top || y >= box.bottom) continue;
    const std::size_t in_patch = static_cast<std::size_t>(ky * g.kernel_width + first - left) * g.channels;
    const std::size_t in_image = static_cast<std::size_t>(y * g.width + first) * g.channels;
    visit(in_patch, in_image, static_cast<std::size_t>(end - first) * g.channels);
  }
}

/// Whether nothing of the patch lies outside of what it may see.
bool whole(const PatchGeometry& g, std::uint32_t regions, std::size_t position) {
  const Box box = visible(g, regions, position);
  const auto top = static_cast<std::ptrdiff_t>(position / g.out_width() * g.stride) - g.padding;
  const auto left = static_cast<std::ptrdiff_t>(position % g.out_width() * g.stride) - g.padding;
  return top >= box.top && top + static_cast<std::ptrdiff_t>(g.kernel_height) <= box.bottom && left >= box.left &&
         left + static_cast<std::ptrdiff_t>(g.kernel_width) <= box.right;
}

}  // namespace

void gather_patches(const float* image, const PatchGeometry& geometry, std::uint32_t regions,
                    std::span<const std::uint16_t> positions, float* out) {
  const std::size_t elements = geometry.elements();
  for (const std::uint16_t position : positions) {
    if (!whole(geometry, regions, position)) std::fill_n(out, elements, 0.0F);
    for_runs(geometry, regions, position, [&](std::size_t in_patch, std::size_t in_image, std::size_t count) {
      std::copy_n(image + in_image, count, out + in_patch);
    });
    out += elements;
  }
}

void gather_pixels(const float* image, std::size_t channels, std::span<const std::uint16_t> positions, float* out) {
  for (const std::uint16_t position : positions) out = std::copy_n(image + position * channels, channels, out);
}

void scatter_pixels(const float* in, std::size_t channels, std::span<const std::uint16_t> positions, float* image) {
  for (const std::uint16_t position : positions) {
    std::copy_n(in, channels, image + position * channels);
    in += channels;
  }
}

void fold_patches(const float* patches, const PatchGeometry& geometry, std::uint32_t regions,
                  std::span<const std::uint16_t> positions, float* image) {
  const std::size_t elements = geometry.elements();
  const std::size_t none = positions.size();
  std::vector<std::size_t> slot_of(geometry.positions(), none);
  for (std::size_t slot = 0; slot < positions.size(); ++slot) slot_of.at(positions[slot]) = slot;
  std::fill_n(image, geometry.image_values(), 0.0F);
  for (std::size_t position = 0; position < slot_of.size(); ++position) {
    if (slot_of[position] == none) continue;
    const float* patch = patches + slot_of[position] * elements;
    for_runs(geometry, regions, position, [&](std::size_t in_patch, std::size_t in_image, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) image[in_image + i] += patch[in_patch + i];
    });
  }
}

}  // namespace rheo
