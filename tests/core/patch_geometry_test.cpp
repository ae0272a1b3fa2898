#include "models/core/patch_geometry.hpp"

#include <gtest/gtest.h>

namespace rheo {
namespace {

TEST(PatchGeometry, CountsThePositionsOfAConvolution) {
  // LeNet's first layer: 28x28, 5x5: 24x24 positions of 25 elements.
  constexpr PatchGeometry lenet{28, 28, 1, 5, 5, 1, 0};
  static_assert(lenet.out_height() == 24 && lenet.out_width() == 24);
  static_assert(lenet.positions() == 576 && lenet.elements() == 25 && lenet.image_values() == 784);
  // ResNet's first layer: 224x224x3, 7x7, stride 2, padding 3: 112x112.
  constexpr PatchGeometry resnet{224, 224, 3, 7, 7, 2, 3};
  static_assert(resnet.out_height() == 112 && resnet.out_width() == 112 && resnet.elements() == 147);
  // The last column does not fit a stride of 2: (6 - 3) / 2 + 1 = 2.
  constexpr PatchGeometry odd{5, 6, 2, 3, 3, 2, 0};
  static_assert(odd.out_height() == 2 && odd.out_width() == 2);
  SUCCEED();
}

TEST(PatchGeometry, PixelsAreVectorsOfTheirChannels) {
  constexpr PatchGeometry pixels = PatchGeometry::pixels(4, 3, 16);
  static_assert(pixels.positions() == 12 && pixels.elements() == 16 && pixels.image_values() == 192);
  static_assert(PatchGeometry{}.positions() == 1 && PatchGeometry{}.elements() == 1);
  SUCCEED();
}

}  // namespace
}  // namespace rheo
