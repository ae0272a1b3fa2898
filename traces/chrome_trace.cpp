#include "traces/chrome_trace.hpp"

#include <fmt/format.h>

#include "models/core/error.hpp"

namespace rheo {
namespace {

constexpr std::uint64_t ticks_per_microsecond = 100'000'000;  // of 10 fs

std::string microseconds(std::uint64_t ticks) {
  return fmt::format("{}.{:08}", ticks / ticks_per_microsecond, ticks % ticks_per_microsecond);
}

}  // namespace

ChromeTrace::ChromeTrace(const std::filesystem::path& file, std::vector<std::string> layer_names)
    : name_(file.string()), out_(file), layer_names_(std::move(layer_names)) {
  if (!out_) throw SimulationError(name_ + ": cannot be written");
  out_ << R"({"displayTimeUnit":"ns",)"
       << R"("otherData":{"ts":"microseconds of simulated time","resolution":"10 fs"},"traceEvents":[)" << '\n'
       << R"({"ph":"M","pid":1,"name":"process_name","args":{"name":"chip"}})";
}

void ChromeTrace::finish() {
  out_ << "\n]}\n";
  out_.close();
  if (!out_) throw SimulationError(name_ + ": cannot be written");
}

std::size_t ChromeTrace::track(const CommandEvent& event) {
  auto found = lanes_.find(event.unit);
  if (found == lanes_.end()) found = lanes_.emplace(event.unit, std::vector<Lane>()).first;
  std::vector<Lane>& lanes = found->second;
  // Of the lanes that are free the one that was busy last: events come in the order of their ends.
  Lane* best = nullptr;
  for (Lane& lane : lanes) {
    if (lane.end <= event.start && (best == nullptr || lane.end > best->end)) best = &lane;
  }
  if (best != nullptr) {
    best->end = event.end;
    return best->track;
  }
  lanes.push_back({++tracks_, event.end});
  const std::string name =
      lanes.size() == 1 ? std::string(event.unit) : fmt::format("{} ({})", event.unit, lanes.size());
  out_ << fmt::format(
      ",\n"
      R"({{"ph":"M","pid":1,"tid":{},"name":"thread_name","args":{{"name":"{}"}}}})",
      tracks_, name);
  return tracks_;
}

void ChromeTrace::command(const CommandEvent& event) {
  const std::size_t on = track(event);
  const std::string& name = layer_names_.at(event.scope.layer);
  out_ << fmt::format(
      ",\n"
      R"({{"ph":"X","pid":1,"tid":{},"name":"{}","cat":"{}","ts":{},"dur":{},)"
      R"("args":{{"layer":"{}","phase":"{}","mode":"{}","bytes":{},"items":{},"command":{}}}}})",
      on, event.operation, phase_names[static_cast<std::size_t>(event.scope.phase)], microseconds(event.start),
      microseconds(event.end - event.start), name, phase_names[static_cast<std::size_t>(event.scope.phase)],
      mode_names[static_cast<std::size_t>(event.scope.mode)], event.bytes, event.items, event.sequence);
}

}  // namespace rheo
