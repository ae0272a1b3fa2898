// Promise 4: energy adds up, and every joule has an entry.
#include "models/cost/energy.hpp"
#include "platforms/report.hpp"
#include "tests/platforms/chip_fixture.hpp"

namespace rheo::testing {
namespace {

double sum(const nlohmann::ordered_json& parts) {
  double total = 0;
  for (const auto& [name, value] : parts.items()) total += value.get<double>();
  return total;
}

TEST(EnergyBalance, ComponentsPhasesAndLayersEachSumToTheTotal) {
  const Outcome run = run_whole(small_configuration());
  const auto& energy = run.report.at("energy");
  const double total = energy.at("total_j").get<double>();
  ASSERT_GT(total, 0);
  EXPECT_NEAR(sum(energy.at("by_component")) / total, 1, 1e-12);
  EXPECT_NEAR(sum(energy.at("by_phase")) / total, 1, 1e-12);
  EXPECT_NEAR(sum(energy.at("by_layer")) / total, 1, 1e-12);
  EXPECT_TRUE(energy.at("by_phase").contains("idle"));
  EXPECT_TRUE(energy.at("by_layer").contains("shared"));
}

TEST(EnergyBalance, DoublingATableEntryAddsExactlyItsContribution) {
  new_simulation();
  const RunConfiguration configuration = small_configuration();
  TrainingRun run(configuration);
  run.elaborate(1, nullptr);
  run.chip().program_initial_state();
  run.trainer().advance();
  const ChipActivity activity = chip_activity(run.chip());
  const double before = energy_report(activity, Mode::training, run.costs()).total_j;
  for (const char* entry : {"adc.convert.9b", "bram.read", "dram.write", "vector.mul"}) {
    double contribution = 0;
    for (const EnergyItem& item : energy_items(activity, Mode::training, run.costs())) {
      if (item.entry == entry && item.action != "static")
        contribution += static_cast<double>(item.count) * run.costs().energy(entry);
    }
    EXPECT_GT(contribution, 0) << entry;
    const double after = energy_report(activity, Mode::training, run.costs().with_energy_scaled(entry, 2)).total_j;
    EXPECT_NEAR((after - before) / contribution, 1, 1e-9) << entry;
  }
}

TEST(EnergyBalance, CountsDoNotDependOnTheBlocking) {
  const Outcome whole = run_whole(small_configuration());
  const Outcome blocks = run_whole(small_configuration({"controller.block_vectors=7"}));
  for (const char* action : {"adc.convert", "dac.drive", "array.read", "array.read_charge", "array.pulse",
                             "array.half_select", "random.bit", "vector.add", "vector.special", "dma.byte"}) {
    EXPECT_EQ(whole.report.at("actions").at(action), blocks.report.at("actions").at(action)) << action;
  }
}

TEST(EnergyBalance, ConversionsFollowFromTheNetwork) {
  // 96 training images: conv1 13x13 vectors of 8 outputs, conv2 4x4 of 16, fc1 one of 10, each backward as well but
  // for the first layer (72 inputs, 64 inputs). Bound management adds repeats, zero vectors are not read.
  const Outcome run = run_whole(small_configuration({"management.forward_bound=none"}));
  const std::uint64_t forward = 96ULL * (13 * 13 * 8 + 4 * 4 * 16 + 10);
  const std::uint64_t backward = 96ULL * (4 * 4 * 72 + 64);
  const auto counted = run.report.at("actions").at("adc.convert").get<std::uint64_t>();
  EXPECT_LE(counted, forward + backward);
  EXPECT_GE(counted, (forward + backward) * 8 / 10);
}

TEST(EnergyBalance, ABitSerialReadConvertsEveryPhase) {
  const auto actions = [](const std::vector<std::string>& words) {
    std::vector<std::string> all{"management.forward_bound=none", "workload.train_samples=96"};
    all.insert(all.end(), words.begin(), words.end());
    return run_whole(small_configuration(all)).report;
  };
  const auto count = [](const auto& report, const char* action) {
    return report.at("evaluation").at("actions").at(action).template get<double>();
  };
  const auto parallel = actions({});
  const auto serial = actions({"dac.scheme=bit_serial"});
  // The networks differ after training, and with them the vectors of zeros that are not read.
  EXPECT_NEAR(count(serial, "adc.convert") / count(parallel, "adc.convert"), 6, 0.3);
  EXPECT_NEAR(count(serial, "tile_digital.shift_add") / count(serial, "adc.convert"), 5.0 / 6, 1e-9);
  EXPECT_GT(serial.at("time").at("simulated_s").template get<double>(),
            parallel.at("time").at("simulated_s").template get<double>());
}

TEST(EnergyBalance, TheReadEnergyFollowsInputsAndConductances) {
  const auto charge = [](const std::vector<std::string>& words) {
    return run_whole(small_configuration(words)).report.at("actions").at("array.read_charge").get<double>();
  };
  const double base = charge({});
  EXPECT_GT(charge({"conductance.off_ratio=0.3"}), base) << "leakier cells draw more";
  EXPECT_NE(charge({"seed=8"}), base) << "other weights, another charge";
}

}  // namespace
}  // namespace rheo::testing
