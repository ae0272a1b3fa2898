#include "platforms/evaluation_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"
#include "platforms/evaluation.hpp"
#include "platforms/files.hpp"

namespace rheo {

EvaluationCommand::EvaluationCommand(CLI::App& app)
    : evaluate_(app.add_subcommand("evaluate", "test a trained network, on its own chip or a changed one")),
      reduce_(app.add_subcommand("reduce", "make one matrix a layer of the replicas of a trained network")) {
  add_common(*evaluate_);
  evaluate_->add_option("--out", out_, "folder for evaluation.json and .txt; none: the text only");
  add_common(*reduce_);
  reduce_->add_option("--by", by_, fmt::format("how: {}", fmt::join(rapa::reduction_names, ", ")))
      ->capture_default_str();
  reduce_->add_option("--out", out_, "file of the reduced weights; rheo evaluate --weights takes it")->required();
}

void EvaluationCommand::add_common(CLI::App& command) {
  command.add_option("RUN", run_, "folder of a finished run, or a configuration file (with --weights)")->required();
  command.add_option("--weights", weights_, "HDF5 file of the weights; none: those of the run");
  command.add_option("--set", set_, "KEY=VALUE laid over the run's configuration, as often as you like")
      ->allow_extra_args(false);
  command.add_option("--seed", seed_, "seed of all random numbers; none: that of the run");
  command.add_option("--threads", threads_, "threads of the arithmetic; the results do not depend on them")
      ->check(CLI::Range(1, 1024));
  command.add_flag("--quiet", quiet_, "no progress");
}

int EvaluationCommand::run(const volatile std::sig_atomic_t& interrupted) {
  std::error_code error;
  const bool folder = std::filesystem::is_directory(run_, error);
  const std::filesystem::path file = folder ? std::filesystem::path(run_) / "config.toml" : std::filesystem::path(run_);
  if (folder && !std::filesystem::exists(file, error)) {
    throw InputError(run_, "holds no run; expected a folder of `rheo run`, or a configuration file");
  }
  if (!folder && weights_.empty()) {
    throw InputError("--weights", "expected the file of the weights beside a configuration file");
  }
  const std::filesystem::path weights =
      weights_.empty() ? std::filesystem::path(run_) / "weights.h5" : std::filesystem::path(weights_);
  std::vector<std::string> set = set_;
  if (!seed_.empty()) set.push_back("seed=" + seed_);

  const bool reducing = reduce_->parsed();
  const auto* by = std::ranges::find(rapa::reduction_names, by_);
  if (reducing && by == rapa::reduction_names.end()) {
    const std::vector<std::string> names(rapa::reduction_names.begin(), rapa::reduction_names.end());
    throw InputError("--by " + by_,
                     fmt::format("expected one of {}{}", fmt::join(names, ", "), did_you_mean(by_, names)));
  }
  if (reducing) require_place("--out", out_);
  if (reducing && std::filesystem::exists(out_, error)) {
    throw InputError("--out", out_ + " exists already; expected the name of a new file");
  }
  EvaluationConfiguration configuration;
  if (reducing) {
    configuration.run = RunConfiguration::load(file, set);
  } else {
    configuration = EvaluationConfiguration::load(file, set);
  }
  try {
    if (reducing) {
      return run_reduction(
          configuration.run,
          {weights, out_, static_cast<rapa::Reduction>(by - rapa::reduction_names.begin()), threads_, quiet_},
          interrupted);
    }
    return run_evaluation(configuration, {weights, out_, threads_, quiet_}, interrupted);
  } catch (const InputError& error) {
    throw configuration.run.placed(error);
  }
}

}  // namespace rheo
