#pragma once

#include <vector>

#include "platforms/sweep/database.hpp"
#include "platforms/sweep/point.hpp"
#include "platforms/sweep/sampling.hpp"

namespace rheo::sweep {

/// Refuses what cannot work for any point: a base configuration that is wrong by itself, objectives and constraints
/// with unknown names. Throws InputError with the place in the sweep's file.
void check(const SweepFile& sweep);

/// The points of some settings, `repeats` each: resolved and waiting, excluded by a constraint on keys, or failed with
/// the error of their configuration.
[[nodiscard]] std::vector<Point> plan(const SweepFile& sweep, const std::vector<Settings>& settings,
                                      std::int64_t generation);

/// The settings of a point as the table `point` has them.
[[nodiscard]] std::string settings_text(const SweepFile& sweep, const Settings& settings);

/// Fills in a finished point's objectives and feasibility from its report and its configuration file. Throws
/// std::out_of_range when the report lacks a figure, or one is not finite.
void assess(const SweepFile& sweep, Point& point, const std::filesystem::path& config_file);

}  // namespace rheo::sweep
