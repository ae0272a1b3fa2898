#pragma once

#include "platforms/sweep/sweep_file.hpp"

namespace rheo::sweep {

/// Whether two versions of a sweep's file judge reports alike: the same objectives, the same constraints that name
/// figures of reports.
[[nodiscard]] bool judge_alike(const SweepFile& a, const SweepFile& b);

/// Refuses to go on with another sweep than the one that began. What its points are must be equal: task, `set`, axes,
/// sampling, repeats, and the constraints that name keys alone, as these exclude points before they run. Objectives,
/// constraints that name figures, `keep`, comments and layout may change. Whether the configuration file and the
/// weights are the same is not seen here: see base_hash(). Throws InputError with the first key that differs.
void require_same_points(const SweepFile& before, const SweepFile& now);

}  // namespace rheo::sweep
