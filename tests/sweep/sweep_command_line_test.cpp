// What a user of `rheo sweep` is promised: every point has an outcome, nothing is executed twice, whatever happens.
#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "platforms/sweep/database.hpp"
#include "tests/platforms/command_line.hpp"

namespace rheo::testing {
namespace {

using sweep::Point;
using sweep::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Json = nlohmann::json;

class SweepCommandLine : public CommandLine {
 protected:
  /// A sweep over runs of a tenth of a second.
  void write_sweep(const std::string& more, int samples = 64, int epochs = 1) {
    std::string set;
    for (const std::string& word :
         {std::string("workload.dataset=synthetic"), std::string("workload.network=tiny"),
          "workload.train_samples=" + std::to_string(samples), std::string("workload.test_samples=32"),
          std::string("workload.batch_size=32"), "workload.epochs=" + std::to_string(epochs),
          std::string("schedule.kind=constant"), std::string("checkpoint.interval=0 s"),
          std::string("buffer.capacity=64 KiB")}) {  // a small checkpoint
      set += (set.empty() ? "\"" : ", \"") + word + "\"";
    }
    write_text(work() / "s.toml",
               "config = \"" RHEO_SOURCE_FOLDER "/platforms/lenet_gv.toml\"\nset = [" + set + "]\n" + more);
  }
  std::vector<Point> points(const std::string& folder) const {
    return sweep::Database::open(work() / folder / "sweep.db", true).points();
  }
  std::vector<Point> outcomes(const std::string& folder) const {
    return sweep::Database::open(work() / folder / "sweep.db", true).outcomes();
  }
  /// Waits until so many points are done; how many are.
  std::size_t wait_for(const std::string& folder, std::size_t wanted) const {
    EXPECT_TRUE(appears(work() / folder / "sweep.db"));
    std::size_t done = 0;
    for (int i = 0; i < 30000 && done < wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const std::vector<Point> all = outcomes(folder);
      done = static_cast<std::size_t>(
          std::ranges::count_if(all, [](const Point& point) { return point.status == Status::done; }));
    }
    return done;
  }
  /// The process that another one started; 0: none.
  static pid_t child_of(pid_t parent) {
    const std::string number = std::to_string(parent);
    std::ifstream in("/proc/" + number + "/task/" + number + "/children");
    pid_t child = 0;
    in >> child;
    return child;
  }
  static std::vector<std::string> statuses(const std::vector<Point>& points) {
    std::vector<std::string> all;
    for (const Point& point : points) all.emplace_back(sweep::status_names[static_cast<std::size_t>(point.status)]);
    return all;
  }
  /// What must not depend on how the sweep went: reports without their wall time.
  static std::vector<std::string> results(const std::vector<Point>& points) {
    std::vector<std::string> all;
    for (const Point& point : points) {
      Json report = Json::parse(point.report);
      report["time"].erase("wall_s");
      all.push_back(point.settings + std::to_string(point.seed) + point.config_hash + report.dump() + point.objectives);
    }
    return all;
  }
};

const std::string objectives = "[objectives]\naccuracy.final = \"max\"\nenergy.total_j = \"min\"\n";

TEST_F(SweepCommandLine, EveryPointIsTheRunOfItsConfiguration) {
  write_sweep("[axes]\nadc.bits = [4, 9]\n" + objectives);
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--jobs", "2"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out, HasSubstr("2 points: 2 done\n"));
  EXPECT_EQ(read_text(work() / "o/sweep.txt"), outcome.out);
  const std::vector<Point> all = points("o");
  ASSERT_EQ(all.size(), 2U);
  for (const Point& point : all) {
    write_text(work() / "one.toml", point.config);
    std::filesystem::remove_all(work() / "one");
    ASSERT_EQ(rheo({"run", "one.toml", "--out", "one", "--quiet"}).status, 0);
    Json alone = Json::parse(read_text(work() / "one/report.json"));
    Json swept = Json::parse(point.report);
    alone["time"].erase("wall_s");
    swept["time"].erase("wall_s");
    EXPECT_EQ(alone, swept);
    EXPECT_EQ(Json::parse(point.objectives)["energy.total_j"], alone["energy"]["total_j"]);
  }
  EXPECT_EQ(Json::parse(all[0].report)["config"]["adc.bits"], "4");
  EXPECT_EQ(Json::parse(all[1].report)["config"]["adc.bits"], "9");
  // Nothing but the results is left.
  EXPECT_TRUE(std::filesystem::is_empty(work() / "o/points"));
}

TEST_F(SweepCommandLine, RepeatsDifferInTheirSeedAlone) {
  write_sweep("repeats = 3\n[axes]\nadc.bits = [4]\n" + objectives);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet"}).status, 0);
  const std::vector<Point> all = points("o");
  ASSERT_EQ(all.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(all[i].seed, static_cast<std::int64_t>(1 + i));
    EXPECT_EQ(Json::parse(all[i].report)["seed"], all[i].seed);
  }
  EXPECT_NE(all[0].config_hash, all[1].config_hash);
  EXPECT_THAT(rheo({"pareto", "o"}).out, HasSubstr("1 of 1 settings"));
}

TEST_F(SweepCommandLine, AFailingPointIsRecordedAndTheOthersGoOn) {
  // A buffer that is too small, a value out of range, and one that works.
  write_sweep("[axes]\nbuffer.capacity = [\"2 KiB\", \"2 MiB\", \"7 bananas\"]\n" + objectives);
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<Point> all = points("o");
  EXPECT_THAT(statuses(all), ElementsAre("failed", "done", "failed"));
  EXPECT_THAT(all[0].error, HasSubstr("buffer.capacity"));
  EXPECT_THAT(all[2].error, HasSubstr("7 bananas"));
  EXPECT_TRUE(all[0].report.empty());
  EXPECT_THAT(outcome.out, HasSubstr("1 done, 2 failed"));
  EXPECT_TRUE(std::filesystem::exists(work() / "o/points/1.err"));
  // Failed points stay failed, or are tried again when asked to.
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"}).status, 0);
  EXPECT_THAT(statuses(points("o")), ElementsAre("failed", "done", "failed"));
  const Outcome again = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume", "--retry"});
  EXPECT_THAT(again.out, HasSubstr("1 points in "));
}

TEST_F(SweepCommandLine, ConstraintsExcludePointsBeforeAndAfter) {
  write_sweep(
      "constraints = [\"tile.rows * adc.bits <= 1024\", \"energy.total_j < 1e9 * (adc.bits - 4)\"]\n[axes]\n"
      "adc.bits = [4, 8]\ntile.rows = { values = [128, 256], also = [\"tile.columns\"] }\n" +
      objectives);
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<Point> all = points("o");
  EXPECT_THAT(statuses(all), ElementsAre("done", "done", "done", "excluded"));
  EXPECT_FALSE(all[0].feasible);
  EXPECT_FALSE(all[1].feasible);
  EXPECT_TRUE(all[2].feasible);
  EXPECT_EQ(Json::parse(all[1].report)["config"]["tile.columns"], "256");
  EXPECT_THAT(outcome.out, HasSubstr("1 of 1 settings"));
}

TEST_F(SweepCommandLine, AKilledSweepGoesOnAndRepeatsNothing) {
  const std::string axes = "[axes]\nadc.bits = { range = [4, 7] }\nadc.shared_by = [1, 2, 4]\n" + objectives;
  write_sweep(axes, 256, 2);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "whole", "--quiet", "--jobs", "2"}).status, 0);
  Process process = start({"sweep", "s.toml", "--out", "o", "--quiet", "--jobs", "2"});
  static_cast<void>(wait_for("o", 3));
  process.send(SIGKILL);
  EXPECT_EQ(process.wait().signal, SIGKILL);
  const std::vector<Point> before = points("o");
  const auto finished = static_cast<std::size_t>(std::ranges::count(statuses(before), "done"));
  ASSERT_GE(finished, 3U);
  ASSERT_LT(finished, 12U) << "the sweep was over before it was killed";

  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume", "--jobs", "2"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  // Of the two that ran, each may have had its report already.
  EXPECT_THAT(outcome.out,
              ::testing::ContainsRegex("\n(" + std::to_string(12 - finished) + "|" + std::to_string(11 - finished) +
                                       "|" + std::to_string(10 - finished) + ") points in "));
  const std::vector<Point> after = points("o");
  EXPECT_EQ(results(after), results(points("whole")));
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].status == Status::done) {
      EXPECT_EQ(before[i].report, after[i].report);  // with its wall time: not executed again
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(work() / "o/points"));
}

