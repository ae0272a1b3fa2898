#include "traces/run_trace_reader.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <system_error>

#include "models/core/error.hpp"

namespace rheo {

std::vector<std::filesystem::path> trace_files(const std::filesystem::path& file_or_folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(file_or_folder, error)) return {file_or_folder};
  std::vector<std::filesystem::path> files{file_or_folder / "trace.h5"};
  while (true) {
    const auto file = file_or_folder / ("trace-" + std::to_string(files.size() + 1) + ".h5");
    if (!std::filesystem::exists(file, error)) return files;
    files.push_back(file);
  }
}

RunTraceReader::RunTraceReader(const std::filesystem::path& file_or_folder) {
  for (const auto& file : trace_files(file_or_folder)) parts_.push_back({TraceReader(file)});
  for (std::size_t part = 0; part < parts_.size(); ++part) join(part);
}

void RunTraceReader::join(std::size_t part) {
  TraceReader& reader = parts_[part].reader;
  const TraceHeader& header = reader.header();
  if (part > 0) {
    const TraceHeader& first = parts_.front().reader.header();
    if (header.configuration != first.configuration || header.units != first.units ||
        header.operations != first.operations || header.layers != first.layers) {
      throw InputError(reader.name(), "is not of the same run as " + parts_.front().reader.name());
    }
  }
  // The part ends where a later one begins, which is where what is kept has to reach to.
  const bool last = part + 1 == parts_.size();
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t later = part + 1; later < parts_.size(); ++later) {
    limit = std::min(limit, parts_[later].reader.header().begin);
  }
  std::uint64_t commands = 0;
  std::uint64_t end = header.begin;
  for (const TracedProgram& program : reader.programs()) {
    if (program.start >= limit) break;
    programs_.push_back(program);
    commands += program.commands;
    end = program.end;
  }
  if (!last && header.begin < limit && end != limit) {
    throw InputError(reader.name(),
                     "ends before " + parts_[part + 1].reader.name() + " begins; commands between them are missing");
  }
  for (const TracedEpoch& epoch : reader.epochs()) {
    if (last || epoch.end <= limit) epochs_.push_back(epoch);
  }
  if (last) commands = reader.commands();
  parts_[part].left = commands;
  commands_ += commands;
}

std::span<const TracedCommand> RunTraceReader::next(std::uint64_t count) {
  while (part_ + 1 < parts_.size() && parts_[part_].left == 0) {
    ++part_;
    first_sequence_ = read_;
  }
  Part& part = parts_[part_];
  const auto commands = part.reader.next(std::min(count, part.left));
  part.left -= commands.size();
  read_ += commands.size();
  if (first_sequence_ == 0) return commands;
  renumbered_.assign(commands.begin(), commands.end());
  for (TracedCommand& command : renumbered_) command.sequence += first_sequence_;
  return renumbered_;
}

}  // namespace rheo
