#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "models/core/hdf5.hpp"
#include "tests/platforms/command_line.hpp"
#include "workloads/spiking/network_file.hpp"

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
  /// Each with one line that says so, and no output.
  void expect_refused(const std::vector<std::pair<Words, std::string>>& cases) {
    for (const auto& [assignments, expected] : cases) {
      const Outcome outcome = run("refused", assignments);
      EXPECT_EQ(outcome.status, 2) << expected;
      EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
      EXPECT_THAT(outcome.err, HasSubstr(expected));
      EXPECT_FALSE(std::filesystem::exists(work() / "refused")) << expected;
    }
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

/// rf1 with weights at random, at which every layer spikes.
std::string random_network() {
  std::mt19937_64 random(1);
  spiking::FloatNetwork network;
  network.network = spiking::build_spiking_network("rf1");
  for (std::size_t i = 0; i < network.network.layers.size(); ++i) {
    const std::size_t inputs = network.network.geometry_of(i).elements();
    const float scale = 1.0F / std::sqrt(static_cast<float>(inputs));
    std::uniform_real_distribution<float> weight(-2 * scale, 3 * scale);
    auto& weights = network.weights.emplace_back(inputs * network.network.layers[i].outputs);
    for (float& w : weights) w = weight(random);
  }
  return spiking::network_file_image(network);
}

TEST_F(StreamRun, TickBatchingAndZeroSkippingClassifyTheSame) {
  write_text(work() / "random.h5", random_network());
  const std::string file = "workload.parameters_file=random.h5";
  const std::string grow = "events.capacity_bits=[0,0,0,0]";
  ASSERT_EQ(run("streaming", {file}).status, 0);
  ASSERT_EQ(run("batched", {file, grow, "schedule=tick_batching", "zero_skipping=true"}).status, 0);
  const nlohmann::json streaming = report_of("streaming");
  const nlohmann::json batched = report_of("batched");
  std::uint64_t spikes = 0;
  std::size_t classes = 0;
  for (const auto& count : streaming.at("output_spikes")) {
    spikes += count.get<std::uint64_t>();
    classes += count.get<std::uint64_t>() > 0 ? 1 : 0;
  }
  EXPECT_GT(spikes, 100U);
  EXPECT_GT(classes, 3U);
  EXPECT_EQ(batched.at("output_spikes"), streaming.at("output_spikes"));
  EXPECT_EQ(batched.at("confusion"), streaming.at("confusion"));
  EXPECT_EQ(batched.at("accuracy"), streaming.at("accuracy"));
  for (std::size_t i = 0; i < 4; ++i) {
    for (const char* key : {"spike_ratio", "spike_ratio_fullest", "spike_ratio_peak", "tick_batching_bits"}) {
      EXPECT_EQ(batched.at("layers").at(i).at(key), streaming.at("layers").at(i).at(key)) << i << key;
    }
    // The buffer held what was counted at its exit, and the fullest example is between mean and largest tick.
    const nlohmann::json& layer = batched.at("layers").at(i);
    EXPECT_EQ(layer.at("event_bits_peak"), layer.at("tick_batching_bits"));
    EXPECT_GE(layer.at("spike_ratio_fullest"), layer.at("spike_ratio"));
    EXPECT_LE(layer.at("spike_ratio_fullest"), layer.at("spike_ratio_peak"));
    EXPECT_GT(layer.at("spike_ratio"), 0);
    const auto number = [&layer](const char* key) { return layer.at(key).get<double>(); };
    EXPECT_NEAR(number("break_even_fullest") / number("break_even"),
                number("spike_ratio_fullest") / number("spike_ratio"), 1e-9);
    EXPECT_EQ(layer.at("events_are_smaller"), number("tick_batching_bits") < number("binary_tensor_bits"));
  }
  EXPECT_GT(batched.at("time").at("cycles"), streaming.at("time").at("cycles"));
  EXPECT_THAT(read_text(work() / "batched/report.txt"), HasSubstr("others may take more"));
}

TEST_F(StreamRun, EventBuffersAreSizedBeforeTheRunAndRefuseWhatTheyCannotHold) {
  write_text(work() / "random.h5", random_network());
  const Words batched{"workload.parameters_file=random.h5", "schedule=tick_batching"};
  // One event of 15 bits a tick, 128 ticks.
  const Outcome refused =
      run("refused", batched + Words{"device.part=unlimited", "events.capacity_bits=[1905,4000000,4000000,4000000]"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_EQ(lines(refused.err), 1U) << refused.err;
  EXPECT_THAT(refused.err, StartsWith("--set events.capacity_bits=[1905,4000000,4000000,4000000]: conv1_events: holds "
                                      "1905 bits, an example needs 1920; expected a larger capacity"));
  EXPECT_FALSE(std::filesystem::exists(work() / "refused"));
  const Words large{"device.part=unlimited", "events.capacity_bits=[1920,4000000,4000000,4000000]"};
  std::vector<std::uint64_t> blocks;
  for (const std::string samples : {"1", "5"}) {
    const Outcome outcome = run("r" + samples, batched + large + Words{"workload.test_samples=" + samples});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    blocks.push_back(report_of("r" + samples).at("memory").at("bram18k").get<std::uint64_t>());
  }
  EXPECT_EQ(blocks[0], blocks[1]);
  // Four million bits in each of three buffers do not fit 280 blocks of 18,432.
  const Outcome too_large = run("refused", batched + Words{large[1]});
  EXPECT_EQ(too_large.status, 2);
  EXPECT_THAT(too_large.err, HasSubstr("does not fit"));
}

TEST_F(StreamRun, AnInterruptedRunLeavesNothing) {
  Process process = start(Words{"run", shipped("s2n2_rf1.toml"), "--quiet", "--out", "stopped"} +
                          set({"workload.parameters_file=t/network.h5", "data.test_examples=1000"}));
  ASSERT_TRUE(appears(work() / "stopped"));
  process.send(SIGINT);
  EXPECT_EQ(process.wait().status, 130);
  EXPECT_FALSE(std::filesystem::exists(work() / "stopped"));
}

TEST_F(StreamRun, AFolderThatCannotBeMadeIsBadInput) {
  const Outcome outcome = run("/proc/x");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith("--out: /proc/x cannot be made"));
}

TEST_F(StreamCommandLine, KeysOfThePlatformAreListedAndReadBack) {
  const Outcome keys = rheo({"list", "keys", "stream_fpga"});
  EXPECT_EQ(keys.status, 0);
  for (const char* key : {"capacity_bits", "window_simd", "membrane_range", "decay_rounding"}) {
    EXPECT_THAT(keys.out, HasSubstr(std::string(key) + " = ")) << key;
  }
  write_text(work() / "all.toml", keys.out);
  EXPECT_EQ(rheo({"inspect", "all.toml"}).status, 0);
  EXPECT_THAT(rheo({"list", "keys", "train-spiking"}).out, HasSubstr("burn_in = "));
  EXPECT_THAT(rheo({"list", "keys"}).out, HasSubstr("analog_training_chip"));
  const Outcome unknown = rheo({"list", "keys", "stream_fpgs"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean stream_fpga?"));
  EXPECT_EQ(rheo({"list", "networks", "stream_fpga"}).status, 2);
}

TEST_F(StreamRun, BadInputIsOneLineAndTouchesNoOutput) {
  const std::vector<std::pair<Words, std::string>> cases{
      {{"workload.parameters_file="}, "expected a network.h5"},
      {{"workload.parameters_file=nowhere.h5"}, "nowhere.h5"},
      {{"workload.network=cv", "folding.pe=[8,4,8,1]", "folding.simd=[1,4,4,4]"}, "the input of cv is 28 x 28"},
      {{"workload.network=cv", "folding.pe=[8,4,8,1]", "folding.simd=[1,4,4,4]", "data.kind=images",
        "events.capacity_bits=[]"},
       "holds the network rf1"},
      {{"numbers.decay_bits=2"}, "--set numbers.decay_bits=2: leaves 0.75 of a membrane a tick"},
      {{"numbers.decay=multiplier", "numbers.decay_numerator=6"}, "--set numbers.decay_numerator=6: leaves 0.75"},
      {{"data.bits=8"}, "--set data.bits=8: "},
      {{"data.snr_low=10", "data.snr_high=9", "data.snr_step=1"}, "--set data.snr_high=9: "},
      {{"data.modulations=radioml_2018"}, "--set data.modulations=radioml_2018: has 24 classes"},
      {{"numbers.membrane_bits=4"}, "from 6 to 32"},
      {{"fifo.depth=[1000000,512,512,512]"}, "does not fit"}};
  expect_refused(cases);
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
  expect_refused(cases);
  const Outcome outcome = run("refused", {}, {"--resume"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, StartsWith("--resume"));
}

TEST_F(StreamRun, TracedSpikesAreThoseOfTheReport) {
  // What leaves dense1 enters dense2: no pooling between.
  const Outcome outcome = run("r", {"data.snr_low=30"}, {"--trace"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const hdf5::Handle file = hdf5::open_file((work() / "r/spikes.h5").string());
  const auto layers = hdf5::read<std::uint16_t>(file.get(), "/spikes/layer");
  const auto examples = hdf5::read<std::uint64_t>(file.get(), "/spikes/example");
  const nlohmann::json report = report_of("r");
  constexpr std::size_t dense1 = 2;
  const auto neurons = hdf5::read<std::uint64_t>(file.get(), "/layers/neurons").at(dense1);
  EXPECT_EQ(neurons, 128U);
  const auto spikes = static_cast<double>(std::ranges::count(layers, dense1));
  EXPECT_NEAR(spikes / (128.0 * 128 * 5), report.at("layers").at(dense1 + 1).at("spike_ratio").get<double>(), 1e-12);
  EXPECT_GT(std::ranges::count(layers, 0), 0);
  EXPECT_LE(std::ranges::max(examples), 4U);
  EXPECT_EQ(run("refused", {"schedule=tick_batching"}, {"--trace"}).status, 2);
}

}  // namespace
}  // namespace rheo::testing
