#include "platforms/sweep/planning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"

namespace rheo::sweep {
namespace {

std::vector<std::string> words_of(const SweepFile& sweep, const Settings& settings, std::int64_t seed) {
  std::vector<std::string> words = sweep.set;
  for (std::size_t i = 0; i < sweep.axes.size(); ++i) {
    words.push_back(sweep.axes[i].key + "=" + settings[i].toml);
    for (const std::string& key : sweep.axes[i].also) words.push_back(key + "=" + settings[i].toml);
  }
  words.push_back(fmt::format("seed={}", seed));
  return words;
}

bool is_before(const Constraint& constraint, const PointConfiguration& point) {
  return std::ranges::all_of(constraint.condition.names(),
                             [&](const std::string& name) { return point.numbers.contains(name); });
}

}  // namespace

std::string settings_text(const SweepFile& sweep, const Settings& settings) {
  nlohmann::json object = nlohmann::json::object();
  for (std::size_t i = 0; i < sweep.axes.size(); ++i) object[sweep.axes[i].key] = settings[i].json;
  return object.dump();
}

void check(const SweepFile& sweep) {
  const PointConfiguration base = [&] {
    try {
      return resolve(sweep.task, sweep.config, sweep.set);
    } catch (const InputError& error) {
      throw InputError(sweep.where + ": " + error.where(), error.fault());
    }
  }();
  for (const Objective& objective : sweep.objectives) {
    if (!names_figure(objective.name)) {
      throw InputError(objective.where, fmt::format("objectives.{}: no figure of a report; expected as accuracy.final, "
                                                    "time.simulated_s, energy.total_j, area.total_mm2, memory.bram18k",
                                                    objective.name));
    }
  }
  // Some keys exist for some choices only; those that an axis names are among them.
  std::set<std::string> keys(base.keys.begin(), base.keys.end());
  for (const Axis& axis : sweep.axes) {
    keys.insert(axis.key);
    keys.insert(axis.also.begin(), axis.also.end());
  }
  for (const Constraint& constraint : sweep.constraints) {
    for (const std::string& name : constraint.condition.names()) {
      const bool is_text = std::ranges::find(base.keys, name) != base.keys.end() && !base.numbers.contains(name);
      if (is_text) throw InputError(constraint.where, fmt::format("constraints: {} is no number", name));
      if (keys.contains(name) || names_figure(name)) continue;
      throw InputError(constraint.where, fmt::format("constraints: {} is no key of the configuration and no figure of "
                                                     "a report{}",
                                                     name, did_you_mean(name, base.keys)));
    }
  }
}

std::vector<Point> plan(const SweepFile& sweep, const std::vector<Settings>& settings, std::int64_t generation) {
  const auto first_seed = static_cast<std::int64_t>(resolve(sweep.task, sweep.config, sweep.set).numbers.at("seed"));
  std::vector<Point> points;
  points.reserve(settings.size() * static_cast<std::size_t>(sweep.repeats));
  for (const Settings& one : settings) {
    for (std::int64_t repeat = 0; repeat < sweep.repeats; ++repeat) {
      Point point;
      point.generation = generation;
      point.seed = first_seed + repeat;
      point.settings = settings_text(sweep, one);
      try {
        const PointConfiguration found = resolve(sweep.task, sweep.config, words_of(sweep, one, point.seed));
        point.config = found.text;
        point.config_hash = found.hash;
        for (const Constraint& constraint : sweep.constraints) {
          if (!is_before(constraint, found)) continue;
          if (!constraint.condition.holds([&](const std::string& name) { return found.numbers.at(name); })) {
            point.status = Status::excluded;
            point.error = "breaks the constraint " + constraint.condition.text();
            break;
          }
        }
      } catch (const InputError& error) {
        point.status = Status::failed;
        point.error = error.what();
      }
      points.push_back(std::move(point));
    }
  }
  return points;
}

void assess(const SweepFile& sweep, Point& point, const std::filesystem::path& config_file) {
  const nlohmann::json report = nlohmann::json::parse(point.report);
  nlohmann::json objectives = nlohmann::json::object();
  for (const Objective& objective : sweep.objectives) {
    const double value = figure(report, objective.name);
    if (!std::isfinite(value)) throw std::out_of_range(objective.name + " is not finite");
    objectives[objective.name] = value;
  }
  point.objectives = objectives.dump();

  // Keys that a condition sets against figures.
  std::map<std::string, double> keys;
  const auto value_of = [&](const std::string& name) {
    if (names_figure(name)) return figure(report, name);
    if (keys.empty()) keys = resolve(sweep.task, config_file, {}).numbers;
    const auto found = keys.find(name);
    if (found == keys.end()) throw std::out_of_range(name + " is no number in this point's configuration");
    return found->second;
  };
  point.feasible = std::ranges::all_of(
      sweep.constraints, [&](const Constraint& constraint) { return constraint.condition.holds(value_of); });
}

}  // namespace rheo::sweep