TEST_F(SweepCommandLine, AnObjectiveThatNoReportHasStopsTheSweepAtTheFirst) {
  const std::string axes = "[axes]\nadc.bits = { range = [4, 9] }\n";
  write_sweep(axes + "[objectives]\naccuracy.final = \"max\"\nenergy.totl_j = \"min\"\n");
  const Outcome wrong = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--jobs", "1"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_EQ(lines(wrong.err), 1U) << wrong.err;
  EXPECT_THAT(wrong.err, StartsWith("s.toml:7:17: objectives.energy.totl_j: "));
  EXPECT_THAT(wrong.err, HasSubstr("did you mean energy.total_j?"));
  EXPECT_THAT(wrong.err, HasSubstr("--resume --out"));
  EXPECT_THAT(statuses(points("o")), ElementsAre("done", "waiting", "waiting", "waiting", "waiting", "waiting"));
  const std::string kept = points("o")[0].report;
  EXPECT_FALSE(kept.empty());
  // It says so again, and executes nothing.
  EXPECT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"}).err, wrong.err);

  write_sweep(axes + objectives);
  const Outcome mended = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"});
  ASSERT_EQ(mended.status, 0) << mended.err;
  EXPECT_THAT(mended.out, HasSubstr("5 points in "));
  EXPECT_EQ(points("o")[0].report, kept);  // with its wall time: not executed again
  EXPECT_EQ(read_text(work() / "o/sweep.toml"), read_text(work() / "s.toml"));
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "whole", "--quiet"}).status, 0);
  EXPECT_EQ(results(points("o")), results(points("whole")));
}

