#include "platforms/sweep/sweep_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "models/core/error.hpp"
#include "platforms/analysis_package.hpp"
#include "platforms/files.hpp"
#include "platforms/progress.hpp"
#include "platforms/run_folder.hpp"
#include "platforms/sweep/database.hpp"
#include "platforms/sweep/engine.hpp"
#include "platforms/sweep/genetic.hpp"
#include "platforms/sweep/planning.hpp"
#include "platforms/sweep/process.hpp"
#include "platforms/sweep/sampling.hpp"
#include "platforms/sweep/summary.hpp"

namespace rheo::sweep {
namespace {

using Clock = std::chrono::steady_clock;

struct Interrupted {};

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string last_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

std::vector<std::string> axis_keys(const SweepFile& sweep) {
  std::vector<std::string> keys;
  for (const Axis& axis : sweep.axes) keys.push_back(axis.key);
  return keys;
}

/// A sweep that is under way: plans points, executes those without an outcome, keeps the results.
class Campaign {
 public:
  Campaign(const SweepFile& sweep, const SweepOptions& options, std::filesystem::path folder, Database& database,
           const volatile std::sig_atomic_t& interrupted)
      : sweep_(sweep),
        options_(options),
        folder_(std::move(folder)),
        database_(database),
        interrupted_(interrupted),
        progress_(options.quiet, "points"),
        program_(own_program().string()) {
    std::filesystem::create_directories(folder_ / "points");
    if (options.engine == EngineKind::slurm) {
      engine_ = make_slurm_engine(
          {options.jobs, options.chunk, options.slurm_options, folder_ / "slurm", "rheo-" + sweep.name});
    } else {
      engine_ = make_local_engine(options.jobs);
    }
  }

  /// Takes up what an earlier process left: points that were running have ended or wait again.
  void take_up() {
    for (Point& point : database_.points()) {
      if (point.status == Status::running && std::filesystem::exists(report_file(point.id))) {
        finish(point, {point.id, 0, 0, 0, 0});
      } else if (point.status == Status::running ||
                 (options_.retry && point.status == Status::failed && !point.config_hash.empty())) {
        database_.set_status(point.id, Status::waiting);
      } else if (point.status == Status::done && !sweep_.keep) {
        remove_files(point.id);  // it may have died between the two
      }
    }
  }

  /// Adds the points that are not there yet.
  void add(std::vector<Point> points) {
    std::map<std::string, bool> seen;
    std::erase_if(points, [&](const Point& point) {
      const std::string key =
          point.config_hash.empty() ? fmt::format("{} {}", point.settings, point.seed) : point.config_hash;
      if (!seen.try_emplace(key, true).second) return true;
      return point.config_hash.empty() ? database_.find_refused(point.settings, point.seed).has_value()
                                       : database_.find(point.config_hash).has_value();
    });
    database_.add(points);
  }

  /// Executes every point that waits. Throws Interrupted.
  void execute() {
    std::map<std::int64_t, Point> waiting;
    for (Point& point : database_.points()) {
      if (point.status == Status::waiting) waiting.emplace(point.id, std::move(point));
    }
    std::vector<Job> jobs;
    for (const auto& [id, point] : waiting) jobs.push_back(job_of(point));
    const auto begin = Clock::now();
    std::int64_t done = done_;
    const std::int64_t all = done + static_cast<std::int64_t>(jobs.size());
    progress_.update(done, all, status());
    engine_->execute(
        jobs, [&](std::int64_t id) { database_.set_status(id, Status::running); },
        [&](const JobResult& result) {
          finish(waiting.at(result.id), result);
          progress_.update(++done, all, status());
        },
        interrupted_);
    done_ = done;
    wall_s_ += std::chrono::duration<double>(Clock::now() - begin).count();
    if (interrupted_ != 0) {
      for (const Point& point : database_.points()) {
        if (point.status == Status::running) database_.set_status(point.id, Status::waiting);
      }
      throw Interrupted();
    }
  }

  /// The objectives of some settings, all to be made small; see search().
  [[nodiscard]] std::vector<std::vector<double>> objectives_of(const std::vector<Settings>& settings) {
    std::map<std::string, std::vector<double>> found;
    for (const Candidate& one : candidates(database_.points(), sweep_.objectives, sweep_.repeats)) {
      std::vector<double>& row = found[one.settings];
      for (std::size_t i = 0; i < sweep_.objectives.size(); ++i) {
        row.push_back(sweep_.objectives[i].goal == Goal::max ? -one.mean[i] : one.mean[i]);
      }
    }
    std::vector<std::vector<double>> rows;
    for (const Settings& one : settings) rows.push_back(found[settings_text(sweep_, one)]);
    return rows;
  }

  /// How the processors were used, in one line; empty when nothing was executed.
  [[nodiscard]] std::string effort() const {
    if (executed_ == 0) return "";
    std::string text = fmt::format("{} points in {:.1f} s, {} at a time", executed_, wall_s_, options_.jobs);
    if (cpu_s_ > 0) {
      text += fmt::format("; processor use {:.1f} % of them; {:.1f} ms from the end of a point to the next",
                          100 * cpu_s_ / (wall_s_ * static_cast<double>(options_.jobs)),
                          1e3 * gaps_s_ / static_cast<double>(executed_));
    }
    return text + "\n";
  }

