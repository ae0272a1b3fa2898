#include "platforms/device_fit.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <thread>
#include <unsupported/Eigen/NonLinearOptimization>

#include "models/core/configuration.hpp"
#include "models/core/thread_team.hpp"
#include "models/crossbar/cell_plane.hpp"

namespace rheo {
namespace {

using Values = std::map<std::string, double, std::less<>>;

/// Writes numbers into a device by their keys; entries of lists as "key[2]". Clamped to their ranges.
class Assignment final : public Parameters {
 public:
  using Parameters::choice;
  explicit Assignment(const Values& values) : values_(values) {}

  void integer(std::string_view, std::int64_t&, Range<std::int64_t>, std::string_view) override {}
  void number(std::string_view key, double& value, Range<double> range, std::string_view) override {
    if (const auto found = values_.find(key); found != values_.end()) {
      value = std::clamp(found->second, range.low, range.high);
    }
  }
  void quantity(std::string_view, double&, Dimension, Range<double>, std::string_view) override {}
  void numbers(std::string_view key, std::vector<double>& values, std::size_t, Range<double> range,
               std::string_view) override {
    std::vector<double> read;
    for (std::size_t i = 0;; ++i) {
      const auto found = values_.find(fmt::format("{}[{}]", key, i));
      if (found == values_.end()) break;
      read.push_back(std::clamp(found->second, range.low, range.high));
    }
    if (!read.empty()) values = std::move(read);
  }
  void flag(std::string_view, bool&, std::string_view) override {}
  void text(std::string_view, std::string&, std::string_view) override {}
  void choice(std::string_view, std::string&, std::span<const std::string>, std::string_view) override {}
  void begin_section(std::string_view, std::string_view) override {}
  void end_section() override {}

 private:
  const Values& values_;
};

/// What is fitted of a family beside its population, and from where.
struct FamilyPlan {
  Values fixed;
  std::vector<Values> starts{{}};
};

/// Parameters of a family that its response alone cannot tell apart are fixed: an offset and a scale in an exponent,
/// a reference that is as good as other bounds. A family without a plan is fitted with its own parameters fixed at
/// their defaults.
FamilyPlan plan_of(const std::string& family) {
  if (family == "linear_step") {
    return {{}, {{{"gamma_up", 0.1}, {"gamma_down", 0.1}}, {{"gamma_up", 0.6}, {"gamma_down", 0.6}}}};
  }
  if (family == "exp_step") {
    return {{{"a", 1.0}, {"b", 0.0}},
            {{{"A_up", 0.02}, {"A_down", 0.02}, {"gamma_up", 3.0}, {"gamma_down", 3.0}},
             {{"A_up", 0.3}, {"A_down", 0.3}, {"gamma_up", 1.0}, {"gamma_down", 1.0}},
             {{"A_up", -0.5}, {"A_down", -0.5}, {"gamma_up", -2.0}, {"gamma_down", -2.0}}}};
  }
  if (family == "pow_step" || family == "pow_step_reference") {
    return {{}, {{{"pow_gamma", 0.8}, {"pow_up_down", 0.01}}, {{"pow_gamma", 2.0}, {"pow_up_down", 0.01}}}};
  }
  if (family == "piecewise_step") {
    FamilyPlan plan{{{"piecewise_up[2]", 1.0}, {"up_down", 0.0}}, {{}, {}}};
    for (int i = 0; i < 5; ++i) {
      for (int start = 0; start < 2; ++start) {
        const double slope = start == 0 ? 0.1 : 0.45;
        auto& values = plan.starts[static_cast<std::size_t>(start)];
        if (i != 2) values[fmt::format("piecewise_up[{}]", i)] = 1 - slope * (i - 2);
        values[fmt::format("piecewise_down[{}]", i)] = 1 + slope * (i - 2);
      }
    }
    return plan;
  }
  return {};
}

/// The scale on which a parameter is moved.
enum class Axis { linear, logarithm, negative_logarithm, within_one };

Axis axis_of(const std::string& key, const std::string& family) {
  if (key == "w_min") return Axis::negative_logarithm;
  if (key.ends_with("up_down")) return Axis::within_one;
  return family == "exp_step" && (key.starts_with("A_") || key.starts_with("gamma_")) ? Axis::linear : Axis::logarithm;
}

double to_axis(Axis axis, double value) {
  switch (axis) {
    case Axis::logarithm:
      return std::log(value);
    case Axis::negative_logarithm:
      return std::log(-value);
    case Axis::within_one:
      return std::atanh(std::clamp(value, -0.99, 0.99));
    case Axis::linear:
      break;
  }
  return value;
}

double from_axis(Axis axis, double place) {
  switch (axis) {
    case Axis::logarithm:
      return std::exp(std::clamp(place, -12.0, 13.8));
    case Axis::negative_logarithm:
      return -std::exp(std::clamp(place, -12.0, 13.8));
    case Axis::within_one:
      return std::tanh(place);
    case Axis::linear:
      break;
  }
  return place;
}

/// How far a step of 1 on the axis moves the value.
double slope_of(Axis axis, double value) {
  if (axis == Axis::linear) return 1;
  return axis == Axis::within_one ? 1 - value * value : std::abs(value);
}

/// Cells that take any number of pulses per call, as fast as their family goes: what PulsedCells does for a single
/// plane of cells, without the trains.
class TrialCells {
 public:
  TrialCells(const crossbar::CellParameters& cell, std::size_t cells, std::uint64_t seed)
      : plane_(crossbar::PlaneShape::of(1, cells), cell, crossbar::CoincidenceMode::exact, seed, 0, 0) {}

