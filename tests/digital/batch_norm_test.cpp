#include <gmock/gmock.h>

#include <cmath>

#include "models/digital/vector_unit.hpp"
#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using testing::bits_of;
using testing::per_image;
using testing::shared;
using testing::SmallChip;
using testing::values_of;

using Floats = std::vector<float>;

constexpr std::uint64_t a_at = 0, b_at = 0x1000, c_at = 0x2000, d_at = 0x3000;
constexpr std::uint32_t images = 3, channels = 4, values = 20;  // 5 pixels an image
constexpr std::size_t positions = images * values / channels;

struct BatchNormTest : testing::SmallChipTest {};

TEST_F(BatchNormTest, AddsTwoTensors) {
  SmallChip& chip = build();
  const Floats a = values_of(60, 1);
  const Floats b = values_of(60, 2);
  chip.write(a_at, a);
  chip.write(b_at, b);
  chip.run({testing::vector(VectorOperation::add,
                            {per_image(a_at, values, Access::read), per_image(b_at, values, Access::read),
                             per_image(c_at, values, Access::write)})},
           {.images = images});
  Floats expected(60);
  for (std::size_t i = 0; i < 60; ++i) expected[i] = a[i] + b[i];
  EXPECT_EQ(bits_of(chip.read(c_at, 60)), bits_of(expected));
  EXPECT_EQ(SmallChip::count(chip.vector_unit, "vector.add"), 60);
}

TEST_F(BatchNormTest, NormalisesEveryChannelOfABlock) {
  SmallChip& chip = build();
  const Floats in = values_of(60, 1, 2);
  Floats parameters(4 * channels, 0.0F);
  for (std::size_t c = 0; c < channels; ++c) {
    parameters[2 * channels + c] = 1.5F;    // gamma
    parameters[3 * channels + c] = -0.25F;  // beta
  }
  chip.write(a_at, in);
  chip.write(b_at, parameters);
  auto statistics =
      testing::vector(VectorOperation::batch_norm_statistics,
                      {per_image(a_at, values, Access::read), shared(b_at, 4 * channels, Access::read_write)});
  auto normalise = testing::vector(VectorOperation::batch_norm,
                                   {per_image(a_at, values, Access::read), shared(b_at, 4 * channels, Access::read),
                                    per_image(c_at, values, Access::write)});
  normalise.constants[0] = 1e-5F;
  chip.run({statistics, normalise}, {.images = images});
  const Floats out = chip.read(c_at, 60);
  for (std::size_t c = 0; c < channels; ++c) {
    double mean = 0;
    double square = 0;
    for (std::size_t p = 0; p < positions; ++p) mean += static_cast<double>(out[p * channels + c]) / positions;
    for (std::size_t p = 0; p < positions; ++p) {
      square += std::pow(static_cast<double>(out[p * channels + c]) - mean, 2) / positions;
    }
    EXPECT_NEAR(mean, -0.25, 1e-5);
    EXPECT_NEAR(std::sqrt(square), 1.5, 1e-4);
  }
}

TEST_F(BatchNormTest, TheGradientOfBetaIsTheSumOfTheErrorsAndTheErrorsLoseTheirMean) {
  SmallChip& chip = build();
  const Floats errors = values_of(60, 3);
  Floats parameters(4 * channels, 1.0F);
  chip.write(a_at, errors);
  chip.write(b_at, values_of(60, 1, 2));
  chip.write(c_at, parameters);
  chip.write(d_at, Floats(2 * channels, 0.0F));
  auto statistics =
      testing::vector(VectorOperation::batch_norm_statistics,
                      {per_image(b_at, values, Access::read), shared(c_at, 4 * channels, Access::read_write)});
  auto backward =
      testing::vector(VectorOperation::batch_norm_backward,
                      {per_image(a_at, values, Access::read_write), per_image(b_at, values, Access::read),
                       shared(c_at, 4 * channels, Access::read), shared(d_at, 2 * channels, Access::read_write)});
  backward.constants[0] = 1e-5F;
  chip.run({statistics, backward}, {.images = images});
  const Floats gradients = chip.read(d_at, 2 * channels);
  const Floats out = chip.read(a_at, 60);
  for (std::size_t c = 0; c < channels; ++c) {
    double sum = 0;
    double left = 0;
    for (std::size_t p = 0; p < positions; ++p) {
      sum += static_cast<double>(errors[p * channels + c]);
      left += static_cast<double>(out[p * channels + c]);
    }
    EXPECT_NEAR(gradients[channels + c], sum, 1e-5);
    EXPECT_NEAR(left, 0, 1e-4);
  }
}

}  // namespace
}  // namespace rheo
