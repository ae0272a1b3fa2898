#include "platforms/sweep/genetic.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <stdexcept>

#include "platforms/sweep/pareto.hpp"

namespace rheo::sweep {
namespace {

Axis real(const std::string& key) {
  Axis axis;
  axis.key = key;
  axis.kind = Axis::Kind::range;
  axis.low = 0;
  axis.high = 1;
  return axis;
}

double number(const Value& value) { return value.json.get<double>(); }

/// ZDT1 of Zitzler, Deb and Thiele (2000), whose front is f2 = 1 - sqrt(f1).
std::vector<double> zdt1(const Settings& x) {
  double g = 1;
  for (std::size_t i = 1; i < x.size(); ++i) g += 9 * number(x[i]) / static_cast<double>(x.size() - 1);
  const double f1 = number(x[0]);
  return {f1, g * (1 - std::sqrt(f1 / g))};
}

TEST(GeneticTest, FindsTheFrontOfZdt1) {
  const std::vector<Axis> axes{real("a"), real("b"), real("c"), real("d")};
  std::vector<std::vector<double>> last;
  std::int64_t generations = 0;
  search(axes, {.kind = SamplingKind::nsga2, .population = 40, .generations = 100}, 2,
         [&](const std::vector<Settings>& settings, std::int64_t generation) {
           EXPECT_EQ(generation, generations++);
           std::vector<std::vector<double>> all;
           for (const Settings& one : settings) all.push_back(zdt1(one));
           last = all;
           return all;
         });
  EXPECT_EQ(generations, 101);
  std::size_t near = 0;
  for (const auto& f : last) near += f[1] - (1 - std::sqrt(f[0])) < 0.05 ? 1 : 0;
  EXPECT_GT(near, last.size() / 2);
}

TEST(GeneticTest, ListsAndIntegersKeepTheirValues) {
  Axis list;
  list.key = "l";
  for (const int value : {16, 64, 4}) list.values.push_back({std::to_string(value), value});
  Axis integers = real("i");
  integers.integers = true;
  integers.low = 3;
  integers.high = 9;
  std::set<double> seen_list;
  std::set<double> seen_integers;
  search({list, real("r"), integers}, {.kind = SamplingKind::nsga2, .population = 40, .generations = 5}, 2,
         [&](const std::vector<Settings>& settings, std::int64_t) {
           std::vector<std::vector<double>> all;
           for (const Settings& one : settings) {
             seen_list.insert(number(one[0]));
             seen_integers.insert(number(one[2]));
             all.push_back({number(one[0]) + number(one[1]), number(one[2])});
           }
           return all;
         });
  EXPECT_EQ(seen_list, (std::set<double>{4, 16, 64}));
  EXPECT_EQ(seen_integers, (std::set<double>{3, 4, 5, 6, 7, 8, 9}));
}

TEST(GeneticTest, SettingsWithoutObjectivesLoseAndTheSameAnswersGiveTheSameCalls) {
  const auto calls = [] {
    std::vector<std::string> all;
    std::size_t refused_last = 0;
    search(
        {real("a"), real("b")}, {.kind = SamplingKind::nsga2, .population = 20, .generations = 30}, 2,
        [&](const std::vector<Settings>& settings, std::int64_t) {
          std::vector<std::vector<double>> rows;
          refused_last = 0;
          for (const Settings& one : settings) {
            all.push_back(one[0].toml + " " + one[1].toml);
            const bool refused = number(one[1]) > 0.5;
            refused_last += refused ? 1 : 0;
            rows.push_back(refused ? std::vector<double>{} : std::vector<double>{number(one[0]), 1 - number(one[0])});
          }
          return rows;
        });
    EXPECT_LT(refused_last, 5U);
    return all;
  };
  EXPECT_EQ(calls(), calls());
}

TEST(GeneticTest, WhatTheEvaluationThrowsEndsTheSearch) {
  EXPECT_THROW(search({real("a")}, {.kind = SamplingKind::nsga2, .population = 8, .generations = 2}, 2,
                      [](const std::vector<Settings>&, std::int64_t) -> std::vector<std::vector<double>> {
                        throw std::runtime_error("stop");
                      }),
               std::runtime_error);
}

}  // namespace
}  // namespace rheo::sweep
