#include "benchmarks/rapa/inference_study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "benchmarks/rapa/chip_point.hpp"
#include "models/cost/energy.hpp"
#include "platforms/report.hpp"
#include "platforms/training_run.hpp"
#include "workloads/rapa/replicas.hpp"
#include "workloads/rapa/vote.hpp"

namespace rheo::benchmarks {
namespace {

struct Tested {
  double error = 0;                            ///< share of wrong classes
  double passes = 0, seconds = 0, joules = 0;  ///< an image
  [[nodiscard]] nlohmann::ordered_json json() const {
    return {{"error", error}, {"passes", passes}, {"s_per_image", seconds}, {"j_per_image", joules}};
  }
};

double evaluation_joules(TrainingRun& run) {
  return energy_report(chip_activity(run.chip()), Mode::evaluation, run.costs()).total_j;
}

Tested test(TrainingRun& run, const rapa::VoteParameters& parameters, std::uint64_t first_sample = 0) {
  const ImageSet& set = run.data().test;
  const std::uint64_t ticks = run.chip().time().evaluation;
  const double joules = evaluation_joules(run);
  const auto result =
      rapa::vote(run.chip(), set.pixels, set.height * set.width * set.channels, parameters, first_sample);
  const auto images = static_cast<double>(set.count);
  Tested tested;
  for (std::size_t i = 0; i < set.count; ++i) tested.error += result.classes[i] == set.labels[i] ? 0 : 1 / images;
  tested.passes = static_cast<double>(result.passes()) / images;
  tested.seconds = static_cast<double>(run.chip().time().evaluation - ticks) * tick_seconds / images;
  tested.joules = (evaluation_joules(run) - joules) / images;
  return tested;
}

void print(const std::string& name, const Tested& tested) {
  fmt::print("{:<34} {:>7.2f} % {:>8.2f} {:>10.2f} {:>10.2f}\n", name, 100 * tested.error, tested.passes,
             1e6 * tested.seconds, 1e6 * tested.joules);
  std::fflush(stdout);
}

/// The similarity of each tiled layer's replicas.
std::vector<double> similarities(const AnalogChip::NetworkValues& values) {
  std::vector<double> result;
  for (const auto& replicas : values.layers) {
    if (replicas.size() > 1) result.push_back(rapa::filter_similarity(replicas));
  }
  return result;
}

}  // namespace

nlohmann::ordered_json study_inference(const std::vector<std::string>& words) {
  const Replicas replicas{16, 4, 1};
  new_simulation();
  TrainingRun run(configuration_of("rapa_training.toml", replicas, words));
  run.elaborate(1, nullptr);
  run.chip().program_initial_state();
  const auto before = similarities(run.chip().values());
  while (!run.trainer().done()) run.trainer().advance();
  const auto values = run.chip().values();
  const RunConfiguration& configuration = run.configuration();
  const auto scheme = rapa::scheme_names[static_cast<std::size_t>(configuration.rapa.layers[0].scheme)];
  const auto pooling = pooling_choice_names[static_cast<std::size_t>(configuration.workload.pooling)];
  nlohmann::ordered_json json{{"replicas", replicas},
                              {"scheme", scheme},
                              {"pooling", pooling},
                              {"device", configuration.chip.device.preset},
                              {"train_images", run.data().train.count},
                              {"epochs", configuration.workload.epochs},
                              {"test_images", run.data().test.count}};

  fmt::print("{} replicas, {}, pooling {}, device {}, {} training images, {} epochs, {} test images\n",
             name_of(replicas), scheme, pooling, configuration.chip.device.preset, run.data().train.count,
             configuration.workload.epochs, run.data().test.count);
  fmt::print("{:<34} {:>9} {:>8} {:>10} {:>10}\n", "inference", "error", "passes", "us/image", "uJ/image");
  const std::uint64_t later = std::uint64_t{1} << 50;  // other draws than those of the training's tests
  const std::vector<std::pair<std::string, rapa::VoteParameters>> ways{
      {"single assignment", {1, 1, false}},           {"vote of 9", {9, 1, false}},
      {"vote of 9, until decided", {9, 1, true}},     {"vote of 9, while below 0.9", {9, 0.9, true}},
      {"vote of 9, while below 0.7", {9, 0.7, true}}, {"vote of 9, while below 0.5", {9, 0.5, true}},
  };
  for (const auto& [name, parameters] : ways) {
    const Tested tested = test(run, parameters, later);
    print(name, tested);
    json["inference"][name] = tested.json();
  }
  const auto similar = similarities(values);
  for (std::size_t layer = 0; layer < similar.size(); ++layer) {
    fmt::print("similarity of the replicas of conv{}: {:.4f} after training, {:.4f} before\n", layer + 1,
               similar[layer], before[layer]);
  }
  json["similarity"] = {{"before", before}, {"after", similar}};

  new_simulation();
  TrainingRun plain(configuration_of("rapa_training.toml", {1, 1, 1}, words));
  plain.elaborate(1, nullptr);
  for (std::size_t way = 0; way < rapa::reduction_names.size(); ++way) {
    AnalogChip::NetworkValues reduced = values;
    for (std::size_t layer = 0; layer < reduced.layers.size(); ++layer) {
      reduced.layers[layer] = {rapa::reduce(values.layers[layer], static_cast<rapa::Reduction>(way),
                                            static_cast<std::uint64_t>(configuration.seed),
                                            static_cast<std::uint32_t>(layer))};
    }
    plain.chip().program(reduced);
    const Tested tested = test(plain, {1, 1, false});
    print(fmt::format("reduced: {}", rapa::reduction_names[way]), tested);
    json["reduced"][std::string(rapa::reduction_names[way])] = tested.json();
  }
  return json;
}

}  // namespace rheo::benchmarks
