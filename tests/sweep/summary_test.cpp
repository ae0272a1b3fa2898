#include "platforms/sweep/summary.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace rheo::sweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<Objective> objectives{{"accuracy.final", Goal::max, ""}, {"energy.total_j", Goal::min, ""}};

Point point(std::int64_t id, const std::string& settings, double accuracy, double energy) {
  Point one;
  one.id = id;
  one.settings = settings;
  one.status = Status::done;
  one.objectives = nlohmann::json{{"accuracy.final", accuracy}, {"energy.total_j", energy}}.dump();
  return one;
}

TEST(SummaryTest, RepeatsAreOneCandidateWithMeanAndDeviation) {
  const std::vector<Point> points{point(1, "{\"a\":1}", 0.5, 2), point(2, "{\"a\":1}", 0.7, 4),
                                  point(3, "{\"a\":2}", 0.9, 1), point(4, "{\"a\":2}", 0.9, 3)};
  const std::vector<Candidate> all = candidates(points, objectives, 2);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0].points, ElementsAre(1, 2));
  EXPECT_DOUBLE_EQ(all[0].mean[0], 0.6);
  EXPECT_NEAR(all[0].deviation[0], std::sqrt(0.02), 1e-12);
  EXPECT_DOUBLE_EQ(all[1].mean[1], 2);
  EXPECT_NEAR(all[1].deviation[1], std::sqrt(2), 1e-12);
  EXPECT_THAT(front(all, objectives).front().points, ElementsAre(3, 4));
  EXPECT_EQ(front(all, objectives).size(), 1U);
}

TEST(SummaryTest, AConfigurationHasOneResult) {
  // The same database and the same numbers as in tests/analysis/sweep_test.py.
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("rheo-summary-" + std::to_string(getpid()) + ".db");
  std::filesystem::remove(file);
  std::ifstream in(RHEO_SOURCE_FOLDER "/tests/sweep/repeated_configurations.sql");
  const std::string statements(std::istreambuf_iterator<char>(in), {});
  SQLite::Database(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(statements);
  Database database = Database::open(file, true);
  const std::vector<Candidate> all = candidates(database.outcomes(), database.objectives(), database.repeats());
  std::filesystem::remove(file);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0].points, ElementsAre(1, 3));
  EXPECT_DOUBLE_EQ(all[0].mean[0], 0.6);
  EXPECT_NEAR(all[0].deviation[0], std::sqrt(0.02), 1e-12);
  EXPECT_DOUBLE_EQ(all[0].mean[1], 3);
  EXPECT_THAT(all[1].points, ElementsAre(4, 5));
  EXPECT_DOUBLE_EQ(all[1].mean[0], 0.5);
  EXPECT_DOUBLE_EQ(all[1].mean[1], 1);
}

TEST(SummaryTest, WhatIsNotWholeOrNotFeasibleIsNoCandidate) {
  std::vector<Point> points{point(1, "{\"a\":1}", 0.5, 2), point(2, "{\"a\":2}", 0.6, 3), point(3, "{\"a\":3}", 0.7, 4),
                            point(4, "{\"a\":4}", 0.4, 4)};
  points[0].status = Status::failed;
  points[1].feasible = false;
  const std::vector<Candidate> all = candidates(points, objectives, 1);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0].points, ElementsAre(3));
  EXPECT_EQ(candidates(points, objectives, 2).size(), 0U);
}

TEST(SummaryTest, TellsOutcomesErrorsAndTheFrontBestFirst) {
  std::vector<Point> points{point(1, "{\"a\":1}", 0.5, 2), point(2, "{\"a\":2}", 0.6, 3),
                            point(3, "{\"a\":3}", 0.4, 4)};
  points.push_back(point(4, "{\"a\":4}", 1, 1));
  points.back().status = Status::failed;
  points.back().error = "no room";
  const std::string text = summary(points, {"a"}, objectives, 1);
  EXPECT_THAT(text, HasSubstr("4 points: 3 done, 1 failed\n"));
  EXPECT_THAT(text, HasSubstr("point 4 {\"a\":4}: no room\n"));
  EXPECT_THAT(text,
              HasSubstr("2 of 3 settings are dominated by no other in accuracy.final (max), energy.total_j (min)"));
  EXPECT_LT(text.find("0.6"), text.find("0.5"));
  EXPECT_EQ(text.find("0.4"), std::string::npos);
}

}  // namespace
}  // namespace rheo::sweep
