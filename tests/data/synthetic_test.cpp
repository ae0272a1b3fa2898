#include "workloads/data/synthetic.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace rheo {
namespace {

TEST(SyntheticDigits, ShapeAndBalance) {
  const ImageSet set = synthetic_digits(50, false, 1);
  EXPECT_EQ(set.count, 50u);
  EXPECT_EQ(set.height, 28u);
  EXPECT_EQ(set.width, 28u);
  EXPECT_EQ(set.channels, 1u);
  EXPECT_EQ(set.classes, 10u);
  ASSERT_EQ(set.pixels.size(), 50u * 784u);
  for (int digit = 0; digit < 10; ++digit) EXPECT_EQ(std::count(set.labels.begin(), set.labels.end(), digit), 5);
}

TEST(SyntheticDigits, SameSeedSameImagesWhateverTheirNumber) {
  const ImageSet few = synthetic_digits(10, false, 1);
  const ImageSet many = synthetic_digits(30, false, 1);
  EXPECT_TRUE(std::equal(few.pixels.begin(), few.pixels.end(), many.pixels.begin()));
  EXPECT_NE(few.pixels, synthetic_digits(10, false, 2).pixels);
  EXPECT_NE(few.pixels, synthetic_digits(10, true, 1).pixels);
}

TEST(SyntheticDigits, BytesStayWhatTheyAre) {
  const ImageSet set = synthetic_digits(100, false, 1);
  EXPECT_EQ(crc32(0, set.pixels.data(), static_cast<unsigned>(set.pixels.size())), 0xdf023828U);
}

/// Softmax regression, the linear classifier, on 2,000 images, tested on 500 others.
TEST(SyntheticDigits, ALinearClassifierLearnsSomethingButNotAll) {
  const ImageSet train = synthetic_digits(2000, false, 1);
  const ImageSet test = synthetic_digits(500, true, 1);
  constexpr std::size_t inputs = 785;  // with a constant
  std::vector<float> weights(10 * inputs, 0.0F);
  const auto scores = [&](const ImageSet& set, std::size_t i, std::vector<float>& x, std::array<float, 10>& y) {
    for (std::size_t j = 0; j < 784; ++j) x[j] = static_cast<float>(set.pixels[i * 784 + j]) / 255 - 0.2F;
    x[784] = 1;
    for (std::size_t c = 0; c < 10; ++c) {
      float sum = 0;
      for (std::size_t j = 0; j < inputs; ++j) sum += weights[c * inputs + j] * x[j];
      y[c] = sum;
    }
  };
  std::vector<float> x(inputs);
  std::array<float, 10> y{};
  for (int epoch = 0; epoch < 20; ++epoch) {
    for (std::size_t i = 0; i < train.count; ++i) {
      scores(train, i, x, y);
      const float highest = *std::max_element(y.begin(), y.end());
      float sum = 0;
      for (float& value : y) sum += value = std::exp(value - highest);
      for (std::size_t c = 0; c < 10; ++c) {
        const float error = y[c] / sum - (c == train.labels[i] ? 1.0F : 0.0F);
        for (std::size_t j = 0; j < inputs; ++j) weights[c * inputs + j] -= 0.005F * error * x[j];
      }
    }
  }
  int right = 0;
  for (std::size_t i = 0; i < test.count; ++i) {
    scores(test, i, x, y);
    right += std::max_element(y.begin(), y.end()) - y.begin() == test.labels[i];
  }
  RecordProperty("linear_accuracy_percent", right / 5);
  EXPECT_GT(right, 250);  // chance: 50
  EXPECT_LT(right, 450);
}

}  // namespace
}  // namespace rheo
