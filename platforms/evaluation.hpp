#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "platforms/training_run.hpp"
#include "workloads/rapa/replicas.hpp"
#include "workloads/rapa/vote.hpp"

namespace rheo {

/// How test images are changed against the network before it sees them.
struct AttackParameters {
  std::int64_t epsilon = 0;

  void describe(Parameters& p) {
    p.integer(
        "epsilon", epsilon, {0, 255},
        "fast gradient sign attack: grey levels that each value of an image is moved against the network; 0: none");
  }
};

/// A trained network on a chip that only evaluates: the chip and the network of a run, and how to test.
struct EvaluationConfiguration {
  RunConfiguration run;
  rapa::VoteParameters inference{.predictions = 1};
  AttackParameters attack;

  /// The keys that an evaluation has beside those of a run.
  void describe(Parameters& p) {
    p.section("inference", inference, "rheo evaluate: predictions of an image");
    p.section("attack", attack, "rheo evaluate: images changed against the network");
  }

  /// As RunConfiguration::load.
  [[nodiscard]] static EvaluationConfiguration load(const std::filesystem::path& file,
                                                    const std::vector<std::string>& set);
};

struct EvaluationOptions {
  std::filesystem::path weights;  ///< see weights_file.hpp
  std::filesystem::path out;      ///< a new folder for evaluation.json, .txt and config.toml; empty: nothing is written
  std::size_t threads = 1;
  bool quiet = false;
};

/// Programs the weights into a chip, lets it classify the test images and prints what it found: accuracy, time and
/// energy an image; of replicas the similarity of their filters, too (rapa/replicas.hpp). An attack takes the gradient
/// of the images from the chip itself (AnalogChip::probe), so the assignments and the noise that the attacker sees are
/// not those of the test. Returns the exit status. Throws InputError, SimulationError.
int run_evaluation(const EvaluationConfiguration& configuration, const EvaluationOptions& options,
                   const volatile std::sig_atomic_t& interrupted);

struct ReductionOptions {
  std::filesystem::path weights;
  std::filesystem::path out;  ///< the file of the reduced weights
  rapa::Reduction reduction = rapa::Reduction::norm;
  std::size_t threads = 1;
  bool quiet = false;
};

/// Writes the weights of the network with a single matrix a layer, made of the replicas. By winner: the chip of the
/// configuration runs the training images; a layer without a maximum pooling behind it is reduced by norm.
int run_reduction(const RunConfiguration& configuration, const ReductionOptions& options,
                  const volatile std::sig_atomic_t& interrupted);

}  // namespace rheo
