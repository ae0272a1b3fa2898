#pragma once

#include <algorithm>
#include <cmath>

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
  /// Correlation of the changes of two cells that share the line of d: their coincidences have the covariance
  /// slots P(x1) P(x2) P(d) (1 - P(d)), with the sign of x1 x2.
  [[nodiscard]] double correlation_along_d(double x1, double x2, double d) const {
    return correlation(std::min(1.0, std::abs(x1) * rows()), std::min(1.0, std::abs(x2) * rows()),
                       std::min(1.0, std::abs(d) * columns()), x1 * x2);
  }
  /// The same for two cells that share the line of x.
  [[nodiscard]] double correlation_along_x(double x, double d1, double d2) const {
    return correlation(std::min(1.0, std::abs(d1) * columns()), std::min(1.0, std::abs(d2) * columns()),
                       std::min(1.0, std::abs(x) * rows()), d1 * d2);
  }

 private:
  [[nodiscard]] double correlation(double p1, double p2, double shared, double sign) const {
    const auto spread = [&](double p) { return std::sqrt(p * (1 - p) + p * sigma * sigma); };
    const double value = p1 * p2 * shared * (1 - shared) / (spread(p1 * shared) * spread(p2 * shared));
    return sign > 0 ? value : -value;
  }
};

}  // namespace rheo::crossbar::testing
