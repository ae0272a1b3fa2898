#include "platforms/sweep/sweep_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>

#include "models/core/error.hpp"
#include "platforms/analysis_package.hpp"
#include "platforms/files.hpp"
#include "platforms/progress.hpp"
#include "platforms/run_folder.hpp"
#include "platforms/sweep/campaign.hpp"
#include "platforms/sweep/database.hpp"
#include "platforms/sweep/engine.hpp"
#include "platforms/sweep/genetic.hpp"
#include "platforms/sweep/resume.hpp"
#include "platforms/sweep/sampling.hpp"
#include "platforms/sweep/summary.hpp"

namespace rheo::sweep {
namespace {

/// Settings whose points are planned and written down together.
constexpr std::size_t planned_at_once = 500;

bool searches(const SweepFile& sweep) { return sweep.sampling.kind == SamplingKind::nsga2; }

std::vector<std::string> axis_keys(const SweepFile& sweep) {
  std::vector<std::string> keys;
  for (const Axis& axis : sweep.axes) keys.push_back(axis.key);
  return keys;
}

/// The settings of a sweep, turned into points part by part.
class Plan {
 public:
  Plan(const SweepFile& sweep, std::size_t planned, bool quiet, const Stop& stop)
      : sweep_(sweep), next_(planned), progress_(quiet, "settings"), stop_(stop) {
    Sampling sampling = sweep.sampling;
    if (searches(sweep)) {
      // A handful of random points shows whether anything can be executed.
      sampling.kind = SamplingKind::random;
      sampling.points = sampling.population;
    }
    settings_ = sample(sweep.axes, sampling);
  }

  [[nodiscard]] bool done() const noexcept { return next_ >= settings_.size(); }
  [[nodiscard]] std::int64_t planned() const noexcept { return static_cast<std::int64_t>(next_); }

  /// The points of some more settings. Throws Interrupted.
  std::vector<Point> more() {
    const std::size_t count = std::min(planned_at_once, settings_.size() - next_);
    std::vector<Point> points = plan(sweep_, std::span(settings_).subspan(next_, count), 0, stop_);
    next_ += count;
    progress_.update(planned(), static_cast<std::int64_t>(settings_.size()), "planned");
    return points;
  }

  /// The first points, up to some that can be executed. Throws InputError when no setting has any.
  std::vector<Point> beginning() {
    std::vector<Point> points;
    const auto waits = [](const Point& point) { return point.status == Status::waiting; };
    while (!done()) {
      std::vector<Point> part = more();
      const bool found = std::ranges::any_of(part, waits);
      std::ranges::move(part, std::back_inserter(points));
      if (found) return points;
    }
    // A sweep of which nothing can be executed is a wrong sweep.
    throw InputError(sweep_.axes.front().where,
                     fmt::format("axes: no point can be executed; the first: {}", points.front().error));
  }

