#include "platforms/sweep/results.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "models/core/error.hpp"
#include "platforms/sweep/database.hpp"
#include "platforms/sweep/figure.hpp"
#include "platforms/sweep/summary.hpp"

namespace rheo::sweep {
namespace {

std::vector<Objective> wanted(const std::vector<std::string>& words) {
  std::vector<Objective> all;
  std::set<std::string> seen;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string goal = equals == std::string::npos ? "" : word.substr(equals + 1);
    const std::string name = word.substr(0, equals);
    if ((goal != "min" && goal != "max") || !names_figure(name)) {
      throw InputError("--objective " + word, "expected a figure of the reports and its goal, as energy.total_j=min");
    }
    if (!seen.insert(name).second) throw InputError("--objective " + word, "expected each figure once");
    all.push_back({name, goal == "max" ? Goal::max : Goal::min, ""});
  }
  return all;
}

/// The objectives of a point as a sweep with these would have them.
std::string objectives_of(const Point& point, const std::vector<Objective>& objectives) {
  const nlohmann::json report = nlohmann::json::parse(point.report.empty() ? "{}" : point.report);
  nlohmann::json figures = nlohmann::json::object();
  for (const Objective& objective : objectives) {
    try {
      const double value = figure(report, objective.name);
      if (std::isfinite(value)) figures[objective.name] = value;
    } catch (const std::out_of_range& missing) {
      throw InputError("--objective " + objective.name, fmt::format("point {}: {}", point.id, missing.what()));
    }
  }
  return figures.dump();
}

}  // namespace

std::string results_text(const std::filesystem::path& results, const std::vector<std::string>& objectives) {
  const std::vector<Objective> others = wanted(objectives);
  std::error_code error;
  const std::filesystem::path file = std::filesystem::is_directory(results, error) ? results / "sweep.db" : results;
  Database database = Database::open(file, true);
  std::vector<Point> points = others.empty() ? database.outcomes() : database.points();
  for (Point& point : points) {
    if (!others.empty() && point.status == Status::done) point.objectives = objectives_of(point, others);
    point.config.clear();
    point.report.clear();
  }
  return summary(points, database.axes(), others.empty() ? database.objectives() : others, database.repeats());
}

}  // namespace rheo::sweep