  Progress& progress() { return progress_; }

 private:
  [[nodiscard]] std::filesystem::path place(std::int64_t id, const std::string& ending) const {
    return folder_ / "points" / (std::to_string(id) + ending);
  }
  [[nodiscard]] std::filesystem::path report_file(std::int64_t id) const {
    return place(id, "") / (sweep_.task == Task::evaluate ? "evaluation.json" : "report.json");
  }

  [[nodiscard]] std::string status() {
    const auto counts = database_.counts();
    const auto failed = counts.find(Status::failed);
    return failed == counts.end() ? "" : fmt::format("{} failed", failed->second);
  }

  [[nodiscard]] Job job_of(const Point& point) const {
    const std::filesystem::path config = place(point.id, ".toml");
    const std::filesystem::path out = place(point.id, "");
    Job job{point.id, {program_}, place(point.id, ".err")};
    const auto add = [&](std::initializer_list<std::string> words) { job.words.insert(job.words.end(), words); };
    add({sweep_.task == Task::evaluate ? "evaluate" : "run", config.string(), "--out", out.string(), "--quiet",
         "--threads", std::to_string(options_.threads)});
    if (sweep_.task == Task::evaluate) add({"--weights", std::filesystem::absolute(sweep_.weights).string()});
    if (std::filesystem::exists(out / "checkpoint.h5")) {
      add({"--resume"});
    } else {
      std::filesystem::remove_all(out);
    }
    write_file(config, point.config);
    return job;
  }

  void finish(Point& point, const JobResult& result) {
    if (interrupted_ != 0 && result.status != 0) return;  // it waits, see execute()
    point.wall_s = result.wall_s;
    point.status = Status::failed;
    point.error.clear();
    if (result.status == 0) {
      try {
        point.report = nlohmann::json::parse(read_text(report_file(point.id))).dump();
        assess(sweep_, point, place(point.id, ".toml"));
        point.status = Status::done;
      } catch (const std::exception& error) {
        point.error = error.what();
      }
    } else {
      point.error = last_line(place(point.id, ".err"));
      // The same error is the same text wherever the sweep lies.
      const std::string prefix = (folder_ / "").string();
      if (point.error.starts_with(prefix)) point.error.erase(0, prefix.size());
      if (point.error.empty()) {
        point.error = result.status > 128    ? fmt::format("ended by signal {}", result.status - 128)
                      : result.status == 128 ? "its task ended without a result"
                                             : fmt::format("ended with status {}", result.status);
      }
    }
    database_.finish(point);
    ++executed_;
    cpu_s_ += result.cpu_s;
    gaps_s_ += result.gap_s;
    if (point.status == Status::failed) {
      progress_.line(fmt::format("point {} {}: {}", point.id, point.settings, point.error));
    } else if (!sweep_.keep) {
      remove_files(point.id);
    }
  }

  void remove_files(std::int64_t id) const {
    for (const char* ending : {"", ".toml", ".err"}) std::filesystem::remove_all(place(id, ending));
  }

  const SweepFile& sweep_;
  const SweepOptions& options_;
  std::filesystem::path folder_;
  Database& database_;
  const volatile std::sig_atomic_t& interrupted_;
  Progress progress_;
  std::string program_;
  std::unique_ptr<Engine> engine_;
  std::int64_t executed_ = 0, done_ = 0;
  double wall_s_ = 0, cpu_s_ = 0, gaps_s_ = 0;
};

/// A sweep of which nothing can be executed is a wrong sweep.
void require_points(const SweepFile& sweep, const std::vector<Point>& points) {
  if (std::ranges::any_of(points, [](const Point& point) { return point.status == Status::waiting; })) return;
  throw InputError(sweep.axes.front().where,
                   fmt::format("axes: no point can be executed; the first: {}", points.front().error));
}

std::string dry_run_text(const SweepFile& sweep, const std::vector<Point>& points) {
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point& point = points[i];
    text += fmt::format("{:>6}  seed {}  {}{}\n", i + 1, point.seed, point.settings,
                        point.status == Status::waiting ? "" : "  " + point.error);
  }
  if (sweep.sampling.kind == SamplingKind::nsga2) {
    text += fmt::format("nsga2: generations of {} settings, 1 + {} of them at most\n", sweep.sampling.population,
                        sweep.sampling.generations);
  }
  return text + summary(points, axis_keys(sweep), {}, sweep.repeats);
}

void draw_front(const std::filesystem::path& folder) {
  const std::filesystem::path picture = folder / "pareto.png";
  if (call_analysis({"pareto", (folder / "sweep.db").string(), "--out", picture.string(), "--quiet"})) {
    std::cout << "Front in " << picture.string() << '\n';
  } else {
    fmt::print(stderr, "no picture: drawing it with {} -m rheo_analysis failed\n", python_interpreter().string());
  }
}

}  // namespace

