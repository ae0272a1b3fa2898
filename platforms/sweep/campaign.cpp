#include "platforms/sweep/campaign.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "platforms/sweep/assessment.hpp"
#include "platforms/sweep/point.hpp"
#include "platforms/sweep/summary.hpp"

namespace rheo::sweep {
namespace {

using Clock = std::chrono::steady_clock;

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Without the care of write_file(): the database has it, too.
void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw SimulationError(file.string() + " cannot be written");
}

std::string last_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

Campaign::Campaign(const SweepFile& sweep, const Options& options, std::filesystem::path folder, Database& database,
                   Engine& engine, Stop interrupted)
    : sweep_(sweep),
      options_(options),
      folder_(std::move(folder)),
      database_(database),
      engine_(engine),
      interrupted_(std::move(interrupted)),
      progress_(options.quiet, "points") {
  std::filesystem::create_directories(folder_ / "points");
}

void Campaign::take_up() {
  std::vector<std::int64_t> begun, unassessed;
  std::set<std::int64_t> over;
  for (const Point& point : database_.outcomes()) {
    if (point.status == Status::running) begun.push_back(point.id);
    if (point.status == Status::done) over.insert(point.id);
    if (point.status == Status::done && point.objectives.empty()) unassessed.push_back(point.id);
    if (point.status == Status::done && !point.objectives.empty()) proven_ = true;
    // A report that was judged a failure would come out the same.
    if (options_.retry && point.status == Status::failed && !point.config_hash.empty() &&
        database_.point(point.id)->report.empty()) {
      database_.set_status(point.id, Status::waiting);
    }
  }
  for (const std::int64_t id : unassessed) {
    Point point = *database_.point(id);
    judge(point);
    if (fault_) throw *fault_;
    database_.finish(point);
    if (!sweep_.keep) remove_files(id);
  }
  std::map<std::int64_t, JobResult> left;
  for (const JobResult& result : engine_.take_back(begun)) left[result.id] = result;
  for (const std::int64_t id : begun) {
    Point point = *database_.point(id);
    const auto known = left.find(id);
    if (known != left.end()) point.wall_s += known->second.wall_s;
    if (std::filesystem::exists(report_file(id))) {
      finish(point, {});
      if (fault_) throw *fault_;
    } else if (known != left.end() && known->second.ending.signal == 0) {
      finish(point, known->second.ending);
    } else {
      point.status = Status::waiting;
      database_.finish(point);
    }
  }
  // A process may have died between a result and the end of its files.
  if (sweep_.keep) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "points")) {
    const std::int64_t id = std::atoll(entry.path().filename().c_str());
    if (over.contains(id)) std::filesystem::remove_all(entry.path());
  }
}

void Campaign::add(std::vector<Point> points, std::int64_t planned) {
  std::set<std::string> seen;
  std::erase_if(points, [&](const Point& point) {
    const bool refused = point.config_hash.empty();
    if (!seen.insert(refused ? fmt::format("{} {}", point.settings, point.seed) : point.config_hash).second)
      return true;
    return refused ? database_.contains_refused(point.settings, point.seed) : database_.contains(point.config_hash);
  });
  database_.add(points, planned);
}

void Campaign::execute() {
  std::vector<std::int64_t> waiting;
  failed_ = 0;
  for (const Point& point : database_.outcomes()) {
    if (point.status == Status::waiting) waiting.push_back(point.id);
    if (point.status == Status::failed) ++failed_;
  }
  const auto begin = Clock::now();
  all_ = done_ + static_cast<std::int64_t>(waiting.size());
  progress_.update(done_, all_, "");
  engine_.execute(waiting, *this);
  at_work_.clear();
  wall_s_ += std::chrono::duration<double>(Clock::now() - begin).count();
  if (!stopped()) return;
  for (const Point& point : database_.outcomes()) {
    if (point.status == Status::running) database_.set_status(point.id, Status::waiting);
  }
  if (fault_) throw *fault_;
  throw Interrupted();
}

std::vector<std::vector<double>> Campaign::objectives_of(const std::vector<Point>& planned) {
  const auto repeats = static_cast<std::size_t>(sweep_.repeats);
  std::vector<std::vector<double>> rows;
  for (std::size_t first = 0; first < planned.size(); first += repeats) {
    // By configuration, not by settings: "1 GHz" and "1000 MHz" are one.
    std::vector<Point> found;
    for (std::size_t i = first; i < first + repeats; ++i) {
      std::optional<Point> point = database_.outcome(planned[i].config_hash);
      if (!point) continue;
      point->settings = planned[first].settings;
      found.push_back(std::move(*point));
    }
    std::vector<double>& row = rows.emplace_back();
    const std::vector<Candidate> whole = candidates(found, sweep_.objectives, sweep_.repeats);
    if (whole.empty()) continue;
    for (std::size_t i = 0; i < sweep_.objectives.size(); ++i) {
      row.push_back(sweep_.objectives[i].goal == Goal::max ? -whole[0].mean[i] : whole[0].mean[i]);
    }
  }
  return rows;
}

std::string Campaign::effort() const {
  if (executed_ == 0) return "";
  std::string text = fmt::format("{} points in {:.1f} s, {} at a time", executed_, wall_s_, options_.places);
  if (cpu_s_ > 0) {
    text += fmt::format("; processor use {:.1f} % of them; {:.1f} ms from the end of a point to the next",
                        100 * cpu_s_ / (wall_s_ * static_cast<double>(options_.places)),
                        1e3 * gaps_s_ / static_cast<double>(executed_));
  }
  if (simulated_ > 0) {
    text +=
        fmt::format("; {:.1f} ms of a point beside its simulation", 1e3 * beside_s_ / static_cast<double>(simulated_));
  }
  return text + "\n";
}

