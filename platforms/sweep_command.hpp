#pragma once

#include <CLI/CLI.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "platforms/sweep/sweep_run.hpp"

namespace rheo {

/// `rheo sweep`: many configurations, one results database. `rheo pareto`: what came out of them.
class SweepCommand {
 public:
  explicit SweepCommand(CLI::App& app);

  [[nodiscard]] bool asked() const { return sweep_->parsed() || pareto_->parsed(); }
  /// `command` is what the words of a point do. Returns the exit status; throws InputError, SimulationError.
  int run(const sweep::Command& command, const volatile std::sig_atomic_t& interrupted);

 private:
  CLI::App* sweep_;
  CLI::App* pareto_;
  std::string file_, out_, engine_ = "local", results_;
  std::vector<std::string> objectives_;
  std::size_t jobs_ = 0;
  sweep::SweepOptions options_;
};

}  // namespace rheo
