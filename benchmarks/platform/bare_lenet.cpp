#include "benchmarks/platform/bare_lenet.hpp"

#include <algorithm>
#include <cmath>

#include "models/core/counter_random.hpp"
#include "models/digital/pooling.hpp"
#include "models/digital/vector_math.hpp"

namespace rheo::benchmarks {
namespace {

using crossbar::InputBlock;
using crossbar::OutputBlock;
using vector_math::Activation;
using vector_math::PoolShape;

// Tensors: 0 images, 1 conv1, 2 pool1, 3 conv2, 4 pool2, 5 fc1, 6 logits.
constexpr std::size_t tensor_values[] = {784, 9216, 2304, 2048, 512, 128, 10};

PatchGeometry pixels_of(const PatchGeometry& g, std::size_t channels) {
  return PatchGeometry::pixels(g.out_height(), g.out_width(), static_cast<std::uint32_t>(channels));
}

PoolShape pool1(std::size_t images) { return {images, 24, 24, 16, 2, 2}; }
PoolShape pool2(std::size_t images) { return {images, 8, 8, 32, 2, 2}; }

}  // namespace

BareLenet::BareLenet(const crossbar::ArraySettings& settings, std::size_t batch, std::size_t images_per_block)
    : team_(1), block_(images_per_block) {
  const std::pair<PatchGeometry, std::size_t> shapes[] = {{{28, 28, 1, 5, 5, 1, 0}, 16},
                                                          {{12, 12, 16, 5, 5, 1, 0}, 32},
                                                          {PatchGeometry::pixels(1, 1, 512), 128},
                                                          {PatchGeometry::pixels(1, 1, 128), 10}};
  for (const auto& [geometry, outputs] : shapes) {
    const std::size_t inputs = geometry.elements();
    const auto number = static_cast<std::uint32_t>(layers_.size());
    layers_.push_back({geometry, crossbar::CrossbarArray(inputs, outputs, settings, 1, number),
                       std::vector<float>(outputs), std::vector<float>(outputs), std::vector<float>(outputs),
                       std::vector<float>(inputs * outputs), std::vector<float>(inputs * outputs),
                       std::vector<float>(inputs * outputs)});
    Layer& layer = layers_.back();
    std::vector<std::uint32_t> words(inputs * outputs);
    random_words(RandomKey(1, number, RandomPurpose::initial_weights), 0, 0, words);
    const float bound = 1.0F / std::sqrt(static_cast<float>(inputs));
    for (std::size_t i = 0; i < words.size(); ++i) layer.weights[i] = bound * (2 * uniform_from_word(words[i]) - 1);
    layer.array.program(layer.weights);
  }
  for (const std::size_t values : tensor_values) {
    activations_.push_back({values, std::vector<float>(batch * values)});
    errors_.push_back({values, std::vector<float>(batch * values)});
  }
}

void BareLenet::forward(std::size_t l, Tensor& in, Tensor& out, std::size_t first, std::size_t count,
                        std::uint64_t sample) {
  Layer& layer = layers_[l];
  const std::size_t positions = layer.geometry.positions();
  const InputBlock from{in.of(first), in.values, layer.geometry, 0, static_cast<std::uint32_t>(layer.array.inputs())};
  const OutputBlock to{out.of(first),
                       out.values,
                       pixels_of(layer.geometry, layer.array.outputs()),
                       0,
                       static_cast<std::uint32_t>(layer.array.outputs()),
                       false};
  layer.array.forward(from, {0, count * positions, (sample + first) * positions}, to, Mode::training, team_);
  vector_math::add_bias_activate(out.of(first), count * positions, layer.array.outputs(), layer.bias.data(),
                                 l == 3 ? Activation::identity : Activation::tanh);
}

void BareLenet::backward(std::size_t l, Tensor& errors, Tensor& out, std::size_t first, std::size_t count,
                         std::uint64_t sample) {
  Layer& layer = layers_[l];
  const std::size_t positions = layer.geometry.positions();
  const bool overlap = layer.geometry.kernel_height > 1;
  if (overlap) std::fill_n(out.of(first), count * out.values, 0.0F);
  const InputBlock from{errors.of(first), errors.values, pixels_of(layer.geometry, layer.array.outputs()), 0,
                        static_cast<std::uint32_t>(layer.array.outputs())};
  const OutputBlock to{out.of(first), out.values, layer.geometry, 0, static_cast<std::uint32_t>(layer.array.inputs()),
                       overlap};
  layer.array.backward(from, {0, count * positions, (sample + first) * positions}, to, team_);
}

void BareLenet::update(std::size_t l, Tensor& in, Tensor& errors, std::size_t first, std::size_t count,
                       std::uint64_t sample, float learning_rate) {
  Layer& layer = layers_[l];
  const std::size_t positions = layer.geometry.positions();
  const InputBlock x{in.of(first), in.values, layer.geometry, 0, static_cast<std::uint32_t>(layer.array.inputs())};
  const InputBlock d{errors.of(first), errors.values, pixels_of(layer.geometry, layer.array.outputs()), 0,
                     static_cast<std::uint32_t>(layer.array.outputs())};
  const crossbar::VectorRange range{0, count * positions, (sample + first) * positions};
  if (layer.array.is_ideal()) {
    accumulate_outer_products(x, d, range, layer.gradient.data(), layer.array.outputs());
  } else {
    layer.array.update(x, d, range, learning_rate, team_);
  }
}

double BareLenet::train_step(std::span<const std::uint8_t> pixels, std::span<const std::uint8_t> labels,
                             std::uint64_t sample, float learning_rate, float momentum, float weight_decay) {
  auto& a = activations_;
  auto& e = errors_;
  const std::size_t batch = labels.size();
  std::vector<float> losses(batch);
  std::vector<std::uint8_t> predictions(batch);
  const auto blocks = [&](const auto& work) {
    for (std::size_t first = 0; first < batch; first += block_) work(first, std::min(block_, batch - first));
  };
  blocks([&](std::size_t first, std::size_t n) {
    vector_math::normalise_pixels(pixels.data() + first * 784, n * 784, 1.0F / 255, 0, a[0].of(first));
    forward(0, a[0], a[1], first, n, sample);
    vector_math::max_pool_forward(a[1].of(first), pool1(n), a[2].of(first));
    forward(1, a[2], a[3], first, n, sample);
    vector_math::max_pool_forward(a[3].of(first), pool2(n), a[4].of(first));
    forward(2, a[4], a[5], first, n, sample);
    forward(3, a[5], a[6], first, n, sample);
    vector_math::softmax_cross_entropy(a[6].of(first), labels.data() + first, n, 10, 1.0F / static_cast<float>(batch),
                                       e[6].of(first), losses.data() + first, predictions.data() + first);
  });
  const auto bias = [&](std::size_t l, std::size_t tensor, std::size_t first, std::size_t n) {
    const std::size_t channels = layers_[l].array.outputs();
    vector_math::bias_gradient(e[tensor].of(first), n * tensor_values[tensor] / channels, channels,
                               layers_[l].bias_gradient.data());
  };
  blocks([&](std::size_t first, std::size_t n) {
    bias(3, 6, first, n);
    backward(3, e[6], e[5], first, n, sample);
    vector_math::activation_backward(e[5].of(first), a[5].of(first), n * 128, Activation::tanh);
    bias(2, 5, first, n);
    backward(2, e[5], e[4], first, n, sample);
    vector_math::max_pool_backward(e[4].of(first), a[3].of(first), a[4].of(first), pool2(n), e[3].of(first));
    vector_math::activation_backward(e[3].of(first), a[3].of(first), n * 2048, Activation::tanh);
    bias(1, 3, first, n);
    backward(1, e[3], e[2], first, n, sample);
    vector_math::max_pool_backward(e[2].of(first), a[1].of(first), a[2].of(first), pool1(n), e[1].of(first));
    vector_math::activation_backward(e[1].of(first), a[1].of(first), n * 9216, Activation::tanh);
    bias(0, 1, first, n);
  });
  blocks([&](std::size_t first, std::size_t n) {
    update(0, a[0], e[1], first, n, sample, learning_rate);
    update(1, a[2], e[3], first, n, sample, learning_rate);
    update(2, a[4], e[5], first, n, sample, learning_rate);
    update(3, a[5], e[6], first, n, sample, learning_rate);
  });
  for (Layer& layer : layers_) {
    const auto step = [&](std::vector<float>& w, std::vector<float>& g, std::vector<float>& v) {
      vector_math::sgd_momentum(w.data(), g.data(), v.data(), w.size(), learning_rate, momentum, weight_decay);
    };
    step(layer.bias, layer.bias_gradient, layer.bias_velocity);
    if (!layer.array.is_ideal()) continue;
    step(layer.weights, layer.gradient, layer.velocity);
    layer.array.program(layer.weights);
  }
  double sum = 0;
  for (const float loss : losses) sum += static_cast<double>(loss);
  return sum / static_cast<double>(batch);
}

}  // namespace rheo::benchmarks
