#include "platforms/sweep/pareto.hpp"

#include <gmock/gmock.h>

#include <random>

namespace rheo::sweep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Rows = std::vector<std::vector<double>>;

std::vector<std::size_t> front(const Rows& rows, const std::vector<Goal>& goals) { return non_dominated(rows, goals); }

TEST(ParetoTest, FrontsByHand) {
  const std::vector<Goal> both{Goal::min, Goal::min};
  EXPECT_THAT(front({{1, 4}, {2, 2}, {3, 3}, {4, 1}}, both), ElementsAre(0, 1, 3));
  // The same rows, the second objective to be made large: one row is best in both.
  EXPECT_THAT(front({{1, 4}, {2, 2}, {3, 3}, {4, 1}}, {Goal::min, Goal::max}), ElementsAre(0));
  // Weakly dominated rows go, equal ones stay.
  EXPECT_THAT(front({{1, 1}, {1, 2}, {1, 1}}, both), ElementsAre(0, 2));
  EXPECT_THAT(front({{5, 5}}, both), ElementsAre(0));
  EXPECT_THAT(front({}, both), IsEmpty());
}

TEST(ParetoTest, OneObjectiveHasItsBest) {
  EXPECT_THAT(front({{3}, {1}, {2}, {1}}, {Goal::min}), ElementsAre(1, 3));
  EXPECT_THAT(front({{3}, {1}, {2}, {3}}, {Goal::max}), ElementsAre(0, 3));
}

TEST(ParetoTest, EqualsTheDefinitionOnRandomRows) {
  std::mt19937 engine(7);
  for (int round = 0; round < 50; ++round) {
    const std::vector<Goal> goals{Goal::min, Goal::max, Goal::min};
    Rows rows(40, std::vector<double>(3));
    for (auto& row : rows) {
      for (double& value : row) value = static_cast<double>(engine() % 6);  // many ties
    }
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      bool dominated = false;
      for (const auto& other : rows) {
        bool no_worse = true;
        bool better = false;
        for (std::size_t o = 0; o < 3; ++o) {
          const double difference = goals[o] == Goal::max ? rows[i][o] - other[o] : other[o] - rows[i][o];
          no_worse = no_worse && difference <= 0;
          better = better || difference < 0;
        }
        dominated = dominated || (no_worse && better);
      }
      if (!dominated) expected.push_back(i);
    }
    EXPECT_EQ(front(rows, goals), expected);
  }
}

}  // namespace
}  // namespace rheo::sweep