  void start_at(float weight) { plane_.program(std::vector<float>(plane_.shape().values(), weight)); }

  void pulse(std::size_t count, bool up) {
    constexpr std::size_t most = 1024;
    for (; count > 0; count -= std::min(count, most)) {
      const auto n = static_cast<float>(std::min(count, most));
      crossbar::PulseEvents events;
      const std::size_t columns = plane_.shape().row_stride;
      events.words.assign(columns, std::bit_cast<std::uint32_t>(up ? -1.0F : 1.0F));
      events.words.insert(events.words.end(), {0U, std::bit_cast<std::uint32_t>(n)});
      events.used = events.words.size();
      crossbar::PulseEvents::Event event;
      event.identity = calls_++;
      event.rows_at = columns;
      event.rows = 1;
      event.kind = crossbar::PulseEvents::Kind::counts;
      events.events.push_back(event);
      plane_.apply(events, 0, 1);
    }
  }

  [[nodiscard]] std::vector<float> weights() const {
    const std::vector<float>& all = plane_.weights();
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(plane_.shape().outputs)};
  }

 private:
  crossbar::CellPlane plane_;
  std::uint64_t calls_ = 0;
};

/// Mean change of the first pulses from a row on.
double first_step(const MeasuredResponse& measured, std::size_t row) {
  const std::size_t last = row < measured.turn ? measured.turn : measured.pulse.size() - 1;
  const std::size_t reach = std::min(last, row + std::max<std::size_t>(1, (last - row) / 20));
  if (reach <= row) return 0;
  return std::abs(measured.after[reach].mean - measured.after[row].mean) /
         static_cast<double>(measured.pulse[reach] - measured.pulse[row]);
}

/// Where the population of any family starts: what can be read off the curve.
Values population_start(const MeasuredResponse& measured, double bound_factor, double cycle_deviation) {
  const double step = std::max(measured.up() > 0 ? first_step(measured, 0) : first_step(measured, measured.turn), 1e-7);
  double low = 0;
  double high = 0;
  for (const Spread& s : measured.after) {
    low = std::min(low, s.mean);
    high = std::max(high, s.mean);
  }
  const double room = 0.1 * (high - low);
  Values values{{"dw_min", step},
                {"up_down", 0.01},
                {"w_max", bound_factor * std::max(high, room)},
                {"w_min", bound_factor * std::min(low, -room)}};
  if (measured.has_spread) {
    for (const char* key : {"dw_min_dtod", "w_max_dtod", "w_min_dtod"}) values[key] = 0.2;
    values["dw_min_std"] = cycle_deviation;
  }
  return values;
}

/// A family with its parameters, of which some are free.
class Model {
 public:
  Model(const MeasuredResponse& measured, const FitRequest& request, const std::string& family, Values fixed,
        const Values& start)
      : measured_(&measured), request_(&request), family_(family), fixed_(std::move(fixed)) {
    for (const auto& [key, value] : start) keys_.push_back(key);
    choose_rows();
    weigh();
    // Write noise alone moves the mean a little.
    const Spread& before = measured.after.front();
    begins_elsewhere_ =
        std::abs(before.mean) > 3 * before.deviation / std::sqrt(static_cast<double>(request.measured_cells));
    place_ = Eigen::VectorXd(inputs());
    for (int k = 0; k < inputs(); ++k) place_[k] = to_axis(axis(k), start.at(key(k)));
    // Bounds that nothing tells of stay far away.
    centre_ = place_;
    const Values far = population_start(measured, 10, 0.2);
    for (int k = 0; k < inputs(); ++k) {
      if (key(k) == "w_max" || key(k) == "w_min") centre_[k] = to_axis(axis(k), far.find(key(k))->second);
    }
  }

