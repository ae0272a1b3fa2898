#pragma once

#include <string>
#include <vector>

#include "platforms/sweep/database.hpp"

namespace rheo::sweep {

/// Points that differ in nothing but the seed, as one.
struct Candidate {
  std::string settings;  ///< JSON object, see Point
  std::vector<std::int64_t> points;
  std::vector<double> mean;       ///< of each objective
  std::vector<double> deviation;  ///< sample standard deviation; 0 for one point
};

/// What the objectives say of the points that are done and feasible. A configuration has one result: of points with the
/// same hash the first counts. Settings of which a repeat is missing, failed, breaks a constraint or lacks an objective
/// are left out. `repeats`: points that belong to one candidate. The same rules as in analysis/rheo_analysis/pareto.py.
[[nodiscard]] std::vector<Candidate> candidates(const std::vector<Point>& points,
                                                const std::vector<Objective>& objectives, std::int64_t repeats);

/// The candidates that no other dominates, best first in the first objective.
[[nodiscard]] std::vector<Candidate> front(const std::vector<Candidate>& all, const std::vector<Objective>& objectives);

/// A table of candidates: settings, objectives with their deviations.
[[nodiscard]] std::string table(const std::vector<Candidate>& rows, const std::vector<std::string>& axes,
                                const std::vector<Objective>& objectives);

/// "200 points: 196 done, 2 failed, 2 excluded", the first errors, and the front.
[[nodiscard]] std::string summary(const std::vector<Point>& points, const std::vector<std::string>& axes,
                                  const std::vector<Objective>& objectives, std::int64_t repeats);

}  // namespace rheo::sweep
