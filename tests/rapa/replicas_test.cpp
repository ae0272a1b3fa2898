// What is made of trained replicas: similarity and reduction, against sums that a reader can check.
#include "workloads/rapa/replicas.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

namespace rheo::testing {
namespace {

using rapa::filter_similarity;
using rapa::KernelMatrix;
using rapa::reduce;
using rapa::Reduction;

/// Three inputs, two filters: columns a and b.
KernelMatrix two_filters(std::array<float, 3> a, std::array<float, 3> b, float bias_a = 0, float bias_b = 0) {
  return {3, 2, {a[0], b[0], a[1], b[1], a[2], b[2]}, {bias_a, bias_b}};
}

TEST(Replicas, SimilarityIsTheMeanCorrelationOfTheirFilters) {
  const KernelMatrix one = two_filters({1, 2, 3}, {0, 1, 0});
  EXPECT_NEAR(filter_similarity(std::vector{one, one}), 1, 1e-12);
  // Scale and offset do not matter; the second filter turned round.
  const KernelMatrix other = two_filters({5, 7, 9}, {0, -1, 0}, 3, 4);
  EXPECT_NEAR(filter_similarity(std::vector{one, other}), (1.0 - 1.0) / 2, 1e-12);
  // corr((1, 2, 3), (1, 3, 2)) = 1/2.
  EXPECT_NEAR(filter_similarity(std::vector{one, two_filters({1, 3, 2}, {0, 1, 0})}), (0.5 + 1) / 2, 1e-12);
  // Pairs 1-2, 1-3, 2-3.
  EXPECT_NEAR(filter_similarity(std::vector{one, one, other}), (1.0 + 0 + 0) / 3, 1e-12);
  EXPECT_NEAR(filter_similarity(std::vector{one, two_filters({2, 2, 2}, {0, 1, 0})}), (0.0 + 1) / 2, 1e-12);
}

TEST(Replicas, IndependentFiltersAreNotSimilar) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<KernelMatrix> replicas;
  for (int r = 0; r < 8; ++r) {
    KernelMatrix m{200, 16, {}, std::vector<float>(16)};
    for (int i = 0; i < 200 * 16; ++i) m.weights.push_back(normal(random));
    replicas.push_back(m);
  }
  // 28 x 16 correlations of deviation 1/sqrt(200) each.
  EXPECT_LT(std::abs(filter_similarity(replicas)), 4 / std::sqrt(200.0 * 28 * 16));
}

TEST(Replicas, TheLargestNormIsChosenFilterByFilterWithItsBias) {
  const std::vector replicas{two_filters({1, 0, 0}, {0, 0, 3}, 0, 1), two_filters({0, 2, 0}, {0, 1, 0}, 5, 6),
                             two_filters({0, -2, 0}, {0, 0, 0}, 5, 0)};
  EXPECT_EQ(reduce(replicas, Reduction::norm, 1, 0), two_filters({0, 2, 0}, {0, 1, 0}, 5, 6));
  EXPECT_EQ(reduce(replicas, Reduction::first_tile, 1, 0), replicas[0]);
}

TEST(Replicas, DrawnTilesAndFiltersAreOfTheReplicasAndFollowTheSeed) {
  std::vector<KernelMatrix> replicas;
  for (int r = 0; r < 5; ++r) {
    const auto v = static_cast<float>(r);
    replicas.push_back({1, 40, std::vector<float>(40, v), std::vector<float>(40, v)});
  }
  std::set<float> tiles, filters;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const KernelMatrix tile = reduce(replicas, Reduction::random_tile, seed, 2);
    EXPECT_EQ(tile, reduce(replicas, Reduction::random_tile, seed, 2));
    EXPECT_EQ(tile, replicas[static_cast<std::size_t>(tile.bias[0])]);
    tiles.insert(tile.bias[0]);
  }
  const KernelMatrix mixed = reduce(replicas, Reduction::random_filters, 1, 0);
  EXPECT_EQ(mixed.weights, mixed.bias);
  filters.insert(mixed.bias.begin(), mixed.bias.end());
  EXPECT_EQ(tiles.size(), 5U);
  EXPECT_EQ(filters.size(), 5U);
  EXPECT_NE(mixed, reduce(replicas, Reduction::random_filters, 1, 1));
}

TEST(Replicas, OneReplicaIsItsOwnReductionAndShapesMustAgree) {
  const std::vector one{two_filters({1, 2, 3}, {4, 5, 6}, 7, 8)};
  for (std::size_t r = 0; r < rapa::reduction_names.size(); ++r) {
    EXPECT_EQ(reduce(one, static_cast<Reduction>(r), 9, 1, std::vector<std::uint64_t>(2)), one[0]);
  }
  EXPECT_THROW(static_cast<void>(filter_similarity(one)), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(filter_similarity(std::vector{one[0], KernelMatrix{1, 1, {0}, {0}}})),
               std::invalid_argument);
}

}  // namespace
}  // namespace rheo::testing
