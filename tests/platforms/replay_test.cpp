// A recorded run timed anew: the time and energy of a run with the same change, bit for bit.
#include "platforms/replay.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "models/core/error.hpp"
#include "platforms/report.hpp"
#include "platforms/run_trace.hpp"
#include "tests/platforms/chip_fixture.hpp"
#include "tests/traces/damage.hpp"
#include "traces/trace_writer.hpp"

namespace rheo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() { std::filesystem::create_directories(folder_); }
  ~ReplayTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path trace() const { return folder_ / "trace.h5"; }

  /// Runs the small configuration with these words to its end and records it. Returns its report.
  Json record(const Words& words) const {
    const RunConfiguration configuration = small_configuration(words);
    new_simulation();
    TrainingRun run(configuration);
    RunTrace recorder;
    run.elaborate(1, &recorder);
    recorder.open(folder_, run, true);
    run.chip().program_initial_state();
    std::size_t epochs = 0;
    while (!run.trainer().done()) {
      run.trainer().advance();
      if (run.trainer().state().records.size() == epochs) continue;
      recorder.epoch(run.trainer().state().records.back());
      ++epochs;
    }
    const Json report = make_report(configuration, run.trainer(), run.chip(), run.costs(), 0.0);
    recorder.finish(report.dump());
    return report;
  }

  [[nodiscard]] Json replay(const Words& words) const { return replay(trace(), words); }
  [[nodiscard]] static Json replay(const std::filesystem::path& trace, const Words& words) {
    new_simulation();
    Replay replay(trace, words);
    replay.elaborate();
    while (!replay.done()) replay.advance();
    return make_report(replay.configuration(), replay.run().trainer(), replay.run().chip(), replay.run().costs(), 0.0);
  }

  void expect_refused(const Words& words, const std::string& what) const {
    try {
      Replay replay(trace(), words);
      ADD_FAILURE() << words.back() << " was accepted";
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(words.back() + ": "));
      EXPECT_THAT(error.what(), HasSubstr(what));
      EXPECT_THAT(error.what(), HasSubstr("`rheo run`"));
    }
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("rheo-replay-" + std::to_string(::getpid()));
};

// ---- An unchanged platform: the whole report is the same ----

const Words lenet{"workload.network=lenet", "workload.train_samples=40", "workload.test_samples=20",
                  "workload.batch_size=20", "mapping.images_per_block=4"};

class UnchangedReplay : public ReplayTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(UnchangedReplay, OfLenetHasTheSameReport) {
  for (const char* granularity : {"granularity=block", "granularity=burst"}) {
    const Json recorded = record(lenet + Words{std::string("device.preset=") + GetParam(), granularity});
    EXPECT_EQ(replay({}).dump(), recorded.dump()) << granularity;
    std::filesystem::remove(trace());
  }
}
INSTANTIATE_TEST_SUITE_P(Devices, UnchangedReplay, ::testing::Values("ideal", "gokmen_vlasov"));

/// What values alone decide differs from kind to kind of command.
class RecordedKinds : public ReplayTest, public ::testing::WithParamInterface<Words> {};

TEST_P(RecordedKinds, AreEnoughForTheSameReport) {
  const Json recorded = record(GetParam());
  EXPECT_EQ(replay({}).dump(), recorded.dump());
  // Something that every command feels: so that the recorded times cannot have been copied.
  const Words slower{"clock_hz=7e8", "dram.channels=1"};
  const Json slow = replay(slower);
  std::filesystem::remove(trace());
  EXPECT_EQ(slow.dump(), record(GetParam() + slower).dump());
  EXPECT_NE(slow.at("time"), recorded.at("time"));
}
INSTANTIATE_TEST_SUITE_P(
    Commands, RecordedKinds,
    ::testing::Values(
        // Parts of commands, out of order.
        Words{"controller.block_vectors=7", "mapping.images_per_block=3", "controller.scoreboard_entries=64"},
        // Rows and columns of a matrix on several tiles, repeats of reads.
        Words{"tile.rows=30", "tile.columns=6", "adc.bound=2"},
        // Updates from an accumulated gradient.
        Words{"optimiser.momentum=accumulator"},
        // Transfers between cells, at the end of a batch and inside updates; weights in several cells.
        Words{"device.preset=TTv2ReRamSB"}, Words{"device.preset=TikiTakaEcRam"},
        Words{"device.preset=MixedPrecisionGokmenVlasov"}, Words{"device.preset=ReRamES2"},
        // Replicas with positions by chance, an image each, and perforated.
        Words{"workload.network=cifar10_full", "workload.train_samples=12", "workload.test_samples=4",
              "workload.batch_size=6", "rapa.conv1.scheme=random", "rapa.conv1.tiles=3",
              "rapa.conv2.scheme=random_fixed", "rapa.conv2.tiles=2", "tile.rows=1024", "buffer.capacity=16 MiB",
              "controller.program_memory=1 MiB"},
        // Pooling by chance, numbers of half a word.
        Words{"workload.network=cifar10_full", "workload.pooling=stochastic", "workload.train_samples=12",
              "workload.test_samples=4", "workload.batch_size=6", "tile.rows=1024", "buffer.capacity=16 MiB",
              "numbers.activations=fp16", "numbers.gradients=bf16"}));

// ---- A changed platform: the report of a run with the change ----

class ChangedReplay : public ReplayTest, public ::testing::WithParamInterface<Words> {};

