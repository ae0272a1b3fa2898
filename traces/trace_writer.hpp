#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "models/core/recorder.hpp"
#include "traces/trace_header.hpp"

namespace rheo {

/// Writes what happens into a trace file (HDF5; README.md beside this file has the format). Rows wait in memory until
/// there are a chunk of them (8192, about 1 MB in all) or flush() is called, then they are written: memory is bounded,
/// and after a kill, or while the run goes on, the file can be read up to the last flush (HDF5's single writer,
/// multiple readers). Every member throws SimulationError when the disk refuses.
class TraceWriter : public Recorder {
 public:
  /// Replaces a file of that name.
  TraceWriter(const std::filesystem::path& file, const TraceHeader& header);
  /// Writes what waits, as far as the disk lets it.
  ~TraceWriter() override;

  void command(const CommandEvent& event) override;
  void program(const ProgramEvent& event) override;
  void epoch(const TracedEpoch& epoch);
  /// Everything so far is readable from now on. To be called where the run can be resumed.
  void flush();
  /// The run has ended, with this report.json.
  void finish(std::string_view report);

 private:
  struct File;
  std::filesystem::path name_;
  std::unique_ptr<File> file_;
};

}  // namespace rheo
