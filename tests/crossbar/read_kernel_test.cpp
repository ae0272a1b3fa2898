#include "models/crossbar/read_kernel.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/crossbar/reference_array.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo::crossbar {
namespace {

using rheo::testing::first_difference;
using rheo::testing::same_bits;
using testing::Packed;
using testing::reference_exact_read;
using testing::reference_read;
using testing::uniform_values;
using testing::vectors_in;
using testing::vectors_out;

struct Size {
  std::size_t inputs, outputs;
};
constexpr std::array sizes{Size{1, 1},    Size{5, 3},    Size{25, 16}, Size{37, 10},
                           Size{400, 32}, Size{512, 70}, Size{16, 17}, Size{70, 160}};

std::string name(const Size& size) { return std::to_string(size.inputs) + "x" + std::to_string(size.outputs); }

const RandomKey noise_key(42, 3, RandomPurpose::forward_noise);

/// Converters so fine that the output is the sum itself: a change of its last bit shows, which the steps of
/// a real converter would hide.
ReadSettings fine_settings() { return {63, 1e30F, 1e-9F, 1e-10F, 1, true, 0, nullptr}; }
ReadSettings default_settings() { return {63, 255, 20.0F / 255, 0.1F, 1, true, 0, nullptr}; }

/// Vectors of all kinds: dense, mostly zero, all zero, one line only, huge, tiny.
std::vector<float> mixed_vectors(std::size_t count, std::size_t elements, std::uint32_t seed) {
  std::vector<float> values;
  for (std::size_t v = 0; v < count; ++v) {
    const double zeros = v % 5 == 1 ? 0.9 : v % 5 == 3 ? 1.0 : 0.0;
    std::vector<float> vector = uniform_values(elements, seed + static_cast<std::uint32_t>(v), zeros);
    if (v % 5 == 4) vector[v % elements] = 0.25F;
    const float scale = v % 7 == 2 ? 1e4F : v % 7 == 5 ? 1e-6F : 1.0F;
    for (float& value : vector) value *= scale;
    values.insert(values.end(), vector.begin(), vector.end());
  }
  return values;
}

void expect_same(const std::vector<float>& made, const std::vector<float>& expected, const std::string& what) {
  ASSERT_EQ(made.size(), expected.size());
  const std::size_t at = first_difference(made, expected);
  EXPECT_EQ(at, made.size()) << what << ": value " << at << " is " << made[std::min(at, made.size() - 1)]
                             << ", expected " << expected[std::min(at, made.size() - 1)];
}

void expect_same(const ReadCounts& made, const ReadCounts& expected, const std::string& what) {
  EXPECT_EQ(made.reads, expected.reads) << what;
  EXPECT_EQ(made.skipped, expected.skipped) << what;
  EXPECT_EQ(made.driven, expected.driven) << what;
}

/// Reads vectors and compares values and counts with the scalar reference.
void compare(const ReadSettings& settings, const Size& size, const std::string& what) {
  constexpr std::size_t count = 29;
  const std::vector<float> weights = uniform_values(size.inputs * size.outputs, 1);
  const Packed packed(weights, size.inputs, size.outputs);
  const std::vector<float> x = mixed_vectors(count, size.inputs, 10);
  for (const bool accumulate : {false, true}) {
    std::vector<float> y = uniform_values(count * size.outputs, 99);  // what is there must go, or be added to
    std::vector<float> expected = y;
    const ReadCounts made = analog_read(settings, packed.matrix, vectors_in(x, size.inputs), {0, count, 1000},
                                        noise_key, vectors_out(y, size.outputs, accumulate));
    const ReadCounts wanted =
        reference_read(settings, weights, size.inputs, size.outputs, {}, vectors_in(x, size.inputs), {0, count, 1000},
                       noise_key, vectors_out(expected, size.outputs, accumulate));
    const std::string label = what + ", " + name(size) + (accumulate ? ", accumulated" : "");
    expect_same(y, expected, label);
    expect_same(made, wanted, label);
  }
}

TEST(AnalogRead, EqualsTheScalarReferenceBitForBit) {
  for (const Size& size : sizes) {
    compare(default_settings(), size, "preset");
    compare(fine_settings(), size, "fine");
  }
}

TEST(AnalogRead, EqualsTheReferenceWithEverySetting) {
  for (const Size& size : sizes) {
    ReadSettings s = default_settings();
    s.noise_management = false;
    compare(s, size, "no noise management");
    s = default_settings();
    s.output_noise = 0;
    compare(s, size, "no noise");
    s = default_settings();
    s.output_scale = 0.37F;
    compare(s, size, "weight scaling");
    s = {7, 15, 12.0F / 15, 0.06F, 1, true, 0, nullptr};
    compare(s, size, "coarse converters");
    s = {1, 1, 1.0F, 0.5F, 1, true, 2, nullptr};
    compare(s, size, "two bits");
  }
}

TEST(AnalogRead, BoundManagementHalvesTheInputUntilNothingClips) {
  for (const Size& size : sizes) {
    for (const int halvings : {1, 4, 10}) {
      ReadSettings s = default_settings();
      s.adc_step = 0.5F / 255;  // clips often
      s.max_halvings = halvings;
      compare(s, size, std::to_string(halvings) + " halvings");
    }
  }
}

TEST(AnalogRead, BoundManagementFollowsTheClosedForm) {
  // One cell of weight 1, full input, bound 0.1: 1 -> 0.5 -> 0.25 -> 0.125 -> 0.0625, which fits: 4 repeats.
  const std::vector<float> weights{1.0F};
  const Packed packed(weights, 1, 1);
  const std::vector<float> x{-3.0F};
  std::vector<float> y(1);
  ReadSettings s{64, 1000, 0.1F / 1000, 0, 1, true, 10, nullptr};
  ReadCounts counts = analog_read(s, packed.matrix, vectors_in(x, 1), {0, 1, 0}, noise_key, vectors_out(y, 1));
  EXPECT_EQ(counts.reads, 5U);
  EXPECT_EQ(counts.driven, 5U);
  EXPECT_FLOAT_EQ(y[0], -3.0F);  // 64 / 16 = 4 levels of 64, times 16
  s.max_halvings = 2;            // 0.25 still clips: the bound, times 4
  counts = analog_read(s, packed.matrix, vectors_in(x, 1), {0, 1, 0}, noise_key, vectors_out(y, 1));
  EXPECT_EQ(counts.reads, 3U);
  EXPECT_FLOAT_EQ(y[0], -3.0F * 0.1F * 4);
  s.max_halvings = 0;
  counts = analog_read(s, packed.matrix, vectors_in(x, 1), {0, 1, 0}, noise_key, vectors_out(y, 1));
  EXPECT_EQ(counts.reads, 1U);
  EXPECT_FLOAT_EQ(y[0], -3.0F * 0.1F);
}

TEST(AnalogRead, RoundsHalfToEven) {
  // Codes 0.5 -> 0, 1.5 -> 2, 2.5 -> 2, 3.5 -> 4 of 4 levels, through unit weights without an ADC in the way.
  const std::vector<float> weights{1.0F};
  const Packed packed(weights, 1, 1);
  const ReadSettings s{4, 4000, 1.0F / 4000, 0, 1, false, 0, nullptr};
  const std::vector<float> x{0.5F / 4, 1.5F / 4, 2.5F / 4, 3.5F / 4, -0.5F / 4, -1.5F / 4, 1.0F, 7.0F, -7.0F};
  std::vector<float> y(x.size());
  const ReadCounts counts =
      analog_read(s, packed.matrix, vectors_in(x, 1), {0, x.size(), 0}, noise_key, vectors_out(y, 1));
  const std::vector<float> codes{0, 2, 2, 4, 0, -2, 4, 4, -4};
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_FLOAT_EQ(y[i], codes[i] / 4) << i;
  EXPECT_EQ(counts.driven, 7U) << "codes of zero drive nothing";
}

TEST(AnalogRead, AFewDrivenLinesGiveTheBitsOfAllLines) {
  // The same vector among zeros, where a kernel may take the sparse path, and with the zeros' lines driven
  // through weights of zero, where it takes the dense one.
  constexpr std::size_t inputs = 512;
  constexpr std::size_t outputs = 200;
  std::vector<float> x = uniform_values(inputs, 5, 0.9);
  x[0] = 1.0F;  // the largest magnitude, so that both have the same scale
  std::vector<float> dense_x = x;
  std::vector<float> weights = uniform_values(inputs * outputs, 6);
  std::vector<float> dense_weights = weights;
  for (std::size_t k = 0; k < inputs; ++k) {
    if (x[k] != 0) continue;
    dense_x[k] = 0.5F;
    for (std::size_t o = 0; o < outputs; ++o) dense_weights[k * outputs + o] = 0;
  }
  const Packed sparse(weights, inputs, outputs);
  const Packed dense(dense_weights, inputs, outputs);
  std::vector<float> y(outputs);
  std::vector<float> dense_y(outputs);
  const ReadSettings s = fine_settings();
  const ReadCounts few =
      analog_read(s, sparse.matrix, vectors_in(x, inputs), {0, 1, 0}, noise_key, vectors_out(y, outputs));
  const ReadCounts all =
      analog_read(s, dense.matrix, vectors_in(dense_x, inputs), {0, 1, 0}, noise_key, vectors_out(dense_y, outputs));
  EXPECT_LT(few.driven, inputs / 4);
  EXPECT_GT(all.driven, inputs / 4 * 3);
  expect_same(y, dense_y, "sparse and dense");
}

TEST(AnalogRead, ZeroVectorsAreSkippedAndGiveZeroWithoutNoise) {
  const Packed packed(uniform_values(25 * 16, 1), 25, 16);
  std::vector<float> x(5 * 25, 0.0F);
  x[2 * 25 + 7] = -0.0F;
  x[3 * 25] = 1e-20F;
  std::vector<float> y(5 * 16, 7.0F);
  const ReadCounts counts =
      analog_read(default_settings(), packed.matrix, vectors_in(x, 25), {0, 5, 0}, noise_key, vectors_out(y, 16));
  EXPECT_EQ(counts.skipped, 4U);
  EXPECT_EQ(counts.reads, 1U);
  EXPECT_EQ(counts.driven, 1U);
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (i / 16 != 3) {
      ASSERT_EQ(y[i], 0.0F) << i;
    }
  }
  std::vector<float> kept(5 * 16, 7.0F);
  (void)analog_read(default_settings(), packed.matrix, vectors_in(x, 25), {0, 3, 0}, noise_key,
                    vectors_out(kept, 16, true));
  for (std::size_t i = 0; i < 3 * 16; ++i) ASSERT_EQ(kept[i], 7.0F) << "accumulating nothing changes nothing";
}

