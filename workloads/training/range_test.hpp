#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace rheo {

/// One training step of a learning-rate range test.
struct RangeTestSample {
  double lr = 0;
  double loss = 0;  ///< not finite: the training diverged
};

/// How a range test is read.
struct RangeTestReading {
  double window = 0.05;       ///< width of the smoothing window, as a fraction of the samples, 0 to 0.5
  double clear_rise = 0.1;    ///< a rise is clear from this fraction of the loss's whole fall, > 0
  double lr_min_divisor = 4;  ///< lr_min = lr_max / this; the literature: 3 to 4 times less, up to 10 times
};

enum class RangeTestStatus {
  ok,          ///< both rates are suggested
  too_few,     ///< fewer than 10 steps with a finite loss
  not_rising,  ///< the learning rates are not positive and rising from step to step
  no_fall,     ///< the loss never fell clearly: the network did not learn, or the rates start too high
  no_rise,     ///< the loss never rose clearly again: the rates end too low
};

/// What a range test says. Rates that the status does not allow to tell are 0.
struct RangeTestResult {
  RangeTestStatus status = RangeTestStatus::too_few;
  std::string explanation;       ///< one sentence for the user, in every case
  double lr_max = 0;             ///< last rate before the smoothed loss is clearly above its lowest value
  double lr_min = 0;             ///< lr_max / lr_min_divisor
  double lr_lowest_loss = 0;     ///< where the smoothed loss is lowest
  double lr_steepest = 0;        ///< where the smoothed loss falls fastest, per factor of the rate
  std::vector<double> smoothed;  ///< one value a sample, up to the first loss that is not finite
};

/// Reads the learning-rate range test of Smith (2017): train while the rate rises; the best highest rate is the last
/// one before the loss goes up. Smoothing is by the median of a window centred on each sample (narrower at both ends),
/// which neither lags behind nor is moved by a single outlier. "Clearly" is the larger of clear_rise times the fall
/// from the first to the lowest smoothed loss, and three times the typical distance of a loss from the smoothed curve.
/// A loss that is not finite counts as a rise, and ends the test. A pure function.
[[nodiscard]] RangeTestResult read_range_test(std::span<const RangeTestSample> samples,
                                              const RangeTestReading& reading = {});

}  // namespace rheo
