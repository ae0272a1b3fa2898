#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace rheo::crossbar::testing {

/// Deviations from closed forms in standard errors. With many at once some exceed 3 by chance: 0.27 % of them do. The
/// rule, for a probability below 1 in 500 that sound code fails it: at most as many beyond 3 as a Poisson variate of
/// that mean exceeds once in 1,000 times, none beyond 4.6, and their mean square is 1 within 4 of its standard errors
/// (counted as a quarter as many, since cells of a row or a column share a train).
class StandardErrors {
 public:
  void add(double deviation, double error, const std::string& what) {
    const double z = deviation / error;
    EXPECT_LT(std::abs(z), 4.6) << what;
    ++count_;
    if (std::abs(z) > 3) ++beyond_;
    squares_ += z * z;
  }
  void expect_sound(const std::string& what) const {
    const double mean = 0.0027 * count_;
    double cumulated = std::exp(-mean), term = cumulated;
    int allowed = 0;
    while (cumulated < 0.999) {
      ++allowed;
      term *= mean / allowed;
      cumulated += term;
    }
    EXPECT_LE(beyond_, allowed) << what << ", of " << count_;
    EXPECT_NEAR(squares_ / count_, 1.0, 4 * std::sqrt(2 / (count_ / 4))) << what;
    ::testing::Test::RecordProperty(what + "_comparisons", static_cast<int>(count_));
    ::testing::Test::RecordProperty(what + "_beyond_3", beyond_);
    ::testing::Test::RecordProperty(what + "_mean_square", std::to_string(squares_ / count_));
  }

 private:
  double count_ = 0, squares_ = 0;
  int beyond_ = 0;
};

}  // namespace rheo::crossbar::testing
