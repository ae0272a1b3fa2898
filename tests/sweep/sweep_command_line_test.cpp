// What a user of `rheo sweep` is promised: every point has an outcome, nothing is executed twice, whatever happens.
#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

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
          std::string("schedule.kind=constant"), std::string("checkpoint.interval=0 s")}) {
      set += (set.empty() ? "\"" : ", \"") + word + "\"";
    }
    write_text(work() / "s.toml",
               "config = \"" RHEO_SOURCE_FOLDER "/platforms/lenet_gv.toml\"\nset = [" + set + "]\n" + more);
  }
  std::vector<Point> points(const std::string& folder) const {
    return sweep::Database::open(work() / folder / "sweep.db", true).points();
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
  const std::string axes = "[axes]\nadc.bits = { range = [4, 9] }\nadc.shared_by = [1, 2, 4]\n" + objectives;
  write_sweep(axes, 512, 4);
  ASSERT_EQ(rheo({"sweep", "s.toml", "--out", "whole", "--quiet", "--jobs", "2"}).status, 0);
  Process process = start({"sweep", "s.toml", "--out", "o", "--quiet", "--jobs", "2"});
  const auto done = [&] {
    const std::vector<Point> all = points("o");
    return std::count_if(all.begin(), all.end(), [](const Point& point) { return point.status == Status::done; });
  };
  ASSERT_TRUE(appears(work() / "o/points"));
  for (int i = 0; i < 30000 && done() < 4; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  process.send(SIGKILL);
  EXPECT_EQ(process.wait().signal, SIGKILL);
  const std::vector<Point> before = points("o");
  const auto finished = static_cast<std::size_t>(done());
  ASSERT_GE(finished, 4U);
  ASSERT_LT(finished, 18U) << "the sweep was over before it was killed";

  const Outcome outcome = rheo({"sweep", "s.toml", "--out", "o", "--quiet", "--resume", "--jobs", "2"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(std::to_string(18 - finished) + " points in "));
  const std::vector<Point> after = points("o");
  EXPECT_EQ(results(after), results(points("whole")));
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].status == Status::done) {
      EXPECT_EQ(before[i].report, after[i].report);  // with its wall time: not executed again
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(work() / "o/points"));
}

TEST_F(SweepCommandLine, AnInterruptSavesAndPointsGoOnWhereTheyWere) {
  write_sweep("[axes]\nadc.bits = [4, 9]\n" + objectives, 512, 6);
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
        Refused{"RetryAlone", "[axes]\nadc.bits = [4]\n", "--resume", {"sweep", "s.toml", "--retry"}},
        Refused{"NoResults", "", "no such results database", {"pareto", "none"}},
        Refused{"ResultsOfNoSweep", "", "s.toml: cannot be read as the results of a sweep", {"pareto", "s.toml"}}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace rheo::testing
