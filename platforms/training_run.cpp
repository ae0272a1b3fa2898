#include "platforms/training_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>

#include "models/core/error.hpp"
#include "platforms/analysis_package.hpp"
#include "platforms/checkpoint.hpp"
#include "platforms/files.hpp"
#include "platforms/progress.hpp"
#include "platforms/report.hpp"
#include "platforms/run_folder.hpp"
#include "platforms/run_trace.hpp"
#include "platforms/weights_file.hpp"
#include "workloads/network/zoo.hpp"
#include "workloads/training/range_test.hpp"

namespace rheo {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t samples(std::int64_t configured) { return configured == 0 ? all_samples : configured; }

std::optional<PoolKind> pooling_of(PoolingChoice choice) {
  switch (choice) {
    case PoolingChoice::as_named:
      return std::nullopt;
    case PoolingChoice::max:
      return PoolKind::max;
    case PoolingChoice::average:
      return PoolKind::average;
    case PoolingChoice::stochastic:
      return PoolKind::stochastic;
    case PoolingChoice::mixed:
      return PoolKind::mixed;
  }
  return std::nullopt;
}

Graph network_for(const RunConfiguration& configuration, const Dataset& data) {
  const ImageSet& set = data.train;
  try {
    return build_network(configuration.workload.network,
                         {static_cast<std::uint32_t>(set.height), static_cast<std::uint32_t>(set.width),
                          static_cast<std::uint32_t>(set.channels)},
                         static_cast<std::uint32_t>(set.classes), pooling_of(configuration.workload.pooling));
  } catch (const std::invalid_argument& error) {
    throw InputError("workload.network", configuration.workload.network + " does not fit the images: " + error.what());
  }
}

TrainingRecipe recipe_of(const RunConfiguration& c) {
  return {c.workload.epochs,
          c.workload.batch_size,
          c.optimiser.weight_decay,
          c.schedule,
          static_cast<std::uint64_t>(c.seed),
          c.augmentation};
}

std::string status_line(const Trainer& trainer, const AnalogChip& chip) {
  const TrainerState& state = trainer.state();
  const double seen = static_cast<double>(std::max<std::int64_t>(state.next_sample, 1));
  return fmt::format("epoch {}{}  accuracy {:.1f} %  simulated {:.3f} s", state.epoch + 1, state.testing ? " test" : "",
                     100.0 * static_cast<double>(state.correct) / seen, chip.simulated_seconds());
}

MappingRequest mapping_request(const RunConfiguration& configuration, const Dataset& data, ProgramSet programs) {
  MappingRequest request;
  request.batch_size = static_cast<std::uint32_t>(configuration.workload.batch_size);
  if (configuration.workload.pixels == PixelScale::standard && data.pixel_deviation > 0) {
    request.pixel_mean = data.pixel_mean;
    request.pixel_deviation = data.pixel_deviation;
  }
  request.momentum = configuration.optimiser.momentum;
  request.tiling = configuration.rapa;
  request.seed = static_cast<std::uint64_t>(configuration.seed);
  request.programs = programs;
  return request;
}

}  // namespace

TrainingRun::TrainingRun(const RunConfiguration& configuration, ProgramSet programs)
    : TrainingRun(
          configuration,
          load_dataset(configuration.workload.dataset, configuration.workload.data_dir,
                       samples(configuration.workload.train_samples), samples(configuration.workload.test_samples)),
          programs) {}

TrainingRun::TrainingRun(const RunConfiguration& configuration, Dataset data, ProgramSet programs)
    : configuration_(configuration),
      data_(std::move(data)),
      graph_(network_for(configuration, data_)),
      costs_(CostTable::from_file(cost_table_file(configuration.chip.costs))),
      mapping_(map_network(graph_, configuration.chip, mapping_request(configuration, data_, programs))) {}

void TrainingRun::elaborate(std::size_t threads, Recorder* recorder, const RecordedCounts* recorded) {
  chip_ = std::make_unique<AnalogChip>(
      "chip", configuration_.chip, mapping_,
      AnalogChip::Options{static_cast<std::uint64_t>(configuration_.seed), threads, recorder, recorded});
  require_costs(chip_activity(*chip_), costs_);
  trainer_ = std::make_unique<Trainer>(data_, recipe_of(configuration_), *chip_);
}

