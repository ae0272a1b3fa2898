#include "models/digital/vector_math.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/digital/pooling.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo::vector_math {
namespace {

using rheo::testing::instruction_sets;
using rheo::testing::OnInstructionSet;

using Floats = std::vector<float>;

constexpr std::size_t channel_counts[] = {1, 3, 10, 16, 17, 32, 65, 100};
constexpr Activation activations[] = {Activation::identity, Activation::tanh, Activation::relu, Activation::celu,
                                      Activation::sigmoid};
constexpr float largest_float = std::numeric_limits<float>::max();

/// Uniform in +-limit, the same on every machine.
Floats random_values(std::size_t n, unsigned seed, float limit = 2.0f) {
  std::mt19937 bits(seed);
  Floats values(n);
  for (float& value : values) value = (static_cast<float>(bits() >> 8) * 0x1p-23f - 1.0f) * limit;
  return values;
}

/// Small integers, so that many are equal.
Floats random_integers(std::size_t n, unsigned seed, int limit) {
  std::mt19937 bits(seed);
  Floats values(n);
  for (float& value : values) value = static_cast<float>(static_cast<int>(bits() % (2 * limit + 1)) - limit);
  return values;
}

std::vector<std::uint32_t> bits_of(const Floats& values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

void expect_near(const Floats& values, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_NEAR(values[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << "element " << i;
  }
}

// ---- Bias and activation ----

double activation_of(Activation activation, double x) {
  switch (activation) {
    case Activation::identity:
      return x;
    case Activation::tanh:
      return std::tanh(x);
    case Activation::relu:
      return std::max(0.0, x);
    case Activation::celu:
      return x > 0 ? x : std::expm1(x);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
  }
  return 0;
}

TEST(VectorMath, AddBiasActivateIsTheFunctionOfValuePlusBias) {
  for (const std::size_t channels : channel_counts) {
    for (const std::size_t positions : {1, 7, 50}) {
      const Floats values = random_values(positions * channels, 1, 6.0f);
      const Floats bias = random_values(channels, 2);
      for (const Activation activation : activations) {
        std::vector<double> expected;
        for (std::size_t i = 0; i < values.size(); ++i) {
          expected.push_back(activation_of(activation, values[i] + bias[i % channels]));
        }
        Floats result = values;
        result.push_back(42.0f);  // the element after the end
        add_bias_activate(result.data(), positions, channels, bias.data(), activation);
        EXPECT_EQ(result.back(), 42.0f);
        result.pop_back();
        expect_near(result, expected, 2e-7);
        if (activation == Activation::identity) {
          Floats plain = values;
          add_bias(plain.data(), positions, channels, bias.data());
          EXPECT_EQ(bits_of(plain), bits_of(result));
        }
      }
    }
  }
}

TEST(VectorMath, ActivationsHaveNoNanOverTheWholeRange) {
  const float extremes[] = {0.0f, -0.0f, 1e-45f, -1e-45f, 88.0f, -88.0f, 1e4f, -1e4f, largest_float, -largest_float};
  const float no_bias = 0.0f;
  for (const Activation activation : activations) {
    for (const float x : extremes) {
      float y = x;
      add_bias_activate(&y, 1, 1, &no_bias, activation);
      EXPECT_TRUE(std::isfinite(y)) << x;
      EXPECT_NEAR(y, activation_of(activation, x), std::abs(y) * 1e-6) << x;
      float error = 3.0f;
      activation_backward(&error, &y, 1, activation);
      EXPECT_TRUE(std::isfinite(error)) << x;
    }
  }
}

/// f'(x) measured as (f(x + h) - f(x - h)) / 2h.
TEST(VectorMath, ActivationBackwardIsTheSlopeOfTheForwardFunction) {
  constexpr double h = 1e-4;
  Floats inputs = random_values(333, 3, 4.0f);
  std::erase_if(inputs, [&](float x) { return std::abs(x) < 2 * h; });  // relu has no slope at zero
  const Floats no_bias(inputs.size());
  const Floats output_errors = random_values(inputs.size(), 4);
  for (const Activation activation : activations) {
    Floats outputs = inputs;
    add_bias_activate(outputs.data(), 1, outputs.size(), no_bias.data(), activation);
    std::vector<double> expected;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const double x = inputs[i];
      const double slope = (activation_of(activation, x + h) - activation_of(activation, x - h)) / (2 * h);
      expected.push_back(output_errors[i] * slope);
    }
    Floats errors = output_errors;
    activation_backward(errors.data(), outputs.data(), errors.size(), activation);
    expect_near(errors, expected, 1e-6);
  }
}

// ---- Pooling ----

struct NaiveWindow {
  std::vector<std::size_t> cells;  ///< indices into the input, in scan order
  std::size_t output;
};

/// Windows written as four plain loops that skip what lies outside.
std::vector<NaiveWindow> naive_windows(const PoolShape& s) {
  std::vector<NaiveWindow> windows;
  const auto index = [&](std::size_t image, long row, long column, std::size_t channel) {
    return ((image * s.height + static_cast<std::size_t>(row)) * s.width + static_cast<std::size_t>(column)) *
               s.channels +
           channel;
  };
  std::size_t output = 0;
  for (std::size_t image = 0; image < s.images; ++image) {
    for (std::size_t y = 0; y < s.out_height(); ++y) {
      for (std::size_t x = 0; x < s.out_width(); ++x) {
        for (std::size_t c = 0; c < s.channels; ++c) {
          NaiveWindow window{{}, output++};
          for (std::size_t i = 0; i < s.kernel; ++i) {
            for (std::size_t j = 0; j < s.kernel; ++j) {
              const long row = static_cast<long>(y * s.stride + i) - static_cast<long>(s.padding);
              const long column = static_cast<long>(x * s.stride + j) - static_cast<long>(s.padding);
              const bool inside =
                  row >= 0 && column >= 0 && row < static_cast<long>(s.height) && column < static_cast<long>(s.width);
              if (inside) window.cells.push_back(index(image, row, column, c));
            }
          }
          windows.push_back(window);
        }
      }
    }
  }
  return windows;
}

std::vector<PoolShape> pool_shapes() {
  std::vector<PoolShape> shapes;
  for (const std::size_t c : channel_counts) {
    shapes.push_back({2, 6, 8, c, 2, 2});
    shapes.push_back({3, 7, 5, c, 2, 2});     // the last row and column are in no window
    shapes.push_back({2, 7, 6, c, 3, 2, 1});  // overlapping windows
    shapes.push_back({1, 5, 4, c, 3, 1, 2});
    shapes.push_back({2, 7, 7, c, 7, 7});     // global
    shapes.push_back({1, 9, 8, c, 2, 3, 1});  // gaps
    shapes.push_back({1, 5, 7, c, 2, 1});
    shapes.push_back({1, 4, 4, c, 2, 2, 1});
  }
  return shapes;
}

std::string name(const PoolShape& s) {
  std::string text;
  for (const std::size_t n : {s.images, s.height, s.width, s.channels, s.kernel, s.stride, s.padding}) {
    text += std::to_string(n) + " ";
  }
  return text;
}

TEST(VectorMath, OutputSizesOfPooling) {
  EXPECT_EQ((PoolShape{1, 24, 24, 16, 2, 2}.out_height()), 12u);
  EXPECT_EQ((PoolShape{1, 7, 5, 1, 2, 2}.out_width()), 2u);
  EXPECT_EQ((PoolShape{1, 112, 112, 64, 3, 2, 1}.out_height()), 56u);
}

TEST(VectorMath, MaxPoolTakesTheLargestAndSendsTheErrorToTheFirstOfEquals) {
  for (const PoolShape& shape : pool_shapes()) {
    const Floats in = random_integers(shape.input_size(), 5, 2);  // many ties
    const Floats errors = random_integers(shape.output_size(), 6, 9);
    Floats expected_out(shape.output_size());
    Floats expected_errors(shape.input_size());
    for (const NaiveWindow& window : naive_windows(shape)) {
      const auto largest = std::max_element(window.cells.begin(), window.cells.end(),
                                            [&](std::size_t a, std::size_t b) { return in[a] < in[b]; });
      expected_out[window.output] = in[*largest];
      expected_errors[*largest] += errors[window.output];
    }
    Floats out(shape.output_size());
    Floats input_errors(shape.input_size(), -1.0f);
    max_pool_forward(in.data(), shape, out.data());
    max_pool_backward(errors.data(), in.data(), out.data(), shape, input_errors.data());
    EXPECT_EQ(out, expected_out) << name(shape);
    EXPECT_EQ(input_errors, expected_errors) << name(shape);
  }
}

TEST(VectorMath, MaxPoolOfAConstantImageSendsEverythingToTheCorner) {
  const Floats in(4, -7.0f);
  const PoolShape shape{1, 2, 2, 1, 2, 2};
  float out = 0;
  Floats input_errors(4);
  const float error = 5.0f;
  max_pool_forward(in.data(), shape, &out);
  max_pool_backward(&error, in.data(), &out, shape, input_errors.data());
  EXPECT_EQ(out, -7.0f);
  EXPECT_EQ(input_errors, (Floats{5.0f, 0.0f, 0.0f, 0.0f}));
}

TEST(VectorMath, TheFirstZeroOfAWindowWinsWhateverItsSign) {
  const Floats in = {-1.0f, -0.0f, 0.0f, 0.0f};
  for (const PoolShape& shape : {PoolShape{1, 2, 2, 1, 2, 2}, PoolShape{1, 2, 2, 1, 2, 1}}) {
    float out = 1;
    max_pool_forward(in.data(), shape, &out);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(out), 0x80000000u);
  }
}

TEST(VectorMath, OverlappingErrorsAddUpInScanOrder) {
  // One large cell in the centre wins four windows; in this order the sum of the four errors is 1, in reverse it is 0.
  const PoolShape shape{1, 3, 3, 1, 2, 1};
  const Floats in = {0, 0, 0, 0, 9, 0, 0, 0, 0};
  const Floats errors = {1e8f, -1e8f, 1.0f, 0.0f};
  Floats out(4);
  Floats input_errors(9);
  max_pool_forward(in.data(), shape, out.data());
  max_pool_backward(errors.data(), in.data(), out.data(), shape, input_errors.data());
  EXPECT_EQ(input_errors[4], 1.0f);
}

TEST(VectorMath, AveragePoolDividesByTheCellsInsideTheImage) {
  for (const PoolShape& shape : pool_shapes()) {
    const Floats in = random_values(shape.input_size(), 7);
    const Floats errors = random_values(shape.output_size(), 8);
    Floats expected_out(shape.output_size());
    Floats expected_errors(shape.input_size());
    for (const NaiveWindow& window : naive_windows(shape)) {
      float sum = 0;
      for (const std::size_t cell : window.cells) sum += in[cell];
      expected_out[window.output] = sum / static_cast<float>(window.cells.size());
      for (const std::size_t cell : window.cells) {
        expected_errors[cell] += errors[window.output] / static_cast<float>(window.cells.size());
      }
    }
    Floats out(shape.output_size());
    Floats input_errors(shape.input_size(), -1.0f);
    average_pool_forward(in.data(), shape, out.data());
    average_pool_backward(errors.data(), shape, input_errors.data());
    EXPECT_EQ(out, expected_out) << name(shape);
    EXPECT_EQ(input_errors, expected_errors) << name(shape);
  }
}

TEST(VectorMath, PoolingOfWhatHasNoWindowIsRefused) {
  float x[16] = {};
  for (const PoolShape& shape : {PoolShape{1, 2, 2, 1, 0, 1}, PoolShape{1, 2, 2, 1, 1, 0},
                                 PoolShape{1, 2, 2, 1, 2, 2, 2}, PoolShape{1, 2, 4, 1, 3, 1}}) {
    EXPECT_THROW(max_pool_forward(x, shape, x), std::invalid_argument);
    EXPECT_THROW(average_pool_backward(x, shape, x), std::invalid_argument);
  }
}

// ---- Input and loss ----

TEST(VectorMath, NormalisePixelsIsOneFusedMultiplyAdd) {
  for (const std::size_t n : {1, 15, 16, 17, 300}) {
    std::vector<std::uint8_t> pixels(n);
    for (std::size_t i = 0; i < n; ++i) pixels[i] = static_cast<std::uint8_t>(i * 7 + 3);
    Floats out(n + 1, 42.0f);
    normalise_pixels(pixels.data(), n, 1.0f / (255 * 0.3081f), -0.1307f / 0.3081f, out.data());
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(out[i], std::fma(static_cast<float>(pixels[i]), 1.0f / (255 * 0.3081f), -0.1307f / 0.3081f));
    }
    EXPECT_EQ(out[n], 42.0f);
  }
}

