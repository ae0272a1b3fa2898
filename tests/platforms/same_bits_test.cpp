// Promise 3: the same seed gives the same bits, whatever the granularity, blocking and threads.
#include "tests/platforms/chip_fixture.hpp"

namespace rheo::testing {
namespace {

void expect_same_values(const Outcome& a, const Outcome& b) {
  EXPECT_EQ(a.curve, b.curve);
  ASSERT_EQ(a.weights.size(), b.weights.size());
  for (std::size_t tile = 0; tile < a.weights.size(); ++tile)
    EXPECT_EQ(a.weights[tile], b.weights[tile]) << "tile " << tile;
}

class SameBits : public ::testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] RunConfiguration with(std::vector<std::string> words) const {
    words.push_back(std::string("device.preset=") + GetParam());
    return small_configuration(words);
  }
};

TEST_P(SameBits, OverTheBoundOfTheBlocksWhileTheTimeGrows) {
  const Outcome whole = run_whole(with({}));
  const Outcome sixteen = run_whole(with({"controller.block_vectors=16"}));
  const Outcome single = run_whole(with({"controller.block_vectors=1"}));
  expect_same_values(whole, sixteen);
  expect_same_values(whole, single);
  EXPECT_LT(whole.ticks, sixteen.ticks);
  EXPECT_LT(sixteen.ticks, single.ticks);
}

TEST_P(SameBits, OverTheOrderOfIssueWhileTheTimeShrinks) {
  const std::vector<std::string> many{"mapping.images_per_block=3", "controller.scoreboard_entries=256"};
  auto in_order = many;
  in_order.emplace_back("controller.issue=in_order");
  const Outcome overlapped = run_whole(with(many));
  const Outcome in_turn = run_whole(with(in_order));
  expect_same_values(in_turn, overlapped);
  EXPECT_LT(overlapped.ticks, in_turn.ticks);
}

TEST_P(SameBits, OverOneAndTwoThreads) {
  const Outcome one = run_whole(with({}), 1);
  const Outcome two = run_whole(with({}), 2);
  expect_same_values(one, two);
  EXPECT_EQ(one.report.dump(), two.report.dump()) << "time and energy, too";
}

TEST_P(SameBits, OverTheGranularityOfTheMemoryTraffic) {
  expect_same_values(run_whole(with({})), run_whole(with({"granularity=burst"})));
}

TEST_P(SameBits, OverTheImagesOfABlock) {
  expect_same_values(run_whole(with({})), run_whole(with({"mapping.images_per_block=3"})));
}

TEST_P(SameBits, OverMemoryBandwidthsAndClock) {
  expect_same_values(run_whole(with({})),
                     run_whole(with({"dram.channel_rate=0.4 GB/s", "clock_hz=0.3e9", "bus.channels=1"})));
}

TEST_P(SameBits, NarrowFormatsOverTheBoundOfTheBlocks) {
  const std::vector<std::string> narrow{"numbers.activations=fp16", "numbers.gradients=int8",
                                        "numbers.gradient_scale=4096.0"};
  auto blocked = narrow;
  blocked.emplace_back("controller.block_vectors=5");
  expect_same_values(run_whole(with(narrow)), run_whole(with(blocked)));
}

TEST_P(SameBits, AnotherSeedGivesOtherBits) { EXPECT_NE(run_whole(with({})).curve, run_whole(with({"seed=8"})).curve); }

INSTANTIATE_TEST_SUITE_P(Devices, SameBits, ::testing::Values("ideal", "semi_ideal", "gokmen_vlasov"));

TEST(Splitting, ColumnsOfTheIdealDeviceOverTilesChangesNoBitOfAForwardPass) {
  // Rows split a sum and may round differently; columns do not. One epoch without learning shows the forward pass
  // alone.
  const std::vector<std::string> still{"device.preset=ideal", "schedule.lr=1e-30"};
  auto split = still;
  split.emplace_back("tile.columns=3");
  const Outcome one = run_whole(small_configuration(still));
  const Outcome many = run_whole(small_configuration(split));
  EXPECT_EQ(one.curve, many.curve);
  EXPECT_GT(many.weights.size(), one.weights.size());
}

TEST(Splitting, RowsOverTilesKeepsTheResultsOfTheIdealDeviceUpToRounding) {
  const Outcome one = run_whole(small_configuration({"device.preset=ideal"}));
  const Outcome many = run_whole(small_configuration({"device.preset=ideal", "tile.rows=20", "tile.columns=7"}));
  ASSERT_EQ(one.curve.size(), many.curve.size());
  EXPECT_NEAR(one.curve[0], many.curve[0], 1e-3);
  EXPECT_NEAR(one.curve[2], many.curve[2], 1e-3);
}

}  // namespace
}  // namespace rheo::testing
