#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "models/crossbar/device.hpp"
#include "platforms/measured_response.hpp"

namespace rheo {

/// Families and parameters that answer pulses as a measured response does.
///
/// Every family is run as it stands in models/crossbar, a population of cells with random numbers that stay the same
/// from trial to trial, and its parameters are moved by Levenberg-Marquardt (Eigen) from several starts until the
/// differences to the measurement are smallest: of mean, standard deviation and percentiles where the measurement has
/// a spread, each in units of its sampling error; otherwise of the one weight, with a single cell without noise.
///
/// Families are ranked by AICc = chi2 + 2 k + 2 k (k + 1) / (n - k - 1) with k parameters and n values. Neighbouring
/// pulses and percentiles show the same cells and move together, so that chi2 counts a response as
/// `independent_values` values; and differences below `finest_difference` of the range count for nothing.
inline constexpr double independent_values = 24;
inline constexpr double finest_difference = 0.002;

struct FitRequest {
  std::size_t measured_cells = 512;   ///< cells behind the measured spread: the size of its sampling error
  std::vector<std::string> families;  ///< those to try; empty: all
  std::uint64_t seed = 20161;         ///< of the trial population
};

/// A parameter that was fitted.
struct FittedParameter {
  std::string key;
  double value = 0;
  double error = 0;        ///< standard error
  bool identified = true;  ///< the response depends on it enough
};

struct FamilyFit {
  crossbar::DeviceParameters device;
  std::vector<FittedParameter> parameters;
  double criterion = 0;  ///< AICc: less is better
  double residual = 0;   ///< root mean square difference of the mean weight, relative to its range
};

/// The fit of each family, best first; families that cannot follow at all come last.
[[nodiscard]] std::vector<FamilyFit> fit_device(const MeasuredResponse& measured, const FitRequest& request);

/// The fits as a table, and what the best one leaves open. At most 80 columns.
[[nodiscard]] std::string fit_report(const std::string& file, const MeasuredResponse& measured,
                                     const std::vector<FamilyFit>& fits);

/// The best fit as a file that `rheo device response` and `device.preset` take.
[[nodiscard]] std::string fit_preset(const std::string& file, const MeasuredResponse& measured, const FamilyFit& fit);

}  // namespace rheo
