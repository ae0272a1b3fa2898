#include "platforms/run_trace.hpp"

#include <fmt/format.h>

#include "platforms/run_folder.hpp"

namespace rheo {
namespace {

std::filesystem::path free_name(const std::filesystem::path& folder) {
  for (int number = 1;; ++number) {
    std::filesystem::path file = folder / (number == 1 ? "trace.h5" : fmt::format("trace-{}.h5", number));
    if (!std::filesystem::exists(file)) return file;
  }
}

TraceHeader header_of(TrainingRun& run, bool from_start) {
  TraceHeader header;
  header.version = RHEO_VERSION;
  header.configuration = resolved(run.configuration());
  header.tick_seconds = tick_seconds;
  header.from_start = from_start;
  header.begin = sc_core::sc_time_stamp().value();
  header.units = run.chip().unit_names();
  header.operations.assign(opcode_names.begin(), opcode_names.end());
  header.operations.insert(header.operations.end(), vector_operation_names.begin(), vector_operation_names.end());
  header.layers = {"shared"};
  const auto& layers = run.mapping().layer_names;
  header.layers.insert(header.layers.end(), layers.begin(), layers.end());
  for (const AddressRange& range : run.chip().memories()) {
    header.memories.push_back({range.name, range.first, range.size});
  }
  const ImageSet& images = run.data().train;
  header.images = {images.height, images.width,          images.channels,       images.classes,
                   images.count,  run.data().test.count, run.data().pixel_mean, run.data().pixel_deviation};
  return header;
}

}  // namespace

void RunTrace::open(const std::filesystem::path& folder, TrainingRun& run, bool from_start) {
  writer_ = std::make_unique<TraceWriter>(free_name(folder), header_of(run, from_start));
}

void RunTrace::command(const CommandEvent& event) {
  if (writer_) writer_->command(event);
}

void RunTrace::program(const ProgramEvent& event) {
  if (writer_) writer_->program(event);
}

void RunTrace::epoch(const EpochRecord& r) {
  if (!writer_) return;
  writer_->epoch({static_cast<double>(r.epoch), r.train_loss, r.train_accuracy, r.test_loss, r.test_accuracy,
                  r.learning_rate, r.momentum, sc_core::sc_time_stamp().value()});
}

void RunTrace::flush() {
  if (writer_) writer_->flush();
}

void RunTrace::finish(std::string_view report) {
  if (writer_) writer_->finish(report);
}

}  // namespace rheo
