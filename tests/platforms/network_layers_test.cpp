// Layer kinds on the chip: the update follows the slope of the loss, and the bits do not depend on the blocking.
#include <cstring>
#include <span>

#include "tests/platforms/chip_fixture.hpp"

namespace rheo::testing {
namespace {

constexpr std::uint32_t images = 6;

/// Two convolutions, two poolings of the kind over windows that overlap and reach over the end, two norms.
Graph network_with(PoolKind kind) {
  Graph graph("g");
  graph.add_input({9, 8, 2});
  const Pool2d pool{.kind = kind, .kernel = 3, .stride = 2, .ceiling = true};
  graph.add("conv1", Conv2d{5, 3, 1, 1});
  graph.add("relu1", ActivationLayer{vector_math::Activation::relu});
  graph.add("pool1", pool);
  graph.add("norm1", LocalResponseNorm{3, 2.0F, 0.75F});  // strong, so that a wrong gradient shows
  graph.add("conv2", Conv2d{6, 3, 1, 1});
  graph.add("relu2", ActivationLayer{vector_math::Activation::relu});
  graph.add("pool2", pool);
  graph.add("norm2", LocalResponseNorm{3, 1.0F, 0.5F});
  graph.add("fc1", Linear{4});
  graph.add("loss", SoftmaxCrossEntropy{});
  return graph;
}

struct ChipWith {
  explicit ChipWith(PoolKind kind) {
    new_simulation();
    configuration.device.preset = "ideal";
    configuration.device.ideal = true;
    MappingRequest request;
    request.batch_size = images;
    request.pixel_mean = 0.5;
    request.pixel_deviation = 0.25;
    const Graph graph = network_with(kind);
    chip = std::make_unique<AnalogChip>("chip", configuration, map_network(graph, configuration, request),
                                        AnalogChip::Options{11, 1, nullptr});
    chip->program_initial_state();
    pixels.resize(std::size_t{images} * graph.input_shape().values());
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13);
    for (std::uint32_t i = 0; i < images; ++i) labels.push_back(static_cast<std::uint8_t>(i % 4));
  }

  [[nodiscard]] Batch batch() const { return {pixels, labels, 0}; }
  double loss() {
    double sum = 0;
    for (const float loss : chip->evaluate(batch()).losses) sum += static_cast<double>(loss);
    return sum / images;
  }
  /// Everything that is learned: weights, biases, mixtures.
  [[nodiscard]] std::vector<float> parameters() {
    std::vector<float> all;
    const Mapping& mapping = chip->mapping();
    std::vector<std::byte> buffer;
    for (Component* component : chip->components()) {
      if (component->component_name() == "buffer") buffer = component->save_state();
    }
    const auto append = [&](std::uint64_t address, std::size_t count) {
      all.resize(all.size() + count);
      std::memcpy(all.data() + all.size() - count, buffer.data() + address, count * sizeof(float));
    };
    for (const MatrixLayer& layer : mapping.layers) {
      append(layer.weights, std::size_t{layer.inputs} * layer.outputs);
      append(layer.bias, layer.outputs);
    }
    for (const PoolMixture& mixture : mapping.mixtures) append(mixture.parameters, mixture.channels);
    return all;
  }

  ChipConfiguration configuration;
  std::unique_ptr<AnalogChip> chip;
  std::vector<std::uint8_t> pixels, labels;
};

class LayerKinds : public ::testing::TestWithParam<PoolKind> {};

/// A step of plain gradient descent lowers the loss by lr |g|^2 when g is the gradient, and by less for any other g of
/// that length.
TEST_P(LayerKinds, TheUpdateFollowsTheSlopeOfTheLoss) {
  ChipWith with(GetParam());
  constexpr double lr = 1e-3;
  const std::vector<float> before = with.parameters();
  const double loss_before = with.loss();
  with.chip->train_step(with.batch(), {lr, 0, 0});
  const std::vector<float> after = with.parameters();
  double squares = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const double gradient = (static_cast<double>(before[i]) - static_cast<double>(after[i])) / lr;
    squares += gradient * gradient;
  }
  ASSERT_GT(lr * squares, 1e-5) << "too flat to tell";
  EXPECT_NEAR((loss_before - with.loss()) / (lr * squares), 1, 0.02);
}

INSTANTIATE_TEST_SUITE_P(Pooling, LayerKinds, ::testing::Values(PoolKind::max, PoolKind::average, PoolKind::mixed),
                         [](const auto& info) { return std::string(pool_kind_names[std::size_t(info.param)]); });

TEST(LayerKinds, MixturesLearn) {
  ChipWith with(PoolKind::mixed);
  const std::vector<float> before = with.parameters();
  EXPECT_EQ(before.back(), 0.2F) << "2 / mu";
  with.chip->train_step(with.batch(), {0.1, 0, 0});
  EXPECT_NE(with.parameters().back(), before.back());
}

TEST(LayerKinds, StochasticPoolingDrawsAnewForEverySampleOfTheRun) {
  ChipWith with(PoolKind::stochastic);
  const auto losses = [&](std::uint64_t first_sample) {
    Batch batch = with.batch();
    batch.first_sample = first_sample;
    return with.chip->train_step(batch, {0, 0, 0}).losses;
  };
  EXPECT_EQ(losses(0), losses(0));
  EXPECT_NE(losses(0), losses(images));
  EXPECT_EQ(with.loss(), with.loss()) << "evaluation takes the mean";
}

/// cifar10_full with every kind of pooling, on images of the built-in generator.
class Cifar10Full : public ::testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] static Outcome run(std::vector<std::string> words, std::size_t threads = 1) {
    for (const char* word : {"workload.network=cifar10_full", "workload.train_samples=20", "workload.test_samples=6",
                             "workload.batch_size=10", "schedule.lr=0.05"}) {
      words.emplace_back(word);
    }
    words.push_back(std::string("workload.pooling=") + GetParam());
    return run_whole(small_configuration(words), threads);
  }
};

TEST_P(Cifar10Full, HasTheSameBitsOverBlocksThreadsAndGranularity) {
  const Outcome whole = run({});
  for (const Outcome& other : {run({"controller.block_vectors=50"}), run({"mapping.images_per_block=1"}), run({}, 2),
                               run({"granularity=burst"})}) {
    EXPECT_EQ(whole.curve, other.curve);
    EXPECT_EQ(whole.weights, other.weights);
  }
}

INSTANTIATE_TEST_SUITE_P(Pooling, Cifar10Full, ::testing::Values("as_named", "stochastic", "mixed"));

}  // namespace
}  // namespace rheo::testing
