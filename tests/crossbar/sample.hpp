#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

/// Statistics of samples that are kept.
namespace rheo::crossbar::testing {

/// The p-quantile of a sorted sample, interpolated linearly between the order statistics.
inline double quantile_of(const std::vector<float>& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (double{sorted[above]} - sorted[below]);
}

/// Share of a sorted sample at or below a value.
inline double share_up_to(const std::vector<float>& sorted, double value) {
  const auto above = std::upper_bound(sorted.begin(), sorted.end(), value,
                                      [](double a, float b) { return a < static_cast<double>(b); });
  return static_cast<double>(above - sorted.begin()) / static_cast<double>(sorted.size());
}

/// Kolmogorov and Smirnov's distance of two samples: the largest difference of their distribution functions.
inline double distance_of(std::vector<float> a, std::vector<float> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double largest = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const float value = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= value) ++i;
    while (j < b.size() && b[j] <= value) ++j;
    largest = std::max(largest, std::abs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                         static_cast<double>(j) / static_cast<double>(b.size())));
  }
  return largest;
}

}  // namespace rheo::crossbar::testing
