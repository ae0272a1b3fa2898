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

}  // namespace
}  // namespace rheo::testing
