#pragma once

#include <filesystem>
#include <memory>

#include "models/core/recorder.hpp"
#include "platforms/training_run.hpp"
#include "traces/trace_writer.hpp"

namespace rheo {

/// The trace of a training run: trace.h5 in its folder. A run that is resumed writes trace-2.h5, trace-3.h5 and so on:
/// none is lost, and what came after the last checkpoint of the run before stands in both (RunTraceReader joins them).
class RunTrace : public Recorder {
 public:
  /// From now on, the present time of the chip, it is written down. `from_start`: the run does not go on from a
  /// checkpoint.
  void open(const std::filesystem::path& folder, TrainingRun& run, bool from_start);

  void command(const CommandEvent& event) override;
  void program(const ProgramEvent& event) override;
  void epoch(const EpochRecord& record);
  /// To be called before each checkpoint, so that a kill after it cannot tear a gap.
  void flush();
  void finish(std::string_view report);

 private:
  std::unique_ptr<TraceWriter> writer_;
};

}  // namespace rheo
