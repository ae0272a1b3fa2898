// What `rheo train-spiking` and `rheo spiking-widths` promise: a run that goes on after an interruption ends in the
// same bits, whatever the threads; files that hold what their headers say; errors of one line.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "command_line.hpp"
#include "workloads/spiking/network_file.hpp"

namespace rheo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

const std::string rf1 = RHEO_SOURCE_FOLDER "/platforms/s2n2_rf1_training.toml";

/// Some tenths of a second.
Words brief() {
  return Words{"train-spiking", rf1} + set({"data.train_examples=132", "data.test_examples=44", "data.snr_low=10",
                                            "data.snr_high=12", "training.epochs=2", "training.batch_size=12",
                                            "evaluation.epoch_examples=22", "checkpoint_interval=0 s"});
}

class SpikingCommandLine : public CommandLine {
 protected:
  [[nodiscard]] Json json(const std::string& out) const { return Json::parse(read_text(work() / out / "report.json")); }
};

TEST_F(SpikingCommandLine, ARunThatWasInterruptedEndsInTheSameBits) {
  ASSERT_EQ(rheo(brief() + Words{"--quiet", "--out", "whole"}).status, 0);
  for (const int signal : {SIGINT, SIGKILL}) {
    std::filesystem::remove_all(work() / "half");
    Process process = start(brief() + Words{"--quiet", "--out", "half"});
    ASSERT_TRUE(appears(work() / "half/checkpoint.h5"));
    process.send(signal);
    const Outcome outcome = process.wait();
    if (signal == SIGINT) {
      EXPECT_EQ(outcome.status, 130);
    }
    ASSERT_FALSE(std::filesystem::exists(work() / "half/report.json"));
    const Outcome resumed = rheo(brief() + Words{"--quiet", "--resume", "--threads", "3", "--out", "half"});
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_EQ(report("half"), report("whole"));
    EXPECT_TRUE(read_text(work() / "half/network.h5") == read_text(work() / "whole/network.h5"));
  }
  EXPECT_EQ(rheo(brief() + Words{"--resume", "--out", "half"}).status, 0);  // complete: prints the report again
}

TEST_F(SpikingCommandLine, TheFilesHoldWhatWasMeasured) {
  ASSERT_EQ(rheo(brief() + Words{"--quiet", "--out", "o"}).status, 0);
  EXPECT_EQ(contents(work() / "o"), (Words{"accuracy_snr.csv", "checkpoint.h5", "config.toml", "confusion.csv",
                                           "curve.csv", "network.h5", "report.json", "report.txt", "spike_ratio.csv"}));
  const Json r = json("o");
  EXPECT_EQ(r["test_examples"], 44);
  EXPECT_EQ(r["epochs"].size(), 2U);
  EXPECT_EQ(r["accuracy"]["by_snr"].size(), 2U);
  // The confusion matrix counts every example once and its diagonal is the accuracy.
  int all = 0, right = 0;
  for (std::size_t c = 0; c < 11; ++c) {
    for (std::size_t k = 0; k < 11; ++k) all += r["confusion"][c][k].get<int>();
    right += r["confusion"][c][c].get<int>();
  }
  EXPECT_EQ(all, 44);
  EXPECT_DOUBLE_EQ(r["accuracy"]["top1"].get<double>(), right / 44.0);
  // One spike a tick enters the first layer.
  EXPECT_DOUBLE_EQ(r["spike_ratio"][0]["mean"].get<double>(), 1.0 / 256);
  ASSERT_EQ(r["spike_ratio"][1]["by_tick"].size(), 128U);

  const spiking::FloatNetwork network = spiking::read_network_file(work() / "o/network.h5");
  EXPECT_EQ(network.network.name, "rf1");
  EXPECT_EQ(network.weights[1].size(), 400U * 8);
  EXPECT_DOUBLE_EQ(network.network.layers[1].spike_ratio, r["spike_ratio"][1]["mean"].get<double>());

  const Outcome widths = rheo(
      {"spiking-widths", "o", "--weights", "4,16", "--membranes", "16,32", "--leak-bits", "12", "--examples", "20"});
  ASSERT_EQ(widths.status, 0) << widths.err;
  EXPECT_EQ(lines(widths.out), 1U + 2 + 2);  // 4/32, 16/32, 8/16, 8/32
  EXPECT_THAT(widths.out, HasSubstr("\n8,16,12,"));
  EXPECT_THAT(widths.out, StartsWith("weight_bits,membrane_bits,"));
  EXPECT_THAT(widths.out, HasSubstr(",clipped_dense2\n"));

  // The multiplier's leak, on test examples of another number than the run's.
  const Outcome multiplied =
      rheo({"spiking-widths", "o", "--weights", "8", "--membranes", "16", "--decay", "multiplier", "--decay-bits", "4",
            "--decay-numerator", "14", "--decay-rounding", "nearest", "--set", "data.test_examples=22"});
  ASSERT_EQ(multiplied.status, 0) << multiplied.err;
  EXPECT_THAT(multiplied.out, HasSubstr(",14 m / 16 nearest,22,128,"));
}

