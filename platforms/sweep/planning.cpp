#include "platforms/sweep/planning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <limits>
#include <set>
#include <thread>

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"
#include "platforms/sweep/figure.hpp"

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

std::string settings_text(const SweepFile& sweep, const Settings& settings) {
  nlohmann::json object = nlohmann::json::object();
  for (std::size_t i = 0; i < sweep.axes.size(); ++i) object[sweep.axes[i].key] = settings[i].json;
  return object.dump();
}

bool is_before(const Constraint& constraint, const PointConfiguration& point) {
  return std::ranges::all_of(constraint.condition.names(),
                             [&](const std::string& name) { return point.numbers.contains(name); });
}

/// Whether the platform may differ between points.
bool moves_platform(const SweepFile& sweep) {
  return std::ranges::any_of(sweep.axes, [](const Axis& axis) {
    return axis.key == "platform" || std::ranges::find(axis.also, "platform") != axis.also.end();
  });
}

/// What is the same for all points.
struct Base {
  Platform platform;
  bool moves_platform;
  std::int64_t first_seed;
};

/// Plans the points of one setting, a seed each.
void plan_setting(const SweepFile& sweep, const Base& base, const Settings& settings, std::span<Point> points) {
  for (std::size_t repeat = 0; repeat < points.size(); ++repeat) {
    points[repeat].seed = base.first_seed + static_cast<std::int64_t>(repeat);
    points[repeat].settings = settings_text(sweep, settings);
  }
  PointConfiguration found;
  try {
    const std::vector<std::string> words = words_of(sweep, settings, base.first_seed);
    const Platform platform = base.moves_platform ? platform_of(sweep.task, sweep.config, words) : base.platform;
    found = resolve(platform, sweep.config, words, !sweep.constraints.empty());
  } catch (const InputError& error) {
    for (Point& point : points) {
      point.status = Status::failed;
      point.error = error.what();
    }
    return;
  }
  for (Point& point : points) {
    found.set_seed(point.seed);
    point.config = found.text();
    point.config_hash = found.hash();
    for (const Constraint& constraint : sweep.constraints) {
      if (!is_before(constraint, found)) continue;
      if (!constraint.condition.holds([&](const std::string& name) { return found.numbers.at(name); })) {
        point.status = Status::excluded;
        point.error = "breaks the constraint " + constraint.condition.text();
        break;
      }
    }
  }
}

}  // namespace

void check(const SweepFile& sweep) {
  const PointConfiguration base = [&] {
    try {
      return resolve(platform_of(sweep.task, sweep.config, sweep.set), sweep.config, sweep.set, true);
    } catch (const InputError& error) {
      throw InputError(sweep.where + ": " + error.where(), error.fault());
    }
  }();
  if (base.seed > std::numeric_limits<std::int64_t>::max() - sweep.repeats) {
    throw InputError(sweep.where, fmt::format("repeats: no {} seeds follow {}", sweep.repeats, base.seed));
  }
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

std::vector<Point> plan(const SweepFile& sweep, std::span<const Settings> settings, std::int64_t generation,
                        const Stop& stop) {
  const Platform platform = platform_of(sweep.task, sweep.config, sweep.set);
  const Base base{platform, moves_platform(sweep), resolve(platform, sweep.config, sweep.set, false).seed};
  const auto repeats = static_cast<std::size_t>(sweep.repeats);
  std::vector<Point> points(settings.size() * repeats);
  const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, settings.size() + 1);
  const auto plan_part = [&](std::size_t first) {
    for (std::size_t i = first; i < settings.size(); i += threads) {
      if (stop()) throw Interrupted();
      plan_setting(sweep, base, settings[i], std::span(points).subspan(i * repeats, repeats));
    }
  };
  std::vector<std::future<void>> parts;
  for (std::size_t t = 0; t < threads; ++t) parts.push_back(std::async(std::launch::async, plan_part, t));
  for (std::future<void>& part : parts) part.wait();
  for (std::future<void>& part : parts) part.get();
  for (Point& point : points) point.generation = generation;
  return points;
}

}  // namespace rheo::sweep
