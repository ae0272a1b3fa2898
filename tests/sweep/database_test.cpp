#include "platforms/sweep/database.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <random>

#include "models/core/error.hpp"
#include "platforms/sweep/results.hpp"

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

/// What a reader of results does, and what a sweep that goes on does first: done, or refused in one line that names the
/// file.
class DamagedDatabase : public DatabaseTest {
 protected:
  DamagedDatabase() {
    Database database = Database::create(file_, sweep(), "1", "base");
    std::vector<Point> points;
    for (int i = 0; i < 30; ++i) {
      points.push_back(point("hash " + std::to_string(i)));
      points.back().settings = "{\"adc.bits\":" + std::to_string(i) + "}";
      points.back().config = std::string(6000, 'c');
    }
    database.add(points, 30);
    for (Point& one : points) {
      one.status = Status::done;
      one.wall_s = 0.5;
      one.report =
          "{\"energy\":{\"total_j\":2},\"accuracy\":{\"final\":0.5},\"text\":\"" + std::string(9000, 'r') + "\"}";
      one.objectives = "{\"energy.total_j\":2,\"accuracy.final\":0.5}";
      database.finish(one);
    }
    database.close();
    std::ifstream in(file_, std::ios::binary);
    whole_.assign(std::istreambuf_iterator<char>(in), {});
  }

  /// How many of the two were refused.
  int refusals(const std::string& damage) {
    int refused = 0;
    const auto expect_one_line = [&](const auto& action) {
      try {
        action();
      } catch (const InputError& error) {
        ++refused;
        EXPECT_THAT(error.what(), ::testing::StartsWith(file_.string() + ": ")) << damage;
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << damage;
      } catch (const std::exception& error) {
        ADD_FAILURE() << damage << ": " << error.what();
      }
    };
    expect_one_line([&] {
      static_cast<void>(results_text(file_, {}));
      static_cast<void>(results_text(file_, {"energy.total_j=min"}));
    });
    expect_one_line([&] {
      Database database = Database::open(file_, false);
      database.check();
      static_cast<void>(database.value("sweep"));
      static_cast<void>(database.planned());
      static_cast<void>(database.points());
      static_cast<void>(database.counts());
      static_cast<void>(database.outcome("hash 7"));
      database.set_status(3, Status::waiting);
      database.close();
    });
    return refused;
  }
  void write(const std::string& bytes) {
    for (const char* ending : {"-wal", "-shm", "-journal"}) std::filesystem::remove(file_.string() + ending);
    std::ofstream(file_, std::ios::binary) << bytes;
  }
  void change(const std::string& statement) {
    write(whole_);
    SQLite::Database(file_, SQLite::OPEN_READWRITE).exec(statement);
  }

  std::string whole_;
};

TEST_F(DamagedDatabase, ATruncatedFileIsRefused) {
  ASSERT_EQ(refusals("none"), 0);
  for (std::size_t i = 0; i < 40; ++i) {
    write(whole_.substr(0, whole_.size() * i / 40));
    EXPECT_GE(refusals("truncated to " + std::to_string(i) + "/40"), 1);
  }
  for (const std::size_t size : {1, 15, 16, 99, 100, 4095, 4096, 4097}) {
    write(whole_.substr(0, size));
    EXPECT_EQ(refusals("truncated to " + std::to_string(size)), 2);
  }
}

TEST_F(DamagedDatabase, OverwrittenBytesAreFoundOrDoNoHarm) {
  std::mt19937 engine(5);
  for (int round = 0; round < 60; ++round) {
    std::string bytes = whole_;
    // The first page holds the header and the tables' definitions, the others mostly reports.
    const std::size_t range = round % 2 == 0 ? 4096 : bytes.size();
    const std::size_t begin = engine() % range;
    const std::size_t length = std::min<std::size_t>(round % 5 == 0 ? 512 : 1, bytes.size() - begin);
    for (std::size_t i = 0; i < length; ++i) bytes[begin + i] = static_cast<char>(engine());
    write(bytes);
    static_cast<void>(refusals("round " + std::to_string(round)));
  }
}

TEST_F(DamagedDatabase, WhatNoSweepWritesIsRefused) {
  for (const char* table : {"sweep", "axis", "objective", "point"}) {
    change(std::string("DROP TABLE ") + table);
    EXPECT_GE(refusals(std::string("no table ") + table), 1);
  }
  for (const char* repeats : {"", "two", "0", "-1", "3x", "99999999999999999999"}) {
    change(std::string("UPDATE sweep SET value = '") + repeats + "' WHERE key = 'repeats'");
    EXPECT_EQ(refusals(std::string("repeats ") + repeats), 1);
  }
  change("DELETE FROM sweep WHERE key = 'repeats'");
  EXPECT_EQ(refusals("no repeats"), 1);
  for (const char* planned : {"some", "-3", "1.5"}) {
    change(std::string("UPDATE sweep SET value = '") + planned + "' WHERE key = 'planned'");
    EXPECT_EQ(refusals(std::string("planned ") + planned), 1);
  }
  change("UPDATE objective SET goal = 'low'");
  EXPECT_EQ(refusals("goal"), 1);
  for (const char* column : {"generation = 'x'", "seed = 'x'", "wall_s = 'long'", "wall_s = -1", "feasible = 'yes'",
                             "status = 'lost'", "status = 7", "settings = '[4]'", "settings = '{'", "settings = x'00'",
                             "objectives = '3'", "objectives = '{half'", "report = '{half'", "error = x'00ff'"}) {
    change(std::string("UPDATE point SET ") + column + " WHERE id = 5");
    EXPECT_EQ(refusals(column), 2);
  }
}

TEST_F(DamagedDatabase, AForeignFileStaysAsItIs) {
  std::filesystem::remove(file_);
  SQLite::Database(file_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE t(x); INSERT INTO t VALUES(1)");
  const auto bytes = [&] {
    std::ifstream in(file_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string before = bytes();
  EXPECT_EQ(refusals("foreign"), 2);
  EXPECT_EQ(bytes(), before);
  write("");
  EXPECT_EQ(refusals("empty"), 2);
  EXPECT_EQ(bytes(), "");
}

}  // namespace
}  // namespace rheo::sweep