TEST(AnalogRead, WritesNothingBesideItsSlice) {
  // Outputs go to channels 3 to 12 of 20 of each pixel; inputs are channels 2 to 6 of 9.
  const std::size_t pixels = 21;
  const Packed packed(uniform_values(5 * 10, 1), 5, 10);
  const std::vector<float> images = uniform_values(pixels * 9, 2);
  std::vector<float> y(pixels * 20, 5.0F);
  std::vector<float> expected = y;
  const auto image = PatchGeometry::pixels(3, 7, 9);
  const auto result = PatchGeometry::pixels(3, 7, 20);
  const InputBlock in{images.data(), 0, image, 2, 5};
  (void)analog_read(default_settings(), packed.matrix, in, {0, pixels, 0}, noise_key,
                    {y.data(), 0, result, 3, 10, false});
  reference_read(default_settings(), uniform_values(5 * 10, 1), 5, 10, {}, in, {0, pixels, 0}, noise_key,
                 {expected.data(), 0, result, 3, 10, false});
  expect_same(y, expected, "slice");
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (i % 20 < 3 || i % 20 >= 13) {
      ASSERT_EQ(y[i], 5.0F) << i;
    }
  }
}

/// Convolutions, with how their patches lie.
struct Convolution {
  const char* what;
  PatchGeometry geometry;
};
constexpr std::array convolutions{
    Convolution{"3x3", {6, 5, 3, 3, 3, 1, 0}},
    Convolution{"3x3, stride 2, padding 1", {7, 6, 2, 3, 3, 2, 1}},
    Convolution{"5x5, padding 2", {5, 5, 4, 5, 5, 1, 2}},
    Convolution{"2x3, padding 1", {6, 6, 3, 2, 3, 1, 1}},
    Convolution{"3x1, stride 3", {9, 4, 5, 3, 1, 3, 0}},
    Convolution{"1x1, stride 2", {5, 5, 4, 1, 1, 2, 0}},
    Convolution{"1x1 with patches of nothing but padding", {3, 3, 2, 1, 1, 1, 1}},
    Convolution{"kernel larger than the image", {2, 2, 3, 4, 4, 1, 1}},
    Convolution{"LeNet", {12, 12, 16, 5, 5, 1, 0}},
};

