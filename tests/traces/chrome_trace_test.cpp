#include "traces/chrome_trace.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace rheo {
namespace {

constexpr std::uint64_t ns = 100'000;  // ticks of 10 fs

class ChromeTraceTest : public ::testing::Test {
 protected:
  ~ChromeTraceTest() override { std::filesystem::remove(file_); }

  nlohmann::json events_of(const std::vector<CommandEvent>& events) {
    {
      ChromeTrace trace(file_, {"shared", "conv1"});
      for (const CommandEvent& event : events) trace.command(event);
      trace.finish();
    }
    std::ifstream in(file_);
    return nlohmann::json::parse(in).at("traceEvents");
  }

  static CommandEvent event(std::string_view unit, std::uint64_t start, std::uint64_t end) {
    return {1, unit, "forward", {Mode::training, Phase::forward, 1}, start, end, 64, 3};
  }

  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("rheo-trace-" + std::to_string(::getpid()) + ".json");
};

TEST_F(ChromeTraceTest, ACommandIsASliceInMicrosecondsWithLayerPhaseAndBytes) {
  const auto events = events_of({event("tile0", 1500 * ns, 2750 * ns)});
  const auto& slice = events.back();
  EXPECT_EQ(slice.at("ph"), "X");
  EXPECT_DOUBLE_EQ(slice.at("ts").get<double>(), 1.5);
  EXPECT_DOUBLE_EQ(slice.at("dur").get<double>(), 1.25);
  EXPECT_EQ(slice.at("args").at("layer"), "conv1");
  EXPECT_EQ(slice.at("args").at("phase"), "forward");
  EXPECT_EQ(slice.at("args").at("bytes"), 64);
}

TEST_F(ChromeTraceTest, SlicesOfOneTrackNeverOverlap) {
  // By the order of their ends, as units report them: four that overlap, then one that fits behind the second.
  const auto events = events_of(
      {event("dma", 0, 10), event("dma", 5, 20), event("dma", 0, 30), event("dma", 21, 40), event("tile0", 0, 40)});
  std::map<int, std::vector<std::pair<double, double>>> tracks;
  for (const auto& e : events) {
    if (e.at("ph") == "X")
      tracks[e.at("tid")].emplace_back(e.at("ts"), e.at("ts").get<double>() + e.at("dur").get<double>());
  }
  EXPECT_EQ(tracks.size(), 4U) << "three lanes of the DMA engine and the tile";
  for (auto& [track, slices] : tracks) {
    std::sort(slices.begin(), slices.end());
    for (std::size_t i = 1; i < slices.size(); ++i)
      EXPECT_GE(slices[i].first, slices[i - 1].second) << "track " << track;
  }
}

TEST_F(ChromeTraceTest, EveryTrackHasAName) {
  const auto events = events_of({event("dma", 0, 10), event("dma", 5, 20)});
  std::vector<std::string> names;
  for (const auto& e : events) {
    if (e.at("ph") == "M" && e.at("name") == "thread_name") names.push_back(e.at("args").at("name"));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"dma", "dma (2)"}));
}

}  // namespace
}  // namespace rheo
