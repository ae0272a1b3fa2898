#pragma once

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

#include "platforms/spiking_widths.hpp"

namespace rheo {

/// `rheo train-spiking`: a spiking network for an inference chip, trained on the host. `rheo spiking-widths`: what it
/// loses in fixed point.
class SpikingCommand {
 public:
  explicit SpikingCommand(CLI::App& app);

  [[nodiscard]] bool asked() const { return train_->parsed() || widths_->parsed(); }
  /// Returns the exit status; throws InputError, SimulationError.
  int run(const volatile std::sig_atomic_t& interrupted);

 private:
  int train(const volatile std::sig_atomic_t& interrupted);
  int widths();

  CLI::App* train_;
  CLI::App* widths_;
  std::string config_, out_, seed_;
  std::vector<std::string> set_;
  std::size_t threads_ = 1;
  bool resume_ = false, quiet_ = false;
  SpikingWidthsRequest request_;
};

}  // namespace rheo
