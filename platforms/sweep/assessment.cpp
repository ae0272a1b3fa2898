#include "platforms/sweep/assessment.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <stdexcept>

#include "models/core/error.hpp"
#include "platforms/sweep/figure.hpp"

namespace rheo::sweep {
namespace {

double required(const nlohmann::json& report, const std::string& name, const std::string& where,
                const std::string& key) {
  try {
    return figure(report, name);
  } catch (const std::out_of_range& error) {
    throw InputError(where, fmt::format("{}: {}", key, error.what()));
  }
}

}  // namespace

void assess(const SweepFile& sweep, Point& point, const KeyNumber& number_of_key) {
  const nlohmann::json report = nlohmann::json::parse(point.report);
  // What no report has comes first: it is wrong for all points, whatever else is wrong with this one.
  std::map<std::string, double> found;
  for (const Objective& objective : sweep.objectives) {
    found[objective.name] = required(report, objective.name, objective.where, "objectives." + objective.name);
  }
  for (const Constraint& constraint : sweep.constraints) {
    for (const std::string& name : constraint.condition.names()) {
      if (names_figure(name)) found[name] = required(report, name, constraint.where, "constraints");
    }
  }
  nlohmann::json objectives = nlohmann::json::object();
  for (const Objective& objective : sweep.objectives) {
    const double value = found.at(objective.name);
    if (!std::isfinite(value)) throw std::out_of_range(objective.name + " is not finite");
    objectives[objective.name] = value;
  }
  bool feasible = true;
  for (const Constraint& constraint : sweep.constraints) {
    feasible = constraint.condition.holds([&](const std::string& name) {
      const auto here = found.find(name);
      return here != found.end() ? here->second : number_of_key(name);
    }) && feasible;
  }
  point.feasible = feasible;
  point.objectives = objectives.dump();
}

}  // namespace rheo::sweep
