#include "workloads/training/range_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rheo {
namespace {

constexpr std::size_t fewest_samples = 10;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Medians of 2 `reach` + 1 losses, of fewer near the ends; every window is centred on its sample.
std::vector<double> smooth(std::span<const RangeTestSample> samples, std::size_t reach) {
  std::vector<double> smoothed;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::size_t side = std::min({reach, i, samples.size() - 1 - i});
    std::vector<double> window;
    for (std::size_t j = i - side; j <= i + side; ++j) window.push_back(samples[j].loss);
    smoothed.push_back(median(std::move(window)));
  }
  return smoothed;
}

/// Index of the steepest fall of the smoothed loss over log(lr) in [0, last], by differences over the window.
std::size_t steepest(std::span<const RangeTestSample> samples, std::span<const double> smoothed, std::size_t reach,
                     std::size_t last) {
  std::size_t best = 0;
  double best_slope = 0;
  for (std::size_t i = reach; i + reach < smoothed.size() && i <= last; ++i) {
    const double slope =
        (smoothed[i + reach] - smoothed[i - reach]) / std::log(samples[i + reach].lr / samples[i - reach].lr);
    if (slope < best_slope) {
      best_slope = slope;
      best = i;
    }
  }
  return best;
}

}  // namespace

RangeTestResult read_range_test(std::span<const RangeTestSample> samples, const RangeTestReading& reading) {
  RangeTestResult result;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!std::isfinite(samples[i].lr) || !(samples[i].lr > (i ? samples[i - 1].lr : 0))) {
      result.status = RangeTestStatus::not_rising;
      result.explanation =
          fmt::format("step {} has learning rate {}; expected positive, rising rates", i, samples[i].lr);
      return result;
    }
  }
  const auto diverged =
      std::find_if_not(samples.begin(), samples.end(), [](const auto& sample) { return std::isfinite(sample.loss); });
  const bool diverges = diverged != samples.end();
  const auto finite = samples.first(static_cast<std::size_t>(diverged - samples.begin()));
  if (finite.size() < fewest_samples) {
    result.explanation = fmt::format("{} steps with a finite loss; expected at least {}{}", finite.size(),
                                     fewest_samples, diverges ? ": lower schedule.lr_min" : "");
    return result;
  }

  const auto reach = static_cast<std::size_t>(std::max(1.0, reading.window * static_cast<double>(finite.size()) / 2));
  result.smoothed = smooth(finite, reach);
  const std::vector<double>& smoothed = result.smoothed;
  const auto first = smoothed.begin() + static_cast<std::ptrdiff_t>(reach);  // the first full window
  const auto lowest = static_cast<std::size_t>(std::min_element(first, smoothed.end()) - smoothed.begin());
  const double start = *first;
  const double fall = start - smoothed[lowest];
  std::vector<double> distances;
  for (std::size_t i = reach; i <= lowest; ++i) distances.push_back(std::abs(finite[i].loss - smoothed[i]));
  const double noise = 3 * median(std::move(distances));
  if (!(fall > noise) || !(fall > 0.01 * std::abs(start))) {
    result.status = RangeTestStatus::no_fall;
    result.explanation = fmt::format(
        "the loss never fell clearly below its first value, {:.4g}: start at a lower "
        "schedule.lr_min, or let the test run longer",
        start);
    return result;
  }

  const std::size_t steep = steepest(finite, smoothed, reach, lowest);
  result.lr_lowest_loss = finite[lowest].lr;
  result.lr_steepest = finite[steep].lr;
  const double clear = smoothed[lowest] + std::max(reading.clear_rise * fall, noise);
  std::size_t risen = lowest + 1;
  while (risen < smoothed.size() && !(smoothed[risen] > clear)) ++risen;
  if (risen == smoothed.size() && !diverges) {
    result.status = RangeTestStatus::no_rise;
    result.explanation = fmt::format(
        "the loss did not rise clearly up to the last learning rate, {:.4g}: repeat with a "
        "higher schedule.lr_max",
        finite.back().lr);
    return result;
  }
  result.status = RangeTestStatus::ok;
  result.lr_max = finite[risen - 1].lr;
  result.lr_min = result.lr_max / reading.lr_min_divisor;
  result.explanation = fmt::format(
      "the smoothed loss is lowest at {:.4g} and clearly higher beyond {:.4g}: train with "
      "schedule.lr_max = {:.4g} and schedule.lr_min = {:.4g}",
      result.lr_lowest_loss, result.lr_max, result.lr_max, result.lr_min);
  return result;
}

}  // namespace rheo
