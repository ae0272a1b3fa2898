#pragma once

#include <Eigen/Dense>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "platforms/device_fit.hpp"

namespace rheo::fit {

/// Parameters by their keys in the table [device]; entries of lists as "piecewise_up[2]".
using Values = std::map<std::string, double, std::less<>>;

/// The scale on which a parameter is moved.
enum class Axis { linear, logarithm, negative_logarithm, within_one };

[[nodiscard]] Axis axis_of(const std::string& key, const std::string& family);
[[nodiscard]] double from_axis(Axis axis, double place);
/// How far a step of 1 on the axis moves the value.
[[nodiscard]] double slope_of(Axis axis, double value);

/// Where the population of any family starts: what can be read off the curve, the bounds at `bound_factor` times what
/// was reached.
[[nodiscard]] Values population_start(const MeasuredResponse& measured, double bound_factor, double cycle_deviation);

/// A family with its parameters, of which some are free, run against a measurement by the family's own kernel.
/// A place holds the free parameters, each on its axis.
class Model {
 public:
  /// The keys of `start` are free; measurement and request have to outlive the model.
  Model(const MeasuredResponse& measured, const FitRequest& request, const std::string& family, Values fixed,
        const Values& start);

  [[nodiscard]] const Eigen::VectorXd& place() const { return place_; }
  [[nodiscard]] const std::string& key(int k) const { return keys_[static_cast<std::size_t>(k)]; }
  [[nodiscard]] Axis axis(int k) const { return axis_of(key(k), family_); }
  void move_to(const Eigen::VectorXd& place) { place_ = place; }

  /// How closely the measurement is repeated: by so many cells, with pulses in bundles so that a branch has `most`
  /// of them at most (0: as they are). A bundle of n pulses is one with n times the step and its noise.
  void set_effort(std::size_t cells, std::size_t most);

  [[nodiscard]] crossbar::DeviceParameters device(const Eigen::VectorXd& place) const;

  // What Eigen's minimiser calls.
  using Scalar = double;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };
  using InputType = Eigen::VectorXd;
  using ValueType = Eigen::VectorXd;
  using JacobianType = Eigen::MatrixXd;
  [[nodiscard]] int inputs() const { return static_cast<int>(keys_.size()); }
  [[nodiscard]] int values() const { return compared() + inputs(); }
  int operator()(const Eigen::VectorXd& place, Eigen::VectorXd& difference) const;
  int df(const Eigen::VectorXd& place, Eigen::MatrixXd& slopes) const;

  /// Values that are compared with the measurement.
  [[nodiscard]] int compared() const { return static_cast<int>(weights_.size()); }

  /// Sum of the squared differences, as `independent_values` values.
  [[nodiscard]] double chi2(const Eigen::VectorXd& place) const;

  /// Root mean square difference of the mean, relative to its range.
  [[nodiscard]] double residual(const Eigen::VectorXd& place) const;

  /// Covariance of the free parameters at a place, on their axes.
  [[nodiscard]] Eigen::MatrixXd covariance(const Eigen::VectorXd& place) const;

 private:
  /// Keeps what the measurement says nothing about near where it began: as a measurement with a wide error would.
  [[nodiscard]] Eigen::VectorXd pull() const;

  /// Runs the cells and fills the first compared() differences, each in units of its standard error.
  void compare(const Eigen::VectorXd& place, Eigen::VectorXd& difference) const;

  /// Rows that are compared: denser after each change of direction, where most happens.
  void choose_rows();

  /// One over the standard error of every difference: sampling of both populations, and the finest difference.
  void weigh();

  /// Deviation of a single increment from those beside it.
  [[nodiscard]] double increment_noise() const;

  const MeasuredResponse* measured_;
  const FitRequest* request_;
  std::string family_;
  Values fixed_;
  std::vector<std::string> keys_;
  std::vector<std::size_t> rows_;
  std::vector<double> weights_;
  double range_ = 0;
  std::size_t cells_ = 1;
  double bundle_ = 1;
  bool begins_elsewhere_ = false;
  Eigen::VectorXd place_, centre_;
};

}  // namespace rheo::fit