TEST_F(SweepCommandLine, AConstraintOnAFigureThatNoReportHasStopsTheSweep) {
  write_sweep("constraints = [\"adc.bits < 9\", \"area.totl_mm2 < 5 * adc.bits\"]\n[axes]\nadc.bits = [4, 5, 9]\n");
  const Outcome wrong = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--jobs", "2"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_EQ(lines(wrong.err), 1U) << wrong.err;
  EXPECT_THAT(wrong.err, StartsWith("s.toml:3:32: constraints: the report has no number area.totl_mm2; did you mean"));
  write_sweep("constraints = [\"adc.bits < 9\", \"area.total_mm2 < adc.bits - 4\"]\n[axes]\nadc.bits = [4, 5, 9]\n");
  const Outcome mended = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"});
  ASSERT_EQ(mended.status, 0) << mended.err;
  const std::vector<Point> all = points("o");
  EXPECT_THAT(statuses(all), ElementsAre("done", "done", "excluded"));
  EXPECT_FALSE(all[0].feasible);
  EXPECT_TRUE(std::filesystem::is_empty(work() / "o/points"));
}

TEST_F(SweepCommandLine, OtherObjectivesAndConstraintsOnFiguresJudgeTheSameReports) {
  const std::string axes = "[axes]\nadc.bits = [4, 8]\n";
  write_sweep(axes + objectives);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet"}).status, 0);
  const std::vector<Point> before = points("o");
  write_sweep("keep = true  # a comment\nconstraints = [\"area.total_mm2 > 1e6\"]\n" + axes +
              "[objectives]\narea.total_mm2 = \"min\"\n");
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find("at a time"), std::string::npos);
  EXPECT_THAT(outcome.out, HasSubstr("(2 of those done break a constraint)"));
  const std::vector<Point> after = points("o");
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].report, before[i].report);
    EXPECT_EQ(Json::parse(after[i].objectives),
              Json({{"area.total_mm2", Json::parse(after[i].report)["area"]["total_mm2"]}}));
  }
  EXPECT_THAT(rheo({"pareto", "o"}).out,
              HasSubstr("0 of 0 settings are dominated by no other in area.total_mm2 (min)"));
}

