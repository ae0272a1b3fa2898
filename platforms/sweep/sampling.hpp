#pragma once

#include <vector>

#include "platforms/sweep/sweep_file.hpp"

namespace rheo::sweep {

/// A value for each axis, in their order.
using Settings = std::vector<Value>;

/// The settings of a sweep that is not a search (any kind but nsga2), each combination once. Sampled ones depend on
/// the file alone; those of Sobol's points are the same whatever the number of points.
[[nodiscard]] std::vector<Settings> sample(const std::vector<Axis>& axes, const Sampling& sampling);

/// Points of the unit cube [0, 1)^dimensions by random, latin_hypercube or sobol, one a row.
[[nodiscard]] std::vector<std::vector<double>> unit_points(const Sampling& sampling, std::size_t dimensions);

}  // namespace rheo::sweep
