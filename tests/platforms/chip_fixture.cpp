#include "tests/platforms/chip_fixture.hpp"

#include <filesystem>
#include <fstream>

#include "platforms/report.hpp"

namespace rheo::testing {
namespace {

constexpr std::string_view small_run = R"(
seed = 7
[workload]
network = "tiny"
dataset = "synthetic"
train_samples = 96
test_samples = 48
batch_size = 40
epochs = 1
[schedule]
kind = "constant"
lr = 0.2
)";

}  // namespace

RunConfiguration small_configuration(const std::vector<std::string>& words) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("rheo-small-" + std::to_string(::getpid()) + ".toml");
  std::ofstream(file) << small_run;
  const RunConfiguration configuration = RunConfiguration::load(file, words);
  std::filesystem::remove(file);
  return configuration;
}

Outcome run_whole(const RunConfiguration& configuration, std::size_t threads,
                  const std::function<void(Mapping&)>& change) {
  new_simulation();
  TrainingRun run(configuration);
  Mapping mapping = run.mapping();
  if (change) change(mapping);
  AnalogChip chip("chip", configuration.chip, mapping,
                  {static_cast<std::uint64_t>(configuration.seed), threads, nullptr});
  chip.program_initial_state();
  Trainer trainer(
      run.data(),
      {configuration.workload.epochs, configuration.workload.batch_size, configuration.optimiser.weight_decay,
       configuration.schedule, static_cast<std::uint64_t>(configuration.seed), configuration.augmentation},
      chip);
  while (!trainer.done()) trainer.advance();

  Outcome outcome;
  for (const EpochRecord& r : trainer.state().records) {
    outcome.curve.insert(outcome.curve.end(), {r.train_loss, r.train_accuracy, r.test_loss, r.test_accuracy});
  }
  for (std::size_t tile = 0; tile < mapping.tiles(); ++tile)
    outcome.weights.push_back(chip.tile(tile).array().weights());
  outcome.ticks = chip.time(Mode::training);
  outcome.report = make_report(configuration, trainer, chip, run.costs(), 0.0);
  return outcome;
}

}  // namespace rheo::testing
