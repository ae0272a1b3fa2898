#pragma once

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

namespace rheo {

/// `rheo train-spiking`: a spiking network for an inference chip, trained on the host.
class SpikingCommand {
 public:
  explicit SpikingCommand(CLI::App& app);

  [[nodiscard]] bool asked() const { return command_->parsed(); }
  /// Returns the exit status; throws InputError, SimulationError.
  int run(const volatile std::sig_atomic_t& interrupted);

 private:
  CLI::App* command_;
  std::string config_, out_, seed_;
  std::vector<std::string> set_;
  std::size_t threads_ = 1;
  bool resume_ = false, quiet_ = false;
};

}  // namespace rheo
