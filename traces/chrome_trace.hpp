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
/// Times are microseconds of simulated time with ten-femtosecond decimals. Every unit is a track; commands of one
/// unit that overlap go to lanes of their own. Memory is bounded; a file that a kill cut off still opens, as the
/// format allows the closing bracket to be missing.
class ChromeTrace : public Recorder {
 public:
  /// Throws SimulationError when the file cannot be written.
  ChromeTrace(const std::filesystem::path& file, std::vector<std::string> layer_names);
  ~ChromeTrace() override;

  void command(const CommandEvent& event) override;

 private:
  [[nodiscard]] std::size_t track(const CommandEvent& event);

  std::ofstream out_;
  std::vector<std::string> layer_names_;
  /// Of each unit: the tracks of its lanes and when their last command ended.
  struct Lane {
    std::size_t track;
    std::uint64_t end;
  };
  std::map<std::string, std::vector<Lane>> lanes_;
  std::size_t tracks_ = 0;
};

}  // namespace rheo