  [[nodiscard]] const Eigen::VectorXd& place() const { return place_; }
  [[nodiscard]] const std::string& key(int k) const { return keys_[static_cast<std::size_t>(k)]; }
  [[nodiscard]] Axis axis(int k) const { return axis_of(key(k), family_); }
  void move_to(const Eigen::VectorXd& place) { place_ = place; }

  /// How closely the measurement is repeated: by so many cells, with pulses in bundles so that a branch has `most`
  /// of them at most (0: as they are). A bundle of n pulses is one with n times the step and its noise.
  void set_effort(std::size_t cells, std::size_t most) {
    cells_ = cells;
    const std::size_t longest = std::max(measured_->up(), measured_->down());
    bundle_ = most == 0 ? 1 : std::max(1.0, static_cast<double>(longest) / static_cast<double>(most));
    weigh();
  }

  [[nodiscard]] crossbar::DeviceParameters device(const Eigen::VectorXd& place) const {
    Values values = fixed_;
    for (int k = 0; k < inputs(); ++k) values[key(k)] = from_axis(axis(k), place[k]);
    crossbar::DeviceParameters device;
    device.cell.select(family_);
    // What reads see before the first pulse spreads by the write noise.
    const double before = measured_->after.front().deviation;
    if (before > 0) values["write_noise_std"] = before / std::max(values["dw_min"], 1e-9);
    Assignment assignment(values);
    device.cell.population.describe(assignment);
    device.cell.model().describe(assignment);
    return device;
  }

  // What Eigen's minimiser calls.
  using Scalar = double;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };
  using InputType = Eigen::VectorXd;
  using ValueType = Eigen::VectorXd;
  using JacobianType = Eigen::MatrixXd;
  [[nodiscard]] int inputs() const { return static_cast<int>(keys_.size()); }
  [[nodiscard]] int values() const { return compared() + inputs(); }

  int operator()(const Eigen::VectorXd& place, Eigen::VectorXd& difference) const {
    compare(place, difference);
    difference.tail(inputs()) = pull().cwiseProduct(place - centre_);
    return 0;
  }

  int df(const Eigen::VectorXd& place, Eigen::MatrixXd& slopes) const {
    constexpr double step = 2e-3;  // weights are single precision
    Eigen::VectorXd here(values()), there(values());
    (*this)(place, here);
    for (int k = 0; k < inputs(); ++k) {
      Eigen::VectorXd moved = place;
      moved[k] += step;
      (*this)(moved, there);
      slopes.col(k) = (there - here) / step;
    }
    return 0;
  }

  [[nodiscard]] int compared() const { return static_cast<int>(weights_.size()); }

  /// Sum of the squared differences, as `independent_values` values.
  [[nodiscard]] double chi2(const Eigen::VectorXd& place) const {
    Eigen::VectorXd difference(values());
    compare(place, difference);
    return difference.head(compared()).squaredNorm() / compared() * independent_values;
  }

  /// Root mean square difference of the mean, relative to its range.
  [[nodiscard]] double residual(const Eigen::VectorXd& place) const {
    Eigen::VectorXd difference(values());
    compare(place, difference);
    const int stride = measured_->has_spread ? 5 : 1;
    double sum = 0;
    for (int i = 0; i < compared(); i += stride) {
      const double plain = difference[i] / weights_[static_cast<std::size_t>(i)];
      sum += plain * plain;
    }
    return std::sqrt(sum / static_cast<double>(rows_.size())) / range_;
  }

