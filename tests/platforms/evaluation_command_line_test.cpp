// `rheo evaluate` and `rheo reduce` as a user calls them.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/platforms/command_line.hpp"

namespace rheo::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// A network with five replicas of its first convolution, trained until it tells some classes apart.
class TrainedNetwork : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    const Outcome trained = rheo(Words{"run", "--quiet", "--out", "trained"} + quick(1) +
                                 set({"rapa.conv1.scheme=random", "rapa.conv1.tiles=5", "workload.batch_size=16",
                                      "workload.train_samples=2048", "schedule.lr=0.3", "checkpoint.interval=30 s"}));
    ASSERT_EQ(trained.status, 0) << trained.err;
  }
  [[nodiscard]] json read_json(const std::string& name) const { return json::parse(read_text(work() / name)); }
};

TEST_F(TrainedNetwork, UnchangedItRepeatsTheTestOfTheRun) {
  const Outcome evaluated = rheo({"evaluate", "trained", "--quiet", "--out", "e"});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  const json report = read_json("e/evaluation.json");
  // The same images, weights, assignments and noise; the run's report and the evaluation's agree in time as well.
  const json trained = read_json("trained/report.json");
  EXPECT_EQ(report["accuracy"]["final"], trained["accuracy"]["final"]);
  EXPECT_NEAR(report["energy"]["total_j"].get<double>(), trained["evaluation"]["energy_j"].get<double>(),
              1e-3 * trained["evaluation"]["energy_j"].get<double>());
  EXPECT_EQ(report["actions"], trained["evaluation"]["actions"]);
  EXPECT_EQ(evaluated.out, read_text(work() / "e/evaluation.txt"));
  EXPECT_EQ(contents(work() / "e"), (Words{"config.toml", "evaluation.json", "evaluation.txt"}));
}

TEST_F(TrainedNetwork, VotesTakeAsManyPredictionsAsAskedAndEndEarlyWhenCertain) {
  const auto found = [&](const std::string& out, const Words& settings) {
    const Outcome evaluated = rheo(Words{"evaluate", "trained", "--quiet", "--out", out} + set(settings));
    EXPECT_EQ(evaluated.status, 0) << evaluated.err;
    return read_json(out + "/evaluation.json");
  };
  const json single = found("single", {});
  const json nine = found("nine", {"inference.predictions=9"});
  EXPECT_EQ(nine["accuracy"]["predictions_per_image"], 9.0);
  EXPECT_EQ(nine["accuracy"]["single_prediction"], single["accuracy"]["final"]);
  EXPECT_EQ(nine["actions"]["adc.convert"].get<std::uint64_t>() % 9, 0U);
  EXPECT_GT(nine["time"]["simulated_s"].get<double>(), 8 * single["time"]["simulated_s"].get<double>());
  const json early = found("early", {"inference.predictions=9", "inference.certainty=0.11"});
  EXPECT_LT(early["accuracy"]["predictions_per_image"].get<double>(), 9);
  EXPECT_LT(early["energy"]["total_j"].get<double>(), nine["energy"]["total_j"].get<double>());
}

TEST_F(TrainedNetwork, AnAttackIsMeasuredAndLeavesTheCleanFiguresAlone) {
  ASSERT_EQ(rheo({"evaluate", "trained", "--quiet", "--out", "clean"}).status, 0);
  const Outcome evaluated = rheo({"evaluate", "trained", "--quiet", "--out", "attacked", "--set", "attack.epsilon=16"});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_THAT(evaluated.out, HasSubstr("fast gradient sign, epsilon 16"));
  const json clean = read_json("clean/evaluation.json");
  const json attacked = read_json("attacked/evaluation.json");
  EXPECT_EQ(attacked["accuracy"], clean["accuracy"]);
  EXPECT_EQ(attacked["actions"], clean["actions"]);
  EXPECT_LT(attacked["attack"]["kept"].get<double>(), 1);
  EXPECT_GT(attacked["attack"]["signal_to_noise_db"].get<double>(), 0);
}

TEST_F(TrainedNetwork, ReducedItRunsOnOneMatrixALayer) {
  for (const std::string by : {"norm", "first_tile", "winner"}) {
    const Outcome reduced = rheo({"reduce", "trained", "--quiet", "--by", by, "--out", by + ".h5"});
    ASSERT_EQ(reduced.status, 0) << reduced.err;
    EXPECT_THAT(reduced.out, HasSubstr("conv1: 5 replicas reduced by " + by));
    const Words evaluate{"evaluate", "trained", "--quiet", "--weights", by + ".h5"};
    EXPECT_EQ(rheo(evaluate + set({"rapa.conv1.scheme=none", "rapa.conv1.tiles=1"})).status, 0);
    const Outcome tiled = rheo(evaluate);
    EXPECT_EQ(tiled.status, 2);
    EXPECT_THAT(tiled.err, AllOf(HasSubstr("layers/conv1/weights: has the shape [1, "), HasSubstr("expected [5, ")));
  }
}

TEST_F(TrainedNetwork, WhatCannotBeEvaluatedIsRefusedInOneLine) {
  write_text(work() / "no.h5", "no HDF5");
  const auto refused = [&](const Words& words, const std::string& what) {
    const Outcome outcome = rheo(words);
    EXPECT_EQ(outcome.status, 2) << what;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(what));
  };
  refused({"evaluate", "nowhere"}, "--weights");
  refused({"evaluate", "."}, "holds no run");
  refused({"evaluate", "trained/config.toml"}, "--weights");
  refused({"evaluate", "trained", "--weights", "no.h5"}, "no.h5: is no HDF5 file");
  refused({"evaluate", "trained", "--weights", "absent.h5"}, "absent.h5: no such file");
  refused({"evaluate", "trained", "--set", "workload.network=lenet"}, "expected [5, 25, 16]");
  refused({"evaluate", "trained", "--set", "inference.prediction=9"}, "inference.prediction");
  refused({"evaluate", "trained", "--set", "attack.epsilon=256"}, "attack.epsilon");
  refused({"evaluate", "trained", "--out", "trained"}, "exists already");
  refused({"reduce", "trained", "--by", "nom", "--out", "x.h5"}, "norm");
  refused({"reduce", "trained", "--out", "absent/x.h5"}, "folder does not exist");
  refused({"run", "trained/config.toml", "--set", "inference.predictions=9"}, "inference");
  EXPECT_FALSE(std::filesystem::exists(work() / "x.h5"));
}

}  // namespace
}  // namespace rheo::testing