struct Loss {
  Floats gradients;
  Floats losses;
  std::vector<std::uint8_t> predictions;
};

Loss cross_entropy(const Floats& logits, const std::vector<std::uint8_t>& labels, float scale) {
  const std::size_t images = labels.size();
  Loss loss{Floats(logits.size()), Floats(images), std::vector<std::uint8_t>(images)};
  softmax_cross_entropy(logits.data(), labels.data(), images, logits.size() / images, scale, loss.gradients.data(),
                        loss.losses.data(), loss.predictions.data());
  return loss;
}

std::vector<std::uint8_t> labels_for(std::size_t images, std::size_t classes) {
  std::vector<std::uint8_t> labels;
  for (std::size_t i = 0; i < images; ++i) labels.push_back(static_cast<std::uint8_t>(i * 37 % classes));
  return labels;
}

TEST(VectorMath, WithoutALabelTheLossIsTheUncertaintyOfThePrediction) {
  const Floats logits = random_values(7 * 10, 21, 4.0f);
  const std::vector<std::uint8_t> none(7, no_label);
  const Loss unlabelled = cross_entropy(logits, none, 0.5f);
  const Loss labelled = cross_entropy(logits, unlabelled.predictions, 0.5f);
  EXPECT_EQ(unlabelled.losses, labelled.losses);
  EXPECT_EQ(unlabelled.gradients, labelled.gradients);
  for (const std::uint8_t label : labels_for(7, 10)) {
    const Loss other = cross_entropy(logits, std::vector<std::uint8_t>(7, label), 0.5f);
    for (std::size_t i = 0; i < 7; ++i) EXPECT_LE(unlabelled.losses[i], other.losses[i]);
  }
  // Of 256 classes the last one is a class.
  const Floats many = random_values(256, 3, 4.0f);
  EXPECT_NE(cross_entropy(many, {255}, 1).losses[0],
            cross_entropy(many, cross_entropy(many, {255}, 1).predictions, 1).losses[0]);
}