  /// Covariance of the free parameters at a place, on their axes.
  [[nodiscard]] Eigen::MatrixXd covariance(const Eigen::VectorXd& place) const {
    Eigen::MatrixXd slopes(values(), inputs());
    df(place, slopes);
    const Eigen::MatrixXd information = slopes.transpose() * slopes / compared() * independent_values;
    return information.inverse();
  }

 private:
  /// Keeps what the measurement says nothing about near where it began: as a measurement with a wide error would.
  [[nodiscard]] Eigen::VectorXd pull() const {
    Eigen::VectorXd pull(inputs());
    for (int k = 0; k < inputs(); ++k) {
      const double width = axis(k) == Axis::linear ? 5 : 2;
      pull[k] = std::sqrt(compared() / independent_values) / width;
    }
    return pull;
  }

  void compare(const Eigen::VectorXd& place, Eigen::VectorXd& difference) const {
    crossbar::CellParameters cell = device(place).cell;
    crossbar::PopulationParameters& population = cell.population;
    population.write_noise_std /= bundle_;
    population.dw_min *= bundle_;
    population.dw_min_std /= std::sqrt(bundle_);
    TrialCells cells(cell, cells_, request_->seed);
    if (begins_elsewhere_) cells.start_at(static_cast<float>(measured_->after.front().mean));
    Eigen::Index at = 0;
    const auto compare_one = [&](double model, double measured) {
      difference[at] = (model - measured) * weights_[static_cast<std::size_t>(at)];
      ++at;
    };
    std::size_t up_done = 0;
    std::size_t down_done = 0;
    const auto bundles = [&](std::size_t pulses) {
      return static_cast<std::size_t>(std::lround(static_cast<double>(pulses) / bundle_));
    };
    for (const std::size_t row : rows_) {
      const std::size_t until = measured_->pulse[row];
      const std::size_t up = bundles(std::min(until, measured_->up()));
      const std::size_t down = bundles(until - std::min(until, measured_->up()));
      cells.pulse(up - up_done, true);
      cells.pulse(down - down_done, false);
      up_done = up;
      down_done = down;
      const Spread& wanted = measured_->after[row];
      if (!measured_->has_spread) {
        compare_one(cells.weights().front(), wanted.mean);
        continue;
      }
      const Spread model = spread_of(cells.weights());
      compare_one(model.mean, wanted.mean);
      compare_one(model.deviation, wanted.deviation);
      compare_one(model.p05, wanted.p05);
      compare_one(model.p50, wanted.p50);
      compare_one(model.p95, wanted.p95);
    }
  }

  /// Rows that are compared: denser after each change of direction, where most happens.
  void choose_rows() {
    const std::size_t most = measured_->has_spread ? 40 : 200;
    const std::size_t last = measured_->pulse.size() - 1;
    std::set<std::size_t> rows;
    for (const auto& [first, end] : {std::pair<std::size_t, std::size_t>{0, measured_->turn},
                                     std::pair<std::size_t, std::size_t>{measured_->turn, last}}) {
      for (std::size_t i = 1; i <= most && end > first; ++i) {
        const double part = std::pow(static_cast<double>(i) / static_cast<double>(most), 2.0);
        rows.insert(first + std::max<std::size_t>(
                                1, static_cast<std::size_t>(std::lround(part * static_cast<double>(end - first)))));
      }
    }
    rows_.assign(rows.begin(), rows.end());
  }

