#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "models/core/recorder.hpp"

namespace rheo {

/// Writes commands as they end in the Chrome trace format (JSON), which Perfetto and chrome://tracing open.
/// Times are microseconds of simulated time with ten-femtosecond decimals, which "otherData" states. Every unit is a
/// track; commands of one unit that overlap go to lanes of their own. Memory is bounded.
class ChromeTrace : public Recorder {
 public:
  /// `layer_names` by LayerIndex. Throws SimulationError when the file cannot be written.
  ChromeTrace(const std::filesystem::path& file, std::vector<std::string> layer_names);
  void command(const CommandEvent& event) override;
  /// Throws SimulationError when the disk refused any of it.
  void finish();

 private:
  [[nodiscard]] std::size_t track(const CommandEvent& event);

  std::string name_;
  std::ofstream out_;
  std::vector<std::string> layer_names_;
  /// Of each unit: the tracks of its lanes and when their last command ended.
  struct Lane {
    std::size_t track;
    std::uint64_t end;
  };
  std::map<std::string, std::vector<Lane>, std::less<>> lanes_;
  std::size_t tracks_ = 0;
};

}  // namespace rheo