int run_sweep(const SweepFile& sweep, const SweepOptions& options, const volatile std::sig_atomic_t& interrupted) {
  check(sweep);
  const bool searches = sweep.sampling.kind == SamplingKind::nsga2;
  // Of a search a handful of random points shows whether anything can be executed.
  Sampling trial = sweep.sampling;
  if (searches) {
    trial.kind = SamplingKind::random;
    trial.points = trial.population;
  }
  std::vector<Point> points;
  if (!options.resume || options.dry_run) {
    points = plan(sweep, sample(sweep.axes, trial), 0);
    require_points(sweep, points);
  }
  if (options.dry_run) {
    std::cout << dry_run_text(sweep, searches ? std::vector<Point>() : points);
    return 0;
  }

  std::filesystem::path folder = options.out.empty() ? numbered_folder("runs", sweep.name) : options.out;
  const std::filesystem::path file = folder / "sweep.db";
  if (!options.resume) make_folder(folder);
  std::error_code error;
  if (options.resume && !std::filesystem::exists(file, error)) {
    throw InputError("--resume", folder.string() + " holds no sweep; name its folder with --out");
  }
  folder = std::filesystem::absolute(folder);
  const FolderLock lock(folder);
  if (!options.resume) {
    write_file(folder / "sweep.toml", sweep.text);
    static_cast<void>(Database::create(file, sweep, RHEO_VERSION));
  }
  if (options.engine == EngineKind::local && std::filesystem::exists(folder / "slurm/job")) {
    throw InputError("--engine", "points of this sweep may still run on Slurm; expected --engine slurm");
  }
  Database database = Database::open(file, false);
  if (database.value("sweep") != sweep.text) {
    throw InputError("--resume", fmt::format("{} is of another sweep than this file says", folder.string()));
  }
  const std::string base = base_hash(sweep);
  if (database.value("base").empty()) database.set_value("base", base);
  if (database.value("base") != base) {
    throw InputError("--resume", fmt::format("{} or the weights are not those that {} began with",
                                             sweep.config.string(), folder.string()));
  }

  Campaign campaign(sweep, options, folder, database, interrupted);
  try {
    campaign.take_up();
    if (searches) {
      search(sweep.axes, sweep.sampling, sweep.objectives.size(),
             [&](const std::vector<Settings>& settings, std::int64_t generation) {
               campaign.add(plan(sweep, settings, generation));
               campaign.execute();
               campaign.progress().line(fmt::format("generation {} of {}", generation, sweep.sampling.generations));
               return campaign.objectives_of(settings);
             });
    } else {
      // A sweep that was killed before its points were written down has none.
      if (database.counts().empty()) {
        campaign.add(points.empty() ? plan(sweep, sample(sweep.axes, sweep.sampling), 0) : std::move(points));
      }
      campaign.execute();
    }
  } catch (const Interrupted&) {
    campaign.progress().line(
        fmt::format("interrupted; the same command with --resume --out {} goes on", folder.string()));
    return 130;
  }
  const std::string text = summary(database.points(), axis_keys(sweep), sweep.objectives, sweep.repeats) +
                           campaign.effort() + "Everything is in " + folder.string() + "\n";
  database.close();
  write_file(folder / "sweep.txt", text);
  std::cout << text << std::flush;
  if (!options.quiet && sweep.objectives.size() > 1) draw_front(folder);
  return 0;
}

std::string sweep_text(const std::filesystem::path& results, const std::vector<std::string>& objectives) {
  std::error_code error;
  const std::filesystem::path file = std::filesystem::is_directory(results, error) ? results / "sweep.db" : results;
  Database database = Database::open(file, true);
  std::vector<Objective> wanted;
  for (const std::string& word : objectives) {
    const std::size_t equals = word.find('=');
    const std::string goal = equals == std::string::npos ? "" : word.substr(equals + 1);
    const std::string name = word.substr(0, equals);
    if ((goal != "min" && goal != "max") || !names_figure(name)) {
      throw InputError("--objective " + word, "expected a figure of the reports and its goal, as energy.total_j=min");
    }
    wanted.push_back({name, goal == "max" ? Goal::max : Goal::min, ""});
  }
  std::vector<Point> points = database.points();
  for (Point& point : points) {
    if (wanted.empty() || point.status != Status::done) continue;
    const nlohmann::json report = nlohmann::json::parse(point.report);
    nlohmann::json figures = nlohmann::json::object();
    for (const Objective& objective : wanted) {
      try {
        figures[objective.name] = figure(report, objective.name);
      } catch (const std::out_of_range& missing) {
        throw InputError("--objective " + objective.name, fmt::format("point {}: {}", point.id, missing.what()));
      }
    }
    point.objectives = figures.dump();
  }
  return summary(points, database.axes(), wanted.empty() ? database.objectives() : wanted,
                 std::stoll(database.value("repeats")));
}

}  // namespace rheo::sweep