TEST_F(SweepCommandLine, WhatItsPointsAreDecidesWhetherASweepGoesOn) {
  const std::string axes = "[axes]\nadc.bits = { range = [4, 9], steps = 2 }\n";
  write_sweep("repeats = 2\nconstraints = [\"adc.bits < 9\"]\n" + axes);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet"}).status, 0);
  const auto refused = [&](const std::string& more, const std::string& fragment) {
    write_sweep(more);
    const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"});
    EXPECT_EQ(outcome.status, 2) << fragment;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(fragment));
  };
  refused("repeats = 3\nconstraints = [\"adc.bits < 9\"]\n" + axes, "repeats: 3 now, but the sweep began with 2");
  refused("repeats = 2\nconstraints = [\"adc.bits < 8\"]\n" + axes, "constraints on keys: [adc.bits < 8] now");
  refused("repeats = 2\nconstraints = [\"adc.bits < 9\"]\n[axes]\nadc.bits = { range = [4, 8], steps = 2 }\n",
          "axes.adc.bits: range from 4 to 8, integers, 2 steps now");
  refused("repeats = 2\nconstraints = [\"adc.bits < 9\"]\n" + axes + "tile.rows = [64]\n",
          "axes: adc.bits, tile.rows now");
  refused("repeats = 2\nconstraints = [\"adc.bits < 9\"]\n" + axes + "[sampling]\nkind = \"random\"\npoints = 2\n",
          "sampling: random, seed 1, 2 points now, but the sweep began with grid");
}

TEST_F(SweepCommandLine, AnInterruptSavesAndPointsGoOnWhereTheyWere) {
  write_sweep("[axes]\nadc.bits = [4, 9]\n" + objectives, 256, 6);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "whole", "--quiet"}).status, 0);
  Process process = start({"sweep", "s.toml", "--out", "o", "--jobs", "2"});
  ASSERT_TRUE(appears(work() / "o/points/1/checkpoint.h5"));
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("interrupted"));
  EXPECT_EQ(points("o")[0].status, Status::waiting);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"}).status, 0);
  EXPECT_EQ(results(points("o")), results(points("whole")));
}

TEST_F(SweepCommandLine, AGeneticSearchIsRepeatedWithoutExecutingAnything) {
  write_sweep(
      "[axes]\nadc.bits = { range = [4, 9] }\nadc.shared_by = [1, 2, 4, 8]\ntile.read_time = { log_range = [\"10 ns\", "
      "\"90 ns\"] }\n[sampling]\nkind = \"nsga2\"\npopulation = 8\ngenerations = 2\n[objectives]\ntime.simulated_s = "
      "\"min\"\narea.total_mm2 = \"min\"\n");
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet"}).status, 0);
  const std::vector<Point> all = points("o");
  EXPECT_GT(all.size(), 8U);
  EXPECT_EQ(all.back().generation, 2);
  const Outcome again = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(results(points("o")), results(all));
  EXPECT_EQ(again.out.find("at a time"), std::string::npos);
}

/// A search over times that are spelt in several ways, repeats and both kinds of constraints.
const std::string spelt_search =
    "repeats = 2\nconstraints = [\"adc.bits * adc.shared_by <= 24\", \"time.simulated_s < 1\"]\n[axes]\n"
    "tile.read_time = [\"40 ns\", \"80 ns\", \"0.08 us\", \"160 ns\"]\nadc.bits = { range = [4, 9] }\n"
    "adc.shared_by = [1, 2, 4, 8]\n[sampling]\nkind = \"nsga2\"\npopulation = 8\ngenerations = 3\n[objectives]\n"
    "time.simulated_s = \"min\"\narea.total_mm2 = \"min\"\n";