TEST(VectorMath, SoftmaxCrossEntropyMatchesTheFormulas) {
  constexpr std::size_t images = 9;
  constexpr float scale = 0.125f;
  for (const std::size_t classes : {1, 2, 7, 10, 16, 17, 33, 100, 256}) {
    const Floats logits = random_values(images * classes, 9, 8.0f);
    const std::vector<std::uint8_t> labels = labels_for(images, classes);
    const Loss loss = cross_entropy(logits, labels, scale);
    Floats logs(logits.size());
    log_softmax(logits.data(), images, classes, logs.data());
    std::vector<double> gradients, losses, log_probabilities;
    for (std::size_t i = 0; i < images; ++i) {
      const float* row = logits.data() + i * classes;
      double sum = 0;
      for (std::size_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(row[c]));
      double gradient_sum = 0;
      for (std::size_t c = 0; c < classes; ++c) {
        gradients.push_back((std::exp(static_cast<double>(row[c])) / sum - (c == labels[i])) * scale);
        log_probabilities.push_back(row[c] - std::log(sum));
        gradient_sum += loss.gradients[i * classes + c];
      }
      EXPECT_NEAR(gradient_sum, 0, 1e-6 * scale);
      losses.push_back(std::log(sum) - row[labels[i]]);
      EXPECT_EQ(loss.predictions[i], std::max_element(row, row + classes) - row);
    }
    expect_near(loss.gradients, gradients, 1e-6 * scale);
    expect_near(loss.losses, losses, 2e-7);
    expect_near(logs, log_probabilities, 2e-7);
  }
}

