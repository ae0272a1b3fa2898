#include "platforms/sweep/sampling.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace rheo::sweep {
namespace {

using ::testing::ElementsAre;

Axis range(double low, double high, bool integers, std::int64_t steps = 0) {
  Axis axis;
  axis.key = "a.b";
  axis.kind = Axis::Kind::range;
  axis.low = low;
  axis.high = high;
  axis.integers = integers;
  axis.steps = steps;
  return axis;
}

Axis logarithmic(double low, double high, std::int64_t steps) {
  Axis axis = range(low, high, false, steps);
  axis.kind = Axis::Kind::log_range;
  return axis;
}

Axis list(const std::vector<int>& values) {
  Axis axis;
  axis.key = "c.d";
  for (const int value : values) axis.values.push_back({std::to_string(value), value});
  return axis;
}

std::vector<std::string> words(const std::vector<Value>& values) {
  std::vector<std::string> all;
  for (const Value& value : values) all.push_back(value.toml);
  return all;
}

TEST(AxisTest, GridsHaveTheirEndsAndTheirSteps) {
  EXPECT_THAT(words(range(1, 4, true).grid()), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(words(range(0, 1, false, 5).grid()), ElementsAre("0.0", "0.25", "0.5", "0.75", "1.0"));
  EXPECT_THAT(words(logarithmic(1e-4, 1e-2, 3).grid()), ElementsAre("0.0001", "0.001", "0.01"));
  // Integers that fall together are one.
  EXPECT_THAT(words(range(1, 3, true, 5).grid()), ElementsAre("1", "2", "3"));
  EXPECT_THAT(words(list({5, 3, 9}).grid()), ElementsAre("5", "3", "9"));
  Axis quantity = range(20, 80, false, 4);
  quantity.unit = "ns";
  EXPECT_THAT(words(quantity.grid()), ElementsAre("\"20 ns\"", "\"40 ns\"", "\"60 ns\"", "\"80 ns\""));
}

TEST(AxisTest, PositionsReachEveryValueEquallyOften) {
  std::map<std::string, int> count;
  for (int i = 0; i < 400; ++i) ++count[range(1, 4, true).at(i / 400.0).toml];
  for (int i = 0; i < 400; ++i) ++count[list({15, 3, 9, 7}).at(i / 400.0).toml];
  ASSERT_EQ(count.size(), 7U);
  EXPECT_EQ(count["1"], 100);
  EXPECT_EQ(count["4"], 100);
  EXPECT_EQ(count["3"], 200);  // of both
  EXPECT_EQ(count["15"], 100);
  const double last = std::nextafter(1.0, 0.0);
  EXPECT_EQ(range(1, 4, true).at(last).toml, "4");
  EXPECT_EQ(list({15, 3}).at(last).toml, "3");
  EXPECT_NEAR(logarithmic(1e-4, 1e-2, 2).at(0.5).json.get<double>(), 1e-3, 1e-9);
}

TEST(SamplingTest, AGridHasEveryCombinationTheLastAxisFastest) {
  const std::vector<Settings> points = sample({list({1, 2}), list({5, 6, 7})}, {});
  ASSERT_EQ(points.size(), 6U);
  std::vector<std::string> all;
  for (const Settings& point : points) all.push_back(point[0].toml + point[1].toml);
  EXPECT_THAT(all, ElementsAre("15", "16", "17", "25", "26", "27"));
}

TEST(SamplingTest, PointsThatFallTogetherAreOne) {
  Sampling sampling{.kind = SamplingKind::random, .points = 200};
  EXPECT_EQ(sample({list({1, 2}), list({5, 6, 7})}, sampling).size(), 6U);
}

class UnitCube : public ::testing::TestWithParam<SamplingKind> {};

TEST_P(UnitCube, HasAsManyPointsAsAskedInsideAndTheSameForTheSameSeed) {
  Sampling sampling{.kind = GetParam(), .points = 33, .seed = 5};
  const auto points = unit_points(sampling, 4);
  ASSERT_EQ(points.size(), 33U);
  for (const auto& point : points) {
    ASSERT_EQ(point.size(), 4U);
    for (const double x : point) {
      EXPECT_GE(x, 0);
      EXPECT_LT(x, 1);
    }
  }
  EXPECT_EQ(points, unit_points(sampling, 4));
  sampling.seed = 6;
  EXPECT_NE(points, unit_points(sampling, 4));
}

INSTANTIATE_TEST_SUITE_P(Kinds, UnitCube,
                         ::testing::Values(SamplingKind::random, SamplingKind::latin_hypercube, SamplingKind::sobol),
                         [](const auto& kind) {
                           return std::string(kind.param == SamplingKind::random            ? "Random"
                                              : kind.param == SamplingKind::latin_hypercube ? "LatinHypercube"
                                                                                            : "Sobol");
                         });

TEST(SamplingTest, ALatinHypercubeUsesEachPartOfEachAxisOnce) {
  const auto points = unit_points({.kind = SamplingKind::latin_hypercube, .points = 25, .seed = 3}, 5);
  for (std::size_t d = 0; d < 5; ++d) {
    std::set<int> parts;
    for (const auto& point : points) parts.insert(static_cast<int>(25 * point[d]));
    EXPECT_EQ(parts.size(), 25U);
  }
}

/// Warnock's formula of the L2 star discrepancy, squared.
double discrepancy(const std::vector<std::vector<double>>& points) {
  const auto n = static_cast<double>(points.size());
  const auto d = static_cast<double>(points[0].size());
  double first = 0;
  double second = 0;
  for (const auto& x : points) {
    double product = 1;
    for (const double value : x) product *= 1 - value * value;
    first += product;
    for (const auto& y : points) {
      double both = 1;
      for (std::size_t i = 0; i < x.size(); ++i) both *= 1 - std::max(x[i], y[i]);
      second += both;
    }
  }
  return std::pow(3.0, -d) - std::pow(2.0, 1 - d) / n * first + second / (n * n);
}

TEST(SamplingTest, SobolsPointsAreMoreEvenThanRandomOnes) {
  double random = 0;
  double sobol = 0;
  for (std::int64_t seed = 1; seed <= 20; ++seed) {
    random += discrepancy(unit_points({.kind = SamplingKind::random, .points = 64, .seed = seed}, 4));
    sobol += discrepancy(unit_points({.kind = SamplingKind::sobol, .points = 64, .seed = seed}, 4));
  }
  EXPECT_LT(sobol, 0.4 * random);
}

TEST(SamplingTest, SobolsPointsUseEachPartOfEachAxisOnceWhenTheyAreAPowerOfTwo) {
  const auto points = unit_points({.kind = SamplingKind::sobol, .points = 64, .seed = 9}, 6);
  for (std::size_t d = 0; d < 6; ++d) {
    std::set<int> parts;
    for (const auto& point : points) parts.insert(static_cast<int>(64 * point[d]));
    EXPECT_EQ(parts.size(), 64U);
  }
}

TEST(SamplingTest, SobolsFirstPointsDoNotDependOnHowManyFollow) {
  const auto few = unit_points({.kind = SamplingKind::sobol, .points = 8}, 3);
  auto many = unit_points({.kind = SamplingKind::sobol, .points = 64}, 3);
  many.resize(8);
  EXPECT_EQ(few, many);
}

}  // namespace
}  // namespace rheo::sweep
