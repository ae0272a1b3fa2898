#include "platforms/trace_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"
#include "platforms/files.hpp"
#include "platforms/replay.hpp"
#include "platforms/report_sections.hpp"
#include "traces/chrome_trace.hpp"
#include "traces/csv_trace.hpp"
#include "traces/run_trace_reader.hpp"

namespace rheo {
namespace {

const std::vector<std::string> formats{"chrome", "csv"};

constexpr std::uint64_t commands_at_a_time = 8192;

/// Writes all commands, whole or not at all. False when it was interrupted.
template <class Writer>
bool write_all(RunTraceReader& trace, const std::filesystem::path& out, const volatile std::sig_atomic_t& interrupted) {
  std::filesystem::path partial = out;
  partial += ".partial";
  const auto remove_partial = [&] {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
  };
  try {
    Writer writer(partial, trace.header().layers);
    while (trace.left() > 0) {
      if (interrupted != 0) {
        remove_partial();
        return false;
      }
      for (const TracedCommand& command : trace.next(commands_at_a_time)) {
        writer.command(named(command, trace.header()));
      }
    }
    writer.finish();
    std::filesystem::rename(partial, out);
  } catch (...) {
    remove_partial();
    throw;
  }
  return true;
}

std::string summary(const RunTraceReader& trace) {
  const TraceHeader& header = trace.header();
  const auto& programs = trace.programs();
  std::string text =
      fmt::format("{} commands of {} units, written by rheo {}; {}\n", trace.commands(), header.units.size(),
                  header.version, trace.report().empty() ? "the run did not end" : "the run is complete");
  if (!header.from_start) text += "It begins at a checkpoint, in the middle of the run.\n";
  if (trace.parts() > 1) text += fmt::format("It was resumed: {} files, read as one.\n", trace.parts());
  text += fmt::format("  {:<12} {:>8} {:>10} {:>11} {:>12}\n", "program", "runs", "images", "commands", "simulated");
  for (const std::string name : {"initialise", "training", "evaluation", "probe"}) {
    std::uint64_t runs = 0, images = 0, commands = 0, ticks = 0;
    for (const TracedProgram& program : programs) {
      if (program.program != name) continue;
      ++runs;
      images += program.images;
      commands += program.commands;
      ticks += program.end - program.start;
    }
    if (runs == 0) continue;
    text += fmt::format("  {:<12} {:>8} {:>10} {:>11} {:>12}\n", name, runs, images, commands,
                        with_prefix(static_cast<double>(ticks) * header.tick_seconds, "s"));
  }
  return text;
}

}  // namespace

TraceCommand::TraceCommand(CLI::App& app)
    : trace_(app.add_subcommand("trace", "say what is in a trace, or export it for a viewer or a table")),
      replay_(app.add_subcommand("replay", "time a recorded run anew on a changed chip, without computing values")) {
  trace_->add_option("FILE", file_, "trace.h5, or the folder of a run: all its traces")->required();
  trace_->add_option("--to", to_, "chrome (JSON for Perfetto or chrome://tracing) or csv; none: a summary");
  trace_->add_option("--out", out_, "file to write; none: beside the trace, .json or .csv");
  replay_->add_option("TRACE", file_, "trace.h5, or the folder of a run: all its traces")->required();
  replay_->add_option("--set", set_, "KEY=VALUE laid over the recorded configuration, as often as you like")
      ->allow_extra_args(false);
  replay_->add_option("--out", out_, "folder for the results; none: a new one below runs/");
  replay_->add_flag("--quiet", quiet_, "no progress");
}

int TraceCommand::run(const volatile std::sig_atomic_t& interrupted) {
  if (trace_->parsed()) return show_or_export(interrupted);
  return run_replay({file_, set_, out_, quiet_}, interrupted);
}

int TraceCommand::show_or_export(const volatile std::sig_atomic_t& interrupted) {
  if (!to_.empty() && std::find(formats.begin(), formats.end(), to_) == formats.end()) {
    throw InputError("--to " + to_, "expected chrome or csv" + did_you_mean(to_, formats));
  }
  if (to_.empty() && !out_.empty()) throw InputError("--out", "expected --to chrome or --to csv beside it");
  const std::vector<std::filesystem::path> files = trace_files(file_);
  std::filesystem::path out = out_;
  if (out.empty()) out = std::filesystem::path(files.front()).replace_extension(to_ == "csv" ? ".csv" : ".json");
  if (!to_.empty()) require_place("--out", out);
  for (const auto& file : files) {
    std::error_code not_there;
    if (!to_.empty() && std::filesystem::equivalent(out, file, not_there)) {
      throw InputError("--out", out.string() + " is the trace itself; expected the name of another file");
    }
  }
  RunTraceReader trace(file_);
  if (to_.empty()) {
    std::cout << summary(trace);
    return 0;
  }
  const bool done =
      to_ == "csv" ? write_all<CsvTrace>(trace, out, interrupted) : write_all<ChromeTrace>(trace, out, interrupted);
  if (!done) {
    std::fputs("interrupted; nothing is written\n", stderr);
    return 130;
  }
  std::cout << trace.commands() << " commands in " << out.string() << '\n';
  return 0;
}

}  // namespace rheo
