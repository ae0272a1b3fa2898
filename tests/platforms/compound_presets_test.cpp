// Every shipped preset can be loaded, made, pulsed (or written) and read.
#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "platforms/device_presets.hpp"
#include "tests/platforms/chip_fixture.hpp"

namespace rheo::testing {
namespace {

struct Preset : ::testing::TestWithParam<std::string> {
  /// A rate at which even the coarsest cells are pulsed within three batches.
  static Outcome run(const std::string& more) {
    return run_whole(small_configuration({"device.preset=" + GetParam(), "schedule.lr=2.0", more}));
  }
};

TEST_P(Preset, LearnsAtAll) {
  const Outcome learned = run("workload.epochs=1");
  for (const auto& tile : learned.weights) {
    for (const float w : tile) ASSERT_TRUE(std::isfinite(w));
  }
  EXPECT_NE(learned.weights, run("workload.train_samples=8").weights);
}

std::vector<std::string> shipped() {
  std::vector<std::string> names;
  for (const DevicePreset& preset : device_presets()) names.push_back(preset.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Shipped, Preset, ::testing::ValuesIn(shipped()), [](const auto& info) { return info.param; });

TEST(PresetValues, AreThoseOfTheirBaseWithTheCompoundAdded) {
  const auto device = [](const char* name) { return small_configuration({std::string("device.preset=") + name}).chip; };
  const auto values = [](const char* name) {
    RunConfiguration run = small_configuration({std::string("device.preset=") + name});
    ConfigurationText text;
    run.describe(text);
    return std::map<std::string, std::string>(text.values().begin(), text.values().end());
  };
  EXPECT_EQ(device("ReRamES4").device.compound.vector.cells, 4);
  EXPECT_EQ(device("ReRamES4").device.compound.vector.update_policy, crossbar::UpdatePolicy::single_random);
  EXPECT_EQ(device("ReRamES4").device.cell.population.dw_min, 0.00135);
  EXPECT_EQ(device("TikiTakaCapacitor").device.compound.transfer.transfer_update().train_length, 31);
  EXPECT_EQ(device("TTv2EcRam").device.compound.transfer.transfer_update().train_length, 1);
  EXPECT_EQ(device("TTv2EcRam").device.slow_cell().population.w_max, 1.1724);
  EXPECT_EQ(device("TTv2EcRam").tile.update.train_length, 100);
  EXPECT_EQ(device("ChoppedTTv2EcRamMO").device.compound.transfer.in_chop_prob, 0.001);
  EXPECT_EQ(device("AGADReRamSB").device.compound.transfer.rule, crossbar::TransferRule::dynamic);
  // On cells whose up and down steps differ transfers want the symmetry point at 0, fast and slow.
  EXPECT_EQ(values("TTv2ReRamSB").at("device.subtract_symmetry_point"), "true");
  EXPECT_EQ(values("TTv2ReRamSB").at("device.slow.subtract_symmetry_point"), "true");
  EXPECT_EQ(values("ReRamSB2").at("device.subtract_symmetry_point"), "false");
  EXPECT_EQ(device("MixedPrecisionGokmenVlasov").device.cell.population.dw_min, 0.0016);
  EXPECT_EQ(device("PCM").device.compound.kind, crossbar::Compound::one_sided);
  EXPECT_EQ(device("PCM").device.cell.family(), "exp_step");
  EXPECT_EQ(device("PCM").device.compound.one_sided.refresh_every, 1);
  EXPECT_EQ(device("MixedPrecisionPCM").device.compound.mixed_precision.device, crossbar::WrittenCells::one_sided);
  EXPECT_TRUE(device("PCMInference").device.programmed);
}

}  // namespace
}  // namespace rheo::testing