/// Slices [first, first + elements) of a patch: whole, beginnings, ends, cuts through a channel.
std::vector<std::pair<std::uint32_t, std::uint32_t>> slices(const PatchGeometry& g) {
  const auto all = static_cast<std::uint32_t>(g.elements());
  std::vector<std::pair<std::uint32_t, std::uint32_t>> list{{0, all}, {all - 1, 1}};
  if (all > 5) {
    list.emplace_back(0, all / 2);
    list.emplace_back(all / 2, all - all / 2);
    list.emplace_back(all / 3, all / 3);
    list.emplace_back(1, all - 2);
  }
  return list;
}

TEST(AnalogRead, GathersThePatchesOfAConvolution) {
  constexpr std::size_t images = 3;
  constexpr std::size_t outputs = 9;
  for (const Convolution& convolution : convolutions) {
    const PatchGeometry& g = convolution.geometry;
    const std::size_t stride = g.image_values() + 5;  // images need not touch
    const std::vector<float> pixels = uniform_values(images * stride, 3, 0.3);
    for (const auto& [first, elements] : slices(g)) {
      const std::vector<float> weights = uniform_values(elements * outputs, 4);
      const Packed packed(weights, elements, outputs);
      const InputBlock in{pixels.data(), stride, g, first, elements};
      const VectorRange range{2, images * g.positions() - 3, 77};
      std::vector<float> y(images * g.positions() * outputs, -1.0F);
      std::vector<float> expected = y;
      const ReadCounts made =
          analog_read(fine_settings(), packed.matrix, in, range, noise_key, vectors_out(y, outputs));
      const ReadCounts wanted = reference_read(fine_settings(), weights, elements, outputs, {}, in, range, noise_key,
                                               vectors_out(expected, outputs));
      const std::string label = std::string(convolution.what) + " from " + std::to_string(first);
      expect_same(y, expected, label);
      expect_same(made, wanted, label);
    }
  }
}

