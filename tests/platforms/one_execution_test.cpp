// Promises 1 and 2: the numbers come from the modelled memories, and what does not fit is refused.
#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "tests/platforms/chip_fixture.hpp"

namespace rheo::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

RunConfiguration learning(const std::string& device, int epochs = 2) {
  return small_configuration({"device.preset=" + device, "workload.train_samples=1200", "workload.test_samples=300",
                              "workload.batch_size=10", "workload.epochs=" + std::to_string(epochs),
                              "schedule.lr=0.1"});
}

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "not refused";
}

TEST(OneExecution, EveryDeviceLearns) {
  for (const char* device : {"ideal", "semi_ideal", "gokmen_vlasov"}) {
    EXPECT_GT(run_whole(learning(device, 6)).final_accuracy(), 0.5) << device << "; chance is 0.1";
  }
}

TEST(OneExecution, AWrongAddressMapBreaksTheAccuracy) {
  const double right = run_whole(learning("ideal")).final_accuracy();
  const auto wrong_map = [](Mapping& mapping) {
    // The last layer reads its activations 256 bytes off.
    for (auto* program : {&mapping.training, &mapping.evaluation}) {
      for (Command& command : *program) {
        if (command.opcode == Opcode::forward && command.unit == unit_index::first_tile + 2)
          command.operands[0].address -= 256;
      }
    }
  };
  const double wrong = run_whole(learning("ideal"), 1, wrong_map).final_accuracy();
  EXPECT_GT(right, 0.5);
  EXPECT_LT(wrong, right - 0.2);
}

TEST(OneExecution, ATransferThatIsMissingBreaksTheAccuracy) {
  const auto no_load = [](Mapping& mapping) {
    // The images never reach the buffer.
    for (auto* program : {&mapping.training, &mapping.evaluation}) {
      std::erase_if(*program, [](const Command& c) {
        return c.opcode == Opcode::transfer && c.operands[0].address == data_map::host;
      });
    }
  };
  EXPECT_LT(run_whole(learning("ideal"), 1, no_load).final_accuracy(), 0.2);
}

TEST(OneExecution, AProgramWithoutScoreboardIsAnErrorThatNamesTwoCommands) {
  try {
    run_whole(small_configuration({"controller.scoreboard=false"}));
    FAIL() << "conflicting commands went unnoticed";
  } catch (const SimulationError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("missing dependency"), HasSubstr("and both are in flight")));
  }
}

TEST(Capacity, ABufferTooSmallIsRefusedBeforeTheSimulationWithNameCapacityAndDemand) {
  const auto configuration = small_configuration({"buffer.capacity=16 KiB"});
  EXPECT_THAT(refusal([&] { TrainingRun run(configuration); }),
              AllOf(HasSubstr("buffer.capacity"), HasSubstr("16384 bytes"), HasSubstr("needs")));
}

TEST(Capacity, TheBufferThatJustFitsIsAccepted) {
  // The demand that a refusal names is enough.
  const std::string text = refusal([&] { TrainingRun run(small_configuration({"buffer.capacity=8 KiB"})); });
  const std::string demand = text.substr(text.find("needs ") + 6, text.find(';') - text.find("needs ") - 6);
  std::string last = demand;
  for (int round = 0; round < 4; ++round) {  // a later phase may want more
    const std::string again =
        refusal([&] { TrainingRun run(small_configuration({"buffer.capacity=" + last + " B"})); });
    if (again == "not refused") return;
    last = again.substr(again.find("needs ") + 6, again.find(';') - again.find("needs ") - 6);
  }
  FAIL() << "a buffer of the named demand is refused";
}

TEST(Capacity, DramTooSmallIsRefused) {
  EXPECT_THAT(refusal([&] { TrainingRun run(small_configuration({"dram.capacity=64 KiB"})); }),
              AllOf(HasSubstr("dram.capacity"), HasSubstr("65536 bytes")));
}

TEST(Capacity, AProgramMemoryTooSmallIsRefused) {
  EXPECT_THAT(refusal([&] { TrainingRun run(small_configuration({"controller.program_memory=2 KiB"})); }),
              AllOf(HasSubstr("controller.program_memory"), HasSubstr("2048 bytes")));
}

TEST(Capacity, ASmallerBufferMeansSmallerBlocksAndTheSameResults) {
  const Outcome large = run_whole(small_configuration());
  const Outcome small = run_whole(small_configuration({"buffer.capacity=96 KiB"}));
  EXPECT_EQ(large.curve, small.curve);
  EXPECT_FALSE(small.report.at("remarks").empty()) << "the user is told";
}

}  // namespace
}  // namespace rheo::testing
