#include "platforms/sweep_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <thread>

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"
#include "platforms/sweep/results.hpp"

namespace rheo {

SweepCommand::SweepCommand(CLI::App& app)
    : sweep_(app.add_subcommand("sweep", "run many configurations and keep what came out in one database")),
      pareto_(app.add_subcommand("pareto", "print the points of a sweep that no other dominates")) {
  sweep_->add_option("SWEEP", file_, "TOML file: axes, sampling, objectives")->required();
  sweep_->add_option("--out", out_, "folder for the results; none: a new one below runs/");
  sweep_->add_option("--jobs", jobs_, "points at a time; none: one a processor")->check(CLI::Range(1, 100'000));
  sweep_->add_option("--threads", options_.threads, "threads of each point")->check(CLI::Range(1, 1024));
  sweep_->add_option("--engine", engine_, fmt::format("where points run: {}", fmt::join(sweep::engine_names, ", ")))
      ->capture_default_str();
  sweep_->add_option("--chunk", options_.chunk, "slurm: points of one task; none: about four tasks for each of --jobs")
      ->check(CLI::Range(1, 1'000'000));
  sweep_->add_option("--slurm", options_.slurm_options, "slurm: an option of sbatch, as often as you like")
      ->allow_extra_args(false);
  sweep_->add_flag("--resume", options_.resume, "go on with the sweep in --out; what is done is not repeated");
  sweep_->add_flag("--retry", options_.retry, "with --resume: execute the points that failed once more");
  sweep_->add_flag("--dry-run", options_.dry_run, "print the points, execute nothing");
  sweep_->add_flag("--quiet", options_.quiet, "no progress, no picture of the front");

  pareto_->add_option("RESULTS", results_, "a sweep's folder, or its sweep.db")->required();
  pareto_->add_option("--objective", objectives_, "FIGURE=min or FIGURE=max, as often as you like; none: the sweep's")
      ->allow_extra_args(false);
}

int SweepCommand::run(const sweep::Command& command, const volatile std::sig_atomic_t& interrupted) {
  if (pareto_->parsed()) {
    std::cout << sweep::results_text(results_, objectives_);
    return 0;
  }
  const auto* engine = std::ranges::find(sweep::engine_names, engine_);
  if (engine == sweep::engine_names.end()) {
    const std::vector<std::string> names(sweep::engine_names.begin(), sweep::engine_names.end());
    throw InputError("--engine " + engine_,
                     fmt::format("expected one of {}{}", fmt::join(names, ", "), did_you_mean(engine_, names)));
  }
  if (sweep_->get_option("--out")->count() > 0 && out_.empty()) throw InputError("--out", "is empty; expected a name");
  if (options_.resume && out_.empty()) {
    throw InputError("--resume", "expected --out DIR: the folder of the sweep to go on with");
  }
  if (options_.retry && !options_.resume) throw InputError("--retry", "belongs to --resume");
  options_.engine = static_cast<sweep::EngineKind>(engine - sweep::engine_names.begin());
  options_.jobs = jobs_ > 0 ? jobs_ : std::max(1U, std::thread::hardware_concurrency());
  options_.out = out_;
  return sweep::run_sweep(sweep::SweepFile::load(file_), options_, command, [&] { return interrupted != 0; });
}

}  // namespace rheo