TEST(VectorMath, TheGradientOfCrossEntropyIsTheSlopeOfTheLoss) {
  constexpr std::size_t classes = 10;
  constexpr float h = 0x1p-6f;
  const Floats logits = random_values(classes, 10);
  const std::vector<std::uint8_t> label = {4};
  const Loss loss = cross_entropy(logits, label, 1.0f);
  for (std::size_t c = 0; c < classes; ++c) {
    Floats more = logits, less = logits;
    more[c] += h;
    less[c] -= h;
    const float slope = (cross_entropy(more, label, 1).losses[0] - cross_entropy(less, label, 1).losses[0]) / (2 * h);
    EXPECT_NEAR(loss.gradients[c], slope, 5e-5);
  }
}

TEST(VectorMath, TheFirstOfEqualLogitsIsPredicted) {
  for (const std::size_t classes : {4, 10, 40}) {
    Floats logits(classes, 1.0f);
    logits[0] = 0.5f;
    EXPECT_EQ(cross_entropy(logits, {0}, 1.0f).predictions[0], 1);
    logits[classes - 1] = logits[classes - 2] = 3.0f;
    EXPECT_EQ(cross_entropy(logits, {0}, 1.0f).predictions[0], classes - 2);
  }
}

TEST(VectorMath, ExtremeLogitsGiveFiniteLossesAndGradients) {
  const Floats logits = {largest_float, -largest_float, 0.0f, -largest_float, -largest_float, -largest_float};
  const Loss loss = cross_entropy(logits, {1, 0}, 1.0f);
  EXPECT_EQ(loss.losses[0], largest_float);
  EXPECT_EQ(loss.gradients[0], 1.0f);
  EXPECT_EQ(loss.gradients[1], -1.0f);
  EXPECT_NEAR(loss.losses[1], std::log(3.0), 1e-6);
  Floats logs(6);
  log_softmax(logits.data(), 2, 3, logs.data());
  for (const float value : logs) EXPECT_TRUE(std::isfinite(value));
}

TEST(VectorMath, CrossEntropyInPlaceAndRefusals) {
  Floats logits = random_values(34, 11);
  const std::vector<std::uint8_t> labels = {16, 0};
  const Loss apart = cross_entropy(logits, labels, 0.5f);
  Floats losses(2);
  std::vector<std::uint8_t> predictions(2);
  softmax_cross_entropy(logits.data(), labels.data(), 2, 17, 0.5f, logits.data(), losses.data(), predictions.data());
  EXPECT_EQ(bits_of(logits), bits_of(apart.gradients));
  EXPECT_EQ(bits_of(losses), bits_of(apart.losses));
  EXPECT_THROW(cross_entropy(Floats(10), {10}, 1.0f), std::invalid_argument);
  EXPECT_THROW(cross_entropy(Floats(257), {0}, 1.0f), std::invalid_argument);
}

// ---- Gradients, optimiser, elementwise ----

