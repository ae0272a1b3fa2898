#include "platforms/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>

#include "models/core/error.hpp"
#include "platforms/files.hpp"
#include "platforms/progress.hpp"
#include "platforms/report.hpp"
#include "platforms/run_folder.hpp"
#include "platforms/weights_file.hpp"
#include "workloads/rapa/winner_count.hpp"
#include "workloads/robustness/fast_gradient_sign.hpp"

namespace rheo {
namespace {

/// A signal has come.
struct Interrupted {};

/// Shows the progress of the images that go through, and ends between two batches when a signal has come.
class WatchedExecutor : public Executor {
 public:
  WatchedExecutor(AnalogChip& chip, Progress& progress, const volatile std::sig_atomic_t& interrupted)
      : chip_(&chip), progress_(&progress), interrupted_(&interrupted) {}

  void expect(std::size_t images, std::string what) {
    expected_ += static_cast<std::int64_t>(images);
    what_ = std::move(what);
  }

  BatchResults train_step(const Batch& batch, const StepScalars& scalars) override {
    return chip_->train_step(batch, scalars);
  }
  BatchResults evaluate(const Batch& batch) override {
    BatchResults results = chip_->evaluate(batch);
    count(batch);
    return results;
  }
  AnalogChip::Probe probe(const Batch& batch) {
    AnalogChip::Probe found = chip_->probe(batch);
    count(batch);
    return found;
  }
  [[nodiscard]] std::size_t batch_limit() const override { return chip_->batch_limit(); }
  [[nodiscard]] double simulated_seconds() const override { return chip_->simulated_seconds(); }

 private:
  void count(const Batch& batch) {
    done_ += static_cast<std::int64_t>(batch.labels.size());
    progress_->update(done_, expected_, fmt::format("{}  simulated {:.3f} s", what_, simulated_seconds()));
    if (*interrupted_ != 0) throw Interrupted();
  }

  AnalogChip* chip_;
  Progress* progress_;
  const volatile std::sig_atomic_t* interrupted_;
  std::string what_;
  std::int64_t expected_ = 0, done_ = 0;
};

std::size_t image_bytes(const ImageSet& set) { return set.height * set.width * set.channels; }

/// Calls `visit` for all images of the set, batch by batch.
template <class Visit>
void each_batch(const ImageSet& set, std::size_t limit, const Visit& visit) {
  const std::size_t image = image_bytes(set);
  for (std::size_t first = 0; first < set.count; first += limit) {
    const std::size_t count = std::min(limit, set.count - first);
    visit(Batch{std::span(set.pixels).subspan(first * image, count * image),
                std::span(set.labels).subspan(first, count), first},
          first);
  }
}

/// Everything is known to fit before the chip is built.
struct Prepared {
  Prepared(const RunConfiguration& configuration, ProgramSet programs, const std::filesystem::path& file,
           std::size_t threads)
      : run(configuration, programs), values(read_weights(file, run.mapping())) {
    run.elaborate(threads, nullptr);
  }
  TrainingRun run;
  AnalogChip::NetworkValues values;
};

std::vector<std::uint8_t> attacked(WatchedExecutor& chip, const ImageSet& set, int epsilon) {
  std::vector<std::uint8_t> changed;
  chip.expect(set.count, "gradients of the images");
  each_batch(set, chip.batch_limit(), [&](const Batch& batch, std::size_t) {
    const auto moved = robustness::fast_gradient_sign(batch.pixels, chip.probe(batch).image_gradient, epsilon);
    changed.insert(changed.end(), moved.begin(), moved.end());
  });
  return changed;
}

double share_right(const std::vector<std::uint8_t>& classes, std::span<const std::uint8_t> labels) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < classes.size(); ++i) right += classes[i] == labels[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(classes.size());
}

/// Of the images that were right before, the share that is right still.
double share_kept(const std::vector<std::uint8_t>& before, const std::vector<std::uint8_t>& after,
                  std::span<const std::uint8_t> labels) {
  std::size_t right = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != labels[i]) continue;
    ++right;
    kept += after[i] == labels[i] ? 1 : 0;
  }
  return right > 0 ? static_cast<double>(kept) / static_cast<double>(right) : 0.0;
}

