#include "platforms/sweep/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "platforms/sweep/pareto.hpp"

namespace rheo::sweep {
namespace {

std::string shown(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) text += fmt::format("  {:>{}}", row[i], width[i]);
    text += "\n";
  }
  return text;
}

}  // namespace

std::vector<Candidate> candidates(const std::vector<Point>& points, const std::vector<Objective>& objectives,
                                  std::int64_t repeats) {
  std::vector<Candidate> all;
  std::map<std::string, std::size_t> place;
  std::vector<std::vector<std::vector<double>>> values;
  std::set<std::string> seen;
  for (const Point& point : points) {
    if (point.status != Status::done) continue;
    if (!point.config_hash.empty() && !seen.insert(point.config_hash).second) continue;
    if (!point.feasible || point.objectives.empty()) continue;
    const auto [found, is_new] = place.try_emplace(point.settings, all.size());
    if (is_new) {
      all.push_back({point.settings, {}, {}, {}});
      values.emplace_back();
    }
    const nlohmann::json figures = nlohmann::json::parse(point.objectives);
    std::vector<double> row;
    for (const Objective& objective : objectives) {
      const auto found = figures.find(objective.name);
      if (found != figures.end() && found->is_number()) row.push_back(found->get<double>());
    }
    if (row.size() < objectives.size()) continue;
    all[found->second].points.push_back(point.id);
    values[found->second].push_back(std::move(row));
  }
  std::vector<Candidate> whole;
  for (std::size_t c = 0; c < all.size(); ++c) {
    const auto n = static_cast<double>(values[c].size());
    if (static_cast<std::int64_t>(values[c].size()) < repeats) continue;
    Candidate& one = all[c];
    for (std::size_t i = 0; i < objectives.size(); ++i) {
      double sum = 0;
      for (const auto& row : values[c]) sum += row[i];
      const double mean = sum / n;
      double squares = 0;
      for (const auto& row : values[c]) squares += (row[i] - mean) * (row[i] - mean);
      one.mean.push_back(mean);
      one.deviation.push_back(n > 1 ? std::sqrt(squares / (n - 1)) : 0);
    }
    whole.push_back(std::move(one));
  }
  return whole;
}

std::vector<Candidate> front(const std::vector<Candidate>& all, const std::vector<Objective>& objectives) {
  std::vector<std::vector<double>> rows;
  std::vector<Goal> goals;
  for (const Candidate& one : all) rows.push_back(one.mean);
  for (const Objective& objective : objectives) goals.push_back(objective.goal);
  std::vector<Candidate> best;
  for (const std::size_t i : non_dominated(rows, goals)) best.push_back(all[i]);
  if (objectives.empty()) return best;
  const bool rising = objectives[0].goal == Goal::min;
  std::ranges::stable_sort(best, [&](const Candidate& a, const Candidate& b) {
    return rising ? a.mean[0] < b.mean[0] : a.mean[0] > b.mean[0];
  });
  return best;
}

std::string table(const std::vector<Candidate>& rows, const std::vector<std::string>& axes,
                  const std::vector<Objective>& objectives) {
  std::vector<std::vector<std::string>> cells(1);
  cells[0].emplace_back("point");
  cells[0].insert(cells[0].end(), axes.begin(), axes.end());
  for (const Objective& objective : objectives) cells[0].push_back(objective.name);
  for (const Candidate& one : rows) {
    const nlohmann::json settings = nlohmann::json::parse(one.settings);
    std::vector<std::string>& row = cells.emplace_back();
    row.push_back(std::to_string(one.points.front()));
    for (const std::string& axis : axes) row.push_back(settings.contains(axis) ? shown(settings[axis]) : "");
    for (std::size_t i = 0; i < objectives.size(); ++i) {
      row.push_back(one.points.size() > 1 ? fmt::format("{:.5g} ± {:.2g}", one.mean[i], one.deviation[i])
                                          : fmt::format("{:.5g}", one.mean[i]));
    }
  }
  return aligned(cells);
}

std::string summary(const std::vector<Point>& points, const std::vector<std::string>& axes,
                    const std::vector<Objective>& objectives, std::int64_t repeats) {
  std::map<Status, std::size_t> counts;
  std::size_t infeasible = 0;
  for (const Point& point : points) {
    ++counts[point.status];
    if (point.status == Status::done && !point.feasible) ++infeasible;
  }
  std::string text = fmt::format("{} points", points.size());
  std::string separator = ": ";
  for (const auto& [status, count] : counts) {
    text += fmt::format("{}{} {}", separator, count, status_names[static_cast<std::size_t>(status)]);
    separator = ", ";
  }
  if (infeasible > 0) text += fmt::format(" ({} of those done break a constraint)", infeasible);
  text += "\n";
  constexpr int most_errors = 5;
  int errors = 0;
  for (const Point& point : points) {
    if (point.status != Status::failed) continue;
    if (++errors > most_errors) {
      text += "  ...\n";
      break;
    }
    text += fmt::format("  point {} {}: {}\n", point.id, point.settings, point.error);
  }
  if (objectives.empty()) return text;
  const std::vector<Candidate> all = candidates(points, objectives, repeats);
  const std::vector<Candidate> best = front(all, objectives);
  text += fmt::format("{} of {} settings are dominated by no other in", best.size(), all.size());
  separator = " ";
  for (const Objective& objective : objectives) {
    text += fmt::format("{}{} ({})", separator, objective.name, objective.goal == Goal::max ? "max" : "min");
    separator = ", ";
  }
  return text + (best.empty() ? "\n" : ":\n" + table(best, axes, objectives));
}

}  // namespace rheo::sweep