std::filesystem::path Campaign::place(std::int64_t id, const std::string& ending) const {
  return folder_ / "points" / (std::to_string(id) + ending);
}

std::filesystem::path Campaign::report_file(std::int64_t id) const {
  return place(id, "") / (sweep_.task == Task::evaluate ? "evaluation.json" : "report.json");
}

Job Campaign::prepare(std::int64_t id) {
  const Point& point = at_work_[id] = *database_.point(id);
  const std::filesystem::path config = place(id, ".toml");
  const std::filesystem::path out = place(id, "");
  Job job{id, {}, place(id, ".err")};
  const auto add = [&](std::initializer_list<std::string> words) { job.words.insert(job.words.end(), words); };
  add({sweep_.task == Task::evaluate ? "evaluate" : "run", config.string(), "--out", out.string(), "--quiet",
       "--threads", std::to_string(options_.threads)});
  if (sweep_.task == Task::evaluate) add({"--weights", std::filesystem::absolute(sweep_.weights).string()});
  if (std::filesystem::exists(out / "checkpoint.h5")) {
    add({"--resume"});
  } else {
    std::filesystem::remove_all(out);
  }
  write_text(config, point.config);
  return job;
}

void Campaign::running(std::int64_t id, double wall_s) { database_.set_wall(id, at_work_.at(id).wall_s + wall_s); }

void Campaign::ended(const JobResult& result) {
  Point point = std::move(at_work_.at(result.id));
  at_work_.erase(result.id);
  const bool begun_before = point.wall_s > 0;
  point.wall_s += result.wall_s;
  if (stopped() && !result.ending.well()) {
    point.status = Status::waiting;
    database_.finish(point);
    return;
  }
  finish(point, result.ending);
  ++executed_;
  cpu_s_ += result.cpu_s;
  gaps_s_ += result.gap_s;
  if (point.status == Status::done && !begun_before) {
    const nlohmann::json report = nlohmann::json::parse(point.report);
    const nlohmann::json::json_pointer simulation("/time/wall_s");
    if (report.contains(simulation)) {
      ++simulated_;
      beside_s_ += result.wall_s - report[simulation].get<double>();
    }
  }
  progress_.update(++done_, all_, failed_ > 0 ? fmt::format("{} failed", failed_) : "");
}

std::string Campaign::error_of(std::int64_t id, const Ending& ending) const {
  std::string line = last_line(place(id, ".err"));
  // The same error is the same text wherever the sweep lies.
  const std::string prefix = (folder_ / "").string();
  if (line.starts_with(prefix)) line.erase(0, prefix.size());
  if (ending.signal != 0) {
    const char* name = sigabbrev_np(ending.signal);
    const std::string text =
        name != nullptr ? fmt::format("killed by SIG{}", name) : fmt::format("killed by signal {}", ending.signal);
    return line.empty() ? text : text + "; its last words: " + line;
  }
  if (ending.status == without_result) return "its task ended without a result";
  if (ending.status == interrupted_run) return "was interrupted by somebody else";
  return line.empty() ? fmt::format("ended with status {}", ending.status) : line;
}

void Campaign::finish(Point& point, const Ending& ending) {
  point.error.clear();
  point.report.clear();
  point.objectives.clear();
  point.status = Status::failed;
  if (!ending.well()) {
    point.error = error_of(point.id, ending);
  } else {
    try {
      point.report = nlohmann::json::parse(read_text(report_file(point.id))).dump();
    } catch (const nlohmann::json::exception& error) {
      point.error = fmt::format("its report cannot be read: {}", error.what());
    }
    if (!point.report.empty()) judge(point);
  }
  database_.finish(point);
  if (point.status == Status::failed) {
    ++failed_;
    progress_.line(fmt::format("point {} {}: {}", point.id, point.settings, point.error));
  } else if (!sweep_.keep) {
    remove_files(point.id);
  }
}

/// Whether the point is done or failed, by its report. Where no report so far has a figure that this one lacks, it is
/// the sweep's file that is wrong: the point stays done and waits for a better one.
void Campaign::judge(Point& point) {
  std::map<std::string, double> keys;
  const auto number_of_key = [&](const std::string& name) {
    if (keys.empty()) {
      const std::filesystem::path file = place(point.id, ".toml");
      write_text(file, point.config);
      keys = resolve(platform_of(sweep_.task, file, {}), file, {}, true).numbers;
    }
    const auto found = keys.find(name);
    if (found == keys.end()) throw std::out_of_range(name + " is no number in this point's configuration");
    return found->second;
  };
  try {
    assess(sweep_, point, number_of_key);
    proven_ = true;
    point.status = Status::done;
  } catch (const InputError& error) {
    point.status = proven_ ? Status::failed : Status::done;
    if (proven_) {
      point.error = error.fault();
    } else if (!fault_) {
      fault_.emplace(error.where(),
                     fmt::format("{} (point {}); what ran is kept: mend the file, then --resume --out {}",
                                 error.fault(), point.id, folder_.string()));
    }
  } catch (const std::out_of_range& error) {
    point.status = Status::failed;
    point.error = error.what();
  }
}

void Campaign::remove_files(std::int64_t id) const {
  for (const char* ending : {"", ".toml", ".err"}) std::filesystem::remove_all(place(id, ending));
}

}  // namespace rheo::sweep
