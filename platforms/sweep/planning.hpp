#pragma once

#include <functional>
#include <span>
#include <vector>

#include "platforms/sweep/database.hpp"
#include "platforms/sweep/point.hpp"
#include "platforms/sweep/sampling.hpp"

namespace rheo::sweep {

/// What ends whatever is under way when somebody asks for it.
struct Interrupted {};

/// Whether somebody asked to stop.
using Stop = std::function<bool()>;

/// Refuses what cannot work for any point: a base configuration that is wrong by itself, objectives and constraints
/// with unknown names. Throws InputError with the place in the sweep's file.
void check(const SweepFile& sweep);

/// The points of some settings, `repeats` each, one setting after the other: resolved and waiting, excluded by a
/// constraint on keys, or failed with the error of their configuration. Works on every processor. Throws Interrupted.
[[nodiscard]] std::vector<Point> plan(const SweepFile& sweep, std::span<const Settings> settings,
                                      std::int64_t generation, const Stop& stop);

}  // namespace rheo::sweep