  /// One over the standard error of every difference: sampling of both populations, and the finest difference.
  void weigh() {
    double low = 0;
    double high = 0;
    double lowest = 0;
    double highest = 0;
    for (const Spread& s : measured_->after) {
      low = std::min(low, s.mean);
      high = std::max(high, s.mean);
      lowest = std::min({lowest, s.mean, s.p05});
      highest = std::max({highest, s.mean, s.p95});
    }
    range_ = high - low;
    weights_.clear();
    const double fine = finest_difference * (measured_->has_spread ? highest - lowest : range_);
    const double share = 1 / static_cast<double>(request_->measured_cells) + 1 / static_cast<double>(cells_);
    const double jitter = measured_->has_spread ? 0 : increment_noise();
    for (const std::size_t row : rows_) {
      if (!measured_->has_spread) {
        // A walk of noisy steps.
        weights_.push_back(1 / std::sqrt(fine * fine + jitter * jitter * static_cast<double>(row)));
        continue;
      }
      const double variance = std::pow(measured_->after[row].deviation, 2) * share;
      // A wrong shape shows only where the weight has moved.
      const double moved = std::abs(measured_->after[row].mean - measured_->after.front().mean);
      const double shape = std::min(fine, row < measured_->turn ? 0.02 * moved : fine);
      // Mean, standard deviation, 5th, 50th and 95th percentile of normal values.
      for (const double factor : {1.0, 0.5, 4.5, 1.57, 4.5}) {
        weights_.push_back(1 / std::sqrt(shape * shape + factor * variance + 1e-20));
      }
    }
  }

  /// Deviation of a single increment from those beside it.
  [[nodiscard]] double increment_noise() const {
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i + 2 < measured_->after.size(); ++i) {
      if (i + 1 == measured_->turn) continue;
      const double bend = measured_->after[i + 2].mean - 2 * measured_->after[i + 1].mean + measured_->after[i].mean;
      sum += bend * bend / 2;
      ++count;
    }
    return count > 0 ? std::sqrt(sum / static_cast<double>(count)) : 0;
  }

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

void minimise(Model& model, int most_calls) {
  Eigen::VectorXd place = model.place();
  const double before = model.chi2(place);
  Eigen::LevenbergMarquardt<Model> search(model);
  search.parameters.maxfev = most_calls;
  search.parameters.ftol = 1e-4;
  search.parameters.xtol = 1e-4;
  search.parameters.factor = 1;
  search.minimize(place);
  if (place.allFinite() && model.chi2(place) <= before) model.move_to(place);
}

/// Relative deviation of the single increments of a lone weight from those of the model.
double cycle_deviation(const MeasuredResponse& measured, const crossbar::DeviceParameters& device) {
  PulsedCells cells(device, 1, 1);
  cells.start_at(static_cast<float>(measured.after.front().mean));
  double differences = 0;
  double steps = 0;
  float before = cells.weights().front();
  for (std::size_t row = 1; row < measured.pulse.size(); ++row) {
    const std::size_t pulses = measured.pulse[row] - measured.pulse[row - 1];
    cells.pulse(pulses, row <= measured.turn);
    const float after = cells.weights().front();
    const double model = after - before;
    const double change = measured.after[row].mean - measured.after[row - 1].mean;
    before = after;
    if (std::abs(model) < 1e-7) continue;  // at a bound
    differences += (change - model) * (change - model) / static_cast<double>(pulses);
    steps += std::pow(model / static_cast<double>(pulses), 2);
  }
  return steps > 0 ? std::sqrt(differences / steps) : 0;
}

