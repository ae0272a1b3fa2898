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
