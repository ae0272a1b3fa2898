#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "platforms/device_fit.hpp"
#include "platforms/device_response.hpp"

namespace rheo {

/// `rheo device response` and `rheo device fit`: measuring a device by pulses, and the way back from a measurement.
class DeviceCommand {
 public:
  explicit DeviceCommand(CLI::App& app);

  [[nodiscard]] bool asked() const { return command_->parsed(); }
  /// Returns the exit status; throws InputError before anything is written.
  int run();

 private:
  int respond();
  int fit();

  CLI::App* command_;
  CLI::App* response_;
  CLI::App* fit_;
  std::string device_, measured_, out_, plot_, cells_out_;
  std::vector<std::string> set_;
  ResponseRequest request_;
  std::size_t up_ = 0;
  FitRequest fit_request_;
};

}  // namespace rheo
