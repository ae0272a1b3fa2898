#include "platforms/spiking_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <limits>
#include <numeric>

#include "platforms/files.hpp"
#include "platforms/progress.hpp"
#include "platforms/spiking_checkpoint.hpp"
#include "platforms/spiking_data.hpp"
#include "platforms/spiking_report.hpp"
#include "workloads/data/sample_order.hpp"
#include "workloads/spiking/evaluation.hpp"
#include "workloads/spiking/network_file.hpp"

namespace rheo {
namespace {

using Clock = std::chrono::steady_clock;

/// The run's folder: a new one, or that of the run to resume.
std::filesystem::path prepare_folder(const SpikingConfiguration& configuration, const SpikingRunOptions& options) {
  const std::filesystem::path folder = options.out.empty() ? numbered_folder("runs", options.name) : options.out;
  const std::filesystem::path config = folder / "config.toml";
  std::error_code error;
  if (options.resume) {
    if (options.out.empty() || !std::filesystem::exists(config, error)) {
      throw InputError("--resume", folder.string() + " holds no run; name its folder with --out");
    }
    if (SpikingConfiguration::load(config, {}).text() != configuration.text()) {
      throw InputError("--resume", config.string() + " differs; a run is resumed with its own configuration");
    }
    return folder;
  }
  if (std::filesystem::exists(folder, error) &&
      (!std::filesystem::is_directory(folder, error) || !std::filesystem::is_empty(folder, error))) {
    throw InputError("--out",
                     folder.string() + " exists already; --resume goes on with it, another folder starts anew");
  }
  std::filesystem::create_directories(folder, error);
  if (error) throw InputError("--out", folder.string() + " cannot be made: " + error.message());
  const FolderLock lock(folder);
  write_file(config, configuration.text());
  return folder;
}

/// One training run with its state.
class Run {
 public:
  Run(const SpikingConfiguration& configuration, std::size_t threads)
      : configuration_(configuration),
        network_(spiking::build_spiking_network(configuration.network)),
        team_(threads),
        examples_(load_spiking_examples(configuration, team_)),
        trainer_(network_, configuration.training, seed(), team_) {
    const auto batch = static_cast<std::uint64_t>(configuration.training.batch_size);
    batches_in_epoch_ = (examples_.train->examples() + batch - 1) / batch;
    state_.configuration = configuration.text();
  }

  void restore(SpikingCheckpoint saved) {
    state_ = std::move(saved);
    trainer_.set_weights(state_.weights);
    trainer_.set_optimiser(state_.optimiser);
    start_ = Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(state_.wall_s));
  }
  [[nodiscard]] SpikingCheckpoint snapshot() {
    state_.weights = trainer_.weights();
    state_.optimiser = trainer_.optimiser();
    state_.wall_s = wall_s();
    return state_;
  }

  [[nodiscard]] bool done() const { return state_.epoch == epochs(); }
  [[nodiscard]] bool trained() const { return state_.next_example == examples_.train->examples(); }

  /// One update.
  void train() {
    if (state_.next_example == 0) {
      order_.clear();
      state_.loss_sum = 0;
      state_.correct = 0;
    }
    if (order_.empty()) order_ = sample_order(examples_.train->examples(), seed(), state_.epoch);
    const std::size_t first = state_.next_example;
    const std::size_t count =
        std::min(static_cast<std::size_t>(configuration_.training.batch_size), order_.size() - first);
    const auto result = trainer_.train(*examples_.train, std::span(order_).subspan(first, count), state_.epoch, rate());
    state_.loss_sum += result.loss;
    state_.correct += result.correct;
    state_.next_example += count;
    if (!std::isfinite(state_.loss_sum)) {
      throw SimulationError(fmt::format(
          "the training diverged in epoch {}: the loss is no number; a lower learning rate", state_.epoch + 1));
    }
  }

  /// The test after an epoch; false when interrupted.
  bool test(const std::function<bool()>& keep_going) {
    const std::int64_t ticks = configuration_.evaluation.epoch_ticks;
    const auto result = evaluated(static_cast<std::size_t>(configuration_.evaluation.epoch_examples),
                                  ticks > 0 ? static_cast<std::size_t>(ticks) : test_ticks(), keep_going);
    if (result.examples() == 0) return false;
    const auto count = static_cast<double>(examples_.train->examples());
    state_.records.push_back({static_cast<std::int64_t>(state_.epoch) + 1, state_.loss_sum / count,
                              static_cast<double>(state_.correct) / count, result.accuracy(),
                              result.accuracy(1, configuration_.evaluation.snr_from), rate(), wall_s()});
    ++state_.epoch;
    state_.next_example = 0;
    return true;
  }

  [[nodiscard]] spiking::SpikingEvaluation final_test(const std::function<bool()>& keep_going) {
    return evaluated(examples_.test->examples(), test_ticks(), keep_going);
  }

  [[nodiscard]] double wall_s() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  [[nodiscard]] const SpikingCheckpoint& state() const { return state_; }
  [[nodiscard]] const spiking::SpikingNetwork& network() const { return network_; }
  [[nodiscard]] const SpikingExamples& examples() const { return examples_; }
  [[nodiscard]] spiking::FloatWeights weights() const { return trainer_.weights(); }