TEST_F(SweepCommandLine, AKilledSearchGoesOnToTheSamePopulation) {
  write_sweep(spelt_search);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "whole", "--quiet"}).status, 0);
  const std::vector<Point> whole = points("whole");
  EXPECT_GT(whole.back().generation, 1);
  EXPECT_GT(std::ranges::count(statuses(whole), "excluded"), 0);
  // A configuration is one, however its settings are spelt.
  std::set<std::string> hashes;
  for (const Point& point : whole) EXPECT_TRUE(hashes.insert(point.config_hash).second) << point.settings;
  Process process = start({"sweep", "s.toml", "--out", "o", "--quiet"});
  static_cast<void>(wait_for("o", whole.size() / 2));
  process.send(SIGKILL);
  ASSERT_EQ(process.wait().signal, SIGKILL) << "the search was over before it was killed";
  const std::vector<Point> before = points("o");
  ASSERT_LT(before.size(), whole.size());
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<Point> after = points("o");
  ASSERT_EQ(after.size(), whole.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].generation, whole[i].generation);
    EXPECT_EQ(after[i].status, whole[i].status);
    if (whole[i].status != Status::done) continue;
    EXPECT_EQ(results({after[i]}), results({whole[i]}));
    const bool was_done = i < before.size() && before[i].status == Status::done;
    EXPECT_TRUE(!was_done || after[i].report == before[i].report);  // with its wall time
  }
}

TEST_F(SweepCommandLine, ASearchKnowsAConfigurationInAnySpelling) {
  // The same search twice: over two spellings of one time, and over two values that no objective depends on.
  const auto found_by = [&](const std::string& folder, const std::string& axis) {
    write_sweep("[axes]\n" + axis +
                "\nadc.bits = { range = [4, 9] }\nadc.shared_by = [1, 2, 4, 8]\n[sampling]\nkind = \"nsga2\"\n"
                "population = 8\ngenerations = 4\n[objectives]\ntime.simulated_s = \"min\"\n"
                "area.total_mm2 = \"min\"\n");
    EXPECT_EQ(rheo({"sweep", "s.toml", "--out", folder, "--quiet"}).status, 0);
    std::vector<std::string> all;
    std::set<std::string> seen;
    for (const Point& point : points(folder)) {
      const Json settings = Json::parse(point.settings);
      const std::string rest = settings["adc.bits"].dump() + " " + settings["adc.shared_by"].dump();
      if (seen.insert(rest).second) all.push_back(rest + " of generation " + std::to_string(point.generation));
    }
    return all;
  };
  EXPECT_EQ(found_by("spellings", "tile.read_time = [\"80 ns\", \"0.08 us\"]"),
            found_by("without_effect", "checkpoint.interval = [\"60 s\", \"90 s\"]"));
}

TEST_F(SweepCommandLine, TwoSpellingsOfAConfigurationAreOnePoint) {
  write_sweep("[axes]\ntile.read_time = [\"80 ns\", \"0.08 us\", \"160 ns\"]\n" + objectives);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet"}).status, 0);
  const std::vector<Point> all = points("o");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].settings, "{\"tile.read_time\":\"80 ns\"}");
}

TEST_F(SweepCommandLine, AStartThatWasKilledBeforeItsDatabaseBeginsAnew) {
  write_sweep("[axes]\nadc.bits = [4]\n");
  write_text(work() / "o/sweep.toml", "half of a file");
  write_text(work() / "o/sweep.db.partial", "half of a database");
  EXPECT_THAT(rheo({"sweep", "s.toml", "--out", "o", "--quiet"}).err, HasSubstr("--resume goes on with it"));
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(contents(work() / "o"), ElementsAre("points", "sweep.db", "sweep.toml", "sweep.txt"));
  EXPECT_EQ(read_text(work() / "o/sweep.toml"), read_text(work() / "s.toml"));
  // A folder with anything else was made by somebody else.
  write_text(work() / "other/mine.txt", "");
  EXPECT_THAT(rheo({"sweep", "s.toml", "--out", "other", "--quiet", "--resume"}).err, HasSubstr("holds no sweep"));
}

