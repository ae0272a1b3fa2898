#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace rheo::crossbar::testing {

/// Mean, variance and the standard errors of both, of samples that come one at a time.
class Moments {
 public:
  void add(double value) {
    ++count_;
    sum_[0] += value;
    sum_[1] += value * value;
    sum_[2] += value * value * value;
    sum_[3] += value * value * value * value;
  }
  [[nodiscard]] double mean() const { return sum_[0] / count_; }
  [[nodiscard]] double variance() const { return sum_[1] / count_ - mean() * mean(); }
  [[nodiscard]] double mean_error() const { return std::sqrt(variance() / count_); }
  [[nodiscard]] double variance_error() const {
    const double m = mean();
    const double fourth = (sum_[3] - 4 * m * sum_[2] + 6 * m * m * sum_[1]) / count_ - 3 * m * m * m * m;
    return std::sqrt(std::max(0.0, fourth - variance() * variance()) / count_);
  }

 private:
  double count_ = 0;
  double sum_[4] = {};
};

/// The p-quantile of a sorted sample, interpolated linearly between the order statistics.
inline double quantile_of(const std::vector<float>& values, double p) {
  const double at = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (double{values[above]} - values[below]);
}

/// Train lengths and moments of one update as the published formulas give them: k = lr x_m d_m / dw_min,
/// update bound-length management, update management, and the moments of a cell away from its bounds.
struct UpdateFormulas {
  double dw_min, sigma;
  int train_length;
  bool update_management, length_management;
  double lr, x_max, d_max;

  [[nodiscard]] double wanted() const { return lr * x_max * d_max / dw_min; }
  [[nodiscard]] double slots() const {
    return length_management ? std::min(std::ceil(wanted()), double(train_length)) : double(train_length);
  }
  [[nodiscard]] double d_scale() const { return wanted() > train_length ? d_max * train_length / wanted() : d_max; }
  /// Firing probability per unit of |x| and of |d|.
  [[nodiscard]] double rows() const {
    return std::sqrt(lr / (dw_min * slots())) * (update_management ? std::sqrt(d_scale() / x_max) : 1);
  }
  [[nodiscard]] double columns() const {
    return std::sqrt(lr / (dw_min * slots())) * (update_management ? std::sqrt(x_max / d_scale()) : 1);
  }
  [[nodiscard]] double coincidence(double x, double d) const {
    return std::min(1.0, std::abs(x) * rows()) * std::min(1.0, std::abs(d) * columns());
  }
  [[nodiscard]] double mean(double x, double d) const {
    const double magnitude = dw_min * slots() * coincidence(x, d);
    return x * d > 0 ? -magnitude : magnitude;
  }
  [[nodiscard]] double variance(double x, double d) const {
    const double p = coincidence(x, d);
    return dw_min * dw_min * (slots() * p * (1 - p) + slots() * p * sigma * sigma);
  }
};

}  // namespace rheo::crossbar::testing
