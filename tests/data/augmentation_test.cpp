#include "workloads/data/augmentation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace rheo {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr ImageSize size{6, 8, 3};

Bytes pattern(const ImageSize& of = size) {
  Bytes image(of.values());
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::uint8_t>(i * 2654435761U >> 19);
  return image;
}

Bytes shown(const Bytes& image, const AugmentationParameters& parameters, std::uint64_t epoch, std::uint64_t sample,
            const ImageSize& of = size, std::uint64_t seed = 1) {
  Bytes out(of.values());
  augment(image, of, parameters, seed, epoch, sample, out);
  return out;
}

Bytes mirrored(const Bytes& image) {
  Bytes out(image.size());
  for (std::size_t y = 0; y < size.height; ++y) {
    for (std::size_t x = 0; x < size.width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        out[(y * size.width + x) * 3 + c] = image[(y * size.width + size.width - 1 - x) * 3 + c];
      }
    }
  }
  return out;
}

TEST(Augmentation, NoneCopies) { EXPECT_EQ(shown(pattern(), {}, 3, 4), pattern()); }

TEST(Augmentation, WithoutBrightnessHalfOfTheImagesAreMirroredAndTheOthersTheSame) {
  const AugmentationParameters mirror_only{.kind = AugmentationKind::moderate, .brightness = 0};
  const Bytes image = pattern();
  int reversed = 0;
  for (std::uint64_t sample = 0; sample < 400; ++sample) {
    const Bytes out = shown(image, mirror_only, 0, sample);
    ASSERT_TRUE(out == image || out == mirrored(image));
    reversed += out == image ? 0 : 1;
  }
  EXPECT_NEAR(reversed, 200, 4 * std::sqrt(400 * 0.25));
}

TEST(Augmentation, BrightnessIsOneFactorForTheWholeImage) {
  const AugmentationParameters bright{.kind = AugmentationKind::moderate, .brightness = 0.25};
  const Bytes grey(size.values(), 120);
  std::set<int> levels;
  for (std::uint64_t sample = 0; sample < 500; ++sample) {
    const Bytes out = shown(grey, bright, 0, sample);
    ASSERT_EQ(std::set<int>(out.begin(), out.end()).size(), 1U);
    levels.insert(out[0]);
  }
  EXPECT_GE(*levels.begin(), 90);  // 120 x 0.75
  EXPECT_LE(*levels.rbegin(), 150);
  EXPECT_LE(*levels.begin(), 92);
  EXPECT_GE(*levels.rbegin(), 148);
  const Bytes white(size.values(), 255);
  const Bytes out = shown(white, {.kind = AugmentationKind::moderate, .brightness = 1}, 0, 1);
  EXPECT_LE(*std::ranges::max_element(out), 255) << "saturated, not wrapped";
}

TEST(Augmentation, IsAFunctionOfSeedEpochAndSampleAlone) {
  const AugmentationParameters strong{.kind = AugmentationKind::strong};
  const Bytes image = pattern();
  const Bytes first = shown(image, strong, 5, 7);
  for (std::uint64_t other = 0; other < 20; ++other) shown(image, strong, other, other);  // leaves no trace
  EXPECT_EQ(shown(image, strong, 5, 7), first);
  EXPECT_NE(shown(image, strong, 6, 7), first);
  EXPECT_NE(shown(image, strong, 5, 8), first);
  EXPECT_NE(shown(image, strong, 5, 7, size, 2), first);
}

TEST(Augmentation, WithoutMagnificationStrongIsModerate) {
  const AugmentationParameters still{.kind = AugmentationKind::strong, .brightness = 0, .scale = 1, .scale_jitter = 0};
  const Bytes image = pattern();
  for (std::uint64_t sample = 0; sample < 20; ++sample) {
    const Bytes out = shown(image, still, 0, sample);
    EXPECT_TRUE(out == image || out == mirrored(image));
  }
}

/// A ramp stays a ramp under magnification: its slope tells the factor, its values tell where the part was cut out.
TEST(Augmentation, StrongCutsAMagnifiedPartOutOfTheImage) {
  constexpr ImageSize row{1, 200, 1};
  Bytes ramp(200);
  for (std::size_t x = 0; x < 200; ++x) ramp[x] = static_cast<std::uint8_t>(x);
  const AugmentationParameters strong{.kind = AugmentationKind::strong, .brightness = 0};
  double smallest = 10, largest = 0;
  int low = 200, high = 0;
  for (std::uint64_t sample = 0; sample < 400; ++sample) {
    const Bytes out = shown(ramp, strong, 0, sample, row);
    const int left = std::min(out.front(), out.back());
    const int right = std::max(out.front(), out.back());
    const double factor = 199.0 / (right - left);
    smallest = std::min(smallest, factor);
    largest = std::max(largest, factor);
    low = std::min(low, left);
    high = std::max(high, right);
    for (std::size_t x = 1; x < 200; ++x) {
      ASSERT_LE(std::abs(int{out[x]} - int{out[x - 1]}), 1) << "smooth";
    }
    ASSERT_NEAR(out[100], (left + right) / 2.0, 2) << "straight";
  }
  EXPECT_GE(smallest, 0.98);  // to a pixel of 200
  EXPECT_LE(smallest, 1.03);
  EXPECT_LE(largest, 1.3 * 1.05 * 1.02);
  EXPECT_GE(largest, 1.25);
  EXPECT_LE(low, 1);
  EXPECT_GE(high, 198);
}

}  // namespace
}  // namespace rheo
