#include "platforms/sweep/resume.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "models/core/error.hpp"
#include "platforms/sweep/figure.hpp"

namespace rheo::sweep {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;  // a key of the file with its value as text

bool names_a_figure(const Constraint& constraint) {
  return std::ranges::any_of(constraint.condition.names(), names_figure);
}

std::vector<std::string> conditions(const SweepFile& sweep, bool on_figures) {
  std::vector<std::string> texts;
  for (const Constraint& constraint : sweep.constraints) {
    if (names_a_figure(constraint) == on_figures) texts.push_back(constraint.condition.text());
  }
  return texts;
}

std::string text_of(const Axis& axis) {
  std::string text;
  if (axis.kind == Axis::Kind::list) {
    std::vector<std::string> values;
    for (const Value& value : axis.values) values.push_back(value.toml);
    text = fmt::format("[{}]", fmt::join(values, ", "));
  } else {
    text = fmt::format("{} from {} to {}{}{}{}", axis.kind == Axis::Kind::range ? "range" : "log_range", axis.low,
                       axis.high, axis.unit.empty() ? "" : " " + axis.unit, axis.integers ? ", integers" : "",
                       axis.steps > 0 ? fmt::format(", {} steps", axis.steps) : "");
  }
  return axis.also.empty() ? text : fmt::format("{}, also {}", text, fmt::join(axis.also, ", "));
}

std::string text_of(const Sampling& sampling) {
  constexpr std::array<const char*, 5> names{"grid", "random", "latin_hypercube", "sobol", "nsga2"};
  const char* name = names[static_cast<std::size_t>(sampling.kind)];
  switch (sampling.kind) {
    case SamplingKind::grid:
      return name;
    case SamplingKind::nsga2:
      return fmt::format("{}, seed {}, population {}, {} generations", name, sampling.seed, sampling.population,
                         sampling.generations);
    default:
      return fmt::format("{}, seed {}, {} points", name, sampling.seed, sampling.points);
  }
}

/// What decides which points there are.
Facts facts_of(const SweepFile& sweep) {
  Facts facts;
  facts.emplace_back("task", sweep.task == Task::evaluate ? "evaluate" : "run");
  facts.emplace_back("set", fmt::format("[{}]", fmt::join(sweep.set, ", ")));
  facts.emplace_back("repeats", std::to_string(sweep.repeats));
  facts.emplace_back("sampling", text_of(sweep.sampling));
  facts.emplace_back("constraints on keys", fmt::format("[{}]", fmt::join(conditions(sweep, false), ", ")));
  std::vector<std::string> keys;
  for (const Axis& axis : sweep.axes) keys.push_back(axis.key);
  facts.emplace_back("axes", fmt::format("{}", fmt::join(keys, ", ")));
  for (const Axis& axis : sweep.axes) facts.emplace_back("axes." + axis.key, text_of(axis));
  return facts;
}

}  // namespace

bool judge_alike(const SweepFile& a, const SweepFile& b) {
  const auto same = [](const Objective& x, const Objective& y) { return x.name == y.name && x.goal == y.goal; };
  return std::ranges::equal(a.objectives, b.objectives, same) && conditions(a, true) == conditions(b, true);
}

void require_same_points(const SweepFile& before, const SweepFile& now) {
  const Facts old_facts = facts_of(before);
  const Facts new_facts = facts_of(now);
  // Both have the same keys in the same order, up to the axes; the names of these come before them.
  for (std::size_t i = 0; i < new_facts.size(); ++i) {
    if (old_facts[i] == new_facts[i]) continue;
    throw InputError(now.where,
                     fmt::format("{}: {} now, but the sweep began with {}; --resume goes on with the same points, only "
                                 "objectives, constraints on figures and keep may change",
                                 new_facts[i].first, new_facts[i].second, old_facts[i].second));
  }
}

}  // namespace rheo::sweep
