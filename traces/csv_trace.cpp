#include "traces/csv_trace.hpp"

#include <fmt/format.h>

#include "models/core/error.hpp"

namespace rheo {
namespace {

constexpr std::uint64_t ticks_per_second = 100'000'000'000'000;  // of 10 fs

std::string seconds(std::uint64_t ticks) {
  return fmt::format("{}.{:014}", ticks / ticks_per_second, ticks % ticks_per_second);
}

}  // namespace

CsvTrace::CsvTrace(const std::filesystem::path& file, std::vector<std::string> layer_names)
    : name_(file.string()), out_(file), layer_names_(std::move(layer_names)) {
  if (!out_) throw SimulationError(name_ + ": cannot be written");
  out_ << "sequence,unit,operation,layer,mode,phase,start_s,end_s,bytes,items\n";
}

void CsvTrace::command(const CommandEvent& event) {
  out_ << fmt::format("{},{},{},{},{},{},{},{},{},{}\n", event.sequence, event.unit, event.operation,
                      layer_names_.at(event.scope.layer), mode_names[static_cast<std::size_t>(event.scope.mode)],
                      phase_names[static_cast<std::size_t>(event.scope.phase)], seconds(event.start),
                      seconds(event.end), event.bytes, event.items);
}

void CsvTrace::finish() {
  out_.close();
  if (!out_) throw SimulationError(name_ + ": cannot be written");
}

}  // namespace rheo