TEST_F(SweepCommandLine, AnInterruptedPlanningEndsAtOnceAndGoesOn) {
  const std::string axes = "[axes]\nadc.bits = { range = [4, 9] }\ntile.read_time = { range = [\"10 ns\", \"90 ns\"], ";
  write_sweep(axes + "steps = 30000 }\n");
  Process process = start({"sweep", "s.toml", "--out", "o"});
  ASSERT_TRUE(appears(work() / "o/sweep.db"));
  for (int i = 0; i < 10000 && outcomes("o").empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  process.send(SIGINT);
  const Outcome outcome = process.wait(std::chrono::seconds(20));
  EXPECT_EQ(outcome.status, 130);
  EXPECT_THAT(outcome.err, HasSubstr("--resume"));
  const std::vector<Point> planned = outcomes("o");
  EXPECT_LT(planned.size(), 180'000U);
  EXPECT_EQ(planned.size() % 500, 0U);  // whole parts
  Process again = start({"sweep", "s.toml", "--out", "o", "--resume"});
  for (int i = 0; i < 10000 && outcomes("o").size() == planned.size(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  again.send(SIGINT);
  EXPECT_EQ(again.wait(std::chrono::seconds(20)).status, 130);
  const std::vector<Point> more = outcomes("o");
  EXPECT_GT(more.size(), planned.size());
  std::set<std::string> settings;
  for (const Point& point : more) EXPECT_TRUE(settings.insert(point.settings).second) << point.settings;
}

TEST_F(SweepCommandLine, WallTimeIsThatOfAllProcessesOfAPoint) {
  write_sweep("[axes]\nadc.bits = [4]\n", 256, 6);
  Process process = start({"sweep", "s.toml", "--out", "o", "--quiet"});
  ASSERT_TRUE(appears(work() / "o/points/1/checkpoint.h5"));
  process.send(SIGINT);
  ASSERT_EQ(process.wait().status, 130);
  const double before = points("o")[0].wall_s;
  EXPECT_GT(before, 0);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"}).status, 0);
  const Point point = points("o")[0];
  // What the last process simulated, and the first.
  EXPECT_GT(point.wall_s, before + Json::parse(point.report)["time"]["wall_s"].get<double>());
}

TEST_F(SweepCommandLine, WallTimeOutlivesAKilledSweep) {
  write_sweep("[axes]\nadc.bits = [4]\n", 512, 400);
  Process process = start({"sweep", "s.toml", "--out", "o", "--quiet"});
  ASSERT_TRUE(appears(work() / "o/points/1/checkpoint.h5"));
  const auto wall = [&] { return outcomes("o")[0].wall_s; };
  for (int i = 0; i < 10000 && wall() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  process.send(SIGKILL);
  ASSERT_EQ(process.wait().signal, SIGKILL);
  const double killed = wall();
  EXPECT_GT(killed, 0.5);
  std::filesystem::remove(work() / "o/points/1/checkpoint.h5");  // the next process writes one of its own
  Process again = start({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"});
  ASSERT_TRUE(appears(work() / "o/points/1/checkpoint.h5"));
  again.send(SIGINT);
  ASSERT_EQ(again.wait().status, 130);
  EXPECT_GT(wall(), killed);
}

TEST_F(SweepCommandLine, APointThatIsKilledSaysByWhat) {
  write_sweep("[axes]\nadc.bits = [4]\n", 512, 400);
  Process process = start({"sweep", "s.toml", "--out", "o", "--quiet"});
  ASSERT_TRUE(appears(work() / "o/points/1/checkpoint.h5"));
  write_text(work() / "o/points/1.err", "something it said before\n");
  const pid_t child = child_of(process.id());
  ASSERT_GT(child, 0);
  ASSERT_EQ(::kill(child, SIGSEGV), 0);
  ASSERT_EQ(process.wait().status, 0);
  EXPECT_EQ(points("o")[0].status, Status::failed);
  EXPECT_EQ(points("o")[0].error, "killed by SIGSEGV; its last words: something it said before");
}

/// A Slurm of one node while a test runs. Needs root and the packages that `./setup.sh slurm` installs.
class SlurmSweep : public SweepCommandLine {
 protected:
  void SetUp() override {
    SweepCommandLine::SetUp();
    if (std::getenv("RHEO_TEST_SLURM") == nullptr) GTEST_SKIP() << "RHEO_TEST_SLURM=1 starts a Slurm and tests it";
    ASSERT_EQ(std::system((script + " start " + (work() / "slurm").string()).c_str()), 0);
    how_.environment = {"SLURM_CONF=" + (work() / "slurm/slurm.conf").string()};
  }
  void TearDown() override {
    if (!how_.environment.empty()) {
      EXPECT_EQ(std::system((script + " stop " + (work() / "slurm").string()).c_str()), 0);
    }
    SweepCommandLine::TearDown();
  }

  const std::string script = RHEO_SOURCE_FOLDER "/tests/sweep/single_node_slurm.sh";
  Start how_;
};

TEST_F(SlurmSweep, TwentyPointsAreTheSameAsLocally) {
  write_sweep(
      "[axes]\nadc.bits = { range = [4, 7] }\nbuffer.capacity = [\"2 KiB\", \"2 MiB\"]\nadc.shared_by = [1, 2, 4]\n" +
      objectives);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "local", "--quiet"}).status, 0);
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "slurm_sweep", "--quiet", "--engine", "slurm"}, how_);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<Point> local = points("local");
  const std::vector<Point> slurm = points("slurm_sweep");
  ASSERT_EQ(slurm.size(), 24U);
  EXPECT_EQ(statuses(slurm), statuses(local));
  for (std::size_t i = 0; i < slurm.size(); ++i) {
    EXPECT_EQ(slurm[i].error, local[i].error);
    if (local[i].status != Status::done) continue;
    EXPECT_EQ(results({slurm[i]}), results({local[i]}));
  }
}

TEST_F(SlurmSweep, AKilledSweepTakesItsJobsBackAndGoesOn) {
  write_sweep("[axes]\nadc.bits = { range = [4, 9] }\n" + objectives, 512, 6);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "whole", "--quiet"}).status, 0);
  Process process = start({"sweep", "s.toml", "--out", "o", "--quiet", "--engine", "slurm"}, how_);
  ASSERT_TRUE(appears(work() / "o/points/1/checkpoint.h5"));
  process.send(SIGKILL);
  process.wait();
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--engine", "slurm", "--resume"}, how_);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(results(points("o")), results(points("whole")));
  for (const Point& point : points("o")) {
    EXPECT_GT(point.wall_s, Json::parse(point.report)["time"]["wall_s"].get<double>());  // of the last process alone
  }
}

