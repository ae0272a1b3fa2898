#include "platforms/checkpoint.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "models/core/error.hpp"
#include "platforms/report.hpp"
#include "tests/platforms/chip_fixture.hpp"

namespace rheo::testing {
namespace {

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() { std::filesystem::create_directories(folder_); }
  ~CheckpointTest() override { std::filesystem::remove_all(folder_); }

  /// Runs with an interruption after `batches` batches: saved to disk, taken up by another chip.
  std::string interrupted_report(const RunConfiguration& configuration, int batches) {
    {
      new_simulation();
      TrainingRun run(configuration);
      run.elaborate(1, nullptr);
      run.chip().program_initial_state();
      for (int i = 0; i < batches; ++i) run.trainer().advance();
      write_checkpoint(file_, {"", run.trainer().state(), run.chip().snapshot()});
    }
    new_simulation();
    TrainingRun run(configuration);
    run.elaborate(1, nullptr);
    const Checkpoint saved = read_checkpoint(file_);
    run.chip().restore(saved.chip);
    run.trainer().restore(saved.trainer);
    while (!run.trainer().done()) run.trainer().advance();
    return make_report(configuration, run.trainer(), run.chip(), run.costs(), 0).dump();
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("rheo-checkpoint-" + std::to_string(::getpid()));
  std::filesystem::path file_ = folder_ / "checkpoint.h5";
};

TEST_F(CheckpointTest, AResumedRunEndsWithTheReportOfAnUninterruptedOne) {
  const std::vector<std::vector<std::string>> cases{
      {}, {"device.preset=ideal"}, {"optimiser.momentum=accumulator", "schedule.momentum=0.9"}, {"granularity=burst"}};
  for (auto words : cases) {
    words.emplace_back("workload.epochs=2");
    const RunConfiguration configuration = small_configuration(words);
    const std::string uninterrupted = run_whole(configuration).report.dump();
    // In the middle of an epoch, in its test, at its end: three training batches and two test batches an epoch.
    for (const int batches : {1, 4, 5, 7})
      EXPECT_EQ(interrupted_report(configuration, batches), uninterrupted) << batches;
  }
}

TEST_F(CheckpointTest, ADamagedFileIsRefused) {
  std::ofstream(file_) << "not a checkpoint";
  EXPECT_THROW(static_cast<void>(read_checkpoint(file_)), InputError);
  EXPECT_THROW(static_cast<void>(read_checkpoint(folder_ / "absent.h5")), InputError);
}

TEST_F(CheckpointTest, AnEarlyValueThatChangedIsFoundAlthoughComponentsWithoutStateFollow) {
  Checkpoint checkpoint;
  checkpoint.trainer.loss_sum = 1234.5;
  checkpoint.chip.components = {{"a", {1}, {2}, {}}, {"b", {}, {}, {}}};
  write_checkpoint(file_, checkpoint);
  ASSERT_EQ(read_checkpoint(file_).trainer.loss_sum, 1234.5);
  std::ostringstream content;
  content << std::ifstream(file_, std::ios::binary).rdbuf();
  std::string bytes = content.str();
  const double value = 1234.5;
  std::string pattern(sizeof value, '\0');
  std::memcpy(pattern.data(), &value, sizeof value);
  const std::size_t at = bytes.find(pattern);
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  std::ofstream(file_, std::ios::binary) << bytes;
  EXPECT_THROW(static_cast<void>(read_checkpoint(file_)), InputError);
}

TEST_F(CheckpointTest, TheCheckpointOfAnotherChipIsRefused) {
  new_simulation();
  TrainingRun first(small_configuration());
  first.elaborate(1, nullptr);
  first.chip().program_initial_state();
  write_checkpoint(file_, {"", first.trainer().state(), first.chip().snapshot()});
  new_simulation();
  TrainingRun other(small_configuration({"workload.network=perceptron"}));
  other.elaborate(1, nullptr);
  EXPECT_THROW(other.chip().restore(read_checkpoint(file_).chip), InputError);
}

}  // namespace
}  // namespace rheo::testing
