#include "platforms/fit_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "models/crossbar/cell_plane.hpp"

namespace rheo::fit {
namespace {

/// Writes numbers into a device by their keys, clamped to their ranges.
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

}  // namespace

Axis axis_of(const std::string& key, const std::string& family) {
  if (key == "w_min") return Axis::negative_logarithm;
  if (key.ends_with("up_down")) return Axis::within_one;
  return family == "exp_step" && (key.starts_with("A_") || key.starts_with("gamma_")) ? Axis::linear : Axis::logarithm;
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

double slope_of(Axis axis, double value) {
  if (axis == Axis::linear) return 1;
  return axis == Axis::within_one ? 1 - value * value : std::abs(value);
}

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

Model::Model(const MeasuredResponse& measured, const FitRequest& request, const std::string& family, Values fixed,
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

void Model::set_effort(std::size_t cells, std::size_t most) {
  cells_ = cells;
  const std::size_t longest = std::max(measured_->up(), measured_->down());
  bundle_ = most == 0 ? 1 : std::max(1.0, static_cast<double>(longest) / static_cast<double>(most));
  weigh();
}

crossbar::DeviceParameters Model::device(const Eigen::VectorXd& place) const {
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

int Model::operator()(const Eigen::VectorXd& place, Eigen::VectorXd& difference) const {
  compare(place, difference);
  difference.tail(inputs()) = pull().cwiseProduct(place - centre_);
  return 0;
}

int Model::df(const Eigen::VectorXd& place, Eigen::MatrixXd& slopes) const {
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

double Model::chi2(const Eigen::VectorXd& place) const {
  Eigen::VectorXd difference(values());
  compare(place, difference);
  return difference.head(compared()).squaredNorm() / compared() * independent_values;
}

double Model::residual(const Eigen::VectorXd& place) const {
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

Eigen::MatrixXd Model::covariance(const Eigen::VectorXd& place) const {
  Eigen::MatrixXd slopes(values(), inputs());
  df(place, slopes);
  const Eigen::MatrixXd information = slopes.transpose() * slopes / compared() * independent_values;
  return information.inverse();
}

Eigen::VectorXd Model::pull() const {
  Eigen::VectorXd pull(inputs());
  for (int k = 0; k < inputs(); ++k) {
    const double width = axis(k) == Axis::linear ? 5 : 2;
    pull[k] = std::sqrt(compared() / independent_values) / width;
  }
  return pull;
}

void Model::compare(const Eigen::VectorXd& place, Eigen::VectorXd& difference) const {
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

void Model::choose_rows() {
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

void Model::weigh() {
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

double Model::increment_noise() const {
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

}  // namespace rheo::fit