TEST_F(SweepCommandLine, ADryRunPrintsThePointsAndTouchesNothing) {
  write_sweep("[axes]\nadc.bits = [4, 9]\n");
  const Words before = contents(work());
  const Outcome outcome = rheo({"sweep", "s.toml", "--dry-run"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("{\"adc.bits\":9}"));
  EXPECT_THAT(outcome.out, HasSubstr("2 points: 2 waiting"));
  EXPECT_EQ(contents(work()), before);
}

TEST_F(SweepCommandLine, AnotherSweepDoesNotGoOn) {
  write_sweep("[axes]\nadc.bits = [4]\n");
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet"}).status, 0);
  EXPECT_THAT(rheo({"sweep", "s.toml", "--out", "o"}).err, HasSubstr("exists already"));
  write_sweep("[axes]\nadc.bits = [5]\n");
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--resume"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("axes.adc.bits: [5] now, but the sweep began with [4]"));
  EXPECT_EQ(lines(outcome.err), 1U);
}

TEST_F(SweepCommandLine, AnotherConfigurationBelowTheSameSweepDoesNotGoOn) {
  write_text(work() / "base.toml",
             "base = \"" RHEO_SOURCE_FOLDER
             "/platforms/lenet_gv.toml\"\n[workload]\ndataset = \"synthetic\"\n"
             "network = \"tiny\"\ntrain_samples = 64\ntest_samples = 32\nbatch_size = 32\nepochs = 1\n"
             "[schedule]\nkind = \"constant\"\n");
  write_text(work() / "s.toml", "config = \"base.toml\"\n[axes]\nadc.bits = [4]\n");
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet"}).status, 0);
  write_text(work() / "base.toml", read_text(work() / "base.toml") + "[dram]\nchannels = 1\n");
  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("are not those that"));
}

