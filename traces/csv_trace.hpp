#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "models/core/recorder.hpp"

namespace rheo {

/// Writes commands as a table of comma-separated values, a line a command in the order of their ends:
///     sequence,unit,operation,layer,mode,phase,start_s,end_s,bytes,items
/// Times are seconds of simulated time with all the digits of ten femtoseconds.
class CsvTrace : public Recorder {
 public:
  /// `layer_names` by LayerIndex. Throws SimulationError when the file cannot be written.
  CsvTrace(const std::filesystem::path& file, std::vector<std::string> layer_names);

  void command(const CommandEvent& event) override;
  /// Throws SimulationError when the disk refused any of it.
  void finish();

 private:
  std::string name_;
  std::ofstream out_;
  std::vector<std::string> layer_names_;
};

}  // namespace rheo