int run_training(const RunConfiguration& configuration, const RunOptions& options,
                 const volatile std::sig_atomic_t& interrupted) {
  TrainingRun run(configuration);
  RunTrace trace;  // the file is made when nothing can be refused any more
  run.elaborate(options.threads, options.trace ? &trace : nullptr);
  const std::filesystem::path folder = prepare_run_folder(configuration, options.out, options.name, options.resume);
  const FolderLock lock(folder);
  const std::filesystem::path checkpoint = folder / "checkpoint.h5";
  const std::filesystem::path report_file = folder / "report.json";
  if (options.resume && std::filesystem::exists(report_file)) {
    std::ifstream done(folder / "report.txt");
    std::cout << done.rdbuf();
    std::fputs((folder.string() + " is complete\n").c_str(), stderr);
    return 0;
  }
  AnalogChip& chip = run.chip();
  Trainer& trainer = run.trainer();
  const bool from_checkpoint = options.resume && std::filesystem::exists(checkpoint);
  if (from_checkpoint) {
    const Checkpoint saved = read_checkpoint(checkpoint);
    if (saved.configuration != resolved(configuration)) {
      throw InputError(checkpoint.string(), "is of a run with another configuration");
    }
    chip.restore(saved.chip);
    trainer.restore(saved.trainer);
  }
  if (options.trace) trace.open(folder, run, !from_checkpoint);
  if (!from_checkpoint) chip.program_initial_state();

  const auto save = [&] {
    trace.flush();
    write_checkpoint(checkpoint, {resolved(configuration), trainer.state(), chip.snapshot()});
  };
  Progress progress(options.quiet);
  const auto start = Clock::now();
  const std::int64_t samples_before = trainer.samples_done();
  auto last_save = start;
  while (!trainer.done()) {
    if (interrupted != 0) {
      save();
      progress.line(fmt::format("interrupted; go on with: rheo run --resume --out {}", folder.string()));
      return 130;
    }
    const std::size_t epochs = trainer.state().records.size();
    trainer.advance();
    progress.update(trainer.samples_done(), trainer.samples_in_all(), status_line(trainer, chip));
    if (trainer.state().records.size() > epochs) {
      const EpochRecord& r = trainer.state().records.back();
      if (!std::isfinite(r.train_loss)) {
        throw SimulationError(
            fmt::format("the training diverged in epoch {}: the loss is no number; a lower learning rate", r.epoch));
      }
      progress.line(fmt::format("epoch {:>3}  train loss {:.4f}  test accuracy {:.2f} %  lr {:.4g}  simulated {:.3f} s",
                                r.epoch, r.train_loss, 100 * r.test_accuracy, r.learning_rate,
                                chip.simulated_seconds()));
      trace.epoch(r);
    }
    const std::chrono::duration<double> since = Clock::now() - last_save;
    if (since.count() >= configuration.checkpoint.interval) {
      save();
      last_save = Clock::now();
    }
  }
  save();
  write_weights(folder / "weights.h5", run.mapping(), chip.values());
  const std::chrono::duration<double> wall = Clock::now() - start;
  const auto report = make_report(configuration, trainer, chip, run.costs(), wall.count());
  std::string text = report_text(report);
  text += fmt::format("Simulated in {:.1f} s ({:.0f} images/s) on this computer; everything is in {}\n", wall.count(),
                      static_cast<double>(trainer.samples_in_all() - samples_before) / std::max(wall.count(), 1e-9),
                      folder.string());
  trace.finish(report.dump(2) + "\n");
  write_file(folder / "report.txt", text);
  write_file(report_file, report.dump(2) + "\n");
  std::cout << text << std::flush;
  return 0;
}

int run_lr_range(const RunConfiguration& configuration, const RunOptions& options,
                 const volatile std::sig_atomic_t& interrupted) {
  RunConfiguration changed = configuration;
  TrainingRun run(changed);
  run.elaborate(options.threads, nullptr);
  const std::filesystem::path folder = prepare_run_folder(changed, options.out, options.name, options.resume);
  run.chip().program_initial_state();
  Trainer& trainer = run.trainer();
  Progress progress(options.quiet);
  std::vector<RangeTestSample> curve;
  while (!trainer.done() && interrupted == 0) {
    const bool training = !trainer.state().testing;
    trainer.advance();
    if (training) curve.push_back({trainer.last_step().learning_rate, trainer.last_step().loss});
    progress.update(trainer.samples_done(), trainer.samples_in_all(), status_line(trainer, run.chip()));
  }
  if (interrupted != 0) {
    progress.line("interrupted; half a rise suggests nothing");
    return 130;
  }
  const RangeTestResult result = read_range_test(curve);
  std::string csv = "lr,loss,smoothed_loss\n";
  for (std::size_t i = 0; i < curve.size(); ++i) {
    csv += fmt::format("{},{},{}\n", curve[i].lr, curve[i].loss,
                       i < result.smoothed.size() ? fmt::format("{}", result.smoothed[i]) : "");
  }
  write_file(folder / "lr_range.csv", csv);
  std::string text = result.explanation + "\n";
  if (result.lr_max > 0) {
    text += fmt::format("Suggested: schedule.lr_min = {:.3g}, schedule.lr_max = {:.3g} (steepest descent at {:.3g})\n",
                        result.lr_min, result.lr_max, result.lr_steepest);
  }
  write_file(folder / "lr_range.txt", text);
  std::cout << text << "Curve in " << (folder / "lr_range.csv").string() << '\n';
  if (call_analysis({"lr-range", folder.string(), "--quiet"})) {
    std::cout << "Plot in " << (folder / "lr_range.png").string() << '\n';
  } else {
    fmt::print(stderr, "no plot: drawing it with {} -m rheo_analysis failed\n", python_interpreter().string());
  }
  return 0;
}

}  // namespace rheo
