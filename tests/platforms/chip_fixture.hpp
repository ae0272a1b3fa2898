#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "platforms/training_run.hpp"
#include "tests/support/systemc_test.hpp"

namespace rheo::testing {

/// A few images of the built-in generator on the small network (or what `words`, as of --set, make of it): a
/// whole run takes a fraction of a second.
RunConfiguration small_configuration(const std::vector<std::string>& words = {});

/// What a finished run leaves: enough to tell two runs apart by one bit.
struct Outcome {
  std::vector<double> curve;                ///< losses and accuracies of all epochs
  std::vector<std::vector<float>> weights;  ///< by tile
  std::uint64_t ticks = 0;                  ///< of training
  nlohmann::ordered_json report;

  [[nodiscard]] double final_accuracy() const { return report.at("accuracy").at("final").get<double>(); }
};

/// Elaborates the chip in a simulation of its own, runs to the end and reports. `change` may alter the mapping.
Outcome run_whole(const RunConfiguration& configuration, std::size_t threads = 1,
                  const std::function<void(Mapping&)>& change = {});

}  // namespace rheo::testing