/// Pooling that takes the maximum of what layer `name` puts out, behind its activation; none: another kind.
std::optional<vector_math::PoolShape> maximum_behind(const Graph& graph, const std::string& name) {
  const auto& nodes = graph.nodes();
  auto node = std::ranges::find(nodes, name, &Node::name);
  const TensorShape shape = node->shape;
  for (++node; node != nodes.end(); ++node) {
    if (std::holds_alternative<ActivationLayer>(node->operation)) continue;
    const auto* pool = std::get_if<Pool2d>(&node->operation);
    if (pool == nullptr || (pool->kind != PoolKind::max && pool->kind != PoolKind::mixed)) return std::nullopt;
    return vector_math::PoolShape{
        1, shape.height, shape.width, shape.channels, pool->kernel, pool->stride, pool->padding, pool->ceiling};
  }
  return std::nullopt;
}

/// The wins of each layer's replicas over the training images, empty where there are none to count.
std::vector<std::vector<std::uint64_t>> wins_on_training_set(TrainingRun& run, WatchedExecutor& chip) {
  struct Counted {
    std::size_t layer, tensor;
    vector_math::PoolShape pooling;
    rapa::WinnerCount count;
  };
  const Mapping& mapping = run.mapping();
  std::vector<Counted> counted;
  for (std::size_t l = 0; l < mapping.layers.size(); ++l) {
    const MatrixLayer& layer = mapping.layers[l];
    const auto pooling = maximum_behind(run.graph(), layer.name);
    if (!layer.indexed(false) || !pooling) continue;
    const auto tensor = std::ranges::find(mapping.probed, layer.name, &ProbedTensor::name) - mapping.probed.begin();
    counted.push_back({l, static_cast<std::size_t>(tensor), *pooling, {layer.assignment.replicas, layer.outputs}});
  }
  std::vector<std::vector<std::uint64_t>> wins(mapping.layers.size());
  if (counted.empty()) return wins;
  const ImageSet& set = run.data().train;
  chip.expect(set.count, "training images");
  each_batch(set, chip.batch_limit(), [&](const Batch& batch, std::size_t) {
    const AnalogChip::Probe found = chip.probe(batch);
    for (Counted& c : counted) {
      const std::size_t values = c.pooling.input_size();
      const std::size_t positions = c.pooling.height * c.pooling.width;
      const bool drawn = mapping.layers[c.layer].assignment.drawn;
      for (std::size_t i = 0; i < batch.labels.size(); ++i) {
        c.count.add(std::span(found.activations[c.tensor]).subspan(i * values, values),
                    std::span(found.assignments[c.layer]).subspan(drawn ? i * positions : 0, positions), c.pooling);
      }
    }
  });
  for (const Counted& c : counted) wins[c.layer] = c.count.wins();
  return wins;
}

int interrupted_by_signal(Progress& progress) {
  progress.line("interrupted; nothing was written");
  return 130;
}

}  // namespace

EvaluationConfiguration EvaluationConfiguration::load(const std::filesystem::path& file,
                                                      const std::vector<std::string>& set) {
  EvaluationConfiguration configuration;
  configuration.run = RunConfiguration::load(file, set, [&](Configuration& source) { source.read(configuration); });
  return configuration;
}