TEST_F(SpikingCommandLine, WidthsRefuseWhatIsNotTheTrainedNetworks) {
  ASSERT_EQ(rheo(brief() + Words{"--quiet", "--out", "o"}).status, 0);
  const auto expect_refused = [&](const Words& words, const std::string& fragment) {
    const Outcome outcome = rheo(Words{"spiking-widths", "o"} + words);
    EXPECT_EQ(outcome.status, 2) << fragment;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(fragment));
  };
  expect_refused({"--ticks", "100000000"}, "--ticks");
  expect_refused({"--ticks", "129"}, "--ticks: 129 are more than a signal has samples; expected 0 to 128");
  expect_refused({"--decay-bits", "2"}, "--decay-bits: leaves 0.75 of a membrane a tick");
  expect_refused({"--decay", "multiplier", "--decay-numerator", "8"}, "--decay-numerator: 8 is not below 2^3");
  expect_refused({"--decay", "multiplier", "--decay-numerator", "6"}, "--decay-numerator: leaves 0.75");
  expect_refused({"--set", "data.bits=8"}, "--set data.bits=8: ");
  expect_refused({"--set", "network=rf2_hardware", "--set", "data.modulations=radioml_2018"}, "is of the network");
}

TEST_F(SpikingCommandLine, ADamagedNetworkOrCheckpointIsRefused) {
  ASSERT_EQ(rheo(brief() + Words{"--quiet", "--out", "o"}).status, 0);
  std::string bytes = read_text(work() / "o/network.h5");
  const std::size_t middle = bytes.size() / 2;  // in a weight
  bytes[middle] = static_cast<char>(bytes[middle] ^ 1);
  write_text(work() / "o/network.h5", bytes);
  const Outcome widths = rheo({"spiking-widths", "o"});
  EXPECT_EQ(widths.status, 2);
  EXPECT_THAT(widths.err, HasSubstr("o/network.h5: damaged: its checksum is another"));

  std::filesystem::remove(work() / "o/report.json");
  write_text(work() / "o/checkpoint.h5", "no HDF5");
  const Outcome resumed = rheo(brief() + Words{"--resume", "--out", "o"});
  EXPECT_EQ(resumed.status, 2);
  EXPECT_THAT(resumed.err, HasSubstr("not HDF5, or damaged"));
}

TEST_F(SpikingCommandLine, BadInputIsOneLineThatTouchesNothing) {
  const auto expect_refused = [&](const Words& words, const std::string& fragment) {
    const Outcome outcome = rheo(words + Words{"--out", "o"});
    EXPECT_EQ(outcome.status, 2) << fragment;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(fragment));
    EXPECT_FALSE(std::filesystem::exists(work() / "o"));
  };
  expect_refused(brief() + set({"network=rf3"}), "did you mean rf1?");
  expect_refused(brief() + set({"data.bits=5"}), "expected 4");
  expect_refused(brief() + set({"data.modulations=radioml_2018"}), "expected as many");
  expect_refused(brief() + set({"training.burn_in=128"}), "expected less than the ticks");
  expect_refused(brief() + set({"data.snr_high=-50"}), "is below data.snr_low");
  expect_refused(brief() + set({"training.learning_rat=1"}), "did you mean training.learning_rate?");
  expect_refused(brief() + set({"nothing_like_it=1"}), "`rheo list keys train-spiking` prints all");
  for (const std::string key : {"training.ticks", "evaluation.ticks", "evaluation.epoch_ticks"}) {
    expect_refused(brief() + set({key + "=129"}), "--set " + key + "=129: is more than a signal has samples");
  }
  expect_refused(brief() + set({"network=cv"}), "the input of cv is 28 x 28; expected images");
  expect_refused(brief() + set({"data.kind=radio_file"}), "analysis/radioml2016.py");
  expect_refused(brief() + set({"data.kind=radio_file", "data.file=absent.h5"}), "absent.h5: no such file");
  expect_refused({"train-spiking", "absent.toml"}, "absent.toml");
  const Outcome absent = rheo({"spiking-widths", "absent"});
  EXPECT_EQ(absent.status, 2);
  EXPECT_THAT(absent.err, HasSubstr("absent/network.h5: no such file"));
}

}  // namespace
}  // namespace rheo::testing
