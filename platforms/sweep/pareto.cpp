#include "platforms/sweep/pareto.hpp"

#include <algorithm>
#include <limits>
#include <pagmo/utils/multi_objective.hpp>

namespace rheo::sweep {

std::vector<std::size_t> non_dominated(const std::vector<std::vector<double>>& rows, std::span<const Goal> goals) {
  if (rows.empty() || goals.empty()) return {};
  std::vector<pagmo::vector_double> smaller_is_better(rows.begin(), rows.end());
  for (auto& row : smaller_is_better) {
    for (std::size_t i = 0; i < goals.size(); ++i) {
      if (goals[i] == Goal::max) row[i] = -row[i];
    }
  }
  std::vector<std::size_t> front;
  if (goals.size() == 1 || rows.size() == 1) {  // pagmo wants two of each
    double best = std::numeric_limits<double>::infinity();
    for (const auto& row : smaller_is_better) best = std::min(best, row[0]);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (smaller_is_better[i][0] == best) front.push_back(i);
    }
    return front;
  }
  const auto sorted = pagmo::fast_non_dominated_sorting(smaller_is_better);
  for (const auto i : std::get<0>(sorted).front()) front.push_back(i);
  std::ranges::sort(front);
  return front;
}

}  // namespace rheo::sweep