TEST(AnalogRead, AddsOverlappingPatchesInTheOrderOfTheVectors) {
  constexpr std::size_t images = 2;
  constexpr std::size_t inputs = 13;
  for (const Convolution& convolution : convolutions) {
    const PatchGeometry& g = convolution.geometry;
    const std::size_t stride = g.image_values() + 3;
    const std::size_t count = images * g.positions();
    const std::vector<float> errors = mixed_vectors(count, inputs, 20);
    for (const auto& [first, elements] : slices(g)) {
      const std::vector<float> weights = uniform_values(inputs * elements, 4);
      const Packed packed(weights, inputs, elements);
      std::vector<float> y = uniform_values(images * stride, 8);
      std::vector<float> expected = y;
      (void)analog_read(fine_settings(), packed.matrix, vectors_in(errors, inputs), {0, count, 5}, noise_key,
                        {y.data(), stride, g, first, elements, true});
      reference_read(fine_settings(), weights, inputs, elements, {}, vectors_in(errors, inputs), {0, count, 5},
                     noise_key, {expected.data(), stride, g, first, elements, true});
      expect_same(y, expected, std::string(convolution.what) + " from " + std::to_string(first));
    }
  }
}

TEST(AnalogRead, AnyGroupingAndInstructionSetGivesTheSameBits) {
  constexpr std::size_t count = 67;
  ReadSettings repeating = default_settings();
  repeating.adc_step = 2.0F / 255;  // clips in the large sizes
  repeating.max_halvings = 3;
  for (const ReadSettings& s : {repeating, fine_settings()}) {
    for (const Size& size : sizes) {
      const Packed packed(uniform_values(size.inputs * size.outputs, 1), size.inputs, size.outputs);
      const std::vector<float> x = mixed_vectors(count, size.inputs, 10);
      std::vector<float> all(count * size.outputs);
      const ReadCounts whole = analog_read(s, packed.matrix, vectors_in(x, size.inputs), {0, count, 9}, noise_key,
                                           vectors_out(all, size.outputs));
      for (const std::int64_t set : rheo::testing::instruction_sets()) {
        const rheo::testing::OnInstructionSet use(set);
        for (const std::size_t group : {std::size_t{1}, std::size_t{3}, std::size_t{16}, count}) {
          std::vector<float> y(count * size.outputs);
          ReadCounts sum;
          for (std::size_t v = 0; v < count; v += group) {
            sum += analog_read(s, packed.matrix, vectors_in(x, size.inputs), {v, std::min(group, count - v), 9},
                               noise_key, vectors_out(y, size.outputs));
          }
          const std::string label = name(size) + " by " + std::to_string(group) + ", " + hwy::TargetName(set);
          expect_same(y, all, label);
          expect_same(sum, whole, label);
        }
      }
    }
  }
}

