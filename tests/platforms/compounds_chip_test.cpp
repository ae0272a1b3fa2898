// Compounds on the whole chip: the end of a batch, the same bits, checkpoints.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "platforms/checkpoint.hpp"
#include "platforms/report.hpp"
#include "tests/platforms/chip_fixture.hpp"

namespace rheo::testing {
namespace {

using Words = std::vector<std::string>;

RunConfiguration with(Words words, const Words& more = {}) {
  words.insert(words.end(), more.begin(), more.end());
  return small_configuration(words);
}

std::size_t ends_of_batch(const Mapping& mapping) {
  return static_cast<std::size_t>(std::count_if(mapping.training.begin(), mapping.training.end(),
                                                [](const Command& c) { return c.opcode == Opcode::end_batch; }));
}

TEST(EndOfBatch, IsACommandForEveryTileWhereTheDeviceWantsOne) {
  const auto count = [](const Words& words) {
    new_simulation();
    const TrainingRun run(small_configuration(words));
    return std::pair(ends_of_batch(run.mapping()), run.mapping().tiles());
  };
  EXPECT_EQ(count({}).first, 0U);
  EXPECT_EQ(count({"device.preset=ideal"}).first, 0U);
  EXPECT_EQ(count({"device.compound=vector"}).first, 0U);
  EXPECT_EQ(count({"device.compound=transfer", "device.transfer.units_in_mbatch=false"}).first, 0U);
  for (const Words& words :
       {Words{"device.lifetime=100.0"}, Words{"device.diffusion=0.001"}, Words{"device.compound=mixed_precision"},
        Words{"device.compound=transfer"},
        Words{"device.compound=transfer", "device.transfer.units_in_mbatch=false", "device.slow.lifetime=10.0"},
        Words{"device.compound=one_sided", "device.one_sided.refresh_every=3"}}) {
    const auto [ends, tiles] = count(words);
    EXPECT_EQ(ends, tiles) << words.front();
  }
}

TEST(EndOfBatch, ACellWithALifetimeDecaysOncePerMiniBatch) {
  // Updates too small for any pulse: three batches of 40, 40 and 16 images, so three decays.
  const Words still{"schedule.lr=1e-30", "device.lifetime_dtod=0.0"};
  const Outcome kept = run_whole(with(still));
  for (const char* blocks : {"0", "7"}) {
    const Outcome decayed =
        run_whole(with(still, {"device.lifetime=4.0", std::string("controller.block_vectors=") + blocks}));
    ASSERT_EQ(decayed.weights.size(), kept.weights.size());
    for (std::size_t tile = 0; tile < kept.weights.size(); ++tile) {
      for (std::size_t at = 0; at < kept.weights[tile].size(); ++at) {
        EXPECT_FLOAT_EQ(decayed.weights[tile][at], kept.weights[tile][at] * 0.75F * 0.75F * 0.75F);
      }
    }
  }
}

TEST(EndOfBatch, DiffusionIsARandomWalkOfAStepAMiniBatch) {
  const Words still{"schedule.lr=1e-30", "device.diffusion_dtod=0.0"};
  const Outcome kept = run_whole(with(still));
  const Outcome walked = run_whole(with(still, {"device.diffusion=0.01"}));
  double square = 0;
  double count = 0;
  for (std::size_t tile = 0; tile < kept.weights.size(); ++tile) {
    for (std::size_t at = 0; at < kept.weights[tile].size(); ++at) {
      const double way = walked.weights[tile][at] - kept.weights[tile][at];
      square += way * way;
      ++count;
    }
  }
  // Three independent steps; the same step three times would give nine.
  EXPECT_NEAR(square / count / 1e-4, 3, 4 * 3 * std::sqrt(2 / count));
}

const std::vector<std::pair<std::string, Words>> compounds{
    {"decay_and_diffusion", {"device.lifetime=50.0", "device.diffusion=0.001"}},
    {"vector", {"device.compound=vector", "device.vector.update_policy=single_random"}},
    {"one_sided",
     {"device.compound=one_sided", "device.one_sided.refresh_every=1", "device.one_sided.refresh_upper_thres=0.1",
      "device.one_sided.refresh_lower_thres=0.02"}},
    {"tiki_taka", {"device.compound=transfer", "device.transfer.n_reads_per_transfer=3"}},
    {"chopped",
     {"device.compound=transfer", "device.transfer.rule=buffered", "device.transfer.units_in_mbatch=false",
      "device.transfer.auto_scale=true", "device.transfer.scale_fast_lr=false",
      "device.transfer.buffer_granularity=0.1", "device.slow.family=soft_bounds"}},
    {"mixed_precision", {"device.compound=mixed_precision", "device.mixed_precision.n_x_bins=16"}},
};

struct CompoundOnChip : ::testing::TestWithParam<std::pair<std::string, Words>> {
  static RunConfiguration configuration(const Words& more = {}) { return with(GetParam().second, more); }
};

TEST_P(CompoundOnChip, LearnsToTheSameBitsWhateverBlocksThreadsAndGranularity) {
  const Outcome whole = run_whole(configuration());
  EXPECT_NE(whole.weights, run_whole(configuration({"schedule.lr=1e-30"})).weights) << "it learns";
  const auto same = [&](const Outcome& other, const char* what) {
    EXPECT_EQ(other.curve, whole.curve) << what;
    EXPECT_EQ(other.weights, whole.weights) << what;
  };
  same(run_whole(configuration({"controller.block_vectors=1"})), "single vectors");
  same(run_whole(configuration({"controller.block_vectors=16"})), "16 vectors");
  same(run_whole(configuration({"mapping.images_per_block=3"})), "3 images");
  same(run_whole(configuration({"granularity=burst"})), "bursts");
  const Outcome two = run_whole(configuration(), 2);
  same(two, "two threads");
  EXPECT_EQ(two.report.dump(), whole.report.dump()) << "time and energy, too";
}

TEST_P(CompoundOnChip, ResumesToTheReportOfAnUninterruptedRun) {
  const RunConfiguration twice = configuration({"workload.epochs=2"});
  const std::string uninterrupted = run_whole(twice).report.dump();
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("rheo-compound-" + std::to_string(::getpid()) + ".h5");
  for (const int batches : {1, 4, 7}) {
    {
      new_simulation();
      TrainingRun run(twice);
      run.elaborate(1, nullptr);
      run.chip().program_initial_state();
      for (int i = 0; i < batches; ++i) run.trainer().advance();
      write_checkpoint(file, {"", run.trainer().state(), run.chip().snapshot()});
    }
    new_simulation();
    TrainingRun run(twice);
    run.elaborate(1, nullptr);
    const Checkpoint saved = read_checkpoint(file);
    run.chip().restore(saved.chip);
    run.trainer().restore(saved.trainer);
    while (!run.trainer().done()) run.trainer().advance();
    EXPECT_EQ(make_report(twice, run.trainer(), run.chip(), run.costs(), 0).dump(), uninterrupted) << batches;
  }
  std::filesystem::remove(file);
}

TEST_P(CompoundOnChip, ItsResolvedConfigurationDescribesTheSameRun) {
  RunConfiguration one = configuration();
  ConfigurationText text;
  one.describe(text);
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("rheo-compound-" + std::to_string(::getpid()) + ".toml");
  std::ofstream(file) << text.str();
  RunConfiguration again = RunConfiguration::load(file, {});
  std::filesystem::remove(file);
  ConfigurationText second;
  again.describe(second);
  EXPECT_EQ(second.str(), text.str());
}

INSTANTIATE_TEST_SUITE_P(Compounds, CompoundOnChip, ::testing::ValuesIn(compounds),
                         [](const auto& info) { return info.param.first; });

const Words pcm{"device.preset=PCMInference"};

TEST(PcmOnChip, IsTrainedDigitallyAndReadThroughItsCells) {
  const Outcome run = run_whole(with(pcm));
  EXPECT_EQ(run.report.at("idealised"), true);
  EXPECT_EQ(run.report.at("actions").value("array.pulse", std::uint64_t{0}), 0U);
  EXPECT_GT(run.report.at("actions").at("array.program").get<std::uint64_t>(), 0U);
  EXPECT_NE(report_text(run.report).find("written to the cells"), std::string::npos);
  // The same seed and the same timing: the same bits, with two threads, too.
  EXPECT_EQ(run_whole(with(pcm), 2).report.dump(), run.report.dump());
}

TEST(PcmOnChip, OldWeightsGiveOtherResultsAndCompensationTakesReads) {
  const Outcome young = run_whole(with(pcm));
  const Outcome old = run_whole(with(pcm, {"device.age=1e6 s"}));
  EXPECT_NE(old.curve, young.curve);
  const Outcome compensated = run_whole(with(pcm, {"device.age=1e6 s", "device.drift_compensation=true"}));
  const auto reads = [](const Outcome& o) { return o.report.at("actions").at("adc.convert").get<std::uint64_t>(); };
  EXPECT_GT(reads(compensated), reads(old));
}

TEST(PcmOnChip, ResumesToTheSameReport) {
  const RunConfiguration c = with(pcm, {"device.drift_compensation=true"});
  const std::string uninterrupted = run_whole(c).report.dump();
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("rheo-pcm-" + std::to_string(::getpid()) + ".h5");
  {
    new_simulation();
    TrainingRun run(c);
    run.elaborate(1, nullptr);
    run.chip().program_initial_state();
    for (int i = 0; i < 2; ++i) run.trainer().advance();
    write_checkpoint(file, {"", run.trainer().state(), run.chip().snapshot()});
  }
  new_simulation();
  TrainingRun run(c);
  run.elaborate(1, nullptr);
  const Checkpoint saved = read_checkpoint(file);
  run.chip().restore(saved.chip);
  run.trainer().restore(saved.trainer);
  while (!run.trainer().done()) run.trainer().advance();
  std::filesystem::remove(file);
  EXPECT_EQ(make_report(c, run.trainer(), run.chip(), run.costs(), 0).dump(), uninterrupted);
}

TEST(CompoundKeys, OfAnotherKindAreUnknown) {
  EXPECT_THROW(small_configuration({"device.transfer.gamma=0.1"}), InputError);
  EXPECT_THROW(small_configuration({"device.compound=vector", "device.slow.dw_min=0.1"}), InputError);
  EXPECT_THROW(small_configuration({"device.compound=transfer", "device.transfer.momentum=0.1"}), InputError);
  EXPECT_THROW(small_configuration({"device.compound=vector", "device.vector.gamma_vec=[1.0]"}), InputError);
  EXPECT_NO_THROW(small_configuration({"device.compound=transfer", "device.slow.dw_min=0.1"}));
}

TEST(SlowCell, RepeatsTheFastOneWhereTheFileSaysNothing) {
  const RunConfiguration c =
      small_configuration({"device.compound=transfer", "device.dw_min=0.002", "device.slow.w_max=2.0"});
  EXPECT_EQ(c.chip.device.slow_cell().population.dw_min, 0.002);
  EXPECT_EQ(c.chip.device.slow_cell().population.w_max, 2.0);
  EXPECT_EQ(c.chip.device.cell.population.w_max, 1.0);
}

}  // namespace
}  // namespace rheo::testing
