#pragma once

#include <functional>
#include <vector>

#include "platforms/sweep/sampling.hpp"

namespace rheo::sweep {

/// Objectives of some settings, all to be made small; what cannot be had or breaks a constraint has none.
using Evaluate = std::function<std::vector<std::vector<double>>(const std::vector<Settings>&, std::int64_t generation)>;

/// NSGA-II (Deb, Pratap, Agarwal and Meyarivan 2002; pagmo's) over the axes. `evaluate` is called for the first
/// population, as generation 0, and for the children of each generation; the same settings may come again. What it
/// throws ends the search. The same file and the same answers give the same calls.
void search(const std::vector<Axis>& axes, const Sampling& sampling, std::size_t objectives, const Evaluate& evaluate);

}  // namespace rheo::sweep