TEST(AnalogRead, ADifferentIdentityIsADifferentNoise) {
  const Packed packed(uniform_values(25 * 16, 1), 25, 16);
  const std::vector<float> x = uniform_values(4 * 25, 2);
  const auto read = [&](const VectorRange& range, const std::vector<float>& from) {
    std::vector<float> y(4 * 16);
    (void)analog_read(default_settings(), packed.matrix, vectors_in(from, 25), range, noise_key, vectors_out(y, 16));
    return y;
  };
  const std::vector<float> base = read({0, 4, 100}, x);
  EXPECT_NE(read({0, 4, 101}, x), base);
  // The last two vectors as a block of their own: identity + v stays the same.
  const std::vector<float> tail(x.begin() + 50, x.end());
  const std::vector<float> again = read({0, 2, 102}, tail);
  for (std::size_t i = 0; i < 32; ++i) ASSERT_EQ(again[i], base[32 + i]);
}

TEST(AnalogRead, OutputNoiseHasTheStatedDeviation) {
  // Deviation of one output: scale sqrt(noise^2 + step^2 / 12), its mean the product of the quantised input.
  constexpr std::size_t count = 20000;
  const std::vector<float> weights = uniform_values(24 * 8, 1);
  const Packed packed(weights, 24, 8);
  const std::vector<float> one = uniform_values(24, 2);
  InputBlock in = vectors_in(one, 24);
  in.image_stride = 0;  // the same vector again and again
  std::vector<float> y(count * 8);
  const ReadSettings s = default_settings();
  (void)analog_read(s, packed.matrix, in, {0, count, 0}, noise_key, vectors_out(y, 8));
  const double alpha = testing::largest(one);
  for (std::size_t o = 0; o < 8; ++o) {
    double product = 0;
    for (std::size_t k = 0; k < 24; ++k) product += std::nearbyint(one[k] / alpha * 63) / 63 * weights[k * 8 + o];
    double sum = 0;
    double sum2 = 0;
    for (std::size_t v = 0; v < count; ++v) {
      const double error = y[v * 8 + o] / alpha - product;
      sum += error;
      sum2 += error * error;
    }
    const double variance = 0.1 * 0.1 + s.adc_step * s.adc_step / 12.0;
    EXPECT_NEAR(sum / count, 0.0, 4 * std::sqrt(variance / count)) << o;
    EXPECT_NEAR(sum2 / count, variance, 4 * variance * std::sqrt(2.0 / count)) << o;
  }
}