TEST_F(SweepCommandLine, ResultsCanBeReadWhereNothingCanBeWritten) {
  write_sweep("[axes]\nadc.bits = [4]\n" + objectives);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "o", "--quiet"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(work() / "o/sweep.db-wal"));
  std::filesystem::create_directories(work() / "copy");
  std::filesystem::copy_file(work() / "o/sweep.db", work() / "copy/sweep.db");
  std::filesystem::permissions(work() / "copy",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_EQ(rheo({"pareto", "copy"}).status, 0);
  std::filesystem::permissions(work() / "copy", std::filesystem::perms::owner_all);
}

struct Refused {
  std::string name, more, fragment;
  Words words = {"sweep", "s.toml", "--out", "o"};
};

void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }

class RefusedSweep : public SweepCommandLine, public ::testing::WithParamInterface<Refused> {};

TEST_P(RefusedSweep, InOneLineThatTouchesNothing) {
  write_sweep(GetParam().more);
  const Words before = contents(work());
  const Outcome outcome = rheo(GetParam().words);
  EXPECT_EQ(outcome.status, 2) << outcome.out;
  EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().fragment));
  EXPECT_EQ(contents(work()), before);
}

INSTANTIATE_TEST_SUITE_P(
    Inputs, RefusedSweep,
    ::testing::Values(
        Refused{"ConfigurationOfAllPoints", "[axes]\nadc.bits = [4]\n[axes.management]\nnoise = [3]\n", "s.toml:"},
        Refused{"UnknownKey", "[axes]\nadc.bist = [4]\n", "did you mean adc.bits?"},
        Refused{"EveryValueOutOfRange", "[axes]\nadc.bits = [40, 50]\n", "s.toml:4:12: axes: no point can be executed"},
        Refused{"EveryPointExcluded", "constraints = [\"adc.bits > 9\"]\n[axes]\nadc.bits = [4]\n",
                "breaks the constraint adc.bits > 9"},
        Refused{"UnknownNameInConstraint", "constraints = [\"adc.bist > 9\"]\n[axes]\nadc.bits = [4]\n",
                "did you mean adc.bits?"},
        Refused{"TextInConstraint", "constraints = [\"device.preset == 3\"]\n[axes]\nadc.bits = [4]\n", "is no number"},
        Refused{"UnknownObjective", "[axes]\nadc.bits = [4]\n[objectives]\nenergie.total = \"min\"\n",
                "no figure of a report"},
        Refused{"Engine", "[axes]\nadc.bits = [4]\n", "did you mean local?", {"sweep", "s.toml", "--engine", "locale"}},
        Refused{"NoFile", "", "no such file", {"sweep", "none.toml"}},
        Refused{"ResumeWithoutFolder", "[axes]\nadc.bits = [4]\n", "--out", {"sweep", "s.toml", "--resume"}},
        Refused{"ResumeOfNothing",
                "[axes]\nadc.bits = [4]\n",
                "holds no sweep",
                {"sweep", "s.toml", "--resume", "--out", "none"}},
        Refused{"EmptyOut", "[axes]\nadc.bits = [4]\n", "--out: is empty", {"sweep", "s.toml", "--out", ""}},
        Refused{"RetryAlone", "[axes]\nadc.bits = [4]\n", "--resume", {"sweep", "s.toml", "--retry"}},
        Refused{"NoResults", "", "no such results database", {"pareto", "none"}},
        Refused{"ResultsOfNoSweep", "", "s.toml: cannot be read as the results of a sweep", {"pareto", "s.toml"}}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace rheo::testing
