#include "platforms/sweep/database.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "models/core/error.hpp"

namespace rheo::sweep {
namespace {

using ::testing::ElementsAre;

class DatabaseTest : public ::testing::Test {
 protected:
  ~DatabaseTest() override { std::filesystem::remove_all(folder_); }

  SweepFile sweep() const {
    SweepFile sweep;
    sweep.text = "config = \"x\"\n";
    sweep.name = "test";
    Axis axis;
    axis.key = "adc.bits";
    sweep.axes = {axis};
    sweep.objectives = {{"energy.total_j", Goal::min, ""}, {"accuracy.final", Goal::max, ""}};
    return sweep;
  }
  static Point point(const std::string& hash) {
    Point one;
    one.seed = 3;
    one.settings = "{\"adc.bits\":4}";
    one.config_hash = hash;
    one.config = "seed = 3\n";
    return one;
  }

  std::filesystem::path folder_ = [] {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("rheo-database-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    return folder;
  }();
  std::filesystem::path file_ = folder_ / "sweep.db";
};

TEST_F(DatabaseTest, KeepsWhatASweepIs) {
  static_cast<void>(Database::create(file_, sweep(), "1.2.3", "base"));
  Database database = Database::open(file_, true);
  EXPECT_EQ(database.value("version"), "1.2.3");
  EXPECT_EQ(database.value("sweep"), "config = \"x\"\n");
  EXPECT_THAT(database.axes(), ElementsAre("adc.bits"));
  const std::vector<Objective> objectives = database.objectives();
  ASSERT_EQ(objectives.size(), 2U);
  EXPECT_EQ(objectives[1].name, "accuracy.final");
  EXPECT_EQ(objectives[1].goal, Goal::max);
}

TEST_F(DatabaseTest, PointsComeBackAsTheyWereWritten) {
  Database database = Database::create(file_, sweep(), "", "");
  std::vector<Point> points{point("aa"), point("bb")};
  points[1].status = Status::excluded;
  points[1].error = "too many bits";
  database.add(points, 0);
  EXPECT_EQ(points[0].id, 1);
  EXPECT_EQ(points[1].id, 2);
  database.set_status(1, Status::running);
  Point done = points[0];
  done.status = Status::done;
  done.wall_s = 1.5;
  done.report = "{\"energy\":{\"total_j\":2}}";
  done.objectives = "{\"energy.total_j\":2}";
  done.feasible = false;
  database.finish(done);

  const std::vector<Point> back = Database::open(file_, true).points();
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0].status, Status::done);
  EXPECT_EQ(back[0].wall_s, 1.5);
  EXPECT_EQ(back[0].report, done.report);
  EXPECT_EQ(back[0].config, "seed = 3\n");
  EXPECT_FALSE(back[0].feasible);
  EXPECT_EQ(back[1].status, Status::excluded);
  EXPECT_EQ(back[1].error, "too many bits");
  EXPECT_EQ(database.outcome("bb")->id, 2);
  EXPECT_TRUE(database.contains("bb"));
  EXPECT_FALSE(database.contains("cc"));
  EXPECT_EQ(database.counts().at(Status::done), 1);
}

TEST_F(DatabaseTest, AConfigurationIsThereOnce) {
  Database database = Database::create(file_, sweep(), "", "");
  std::vector<Point> points{point("aa"), point("aa")};
  EXPECT_THROW(database.add(points, 0), SimulationError);
  EXPECT_TRUE(database.points().empty());  // the transaction as a whole or not at all
}

TEST_F(DatabaseTest, RefusedConfigurationsHaveNoHashAndMayBeMany) {
  Database database = Database::create(file_, sweep(), "", "");
  std::vector<Point> points{point(""), point("")};
  points[1].seed = 4;
  database.add(points, 0);
  EXPECT_TRUE(database.contains_refused("{\"adc.bits\":4}", 4));
  EXPECT_FALSE(database.contains_refused("{\"adc.bits\":5}", 4));
}

TEST_F(DatabaseTest, OtherFilesAreRefused) {
  EXPECT_THROW(Database::open(folder_ / "none.db", true), InputError);
  EXPECT_THROW(Database::open(folder_, true), InputError);
  std::ofstream(folder_ / "text.db") << "no database at all, but long enough to be one of some kind";
  EXPECT_THROW(Database::open(folder_ / "text.db", true), InputError);
  SQLite::Database(folder_ / "other.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE t(x)");
  EXPECT_THROW(Database::open(folder_ / "other.db", true), InputError);
  Database database = Database::create(file_, sweep(), "", "");
  database.set_value("schema", "99");
  EXPECT_THROW(Database::open(file_, true), InputError);
}

}  // namespace
}  // namespace rheo::sweep