TEST(AnalogRead, ActivityIsTheSumOfCodesTimesConductances) {
  for (const Size& size : sizes) {
    constexpr std::size_t count = 29;
    const std::vector<float> weights = uniform_values(size.inputs * size.outputs, 1);
    const Packed packed(weights, size.inputs, size.outputs);
    const std::vector<float> x = mixed_vectors(count, size.inputs, 10);
    ReadSettings s = default_settings();
    std::vector<std::uint32_t> conductance(size.inputs);
    std::vector<double> exact(size.inputs);
    for (std::size_t k = 0; k < size.inputs; ++k) {
      const float cells = 0.5F + static_cast<float>(k % 13) * static_cast<float>(size.outputs) / 16;
      exact[k] = cells;
      conductance[k] = per_dac_step(cells, s.dac_levels);
      EXPECT_NEAR(conductance[k], cells * 65536 / 63, 0.51);
    }
    s.adc_step = 1.0F / 255;
    s.max_halvings = 3;
    s.conductance = conductance.data();
    std::vector<float> y(count * size.outputs);
    double activity = 0;
    reference_read(s, weights, size.inputs, size.outputs, exact, vectors_in(x, size.inputs), {0, count, 0}, noise_key,
                   vectors_out(y, size.outputs), &activity);
    for (const std::int64_t set : rheo::testing::instruction_sets()) {
      const rheo::testing::OnInstructionSet use(set);
      const ReadCounts made = analog_read(s, packed.matrix, vectors_in(x, size.inputs), {0, count, 0}, noise_key,
                                          vectors_out(y, size.outputs));
      EXPECT_EQ(static_cast<double>(made.activity), activity) << name(size) << ", " << hwy::TargetName(set);
    }
  }
}

TEST(ExactRead, EqualsFusedMultiplyAddsInTheOrderOfTheInputs) {
  for (const Size& size : sizes) {
    constexpr std::size_t count = 29;
    const std::vector<float> weights = uniform_values(size.inputs * size.outputs, 1);
    const Packed packed(weights, size.inputs, size.outputs);
    const std::vector<float> x = mixed_vectors(count, size.inputs, 10);
    for (const bool accumulate : {false, true}) {
      std::vector<float> expected = uniform_values(count * size.outputs, 3);
      const std::vector<float> before = expected;
      reference_exact_read(weights, size.inputs, size.outputs, vectors_in(x, size.inputs), {0, count, 0},
                           vectors_out(expected, size.outputs, accumulate));
      for (const std::int64_t set : rheo::testing::instruction_sets()) {
        const rheo::testing::OnInstructionSet use(set);
        for (const std::size_t group : {std::size_t{1}, std::size_t{3}, count}) {
          std::vector<float> y = before;
          for (std::size_t v = 0; v < count; v += group) {
            exact_read(packed.matrix, vectors_in(x, size.inputs), {v, std::min(group, count - v), 0},
                       vectors_out(y, size.outputs, accumulate));
          }
          expect_same(y, expected, name(size) + " by " + std::to_string(group) + ", " + hwy::TargetName(set));
        }
      }
    }
  }
}

