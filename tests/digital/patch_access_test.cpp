#include "models/digital/patch_access.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace rheo {
namespace {

using Floats = std::vector<float>;
using Positions = std::vector<std::uint16_t>;

Floats counting(std::size_t n) {
  Floats values(n);
  std::iota(values.begin(), values.end(), 1.0F);
  return values;
}

Positions all_of(const PatchGeometry& g) {
  Positions list(g.positions());
  std::iota(list.begin(), list.end(), std::uint16_t{0});
  return list;
}

/// The value that a kernel cell of a position sees: index arithmetic, cell by cell. `box`: the region's rows and
/// columns.
float seen(const Floats& image, const PatchGeometry& g, std::uint32_t regions, std::size_t position, std::size_t ky,
           std::size_t kx, std::size_t c) {
  const std::size_t oy = position / g.out_width(), ox = position % g.out_width();
  const long y = static_cast<long>(oy * g.stride + ky) - g.padding;
  const long x = static_cast<long>(ox * g.stride + kx) - g.padding;
  if (y < 0 || x < 0 || y >= static_cast<long>(g.height) || x >= static_cast<long>(g.width)) return 0;
  if (regions > 0) {
    const std::size_t side = g.height / regions;
    if (static_cast<std::size_t>(y) / side != oy / side || static_cast<std::size_t>(x) / side != ox / side) return 0;
  }
  return image[(static_cast<std::size_t>(y) * g.width + static_cast<std::size_t>(x)) * g.channels + c];
}

struct Case {
  PatchGeometry geometry;
  std::uint32_t regions;
};

std::vector<Case> cases() {
  return {{{8, 8, 3, 5, 5, 1, 2}, 0}, {{8, 8, 3, 5, 5, 1, 2}, 2}, {{8, 8, 2, 5, 5, 1, 2}, 8},
          {{8, 8, 1, 3, 3, 1, 1}, 4}, {{9, 7, 2, 3, 3, 2, 1}, 0}, {{5, 6, 4, 1, 1, 1, 0}, 0}};
}

TEST(PatchAccess, GathersWhatEachKernelCellSees) {
  for (const auto& [g, regions] : cases()) {
    const Floats image = counting(g.image_values());
    Positions positions = all_of(g);
    std::ranges::reverse(positions);
    Floats out(positions.size() * g.elements(), -1);
    gather_patches(image.data(), g, regions, positions, out.data());
    std::size_t i = 0;
    for (const std::uint16_t position : positions) {
      for (std::size_t ky = 0; ky < g.kernel_height; ++ky) {
        for (std::size_t kx = 0; kx < g.kernel_width; ++kx) {
          for (std::size_t c = 0; c < g.channels; ++c, ++i) {
            ASSERT_EQ(out[i], seen(image, g, regions, position, ky, kx, c)) << position << " " << ky << " " << kx;
          }
        }
      }
    }
  }
}

/// Regions with overlap see a halo of the neighbours, two pixels wide for a kernel of 5; padded ones see none.
TEST(PatchAccess, OnlyPaddedRegionsLoseTheirHalo) {
  const PatchGeometry g{8, 8, 1, 5, 5, 1, 2};
  const Floats image(64, 1.0F);
  const auto cells = [&](std::uint32_t regions, std::uint16_t position) {
    Floats patch(25);
    gather_patches(image.data(), g, regions, Positions{position}, patch.data());
    return std::accumulate(patch.begin(), patch.end(), 0.0F);
  };
  const std::uint16_t inner_corner = 3 * 8 + 3;  // of the first of 2 x 2 regions
  EXPECT_EQ(cells(0, inner_corner), 25);
  EXPECT_EQ(cells(2, inner_corner), 9);  // rows and columns 1 to 3
  EXPECT_EQ(cells(8, inner_corner), 1);
  EXPECT_EQ(cells(1, inner_corner), 25);
}

TEST(PatchAccess, PixelsComeBackWhereTheyWereTaken) {
  const Floats image = counting(12 * 3);
  const Positions positions{7, 0, 11, 3};
  Floats taken(positions.size() * 3);
  gather_pixels(image.data(), 3, positions, taken.data());
  EXPECT_EQ((Floats{taken[0], taken[3], taken[6], taken[9]}), (Floats{22, 1, 34, 10}));
  Floats target(image.size(), -1);
  scatter_pixels(taken.data(), 3, positions, target.data());
  for (std::size_t i = 0; i < image.size(); ++i) {
    const bool chosen = std::ranges::count(positions, i / 3) > 0;
    EXPECT_EQ(target[i], chosen ? image[i] : -1);
  }
}

/// <fold(p), x> = <p, gather(x)> for all p and x: small integers, so that every sum is exact.
TEST(PatchAccess, FoldingIsTheTransposeOfGathering) {
  for (const auto& [g, regions] : cases()) {
    Positions positions = all_of(g);
    std::ranges::reverse(positions);
    positions.resize(positions.size() - 2);  // two are left out
    Floats image(g.image_values()), patches(positions.size() * g.elements());
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i * 7 % 11) - 5;
    for (std::size_t i = 0; i < patches.size(); ++i) patches[i] = static_cast<float>(i * 5 % 13) - 6;
    Floats gathered(patches.size()), folded(image.size(), 99);
    gather_patches(image.data(), g, regions, positions, gathered.data());
    fold_patches(patches.data(), g, regions, positions, folded.data());
    EXPECT_EQ(std::inner_product(patches.begin(), patches.end(), gathered.begin(), 0.0),
              std::inner_product(image.begin(), image.end(), folded.begin(), 0.0));
  }
}

TEST(PatchAccess, TheOrderOfTheTableDoesNotChangeTheBitsOfAFold) {
  const PatchGeometry g{6, 6, 2, 5, 5, 1, 2};
  const Positions ascending = all_of(g);
  Floats patches(ascending.size() * g.elements());
  for (std::size_t i = 0; i < patches.size(); ++i) patches[i] = 1.0F / static_cast<float>(i + 1);
  Floats expected(g.image_values());
  fold_patches(patches.data(), g, 0, ascending, expected.data());
  Positions shuffled = ascending;
  Floats moved(patches.size());
  for (std::size_t i = 0; i < shuffled.size(); ++i) shuffled[i] = static_cast<std::uint16_t>(i * 7 % 36);
  for (std::size_t i = 0; i < shuffled.size(); ++i) {
    std::copy_n(patches.begin() + static_cast<std::ptrdiff_t>(shuffled[i] * g.elements()), g.elements(),
                moved.begin() + static_cast<std::ptrdiff_t>(i * g.elements()));
  }
  Floats folded(g.image_values());
  fold_patches(moved.data(), g, 0, shuffled, folded.data());
  EXPECT_EQ(folded, expected);
}

}  // namespace
}  // namespace rheo
