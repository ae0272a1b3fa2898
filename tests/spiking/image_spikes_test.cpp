#include "workloads/spiking/data/image_spikes.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace rheo::spiking {
namespace {

ImageSet two_images() { return {2, 1, 4, 1, {0, 51, 255, 0, 255, 255, 0, 10}, {1, 0}, 2}; }

/// 20,000 ticks: the count of a pixel of brightness b has the mean 20,000 b / 2550 and the binomial's deviation.
TEST(ImageSpikes, APixelSpikesWithATenthOfItsBrightness) {
  const ImageSet images = two_images();
  const ImageSpikes data(images, 0.1, 1, 0);
  SpikeTrain train(20000, 4);
  data.encode(0, 3, train);
  for (std::size_t pixel = 0; pixel < 4; ++pixel) {
    const double rate = images.pixels[pixel] / 2550.0;
    double count = 0;
    for (std::size_t t = 0; t < train.ticks(); ++t) count += train.test(t, pixel);
    EXPECT_LE(std::abs(count - 20000 * rate), 5 * std::sqrt(20000 * rate * (1 - rate))) << pixel;
  }
}

TEST(ImageSpikes, EachPresentationIsDrawnAnewAndAgainTheSame) {
  const ImageSet images = two_images();
  const ImageSpikes data(images, 0.5, 1, 0);
  SpikeTrain first(200, 4), again(200, 4), next(200, 4), shorter(100, 4);
  data.encode(1, 0, first);
  data.encode(1, 0, again);
  data.encode(1, 1, next);
  data.encode(1, 0, shorter);
  const auto equal = [](const SpikeTrain& a, const SpikeTrain& b, std::size_t ticks) {
    for (std::size_t t = 0; t < ticks; ++t) {
      if (a.at(t)[0] != b.at(t)[0]) return false;
    }
    return true;
  };
  EXPECT_TRUE(equal(first, again, 200));
  EXPECT_FALSE(equal(first, next, 200));
  EXPECT_TRUE(equal(first, shorter, 100));
}

TEST(ImageSpikes, RateOneMakesAWhitePixelSpikeAlways) {
  const ImageSet images = two_images();
  SpikeTrain train(1000, 4);
  ImageSpikes(images, 1, 1, 0).encode(1, 0, train);
  std::size_t silent = 0;
  for (std::size_t t = 0; t < 1000; ++t) silent += !train.test(t, 0);
  EXPECT_EQ(silent, 0U);
  EXPECT_FALSE(train.test(17, 2));
}

}  // namespace
}  // namespace rheo::spiking