TEST(VectorMath, BiasGradientAddsPositionAfterPosition) {
  for (const std::size_t channels : channel_counts) {
    constexpr std::size_t positions = 41;
    const Floats errors = random_values(positions * channels, 12);
    const Floats start = random_values(channels, 13);
    Floats expected = start;
    for (std::size_t i = 0; i < errors.size(); ++i) expected[i % channels] += errors[i];
    Floats sums = start;
    bias_gradient(errors.data(), positions, channels, sums.data());
    EXPECT_EQ(bits_of(sums), bits_of(expected)) << channels;
  }
}

TEST(VectorMath, SgdMomentumIsThreeFusedMultiplyAddsAndClearsTheGradients) {
  for (const std::size_t n : {1, 16, 37, 100}) {
    Floats weights = random_values(n, 14), gradients = random_values(n, 15), velocity = random_values(n, 16);
    Floats expected_weights = weights, expected_velocity = velocity;
    for (std::size_t i = 0; i < n; ++i) {
      const float gradient = std::fma(0.01f, weights[i], gradients[i]);
      expected_velocity[i] = std::fma(0.9f, velocity[i], gradient);
      expected_weights[i] = std::fma(-0.1f, expected_velocity[i], weights[i]);
    }
    sgd_momentum(weights.data(), gradients.data(), velocity.data(), n, 0.1f, 0.9f, 0.01f);
    EXPECT_EQ(bits_of(weights), bits_of(expected_weights));
    EXPECT_EQ(bits_of(velocity), bits_of(expected_velocity));
    EXPECT_EQ(bits_of(gradients), bits_of(Floats(n)));
  }
}

TEST(VectorMath, ElementwiseOperationsRoundOnce) {
  for (const std::size_t n : {1, 16, 37}) {
    const Floats a = random_values(n, 17), b = random_values(n, 18);
    Floats sum(n), scaled(n), product = a;
    add(a.data(), b.data(), n, sum.data());
    scale_add(a.data(), b.data(), n, 0.3f, scaled.data());
    multiply(product.data(), b.data(), n, product.data());
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(sum[i], a[i] + b[i]);
      EXPECT_EQ(scaled[i], std::fma(0.3f, b[i], a[i]));
      EXPECT_EQ(product[i], a[i] * b[i]);
    }
  }
}

// ---- Batch normalisation ----

struct BatchNorm {
  std::size_t positions;
  std::size_t channels;
  Floats gamma, beta;
  float epsilon = 1e-3f;

  Floats forward(const Floats& values) const {
    Floats mean(channels), variance(channels), out(values.size());
    batch_norm_statistics(values.data(), positions, channels, mean.data(), variance.data());
    batch_norm_forward(values.data(), positions, channels, mean.data(), variance.data(), gamma.data(), beta.data(),
                       epsilon, out.data());
    return out;
  }
};

BatchNorm batch_norm(std::size_t positions, std::size_t channels) {
  return {positions, channels, random_values(channels, 19), random_values(channels, 20)};
}

TEST(VectorMath, BatchNormStatisticsAndForwardMatchTheFormulas) {
  for (const std::size_t channels : channel_counts) {
    const BatchNorm norm = batch_norm(57, channels);
    Floats values = random_values(57 * channels, 21);
    for (float& value : values) value += 100.0f;  // a mean far from zero must not cost accuracy
    Floats mean(channels), variance(channels);
    batch_norm_statistics(values.data(), 57, channels, mean.data(), variance.data());
    const Floats out = norm.forward(values);
    std::vector<double> expected_mean(channels), expected_variance(channels), expected_out(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) expected_mean[i % channels] += values[i] / 57.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      expected_variance[i % channels] += std::pow(values[i] - expected_mean[i % channels], 2) / 57;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t c = i % channels;
      expected_out[i] =
          (values[i] - expected_mean[c]) / std::sqrt(expected_variance[c] + norm.epsilon) * norm.gamma[c] +
          norm.beta[c];
    }
    expect_near(mean, expected_mean, 6.1e-8);
    expect_near(variance, expected_variance, 6.1e-8);
    expect_near(out, expected_out, 1e-5);  // the mean, near 100, is rounded to 4e-6
  }
}

