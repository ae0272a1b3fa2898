#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "platforms/sweep/sweep_file.hpp"

namespace rheo::sweep {

/// The rows that no other row dominates, ascending. A row dominates another when it is at least as good in every
/// objective and better in one; equal rows do not dominate each other. Every row has a finite number for each goal.
[[nodiscard]] std::vector<std::size_t> non_dominated(const std::vector<std::vector<double>>& rows,
                                                     std::span<const Goal> goals);

}  // namespace rheo::sweep
