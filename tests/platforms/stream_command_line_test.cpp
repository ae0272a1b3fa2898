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
  Outcome run(const std::string& out, const Words& assignments = {}, const Words& words = {}) {
    return rheo(Words{"run", shipped(file), "--quiet", "--out", out} + words +
                set(Words{"workload.parameters_file=t/network.h5", "data.test_examples=22", "workload.test_samples=5"} +
                    assignments));
  }
  std::string file = "s2n2_rf1.toml";
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

TEST_F(StreamCommandLine, InspectListsTheTiles) {
  const Outcome text = rheo({"inspect", shipped("s2n2_rf1_tiles.toml")});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("152464 weights in PCMInference cells"));
  EXPECT_THAT(text.out, HasSubstr("Tiles of 512 x 128"));
  const Outcome json = rheo({"inspect", shipped("s2n2_rf1_tiles.toml"), "--json"});
  EXPECT_EQ(json.status, 0) << json.err;
  const auto layers = nlohmann::json::parse(json.out).at("layers");
  // 1152 rows on three tiles of 384, a read of 80 ns at 200 MHz, 128 conversions at 1.28 GHz.
  const auto tiles = layers.at(2).at("tiles");
  EXPECT_EQ(tiles.at("parts").size(), 3U);
  EXPECT_EQ(tiles.at("parts").at(1).at("first_row"), 384);
  EXPECT_EQ(tiles.at("cycles").at("read"), 16);
  EXPECT_EQ(tiles.at("cycles").at("convert"), 20);
  EXPECT_EQ(layers.at(0).at("tick_batching_bits"), 1917);
  EXPECT_EQ(layers.at(0).at("memory").at("weights").at("bits"), 0);
}

class TileRun : public StreamRun {
 protected:
  void SetUp() override {
    StreamRun::SetUp();
    file = "s2n2_rf1_tiles.toml";
  }
};

TEST_F(TileRun, ReportsTheSchemaAndTheSameForAnyNumberOfThreads) {
  const Outcome first = run("r");
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_THAT(first.out, StartsWith("rf1 on crossbar tiles of 512 x 128, device PCMInference, 8-bit ADCs"));
  const nlohmann::json report = report_of("r");
  EXPECT_EQ(report.at("examples"), 5);
  const auto cycles = report.at("time").at("cycles").get<std::uint64_t>();
  EXPECT_GT(cycles, 5U * 128 * 6500);
  EXPECT_LT(cycles, (5U * 128 + 4) * 6500);
  EXPECT_EQ(report.at("layers").at(2).at("tiles"), 3);
  EXPECT_EQ(report.at("actions").at("lif.decay"), 5U * 128 * 5387);
  EXPECT_GT(report.at("actions").at("adc.convert"), 0);
  // Conversions of patches without a spike do not happen: one pixel of 256 spikes, 25 patches see it at most.
  EXPECT_LE(report.at("actions").at("dac.drive"), report.at("actions").at("adc.convert"));
  EXPECT_GE(report.at("layers").at(0).at("empty_patches"), 5U * 128 * (256 - 25));
  // conv2 has the most rows on a tile, 400 of 1 us each; every weight takes two cells of 9 pJ; all else idles
  // meanwhile.
  const auto seconds = [](const nlohmann::json& part) { return part.at("simulated_s").get<double>(); };
  EXPECT_DOUBLE_EQ(seconds(report.at("preparation")), 400e-6);
  const double idle_power = report.at("energy").at("by_phase").at("idle").get<double>() / seconds(report.at("time"));
  EXPECT_NEAR(report.at("preparation").at("energy_j").get<double>(), 152464 * 2 * 9e-12 + idle_power * 400e-6, 1e-15);
  ASSERT_EQ(run("threads", {}, {"--threads", "2"}).status, 0);
  EXPECT_EQ(this->report("threads"), this->report("r"));
  const Outcome again = rheo({"run", "r/config.toml", "--quiet", "--out", "again"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(this->report("again"), this->report("r"));
}

TEST_F(TileRun, BadInputIsOneLineAndTouchesNoOutput) {
  const std::vector<std::pair<Words, std::string>> cases{
      {{"schedule=tick_batching"}, "expected streaming"},
      {{"adc.bits=33"}, "from 2 to 12"},
      {{"device.preset=PCMInferense"}, "did you mean PCMInference?"},
      {{"device.part=pynq_z1"}, "no such key"},
      {{"numbers.membrane_bits=6"}, "--set numbers.membrane_bits=6: the threshold is 508"},
      {{"tile.read_time=80"}, "80"},
      {{"workload.parameters_file="}, "expected a network.h5"}};
  for (const auto& [assignments, expected] : cases) {
    const Outcome outcome = run("refused", assignments);
    EXPECT_EQ(outcome.status, 2) << expected;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(expected));
    EXPECT_FALSE(std::filesystem::exists(work() / "refused")) << expected;
  }
  for (const char* word : {"--trace", "--resume"}) {
    const Outcome outcome = run("refused", {}, {word});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, StartsWith(word));
  }
}

}  // namespace
}  // namespace rheo::testing