TEST(VectorMath, BatchNormBackwardIsTheSlopeOfTheForwardPass) {
  constexpr std::size_t positions = 12;
  constexpr float h = 0x1p-7f;
  for (const std::size_t channels : {1, 3, 17, 40}) {
    const BatchNorm norm = batch_norm(positions, channels);
    const Floats values = random_values(positions * channels, 22);
    const Floats errors = random_values(positions * channels, 23);
    const auto loss = [&](const BatchNorm& changed, const Floats& x) {
      const Floats out = changed.forward(x);
      double sum = 0;
      for (std::size_t i = 0; i < out.size(); ++i) sum += static_cast<double>(errors[i]) * out[i];
      return sum;
    };
    Floats mean(channels), variance(channels), input_errors(values.size());
    Floats gamma_gradient(channels, 1.0f), beta_gradient(channels, 1.0f);  // both are added to
    batch_norm_statistics(values.data(), positions, channels, mean.data(), variance.data());
    batch_norm_backward(errors.data(), values.data(), positions, channels, mean.data(), variance.data(),
                        norm.gamma.data(), norm.epsilon, input_errors.data(), gamma_gradient.data(),
                        beta_gradient.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      Floats more = values, less = values;
      more[i] += h;
      less[i] -= h;
      EXPECT_NEAR(input_errors[i], (loss(norm, more) - loss(norm, less)) / (2 * h), 1e-3) << channels;
    }
    for (std::size_t c = 0; c < channels; ++c) {
      BatchNorm more = norm, less = norm;
      more.gamma[c] += h;
      less.gamma[c] -= h;
      EXPECT_NEAR(gamma_gradient[c] - 1, (loss(more, values) - loss(less, values)) / (2 * h), 5e-4);
      more = less = norm;
      more.beta[c] += h;
      less.beta[c] -= h;
      EXPECT_NEAR(beta_gradient[c] - 1, (loss(more, values) - loss(less, values)) / (2 * h), 5e-4);
    }
  }
}

// ---- Number formats ----

/// `x` rounded to `precision` significant bits, ties to even, in steps of no less than 2^lowest, within +-limit.
double rounded(double x, int precision, int lowest, double limit) {
  if (x == 0) return x;
  const double step = std::ldexp(1.0, std::max(std::ilogb(x) - precision + 1, lowest));
  return std::clamp(std::nearbyint(x / step) * step, -limit, limit);
}

/// Values where rounding changes its mind: every value of the format, the halves between two, and their neighbours.
Floats critical_values(float (*widen)(std::uint16_t)) {
  Floats values = random_values(1000, 24, 1e5f);
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const float value = widen(static_cast<std::uint16_t>(code));
    if (!std::isfinite(value)) continue;
    const float next = widen(static_cast<std::uint16_t>(code + 1));
    const float half = std::isfinite(next) ? value / 2 + next / 2 : value;
    for (const float x : {value, half}) {
      for (const float y : {std::nextafter(x, -largest_float), x, std::nextafter(x, largest_float)}) {
        values.push_back(y);
      }
    }
  }
  for (const float x : {65504.0f, 65519.9f, 65520.0f, 1e6f, 3.39e38f, largest_float}) {
    values.insert(values.end(), {x, -x});
  }
  return values;
}

TEST(VectorMath, Fp16AndBf16RoundToNearestEvenAndSaturate) {
  for (const float x : critical_values(float_from_fp16)) {
    ASSERT_EQ(float_from_fp16(fp16_from_float(x)), rounded(x, 11, -24, 65504)) << x;
  }
  for (const float x : critical_values(float_from_bf16)) {
    ASSERT_EQ(float_from_bf16(bf16_from_float(x)), rounded(x, 8, -133, 0x1.fep127)) << x;
  }
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(fp16_from_float(infinity), 0x7bff);
  EXPECT_EQ(fp16_from_float(-infinity), 0xfbff);
  EXPECT_EQ(bf16_from_float(infinity), 0x7f7f);
  EXPECT_EQ(bf16_from_float(-infinity), 0xff7f);
  EXPECT_EQ(fp16_from_float(-0.0f), 0x8000);
  EXPECT_EQ(fp16_from_float(1.0f), 0x3c00);
  EXPECT_EQ(bf16_from_float(-1e-45f), 0x8000);
  EXPECT_EQ(bf16_from_float(0x1p-133f), 0x0001);  // the smallest subnormal of bf16
}

TEST(VectorMath, ArraysOfFp16AndBf16HaveTheBitsOfSingleValues) {
  std::vector<std::uint16_t> codes(0x10000);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
  Floats values = critical_values(float_from_fp16);
  const Floats others = critical_values(float_from_bf16);
  values.insert(values.end(), others.begin(), others.end());
  for (const std::uint32_t nan : {0x7fc00000u, 0xffc12345u, 0x7f800001u}) values.push_back(std::bit_cast<float>(nan));
  values.push_back(std::numeric_limits<float>::infinity());
  for (const std::int64_t target : instruction_sets()) {
    const OnInstructionSet on(target);
    Floats wide16(codes.size()), widebf(codes.size());
    float_from_fp16(codes.data(), codes.size(), wide16.data());
    float_from_bf16(codes.data(), codes.size(), widebf.data());
    std::vector<std::uint16_t> narrow16(values.size()), narrowbf(values.size());
    fp16_from_float(values.data(), values.size(), narrow16.data());
    bf16_from_float(values.data(), values.size(), narrowbf.data());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(wide16[i]), std::bit_cast<std::uint32_t>(float_from_fp16(codes[i]))) << i;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(widebf[i]), std::bit_cast<std::uint32_t>(float_from_bf16(codes[i]))) << i;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(narrow16[i], fp16_from_float(values[i])) << values[i] << " on " << hwy::TargetName(target);
      ASSERT_EQ(narrowbf[i], bf16_from_float(values[i])) << values[i] << " on " << hwy::TargetName(target);
    }
  }
}

