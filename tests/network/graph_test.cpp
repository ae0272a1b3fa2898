#include "workloads/network/graph.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "workloads/network/zoo.hpp"

namespace rheo {
namespace {

using ::testing::HasSubstr;

TEST(Lenet, HasTheShapesAndWeightsOfThePapersTable) {
  const Graph lenet = build_network("lenet", {28, 28, 1}, 10);
  std::vector<TensorShape> shapes;
  for (const Node& node : lenet.nodes()) shapes.push_back(node.shape);
  const std::vector<TensorShape> expected{{28, 28, 1}, {24, 24, 16}, {24, 24, 16}, {12, 12, 16}, {8, 8, 32}, {8, 8, 32},
                                          {4, 4, 32},  {1, 1, 128},  {1, 1, 128},  {1, 1, 10},   {1, 1, 10}};
  EXPECT_EQ(shapes, expected);
  // (25 + 1) 16 + (400 + 1) 32 + (512 + 1) 128 + (128 + 1) 10
  EXPECT_EQ(lenet.parameters(), 416U + 12832U + 65664U + 1290U);
}

TEST(Graph, PaddingAndStrideFollowTheUsualFormula) {
  Graph graph("g");
  graph.add_input({32, 32, 3});
  graph.add("conv", Conv2d{32, 5, 1, 2});
  EXPECT_EQ(graph.nodes().back().shape, (TensorShape{32, 32, 32}));
  graph.add("pool", Pool2d{PoolKind::max, 3, 2, 1});
  EXPECT_EQ(graph.nodes().back().shape, (TensorShape{16, 16, 32}));
}

TEST(Graph, AWindowThatDoesNotFitNamesTheNode) {
  Graph graph("g");
  graph.add_input({4, 4, 1});
  try {
    graph.add("conv1", Conv2d{8, 5});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("conv1"));
  }
}

TEST(Graph, AnInputThatDoesNotExistIsRefused) {
  Graph graph("g");
  EXPECT_THROW(graph.add("first", Linear{3}), std::invalid_argument);
  graph.add_input({4, 4, 1});
  EXPECT_THROW(graph.add("fc", Linear{3}, {7}), std::invalid_argument);
}

TEST(Graph, CeilingModeCountsTheWindowThatReachesOverTheEnd) {
  Graph graph("g");
  graph.add_input({32, 32, 3});
  graph.add("floor", Pool2d{.kind = PoolKind::max, .kernel = 3, .stride = 2});
  EXPECT_EQ(graph.nodes().back().shape, (TensorShape{15, 15, 3}));
  graph.add("ceiling", Pool2d{.kind = PoolKind::max, .kernel = 3, .stride = 2, .ceiling = true}, {0});
  EXPECT_EQ(graph.nodes().back().shape, (TensorShape{16, 16, 3}));
}

TEST(Graph, ANormalisationKeepsTheShapeAndWantsAnOddWindow) {
  Graph graph("g");
  graph.add_input({8, 7, 3});
  graph.add("norm", LocalResponseNorm{});
  EXPECT_EQ(graph.nodes().back().shape, (TensorShape{8, 7, 3}));
  EXPECT_THROW(graph.add("even", LocalResponseNorm{4}), std::invalid_argument);
}

/// Weights and biases of the convolutions: the counts of the paper.
std::uint64_t convolution_weights(const Graph& graph) {
  std::uint64_t sum = 0;
  for (std::size_t node = 0; node < graph.nodes().size(); ++node) {
    if (std::holds_alternative<Conv2d>(graph.nodes()[node].operation)) sum += graph.parameters(node);
  }
  return sum;
}

TEST(Zoo, Cifar10FullHasTheWeightsThatThePaperCounts) {
  const Graph network = build_network("cifar10_full", {32, 32, 3}, 10);
  EXPECT_EQ(convolution_weights(network), 79'328U);
  EXPECT_EQ(network.parameters(), 79'328U + (4 * 4 * 64 + 1) * 10);
  EXPECT_EQ(convolution_weights(build_network("cifar10_full_enlarged", {32, 32, 3}, 10)), 193'032U);
}

TEST(Zoo, ThePlanesOfCifar10FullAre32And16And8And4) {
  const Graph network = build_network("cifar10_full", {32, 32, 3}, 10);
  std::vector<std::uint32_t> convolved, pooled;
  for (const Node& node : network.nodes()) {
    if (std::holds_alternative<Conv2d>(node.operation)) convolved.push_back(node.shape.height);
    if (std::holds_alternative<Pool2d>(node.operation)) pooled.push_back(node.shape.width);
  }
  EXPECT_EQ(convolved, (std::vector<std::uint32_t>{32, 16, 8}));
  EXPECT_EQ(pooled, (std::vector<std::uint32_t>{16, 8, 4}));
}

TEST(Zoo, TheFirstTwoPoolingLayersOfCifar10FullAreOpenAndTheLastOneAverages) {
  const auto kinds = [](std::optional<PoolKind> pooling) {
    std::vector<PoolKind> list;
    const Graph network = build_network("cifar10_full", {32, 32, 3}, 10, pooling);
    for (const Node& node : network.nodes()) {
      if (const auto* pool = std::get_if<Pool2d>(&node.operation)) list.push_back(pool->kind);
    }
    return list;
  };
  using enum PoolKind;
  EXPECT_EQ(kinds(std::nullopt), (std::vector<PoolKind>{max, average, average}));
  EXPECT_EQ(kinds(mixed), (std::vector<PoolKind>{mixed, mixed, average}));
  EXPECT_EQ(kinds(stochastic), (std::vector<PoolKind>{stochastic, stochastic, average}));
}

TEST(Zoo, MixedPoolingAddsAMixtureForEachChannel) {
  const auto parameters = [](PoolKind kind) {
    return build_network("cifar10_full", {32, 32, 3}, 10, kind).parameters();
  };
  EXPECT_EQ(parameters(PoolKind::mixed), parameters(PoolKind::max) + 32 + 32);
}

TEST(Zoo, ANetworkWithoutOpenPoolingRefusesAChoice) {
  EXPECT_THROW(static_cast<void>(build_network("lenet", {28, 28, 1}, 10, PoolKind::mixed)), InputError);
}

TEST(Zoo, AnUnknownNameSuggestsTheNearest) {
  try {
    static_cast<void>(build_network("lennet", {28, 28, 1}, 10));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean lenet?"));
  }
}

}  // namespace
}  // namespace rheo