TEST_P(ChangedReplay, HasTheReportOfARunWithTheSameChange) {
  const Json before = record({});
  const Json replayed = replay(GetParam());
  std::filesystem::remove(trace());
  const Json run = record(GetParam());
  EXPECT_EQ(replayed.dump(), run.dump());
  // The change was felt.
  EXPECT_NE(std::tie(replayed.at("time"), replayed.at("energy"), replayed.at("memory"), replayed.at("area")),
            std::tie(before.at("time"), before.at("energy"), before.at("memory"), before.at("area")));
}
INSTANTIATE_TEST_SUITE_P(
    Keys, ChangedReplay,
    ::testing::Values(Words{"granularity=burst"}, Words{"clock_hz=3e8"}, Words{"dram.channels=1"},
                      Words{"dram.t_cl=40 ns", "dram.t_refi=1 us"}, Words{"dma.channels=1"},
                      Words{"dma.round_trip=1 us", "dma.burst_bytes=64", "granularity=burst"}, Words{"bus.channels=1"},
                      Words{"bus.width_bytes=8"}, Words{"host.bandwidth=100 MB/s"}, Words{"adc.rate=100 MHz"},
                      Words{"adc.shared_by=4"}, Words{"backward.adc.rate=100 MHz"}, Words{"buffer.banks=2"},
                      Words{"buffer.capacity=1 MiB"}, Words{"controller.issue=in_order"},
                      Words{"controller.scoreboard_entries=2", "controller.fetch_bytes=8"},
                      Words{"controller.link_bytes=4"}, Words{"vector_unit.lanes=4"},
                      Words{"tile.read_time=200 ns", "tile.pulse_time=5 ns"},
                      Words{"tile.search_lanes=1", "tile.rescale_lanes=1"}, Words{"tile.program_time=5 us"}));

// ---- Damaged traces ----

TEST_F(ReplayTest, ADamagedTraceIsRefusedOrTellsTheSame) {
  const Json recorded = record({"workload.train_samples=12", "workload.test_samples=6", "workload.batch_size=6"});
  std::vector<Damage> damages = damaged_bytes(trace(), 120);
  const std::vector<Damage> values = overwritten_values(trace());
  damages.insert(damages.end(), values.begin(), values.end());
  const std::string whole = bytes_of_file(trace());
  const std::filesystem::path copy = folder_ / "copy.h5";
  std::size_t refused = 0;
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.name);
    std::ofstream(copy, std::ios::binary) << whole;
    damage.apply(copy);
    try {
      EXPECT_EQ(replay(copy, {}).dump(), recorded.dump());
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(copy.string() + ": "));
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      ++refused;
    }
  }
  EXPECT_GT(refused, damages.size() / 2);
}

TEST_F(ReplayTest, ATraceWithoutImagesIsRefused) {
  record({});
  // A trace that is well-formed but says of no class, or of a size that is none.
  for (const auto number :
       {&TracedImages::classes, &TracedImages::height, &TracedImages::width, &TracedImages::channels}) {
    const std::filesystem::path other = folder_ / "other.h5";
    RunTraceReader reader(trace());
    TraceHeader header = reader.header();
    header.images.*number = 0;
    {
      TraceWriter writer(other, header);
      const TracedProgram& first = reader.programs().front();
      for (const TracedCommand& command : reader.next(first.commands)) writer.command(named(command, header));
      writer.program(first);
    }
    EXPECT_THROW(Replay(other, {}), InputError);
  }
}

// ---- What cannot be timed anew ----

TEST_F(ReplayTest, RefusesWhatDecidesValuesOrCommands) {
  record({});
  for (const char* word : {"tile.rows=64", "adc.bits=8", "workload.network=lenet", "workload.batch_size=8",
                           "device.dw_min=0.01", "device.preset=ideal", "controller.block_vectors=16", "seed=3",
                           "controller.scoreboard=false", "mapping.images_per_block=3", "numbers.activations=fp16",
                           "dac.bits=5", "schedule.lr=0.1", "tile.train_length=7", "backward.adc.bits=8"}) {
    expect_refused({word}, "a trace cannot tell anew");
  }
}

TEST_F(ReplayTest, NamesTheWordThatWantsAnotherMapping) {
  record({"workload.network=lenet", "workload.train_samples=20", "workload.test_samples=10", "workload.batch_size=20"});
  // Less than 16 images fit.
  expect_refused({"dram.channels=1", "buffer.capacity=300 KiB"}, "another mapping");
  // Where the word is not the last of all.
  EXPECT_THROW(Replay(trace(), {"buffer.capacity=300 KiB", "dram.channels=1"}), InputError);
}

TEST_F(ReplayTest, RefusesANewTimeWhereValuesDependOnIt) {
  const Json recorded = record({"device.preset=PCMInference"});
  EXPECT_EQ(replay({}).dump(), recorded.dump());
  expect_refused({"clock_hz=3e8"}, "change with time");
}

TEST_F(ReplayTest, RefusesToShareConvertersThatDeviate) {
  record({"adc.gain_deviation=0.01"});
  expect_refused({"adc.shared_by=4"}, "deviate");
  Replay(trace(), {"adc.rate=1 GHz"});
}

TEST_F(ReplayTest, RefusesAnUnknownKey) {
  record({});
  EXPECT_THROW(Replay(trace(), {"adc.rat=1 GHz"}), InputError);
}

}  // namespace
}  // namespace rheo::testing
