#include "traces/spike_trace.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "models/core/error.hpp"
#include "models/core/hdf5.hpp"

namespace rheo {
namespace {

using ::testing::ElementsAre;

class SpikeTraceTest : public ::testing::Test {
 protected:
  ~SpikeTraceTest() override { std::filesystem::remove(file_); }
  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("rheo-spikes-" + std::to_string(getpid()) + ".h5");
};

TEST_F(SpikeTraceTest, EverySpikeIsARow) {
  SpikeTrace trace(file_, 10, {{"conv1", 100}, {"dense", 3}});
  trace.frame(0, 0, std::vector<std::uint64_t>{0b101, std::uint64_t{1} << 35U});
  trace.frame(1, 0, std::vector<std::uint64_t>{0});
  trace.frame(1, 23, std::vector<std::uint64_t>{0b110});
  EXPECT_FALSE(std::filesystem::exists(file_));  // not before it is whole
  trace.finish();
  const hdf5::Handle file = hdf5::open_file(file_.string());
  EXPECT_THAT(hdf5::read<std::uint64_t>(file.get(), "/spikes/example"), ElementsAre(0, 0, 0, 2, 2));
  EXPECT_THAT(hdf5::read<std::uint16_t>(file.get(), "/spikes/tick"), ElementsAre(0, 0, 0, 3, 3));
  EXPECT_THAT(hdf5::read<std::uint16_t>(file.get(), "/spikes/layer"), ElementsAre(0, 0, 0, 1, 1));
  EXPECT_THAT(hdf5::read<std::uint64_t>(file.get(), "/spikes/neuron"), ElementsAre(0, 2, 99, 1, 2));
  EXPECT_THAT(hdf5::read<std::uint64_t>(file.get(), "/layers/neurons"), ElementsAre(100, 3));
}

TEST_F(SpikeTraceTest, WhatIsNotFinishedLeavesNothing) {
  {
    SpikeTrace trace(file_, 10, {{"conv1", 100}});
    trace.frame(0, 0, std::vector<std::uint64_t>{1});
    EXPECT_TRUE(std::filesystem::exists(file_.string() + ".part"));
  }
  EXPECT_FALSE(std::filesystem::exists(file_));
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".part"));
}

TEST_F(SpikeTraceTest, AFolderThatIsNotThereIsAnError) {
  EXPECT_THROW(SpikeTrace("/nowhere/spikes.h5", 1, {{"a", 1}}), SimulationError);
}

}  // namespace
}  // namespace rheo