FamilyFit fit_family(const MeasuredResponse& measured, const FitRequest& request, const std::string& family) {
  const FamilyPlan plan = plan_of(family);
  Values fixed = plan.fixed;
  if (!measured.has_spread) {
    for (const char* key : {"dw_min_dtod", "dw_min_std", "up_down_dtod", "w_max_dtod", "w_min_dtod", "gamma_up_dtod",
                            "gamma_down_dtod", "pow_gamma_dtod"}) {
      fixed[key] = 0;
    }
  }
  // Many starts roughly; the best of them closely; the best of those pulse by pulse.
  std::vector<std::pair<double, Model>> found;
  for (const Values& own : plan.starts) {
    // Bounds just beyond what was reached or far away; noisy pulses that need a spread to be told from.
    for (const auto& [bound_factor, cycle_deviation] :
         {std::pair{1.1, 0.2}, std::pair{2.0, 0.2}, std::pair{10.0, 0.2}, std::pair{1.5, 3.0}}) {
      if (bound_factor != 1.1 && &own != &plan.starts.front()) continue;
      if (cycle_deviation > 1 && !measured.has_spread) continue;
      Values start = population_start(measured, bound_factor, cycle_deviation);
      start.insert(own.begin(), own.end());
      for (const auto& [key, value] : fixed) start.erase(key);
      // The step that was read off the curve is that at weight 0.
      const Model first(measured, request, family, fixed, start);
      const crossbar::DeviceParameters device = first.device(first.place());
      start["dw_min"] *= device.cell.population.dw_min / device.cell.granularity();
      Model model(measured, request, family, fixed, start);
      model.set_effort(measured.has_spread ? 128 : 1, 150);
      minimise(model, 30);
      const double chi2 = model.chi2(model.place());
      found.emplace_back(chi2, std::move(model));
    }
  }
  const auto less = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(found.begin(), found.end(), less);
  found.resize(std::min<std::size_t>(found.size(), 3), found.front());
  const std::size_t cells = measured.has_spread ? 512 : 1;
  for (auto& [chi2, model] : found) {
    model.set_effort(cells, 400);
    minimise(model, 60);
    chi2 = model.chi2(model.place());
  }
  Model* const best = &std::min_element(found.begin(), found.end(), less)->second;
  best->set_effort(cells, 0);
  minimise(*best, 10);

  // A bound that may as well lie far away was not seen: the outermost cells seem to find one in their sampling error.
  std::set<std::string> unseen;
  for (int k = 0; k < best->inputs(); ++k) {
    if (best->key(k) != "w_max" && best->key(k) != "w_min") continue;
    Eigen::VectorXd away = best->place();
    away[k] += std::log(10.0);
    if (best->chi2(away) - best->chi2(best->place()) > 4) continue;
    best->move_to(away);
    unseen.insert({best->key(k), best->key(k) + "_dtod"});
  }

  FamilyFit fit;
  fit.device = best->device(best->place());
  const auto k = static_cast<double>(best->inputs());
  const double n = best->compared();
  fit.criterion = best->chi2(best->place()) + 2 * k + (n > k + 1 ? 2 * k * (k + 1) / (n - k - 1) : 0);
  fit.residual = best->residual(best->place());

  const Eigen::MatrixXd covariance = best->covariance(best->place());
  ConfigurationText order;
  fit.device.cell.population.describe(order);
  fit.device.cell.model().describe(order);
  for (const auto& [key, text] : order.values()) {
    for (int k = 0; k < best->inputs(); ++k) {
      if (best->key(k) != key && !best->key(k).starts_with(key + "[")) continue;
      const double value = from_axis(best->axis(k), best->place()[k]);
      const double error = std::sqrt(std::max(covariance(k, k), 0.0));
      fit.parameters.push_back(
          {best->key(k), value, error * slope_of(best->axis(k), value), error < 0.5 && !unseen.contains(key)});
    }
  }
  if (!measured.has_spread) fit.device.cell.population.dw_min_std = cycle_deviation(measured, fit.device);
  return fit;
}

/// A value with as many digits as its error leaves.
std::string rounded(const FittedParameter& p) { return fmt::format("{:.3g}", p.value); }

std::string joined(const std::vector<std::string>& words, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  for (const std::string& word : words) {
    if (column > indent && column + 2 + word.size() > 80) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += "  ";
      column += 2;
    }
    out += word;
    column += word.size();
  }
  return out;
}

/// What the measurement says nothing about.
std::vector<std::string> open_questions(const MeasuredResponse& measured, const FamilyFit& fit) {
  std::vector<std::string> open;
  for (const FittedParameter& p : fit.parameters) {
    if (!p.identified) open.push_back(p.key);
  }
  if (!measured.has_spread) {
    for (const char* key : {"dw_min_dtod", "up_down_dtod", "w_max_dtod", "w_min_dtod"}) open.emplace_back(key);
  } else {
    open.emplace_back("up_down_dtod");
  }
  const std::string& family = fit.device.cell.family();
  if (family == "linear_step") open.insert(open.end(), {"gamma_up_dtod", "gamma_down_dtod"});
  if (family.starts_with("pow_step")) open.insert(open.end(), {"pow_gamma_dtod", "pow_up_down_dtod"});
  if (family == "exp_step") open.insert(open.end(), {"a (scales gamma: 1)", "b (scales A: 0)"});
  if (family.ends_with("_reference")) open.insert(open.end(), {"reference_mean", "reference_std"});
  return open;
}

}  // namespace