TEST(VectorMath, Int8RoundsHalfToEvenAndSaturatesAt127) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Floats in = {0.25f,
                     0.75f,
                     1.25f,
                     -0.25f,
                     -0.75f,
                     63.4f,
                     63.6f,
                     1e9f,
                     -1e9f,
                     0.0f,
                     infinity,
                     -infinity,
                     std::numeric_limits<float>::quiet_NaN(),
                     largest_float,
                     -largest_float,
                     -63.5f,
                     0.3f};
  const std::vector<int> expected = {0, 2, 2, 0, -2, 127, 127, 127, -127, 0, 127, -127, 0, 127, -127, -127, 1};
  for (const std::int64_t target : instruction_sets()) {
    const OnInstructionSet on(target);
    std::vector<std::int8_t> codes(in.size());
    Floats back(in.size());
    int8_from_float(in.data(), in.size(), 0.5f, codes.data());
    float_from_int8(codes.data(), codes.size(), 0.5f, back.data());
    for (std::size_t i = 0; i < in.size(); ++i) {
      EXPECT_EQ(codes[i], expected[i]) << in[i];
      EXPECT_EQ(codes[i], int8_from_float(in[i], 0.5f)) << in[i];
      EXPECT_EQ(back[i], static_cast<float>(expected[i]) * 0.5f);
      EXPECT_EQ(back[i], float_from_int8(codes[i], 0.5f));
    }
    const Floats values = random_values(5000, 25, 40.0f);
    codes.resize(values.size());
    int8_from_float(values.data(), values.size(), 0.3f, codes.data());
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(codes[i], int8_from_float(values[i], 0.3f));
  }
}

TEST(VectorMath, ConversionsWriteNothingAfterTheEnd) {
  for (std::size_t n = 0; n < 40; ++n) {
    const Floats in = random_values(n, 26);
    std::vector<std::uint16_t> words(n + 1, 4242);
    std::vector<std::int8_t> codes(n + 1, 42);
    Floats wide(n + 1, 42.0f);
    fp16_from_float(in.data(), n, words.data());
    EXPECT_EQ(words[n], 4242);
    float_from_fp16(words.data(), n, wide.data());
    EXPECT_EQ(wide[n], 42.0f);
    bf16_from_float(in.data(), n, words.data());
    EXPECT_EQ(words[n], 4242);
    int8_from_float(in.data(), n, 0.1f, codes.data());
    EXPECT_EQ(codes[n], 42);
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(words[i], bf16_from_float(in[i]));
  }
}

// ---- The same bits on every instruction set and for any split of the batch ----

/// Signed zeros, subnormals and a wide range of magnitudes among ordinary values.
Floats difficult_values(std::size_t n, unsigned seed) {
  Floats values = random_values(n, seed, 3.0f);
  const float special[] = {0.0f, -0.0f, 1e-40f, -1e-40f, 1e-20f, 50.0f, -50.0f, 1e6f};
  for (std::size_t i = 0; i < n; i += 3) values[i] = special[i / 3 % 8];
  return values;
}