TEST(ExactRead, FollowsConvolutionsBothWays) {
  constexpr std::size_t images = 2;
  for (const Convolution& convolution : convolutions) {
    const PatchGeometry& g = convolution.geometry;
    const std::size_t stride = g.image_values();
    const std::size_t count = images * g.positions();
    for (const auto& [first, elements] : slices(g)) {
      const std::vector<float> weights = uniform_values(elements * 20, 4);
      const Packed forward(weights, elements, 20);
      const std::vector<float> pixels = uniform_values(images * stride, 3);
      const InputBlock in{pixels.data(), stride, g, first, elements};
      std::vector<float> y(count * 20);
      std::vector<float> expected = y;
      exact_read(forward.matrix, in, {0, count, 0}, vectors_out(y, 20));
      reference_exact_read(weights, elements, 20, in, {0, count, 0}, vectors_out(expected, 20));
      expect_same(y, expected, std::string("forward ") + convolution.what);

      const std::vector<float> back = uniform_values(20 * elements, 5);
      const Packed backward(back, 20, elements);
      std::vector<float> image(images * stride, 0.5F);
      std::vector<float> expected_image = image;
      exact_read(backward.matrix, vectors_in(y, 20), {0, count, 0}, {image.data(), stride, g, first, elements, true});
      reference_exact_read(back, 20, elements, vectors_in(y, 20), {0, count, 0},
                           {expected_image.data(), stride, g, first, elements, true});
      expect_same(image, expected_image, std::string("backward ") + convolution.what);
    }
  }
}

/// gradient += x d^T, vector after vector.
void reference_outer(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                     std::vector<float>& gradient, std::size_t row_stride) {
  for (std::size_t v = range.first; v < range.first + range.count; ++v) {
    const std::vector<float> x = testing::gather(inputs, v);
    const std::vector<float> d = testing::gather(errors, v);
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t o = 0; o < d.size(); ++o) {
        float& place = gradient[i * row_stride + o];
        place = std::fma(x[i], d[o], place);
      }
    }
  }
}

TEST(OuterProducts, EqualSequentialFusedMultiplyAddsWhateverTheChunks) {
  constexpr std::size_t count = 83;
  for (const Size& size : {Size{1, 1}, Size{5, 3}, Size{25, 16}, Size{37, 10}, Size{8, 33}, Size{100, 70}}) {
    for (const std::size_t padding : {0U, 7U}) {
      const std::size_t row_stride = size.outputs + padding;
      const std::vector<float> x = mixed_vectors(count, size.inputs, 10);
      const std::vector<float> d = mixed_vectors(count, size.outputs, 40);
      const std::vector<float> before = uniform_values(size.inputs * row_stride, 3);
      std::vector<float> expected = before;
      reference_outer(vectors_in(x, size.inputs), vectors_in(d, size.outputs), {0, count, 0}, expected, row_stride);
      for (const std::int64_t set : rheo::testing::instruction_sets()) {
        const rheo::testing::OnInstructionSet use(set);
        for (const std::size_t group : {std::size_t{1}, std::size_t{3}, std::size_t{16}, count}) {
          std::vector<float> gradient = before;
          for (std::size_t v = 0; v < count; v += group) {
            accumulate_outer_products(vectors_in(x, size.inputs), vectors_in(d, size.outputs),
                                      {v, std::min(group, count - v), 0}, gradient.data(), row_stride);
          }
          expect_same(gradient, expected, name(size) + " by " + std::to_string(group) + ", " + hwy::TargetName(set));
        }
      }
    }
  }
}

TEST(OuterProducts, FollowAConvolution) {
  constexpr std::size_t images = 2;
  for (const Convolution& convolution : convolutions) {
    const PatchGeometry& g = convolution.geometry;
    const std::vector<float> pixels = uniform_values(images * g.image_values(), 3);
    const std::size_t count = images * g.positions();
    const std::vector<float> d = uniform_values(count * 11, 4);
    for (const auto& [first, elements] : slices(g)) {
      const InputBlock in{pixels.data(), g.image_values(), g, first, elements};
      std::vector<float> gradient(elements * 11);
      std::vector<float> expected = gradient;
      accumulate_outer_products(in, vectors_in(d, 11), {0, count, 0}, gradient.data(), 11);
      reference_outer(in, vectors_in(d, 11), {0, count, 0}, expected, 11);
      expect_same(gradient, expected, std::string(convolution.what) + " from " + std::to_string(first));
    }
  }
}

}  // namespace
}  // namespace rheo::crossbar