std::vector<FamilyFit> fit_device(const MeasuredResponse& measured, const FitRequest& request) {
  std::vector<std::string> families = request.families;
  if (families.empty()) families.assign(crossbar::cell_family_names().begin(), crossbar::cell_family_names().end());
  std::vector<FamilyFit> fits(families.size());
  ThreadTeam team(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8));
  // One family after the other, each thread the next one of its own.
  team.for_ranges(team.size(), 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t part = first; part < last; ++part) {
      for (std::size_t f = part; f < families.size(); f += team.size()) {
        fits[f] = fit_family(measured, request, families[f]);
      }
    }
  });
  std::stable_sort(fits.begin(), fits.end(), [](const FamilyFit& a, const FamilyFit& b) {
    // Families with the same response (a reference is as good as other bounds) keep their order.
    return a.criterion < b.criterion - 1e-3;
  });
  return fits;
}

std::string fit_report(const std::string& file, const MeasuredResponse& measured, const std::vector<FamilyFit>& fits) {
  double low = 0;
  double high = 0;
  for (const Spread& s : measured.after) {
    low = std::min(low, s.mean);
    high = std::max(high, s.mean);
  }
  std::string out =
      fmt::format("{}: {} pulses up, {} down, weights {:.4g} to {:.4g}, {}\n\n", file, measured.up(), measured.down(),
                  low, high, measured.has_spread ? "spread over cells" : "no spread over cells");
  out += fmt::format("  {:<22}{:>8}{:>10}  {}\n", "family", "AICc", "residual", "parameters");
  for (const FamilyFit& fit : fits) {
    std::vector<std::string> words;
    for (const FittedParameter& p : fit.parameters) {
      words.push_back(fmt::format("{} {}{}", p.key, rounded(p), p.identified ? "" : "?"));
    }
    out += fmt::format("  {:<22}{:>8.1f}{:>8.2f} %  {}\n", fit.device.cell.family(), fit.criterion, 100 * fit.residual,
                       joined(words, 44));
  }
  const FamilyFit& best = fits.front();
  out += fmt::format("\nproposed: {}\n", best.device.cell.family());
  for (const FittedParameter& p : best.parameters) {
    out += p.identified ? fmt::format("  {:<18} = {:<10.4g} +- {:.2g}\n", p.key, p.value, p.error)
                        : fmt::format("  {:<18} = {:<10.4g} not identified\n", p.key, p.value);
  }
  if (!measured.has_spread) {
    out += fmt::format("  {:<18} = {:<10.4g} from the spread of the increments\n", "dw_min_std",
                       best.device.cell.population.dw_min_std);
  } else if (best.device.cell.population.write_noise_std > 0) {
    out += fmt::format("  {:<18} = {:<10.4g} from the spread before the first pulse\n", "write_noise_std",
                       best.device.cell.population.write_noise_std);
  }
  for (std::size_t f = 1; f < fits.size(); ++f) {
    if (fits[f].criterion - best.criterion < 4) {
      out += fmt::format("  as good within the sampling error: {}\n", fits[f].device.cell.family());
    }
  }
  std::vector<std::string> open = open_questions(measured, best);
  out += "  the data do not tell: " + joined(open, 24) + "\n";
  return out;
}

std::string fit_preset(const std::string& file, const MeasuredResponse& measured, const FamilyFit& fit) {
  std::string name;
  for (const char c : file) name += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  std::string out = fmt::format(
      "# Fit of {} to {}.\n# By `rheo device fit`: residual {:.2f} % of the range of the mean "
      "weight, {} pulses up, {} down.\n",
      fit.device.cell.family(), name, 100 * fit.residual, measured.up(), measured.down());
  out += fmt::format("# The data do not tell: {}.\n", fmt::join(open_questions(measured, fit), ", "));
  out += fmt::format("[device]\nfamily = \"{}\"\n", fit.device.cell.family());
  crossbar::CellParameters cell = fit.device.cell;
  ConfigurationText text;
  cell.population.describe(text);
  cell.model().describe(text);
  for (const auto& [key, value] : text.values()) out += key + " = " + value + "\n";
  return out;
}

}  // namespace rheo