/// Every function on tensors of a few images, `images_per_call` of them at a time; all results in one list.
Floats results_of_everything(std::size_t channels, std::size_t images_per_call) {
  constexpr std::size_t images = 6, height = 7, width = 6;
  constexpr std::size_t area = height * width;
  const std::size_t image_size = area * channels;
  const Floats values = difficult_values(images * image_size, 30);
  const Floats errors = random_values(images * image_size, 31);
  const Floats bias = random_values(channels, 32);
  const std::vector<std::uint8_t> labels = labels_for(images, channels);
  Floats results;
  const auto keep = [&](const Floats& more) { results.insert(results.end(), more.begin(), more.end()); };
  /// Calls part(first image, images) for the whole batch.
  const auto in_parts = [&](auto part) {
    for (std::size_t first = 0; first < images; first += images_per_call) {
      part(first, std::min(images_per_call, images - first));
    }
  };

  for (const Activation activation : activations) {
    Floats out = values, back = errors;
    in_parts([&](std::size_t first, std::size_t n) {
      add_bias_activate(out.data() + first * image_size, n * area, channels, bias.data(), activation);
      activation_backward(back.data() + first * image_size, out.data() + first * image_size, n * image_size,
                          activation);
    });
    keep(out);
    keep(back);
  }
  const PoolShape apart{1, height, width, channels, 2, 2}, overlapping{1, height, width, channels, 3, 2, 1};
  for (PoolShape shape : {apart, overlapping}) {
    const std::size_t out_size = shape.output_size();
    Floats largest(images * out_size), average(images * out_size);
    Floats largest_back(values.size()), average_back(values.size());
    in_parts([&](std::size_t first, std::size_t n) {
      shape.images = n;
      const std::size_t in = first * image_size, out = first * out_size;
      max_pool_forward(values.data() + in, shape, largest.data() + out);
      max_pool_backward(errors.data() + out, values.data() + in, largest.data() + out, shape, largest_back.data() + in);
      average_pool_forward(values.data() + in, shape, average.data() + out);
      average_pool_backward(errors.data() + out, shape, average_back.data() + in);
    });
    for (const Floats& list : {largest, average, largest_back, average_back}) keep(list);
  }
  Floats gradients(images * channels), losses(images), logs(images * channels), sums(channels);
  std::vector<std::uint8_t> predictions(images);
  in_parts([&](std::size_t first, std::size_t n) {
    const std::size_t row = first * channels;
    softmax_cross_entropy(errors.data() + row, labels.data() + first, n, channels, 0.3f, gradients.data() + row,
                          losses.data() + first, predictions.data() + first);
    log_softmax(errors.data() + row, n, channels, logs.data() + row);
    bias_gradient(errors.data() + first * image_size, n * area, channels, sums.data());
  });
  for (const Floats& list : {gradients, losses, logs, sums}) keep(list);
  keep(Floats(predictions.begin(), predictions.end()));

  Floats weights = values, weight_errors = errors, velocity = random_values(values.size(), 33);
  Floats sum(values.size()), scaled(values.size()), product(values.size()), pixels_out(values.size());
  std::vector<std::uint8_t> pixels(values.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 11);
  in_parts([&](std::size_t first, std::size_t n) {
    const std::size_t at = first * image_size, size = n * image_size;
    add(values.data() + at, errors.data() + at, size, sum.data() + at);
    scale_add(values.data() + at, errors.data() + at, size, 0.7f, scaled.data() + at);
    multiply(values.data() + at, errors.data() + at, size, product.data() + at);
    normalise_pixels(pixels.data() + at, size, 0.004f, -0.4f, pixels_out.data() + at);
    sgd_momentum(weights.data() + at, weight_errors.data() + at, velocity.data() + at, size, 0.1f, 0.9f, 1e-3f);
  });
  for (const Floats& list : {sum, scaled, product, pixels_out, weights, velocity}) keep(list);

  // Batch normalisation looks at the whole batch.
  Floats mean(channels), variance(channels), normalised(values.size()), back(values.size());
  Floats gamma_gradient(channels), beta_gradient(channels);
  batch_norm_statistics(values.data(), images * area, channels, mean.data(), variance.data());
  in_parts([&](std::size_t first, std::size_t n) {
    batch_norm_forward(values.data() + first * image_size, n * area, channels, mean.data(), variance.data(),
                       bias.data(), bias.data(), 1e-5f, normalised.data() + first * image_size);
  });
  batch_norm_backward(errors.data(), values.data(), images * area, channels, mean.data(), variance.data(), bias.data(),
                      1e-5f, back.data(), gamma_gradient.data(), beta_gradient.data());
  for (const Floats& list : {mean, variance, normalised, back, gamma_gradient, beta_gradient}) keep(list);
  return results;
}

TEST(VectorMath, EveryInstructionSetGivesTheSameBits) {
  if (instruction_sets().size() < 2) GTEST_SKIP() << "this machine has one instruction set only";
  for (const std::size_t channels : channel_counts) {
    std::vector<std::uint32_t> first;
    for (const std::int64_t target : instruction_sets()) {
      const OnInstructionSet on(target);
      const std::vector<std::uint32_t> bits = bits_of(results_of_everything(channels, 6));
      if (first.empty()) first = bits;
      EXPECT_TRUE(bits == first) << channels << " channels on " << hwy::TargetName(target);
    }
  }
}

TEST(VectorMath, AnySplitOfTheBatchGivesTheSameBits) {
  for (const std::int64_t target : instruction_sets()) {
    const OnInstructionSet on(target);
    for (const std::size_t channels : channel_counts) {
      const std::vector<std::uint32_t> whole = bits_of(results_of_everything(channels, 6));
      for (const std::size_t images_per_call : {1, 4}) {
        EXPECT_TRUE(bits_of(results_of_everything(channels, images_per_call)) == whole)
            << channels << " channels, " << images_per_call << " images a call on " << hwy::TargetName(target);
      }
    }
  }
}

TEST(VectorMath, FiniteInputsGiveFiniteResults) {
  for (const std::size_t channels : {3, 17}) {
    for (const float value : results_of_everything(channels, 6)) ASSERT_TRUE(std::isfinite(value));
  }
}

}  // namespace
}  // namespace rheo::vector_math