 private:
  [[nodiscard]] std::uint64_t seed() const { return static_cast<std::uint64_t>(configuration_.seed); }
  [[nodiscard]] std::uint64_t epochs() const { return static_cast<std::uint64_t>(configuration_.training.epochs); }
  [[nodiscard]] std::size_t test_ticks() const {
    return configuration_.evaluation.ticks > 0 ? static_cast<std::size_t>(configuration_.evaluation.ticks)
                                               : network_.ticks;
  }
  /// Of the batch that comes next.
  [[nodiscard]] double rate() const {
    const auto batch = static_cast<std::uint64_t>(configuration_.training.batch_size);
    const std::uint64_t done = state_.epoch * batches_in_epoch_ + state_.next_example / batch;
    return learning_rate_at(configuration_.training, done, epochs() * batches_in_epoch_);
  }
  /// `count` test examples, spread over the set.
  [[nodiscard]] spiking::SpikingEvaluation evaluated(std::size_t count, std::size_t ticks,
                                                     const std::function<bool()>& keep_going) {
    const std::size_t all = examples_.test->examples();
    count = std::min(count, all);
    std::vector<std::uint32_t> chosen(count);
    for (std::size_t i = 0; i < count; ++i) chosen[i] = static_cast<std::uint32_t>(i * all / count);
    const spiking::FloatWeights weights = trainer_.weights();
    return spiking::evaluate(
        [&] { return std::make_unique<spiking::FloatRun>(network_, weights, configuration_.training.decay); },
        *examples_.test, chosen, ticks, test_presentation, team_, keep_going);
  }

  const SpikingConfiguration& configuration_;
  spiking::SpikingNetwork network_;
  ThreadTeam team_;
  SpikingExamples examples_;
  spiking::SpikingTrainer trainer_;
  std::uint64_t batches_in_epoch_ = 1;
  SpikingCheckpoint state_;
  std::vector<std::uint32_t> order_;
  Clock::time_point start_ = Clock::now();
};

void write_results(const std::filesystem::path& folder, const SpikingConfiguration& configuration, const Run& run,
                   const spiking::SpikingEvaluation& test) {
  spiking::FloatNetwork trained{run.network(), run.weights(), configuration.training.decay};
  for (std::size_t l = 0; l < trained.network.layers.size(); ++l) {
    trained.network.layers[l].spike_ratio = test.spike_ratio(l);
  }
  write_file(folder / "network.h5", network_file_image(trained));
  const auto report = spiking_report(configuration, run.network(), run.examples().test->classes(), test,
                                     run.state().records, run.wall_s());
  write_file(folder / "accuracy_snr.csv", accuracy_csv(report));
  write_file(folder / "confusion.csv", confusion_csv(report));
  write_file(folder / "spike_ratio.csv", spike_ratio_csv(report));
  const std::string text = spiking_report_text(report);
  write_file(folder / "report.txt", text);
  write_file(folder / "report.json", report.dump(2) + "\n");
  std::cout << text << "Everything is in " << folder.string() << '\n' << std::flush;
}

}  // namespace

int run_spiking_training(const SpikingConfiguration& configuration, const SpikingRunOptions& options,
                         const volatile std::sig_atomic_t& interrupted) {
  if (options.resume && std::filesystem::exists(options.out / "report.json")) {
    std::ifstream done(options.out / "report.txt");
    std::cout << done.rdbuf();
    std::fputs((options.out.string() + " is complete\n").c_str(), stderr);
    return 0;
  }
  Run run(configuration, options.threads);
  const std::filesystem::path folder = prepare_folder(configuration, options);
  const FolderLock lock(folder);
  const std::filesystem::path checkpoint = folder / "checkpoint.h5";
  if (options.resume && std::filesystem::exists(checkpoint)) {
    SpikingCheckpoint saved = read_spiking_checkpoint(checkpoint);
    if (saved.configuration != configuration.text()) {
      throw InputError(checkpoint.string(), "is of a run with another configuration");
    }
    run.restore(std::move(saved));
  }

  Progress progress(options.quiet);
  const auto keep_going = [&] { return interrupted == 0; };
  const auto save = [&] { write_spiking_checkpoint(checkpoint, run.snapshot()); };
  const auto stop = [&] {
    save();
    progress.line(fmt::format("interrupted; go on with: rheo train-spiking {}/config.toml --resume --out {}",
                              folder.string(), folder.string()));
    return 130;
  };
  const auto in_epoch = static_cast<std::int64_t>(run.examples().train->examples());
  auto last_save = Clock::now();
  while (!run.done()) {
    if (!keep_going()) return stop();
    if (!run.trained()) {
      run.train();
      const SpikingCheckpoint& s = run.state();
      progress.update(static_cast<std::int64_t>(s.epoch) * in_epoch + static_cast<std::int64_t>(s.next_example),
                      configuration.training.epochs * in_epoch,
                      fmt::format("epoch {}  loss {:.4f}  accuracy {:.1f} %", s.epoch + 1,
                                  s.loss_sum / static_cast<double>(s.next_example),
                                  100 * static_cast<double>(s.correct) / static_cast<double>(s.next_example)));
    } else {
      if (!run.test(keep_going)) return stop();
      const SpikingEpoch& r = run.state().records.back();
      progress.line(fmt::format("epoch {:>3}  train loss {:.4f}  train {:.2f} %  test {:.2f} %  lr {:.3g}  {:.0f} s",
                                r.epoch, r.train_loss, 100 * r.train_accuracy, 100 * r.test_accuracy, r.learning_rate,
                                r.wall_s));
      write_file(folder / "curve.csv", curve_csv(run.state().records));
      save();
    }
    if (std::chrono::duration<double>(Clock::now() - last_save).count() >= configuration.checkpoint_interval) {
      save();
      last_save = Clock::now();
    }
  }
  const spiking::SpikingEvaluation test = run.final_test(keep_going);
  if (test.examples() == 0) return stop();
  write_results(folder, configuration, run, test);
  return 0;
}

}  // namespace rheo
