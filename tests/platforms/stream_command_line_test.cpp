#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/platforms/command_line.hpp"

namespace rheo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class StreamCommandLine : public CommandLine {};

std::string shipped(const std::string& name) { return std::string(RHEO_SOURCE_FOLDER) + "/platforms/" + name; }

TEST_F(StreamCommandLine, InspectPrintsTable23) {
  const Outcome text = rheo({"inspect", shipped("s2n2_rf1.toml")});
  EXPECT_EQ(text.status, 0) << text.err;
  for (const char* cell : {"1917", "697304", "212337", "27526"}) EXPECT_THAT(text.out, HasSubstr(cell));
  const Outcome json = rheo({"inspect", shipped("s2n2_rf1.toml"), "--json"});
  EXPECT_EQ(json.status, 0) << json.err;
  const auto layers = nlohmann::json::parse(json.out).at("layers");
  EXPECT_EQ(layers.at(2).at("tick_batching_bits"), 212337);
  EXPECT_EQ(layers.at(2).at("input_buffer_bits"), 1152);
  EXPECT_EQ(layers.at(2).at("input_buffer_bits_printed_rule"), 128);
  EXPECT_EQ(layers.at(2).at("spike_ratio"), 0.08);
}

TEST_F(StreamCommandLine, ANetworkThatDoesNotFitIsListedAndSaysSo) {
  const Outcome outcome = rheo({"inspect", shipped("s2n2_rf2.toml")});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("Device zcu111: does not fit: "));
}

TEST_F(StreamCommandLine, AWrongFoldingIsOneLineWithItsPlace) {
  write_text(work() / "own.toml", "base = \"" + shipped("s2n2_rf1.toml") + "\"\n[folding]\npe = [3, 8, 8, 11]\n");
  const Outcome outcome = rheo({"inspect", "own.toml"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(lines(outcome.err), 1U);
  EXPECT_THAT(outcome.err, StartsWith("own.toml:3:"));
  EXPECT_THAT(outcome.err, HasSubstr("expected a divisor of its 16 outputs"));
}

TEST_F(StreamCommandLine, APipeIsReadOnce) {
  const Outcome outcome =
      rheo({"inspect", "/dev/stdin", "--set", "platform=stream_fpga"}, {.in = "[folding]\npe = [3, 8, 8, 11]\n"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, StartsWith("/dev/stdin:2:"));
}

/// A network that has seen 22 examples, and a run of it.
class StreamRun : public StreamCommandLine {
 protected:
  void SetUp() override {
    StreamCommandLine::SetUp();
    const Outcome training = rheo(Words{"train-spiking", shipped("s2n2_rf1_training.toml"), "--quiet", "--out", "t"} +
                                  set({"data.train_examples=22", "data.test_examples=22", "training.epochs=1",
                                       "training.batch_size=22", "evaluation.epoch_examples=1"}));
    ASSERT_EQ(training.status, 0) << training.err;
  }
  Outcome run(const std::string& out, const Words& assignments = {}) {
    return rheo(Words{"run", shipped("s2n2_rf1.toml"), "--quiet", "--out", out} +
                set(Words{"workload.parameters_file=t/network.h5", "data.test_examples=22", "workload.test_samples=5"} +
                    assignments));
  }
  [[nodiscard]] nlohmann::json report_of(const std::string& out) const {
    return nlohmann::json::parse(read_text(work() / out / "report.json"));
  }
};

TEST_F(StreamRun, ReportsTheSchemaAndRunsAgainFromItsOwnConfiguration) {
  const Outcome first = run("r");
  ASSERT_EQ(first.status, 0) << first.err;
  const nlohmann::json report = report_of("r");
  EXPECT_EQ(report.at("schema"), 1);
  EXPECT_EQ(report.at("examples"), 5);
  // 128 ticks of 6500 cycles each set the pace, the first results come a little later.
  const auto cycles = report.at("time").at("cycles").get<std::uint64_t>();
  EXPECT_GT(cycles, 5U * 128 * 6500);
  EXPECT_LT(cycles, (5U * 128 + 4) * 6500);
  EXPECT_EQ(report.at("actions").at("mvtu.add"), 5U * 128 * 712064);
  EXPECT_EQ(report.at("memory").at("bram18k"), 107);
  EXPECT_EQ(report.at("layers").size(), 4U);
  EXPECT_NEAR(report.at("layers").at(0).at("spike_ratio").get<double>(), 1.0 / 256, 1e-12);
  EXPECT_GT(report.at("energy").at("total_j").get<double>(), 0);
  EXPECT_GT(report.at("area").at("total_mm2").get<double>(), 0);
  const Outcome again = rheo({"run", "r/config.toml", "--quiet", "--out", "again"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(this->report("again"), this->report("r"));
}

TEST_F(StreamRun, TickBatchingAndZeroSkippingClassifyTheSame) {
  ASSERT_EQ(run("streaming").status, 0);
  ASSERT_EQ(run("batched", {"schedule=tick_batching", "zero_skipping=true"}).status, 0);
  const nlohmann::json streaming = report_of("streaming");
  const nlohmann::json batched = report_of("batched");
  EXPECT_EQ(batched.at("accuracy"), streaming.at("accuracy"));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(batched.at("layers").at(i).at("spike_ratio"), streaming.at("layers").at(i).at("spike_ratio"));
  }
  EXPECT_GT(batched.at("time").at("cycles"), streaming.at("time").at("cycles"));
}

TEST_F(StreamRun, BadInputIsOneLineAndTouchesNoOutput) {
  const std::vector<std::pair<Words, std::string>> cases{
      {{"workload.parameters_file="}, "expected a network.h5"},
      {{"workload.parameters_file=nowhere.h5"}, "nowhere.h5"},
      {{"workload.network=cv", "folding.pe=[8,4,8,1]", "folding.simd=[1,4,4,4]"}, "holds the network rf1"},
      {{"numbers.membrane_bits=4"}, "from 6 to 32"},
      {{"fifo.depth=[1000000,512,512,512]"}, "does not fit"}};
  for (const auto& [assignments, expected] : cases) {
    const Outcome outcome = run("refused", assignments);
    EXPECT_EQ(outcome.status, 2) << expected;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(expected));
    EXPECT_FALSE(std::filesystem::exists(work() / "refused")) << expected;
  }
}

}  // namespace
}  // namespace rheo::testing
