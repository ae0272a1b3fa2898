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

// Tensors: 0 images, 1 conv1, 2 pool1, 3 conv2, 4 pool2, 5 fc1, 6 logits. Pooling comes before bias and tanh, which are
// monotone: a quarter of the work.
constexpr std::size_t tensor_values[] = {784, 9216, 2304, 2048, 512, 128, 10};

PatchGeometry pixels_of(const PatchGeometry& g, std::size_t channels) {
  return PatchGeometry::pixels(g.out_height(), g.out_width(), static_cast<std::uint32_t>(channels));
}

PoolShape pool1(std::size_t images) { return {images, 24, 24, 16, 2, 2}; }
PoolShape pool2(std::size_t images) { return {images, 8, 8, 32, 2, 2}; }

}  // namespace

BareLenet::BareLenet(const crossbar::ArraySettings& settings, std::size_t images_per_block)
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
    activations_.push_back({values, std::vector<float>(images_per_block * values)});
    errors_.push_back({values, std::vector<float>(images_per_block * values)});
  }
  for (const std::size_t tensor : {2, 4}) {
    pooled_.push_back({tensor_values[tensor], std::vector<float>(images_per_block * tensor_values[tensor])});
  }
}

void BareLenet::forward(std::size_t l, Tensor& in, Tensor& out, std::size_t count, std::uint64_t sample) {
  Layer& layer = layers_[l];
  const std::size_t positions = layer.geometry.positions();
  const InputBlock from{in.data.data(), in.values, layer.geometry, 0, static_cast<std::uint32_t>(layer.array.inputs())};
  const OutputBlock to{out.data.data(),
                       out.values,
                       pixels_of(layer.geometry, layer.array.outputs()),
                       0,
                       static_cast<std::uint32_t>(layer.array.outputs()),
                       false};
  layer.array.forward(from, {0, count * positions, sample * positions}, to, Mode::training, team_);
}

void BareLenet::activate(std::size_t l, Tensor& values, std::size_t count) {
  const std::size_t channels = layers_[l].array.outputs();
  vector_math::add_bias_activate(values.data.data(), count * values.values / channels, channels, layers_[l].bias.data(),
                                 l == 3 ? Activation::identity : Activation::tanh);
}

void BareLenet::backward(std::size_t l, Tensor& errors, Tensor& out, std::size_t count, std::uint64_t sample) {
  Layer& layer = layers_[l];
  const std::size_t positions = layer.geometry.positions();
  const bool overlap = layer.geometry.kernel_height > 1;
  if (overlap) std::fill_n(out.data.data(), count * out.values, 0.0F);
  const InputBlock from{errors.data.data(), errors.values, pixels_of(layer.geometry, layer.array.outputs()), 0,
                        static_cast<std::uint32_t>(layer.array.outputs())};
  const OutputBlock to{out.data.data(), out.values, layer.geometry, 0, static_cast<std::uint32_t>(layer.array.inputs()),
                       overlap};
  layer.array.backward(from, {0, count * positions, sample * positions}, to, team_);
}

void BareLenet::update(std::size_t l, Tensor& in, Tensor& errors, std::size_t count, std::uint64_t sample,
                       float learning_rate) {
  Layer& layer = layers_[l];
  const std::size_t positions = layer.geometry.positions();
  const InputBlock x{in.data.data(), in.values, layer.geometry, 0, static_cast<std::uint32_t>(layer.array.inputs())};
  const InputBlock d{errors.data.data(), errors.values, pixels_of(layer.geometry, layer.array.outputs()), 0,
                     static_cast<std::uint32_t>(layer.array.outputs())};
  const crossbar::VectorRange range{0, count * positions, sample * positions};
  if (layer.array.is_ideal()) {
    accumulate_outer_products(x, d, range, layer.gradient.data(), layer.array.outputs());
  } else {
    layer.array.draw_update(x, d, range, learning_rate, team_);
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
  const auto bias = [&](std::size_t l, std::size_t tensor, std::size_t n) {
    const std::size_t channels = layers_[l].array.outputs();
    vector_math::bias_gradient(e[tensor].data.data(), n * tensor_values[tensor] / channels, channels,
                               layers_[l].bias_gradient.data());
  };
  const auto pool = [&](std::size_t l, std::size_t tensor, const PoolShape& shape, std::size_t n) {
    Tensor& raw = pooled_[l];
    vector_math::max_pool_forward(a[tensor].data.data(), shape, raw.data.data());
    std::copy_n(raw.data.data(), n * raw.values, a[tensor + 1].data.data());
    activate(l, a[tensor + 1], n);
  };
  blocks([&](std::size_t begin, std::size_t n) {
    // Every block uses the same buffers, its images from 0 on.
    const std::uint64_t first_of_block = sample + begin;
    vector_math::normalise_pixels(pixels.data() + begin * 784, n * 784, 1.0F / 255, 0, a[0].data.data());
    forward(0, a[0], a[1], n, first_of_block);
    pool(0, 1, pool1(n), n);
    forward(1, a[2], a[3], n, first_of_block);
    pool(1, 3, pool2(n), n);
    forward(2, a[4], a[5], n, first_of_block);
    activate(2, a[5], n);
    forward(3, a[5], a[6], n, first_of_block);
    activate(3, a[6], n);
    vector_math::softmax_cross_entropy(a[6].data.data(), labels.data() + begin, n, 10, 1.0F / static_cast<float>(batch),
                                       e[6].data.data(), losses.data() + begin, predictions.data() + begin);
    bias(3, 6, n);
    backward(3, e[6], e[5], n, first_of_block);
    vector_math::activation_backward(e[5].data.data(), a[5].data.data(), n * 128, Activation::tanh);
    bias(2, 5, n);
    backward(2, e[5], e[4], n, first_of_block);
    vector_math::activation_backward(e[4].data.data(), a[4].data.data(), n * 512, Activation::tanh);
    bias(1, 4, n);
    vector_math::max_pool_backward(e[4].data.data(), a[3].data.data(), pooled_[1].data.data(), pool2(n),
                                   e[3].data.data());
    backward(1, e[3], e[2], n, first_of_block);
    vector_math::activation_backward(e[2].data.data(), a[2].data.data(), n * 2304, Activation::tanh);
    bias(0, 2, n);
    vector_math::max_pool_backward(e[2].data.data(), a[1].data.data(), pooled_[0].data.data(), pool1(n),
                                   e[1].data.data());
    update(0, a[0], e[1], n, first_of_block, learning_rate);
    update(1, a[2], e[3], n, first_of_block, learning_rate);
    update(2, a[4], e[5], n, first_of_block, learning_rate);
    update(3, a[5], e[6], n, first_of_block, learning_rate);
  });
  for (Layer& layer : layers_) {
    const auto step = [&](std::vector<float>& w, std::vector<float>& g, std::vector<float>& v) {
      vector_math::sgd_momentum(w.data(), g.data(), v.data(), w.size(), learning_rate, momentum, weight_decay);
    };
    step(layer.bias, layer.bias_gradient, layer.bias_velocity);
    if (!layer.array.is_ideal()) {
      layer.array.apply_drawn(team_);
      continue;
    }
    step(layer.weights, layer.gradient, layer.velocity);
    layer.array.program(layer.weights);
  }
  double sum = 0;
  for (const float loss : losses) sum += static_cast<double>(loss);
  return sum / static_cast<double>(batch);
}

}  // namespace rheo::benchmarks