 private:
  const SweepFile& sweep_;
  std::vector<Settings> settings_;
  std::size_t next_;
  Progress progress_;
  const Stop& stop_;
};

void print_plan(const SweepFile& sweep, Plan& plan) {
  std::vector<Point> all = plan.beginning();
  if (searches(sweep)) {
    fmt::print("nsga2: generations of {} settings, 1 + {} of them at most\n", sweep.sampling.population,
               sweep.sampling.generations);
    return;
  }
  std::size_t number = 0;
  while (true) {
    for (; number < all.size(); ++number) {
      Point& point = all[number];
      std::cout << fmt::format("{:>6}  seed {}  {}{}\n", number + 1, point.seed, point.settings,
                               point.status == Status::waiting ? "" : "  " + point.error);
      point.config.clear();
      point.config.shrink_to_fit();
    }
    if (plan.done()) break;
    for (Point& point : plan.more()) all.push_back(std::move(point));
  }
  std::cout << summary(all, axis_keys(sweep), {}, sweep.repeats);
}

/// Whether a start that was killed may have left this folder: nothing is in it but what comes before the database.
bool holds_no_more_than_a_start(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return false;
  constexpr std::array<std::string_view, 4> first{"sweep.toml", "sweep.toml.partial", "sweep.db.partial",
                                                  "sweep.db.partial-journal"};
  return std::ranges::all_of(std::filesystem::directory_iterator(folder), [&](const auto& entry) {
    return std::ranges::find(first, entry.path().filename().string()) != first.end();
  });
}

/// The database of a sweep that goes on, made to judge as the file says now. Throws InputError.
Database open_to_resume(const std::filesystem::path& file, const SweepFile& sweep) {
  Database database = Database::open(file, false);
  database.check();
  const SweepFile before = [&] {
    try {
      return SweepFile::parse(database.value("sweep"), sweep.where);
    } catch (const InputError& error) {
      throw InputError(file.string(), "the sweep in it cannot be read: " + error.fault());
    }
  }();
  require_same_points(before, sweep);
  if (database.value("base") != base_hash(sweep)) {
    throw InputError("--resume", fmt::format("{} or the weights are not those that {} began with",
                                             sweep.config.string(), file.parent_path().string()));
  }
  if (before.text != sweep.text) {
    database.adopt(sweep, !judge_alike(before, sweep));
    write_file(file.parent_path() / "sweep.toml", sweep.text);
  }
  return database;
}

void draw_front(const std::filesystem::path& folder) {
  const std::filesystem::path picture = folder / "pareto.png";
  if (call_analysis({"pareto", (folder / "sweep.db").string(), "--out", picture.string(), "--quiet"})) {
    std::cout << "Front in " << picture.string() << '\n';
  } else {
    fmt::print(stderr, "no picture: drawing it with {} -m rheo_analysis failed\n", python_interpreter().string());
  }
}

std::unique_ptr<Engine> make_engine(const SweepFile& sweep, const SweepOptions& options, const Command& command,
                                    const std::filesystem::path& folder) {
  if (options.engine == EngineKind::slurm) {
    return make_slurm_engine(
        {options.jobs, options.chunk, options.slurm_options, folder / "slurm", "rheo-" + sweep.name});
  }
  return make_local_engine(options.jobs, command);
}

void execute_all(const SweepFile& sweep, Campaign& campaign, const Stop& interrupted) {
  if (!searches(sweep)) return campaign.execute();
  search(sweep.axes, sweep.sampling, sweep.objectives.size(),
         [&](const std::vector<Settings>& settings, std::int64_t generation) {
           const std::vector<Point> points = plan(sweep, settings, generation, interrupted);
           campaign.add(points, 0);
           campaign.execute();
           campaign.progress().line(fmt::format("generation {} of {}", generation, sweep.sampling.generations));
           return campaign.objectives_of(points);
         });
}

/// Writes down the points that no process has yet. `plan` and the points it began with: of a sweep that begins.
void plan_the_rest(const SweepFile& sweep, Campaign& campaign, Database& database, std::unique_ptr<Plan> plan,
                   std::vector<Point> points, bool quiet, const Stop& interrupted) {
  if (!plan) {
    const std::optional<std::int64_t> planned = database.planned();
    // Earlier versions wrote down all points at once and no count.
    if (!planned && !database.counts().empty()) return;
    plan = std::make_unique<Plan>(sweep, static_cast<std::size_t>(planned.value_or(0)), quiet, interrupted);
  }
  if (!points.empty()) campaign.add(std::move(points), plan->planned());
  while (!plan->done()) {
    std::vector<Point> more = plan->more();
    campaign.add(std::move(more), plan->planned());
  }
}

}  // namespace

int run_sweep(const SweepFile& sweep, const SweepOptions& options, const Command& command, const Stop& interrupted) {
  std::filesystem::path folder = options.out;
  bool begun = false;
  try {
    check(sweep);
    if (options.dry_run) {
      Plan plan(sweep, 0, options.quiet, interrupted);
      print_plan(sweep, plan);
      return 0;
    }
    if (folder.empty()) folder = numbered_folder("runs", sweep.name);
    std::error_code error;
    const auto has_database = [&] { return std::filesystem::exists(folder / "sweep.db", error); };
    if (options.resume && !has_database() && !holds_no_more_than_a_start(folder)) {
      throw InputError("--resume", folder.string() + " holds no sweep; name its folder with --out");
    }
    std::unique_ptr<Plan> plan;
    std::vector<Point> points;
    if (!options.resume || !has_database()) {
      plan = std::make_unique<Plan>(sweep, 0, options.quiet, interrupted);
      points = plan->beginning();
    }
    if (!options.resume) make_folder(folder);
    folder = std::filesystem::absolute(folder);
    const FolderLock lock(folder);
    const std::filesystem::path file = folder / "sweep.db";
    if (options.engine == EngineKind::local && std::filesystem::exists(folder / "slurm/job")) {
      throw InputError("--engine", "points of this sweep may still run on Slurm; expected --engine slurm");
    }
    begun = true;
    if (plan && has_database()) throw InputError("--out", folder.string() + " was begun by another process just now");
    if (plan) {
      write_file(folder / "sweep.toml", sweep.text);
      static_cast<void>(Database::create(file, sweep, RHEO_VERSION, base_hash(sweep)));
    }
    Database database = open_to_resume(file, sweep);
    const std::unique_ptr<Engine> engine = make_engine(sweep, options, command, folder);
    Campaign campaign(sweep, {options.jobs, options.threads, options.retry, options.quiet}, folder, database, *engine,
                      interrupted);
    campaign.take_up();
    if (!searches(sweep)) {
      plan_the_rest(sweep, campaign, database, std::move(plan), std::move(points), options.quiet, interrupted);
    }
    execute_all(sweep, campaign, interrupted);

    const std::string text = summary(database.outcomes(), axis_keys(sweep), sweep.objectives, sweep.repeats) +
                             campaign.effort() + "Everything is in " + folder.string() + "\n";
    database.close();
    write_file(folder / "sweep.txt", text);
    std::cout << text << std::flush;
  } catch (const Interrupted&) {
    Progress(options.quiet)
        .line(begun ? fmt::format("interrupted; the same command with --resume --out {} goes on", folder.string())
                    : "interrupted; nothing was begun");
    return 130;
  }
  if (!options.quiet && sweep.objectives.size() > 1) draw_front(folder);
  return 0;
}

}  // namespace rheo::sweep