int run_evaluation(const EvaluationConfiguration& configuration, const EvaluationOptions& options,
                   const volatile std::sig_atomic_t& interrupted) {
  const auto epsilon = static_cast<int>(configuration.attack.epsilon);
  Prepared prepared(configuration.run, epsilon > 0 ? ProgramSet::probe : ProgramSet::evaluation, options.weights,
                    options.threads);
  TrainingRun& run = prepared.run;
  const ImageSet& set = run.data().test;
  if (set.count == 0) throw InputError("workload.dataset", "has no test images");
  if (!options.out.empty()) make_folder(options.out);

  Progress progress(options.quiet);
  WatchedExecutor chip(run.chip(), progress, interrupted);
  const std::span<const std::uint8_t> clean(set.pixels);
  nlohmann::ordered_json found;
  try {
    run.chip().program(prepared.values);
    const auto vote = [&](std::span<const std::uint8_t> pixels, std::uint64_t first_sample) {
      chip.expect(set.count * static_cast<std::size_t>(configuration.inference.predictions), "test images");
      return rapa::vote(chip, pixels, image_bytes(set), configuration.inference, first_sample);
    };
    const rapa::VoteResult result = vote(clean, 0);
    found = evaluation_report(configuration.run, run.chip(), run.costs(), set.count);
    found["accuracy"] = {
        {"metric", "top1"},
        {"final", share_right(result.classes, set.labels)},
        {"single_prediction", share_right(result.first, set.labels)},
        {"predictions_per_image", static_cast<double>(result.passes()) / static_cast<double>(set.count)}};
    for (std::size_t l = 0; l < prepared.values.layers.size(); ++l) {
      const auto& replicas = prepared.values.layers[l];
      if (replicas.size() > 1) found["layers"][l]["filter_similarity"] = rapa::filter_similarity(replicas);
    }
    if (epsilon > 0) {
      const std::vector<std::uint8_t> changed = attacked(chip, set, epsilon);
      // Other draws than those of the clean images.
      const rapa::VoteResult after = vote(changed, std::uint64_t{1} << 52);
      found["attack"] = {{"kind", "fast gradient sign"},
                         {"epsilon", epsilon},
                         {"accuracy", share_right(after.classes, set.labels)},
                         {"kept", share_kept(result.classes, after.classes, set.labels)}};
      const double ratio = robustness::mean_signal_to_noise_db(clean, changed, image_bytes(set));
      if (std::isfinite(ratio)) found["attack"]["signal_to_noise_db"] = ratio;
    }
  } catch (const Interrupted&) {
    if (!options.out.empty()) std::filesystem::remove(options.out);
    return interrupted_by_signal(progress);
  }
  EvaluationConfiguration copy = configuration;
  ConfigurationText keys;
  copy.describe(keys);
  for (const auto& [key, value] : keys.values()) found["config"][key] = value;
  const std::string text = evaluation_text(found);
  if (!options.out.empty()) {
    const FolderLock lock(options.out);
    write_file(options.out / "config.toml", resolved(configuration.run) + keys.str());
    write_file(options.out / "evaluation.txt", text);
    write_file(options.out / "evaluation.json", found.dump(2) + "\n");
  }
  std::cout << text << std::flush;
  return 0;
}

int run_reduction(const RunConfiguration& configuration, const ReductionOptions& options,
                  const volatile std::sig_atomic_t& interrupted) {
  const bool by_winner = options.reduction == rapa::Reduction::winner;
  Prepared prepared(configuration, by_winner ? ProgramSet::probe : ProgramSet::evaluation, options.weights,
                    options.threads);
  TrainingRun& run = prepared.run;
  Progress progress(options.quiet);
  WatchedExecutor chip(run.chip(), progress, interrupted);
  std::vector<std::vector<std::uint64_t>> wins(run.mapping().layers.size());
  if (by_winner) {
    try {
      run.chip().program(prepared.values);
      wins = wins_on_training_set(run, chip);
    } catch (const Interrupted&) {
      return interrupted_by_signal(progress);
    }
  }
  AnalogChip::NetworkValues reduced = prepared.values;
  for (std::size_t l = 0; l < reduced.layers.size(); ++l) {
    const rapa::Reduction reduction = by_winner && wins[l].empty() ? rapa::Reduction::norm : options.reduction;
    const std::size_t replicas = reduced.layers[l].size();
    reduced.layers[l] = {rapa::reduce(reduced.layers[l], reduction, static_cast<std::uint64_t>(configuration.seed),
                                      static_cast<std::uint32_t>(l), wins[l])};
    if (replicas > 1) {
      fmt::print("{}: {} replicas reduced by {}\n", run.mapping().layers[l].name, replicas,
                 rapa::reduction_names[static_cast<std::size_t>(reduction)]);
    }
  }
  write_weights(options.out, run.mapping(), reduced);
  fmt::print("Reduced weights in {}\n", options.out.string());
  return 0;
}

}  // namespace rheo
