#pragma once

#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/parameters.hpp"
#include "models/crossbar/device.hpp"

namespace rheo::crossbar::testing {

/// Numbers by their names; flags are 0 or 1.
using OwnValues = std::map<std::string, std::vector<double>, std::less<>>;

/// Reads a family's own parameters as they describe themselves, and changes those it is told to.
class OwnParameters final : public Parameters {
 public:
  explicit OwnParameters(OwnValues changes = {}) : changes_(std::move(changes)) {}

  OwnValues values;  ///< after the changes
  [[nodiscard]] const OwnValues& unknown() const { return changes_; }

  void integer(std::string_view key, std::int64_t&, Range<std::int64_t>, std::string_view) override { refuse(key); }
  void number(std::string_view key, double& value, Range<double>, std::string_view) override {
    std::vector<double> all{value};
    take(key, all);
    value = all.at(0);
  }
  void quantity(std::string_view key, double&, Dimension, Range<double>, std::string_view) override { refuse(key); }
  void numbers(std::string_view key, std::vector<double>& all, std::size_t, Range<double>, std::string_view) override {
    take(key, all);
  }
  void flag(std::string_view key, bool& value, std::string_view) override {
    std::vector<double> all{value ? 1.0 : 0.0};
    take(key, all);
    value = all.at(0) != 0;
  }
  void text(std::string_view key, std::string&, std::string_view) override { refuse(key); }
  void choice(std::string_view key, std::string&, std::span<const std::string>, std::string_view) override {
    refuse(key);
  }
  void begin_section(std::string_view key, std::string_view) override { refuse(key); }
  void end_section() override {}

 private:
  void take(std::string_view key, std::vector<double>& all) {
    if (const auto found = changes_.find(key); found != changes_.end()) {
      all = found->second;
      changes_.erase(found);
    }
    values[std::string(key)] = all;
  }
  [[noreturn]] static void refuse(std::string_view key) {
    throw std::logic_error("a kind of parameter that no family had: " + std::string(key));
  }

  OwnValues changes_;
};

inline CellParameters make_cell(const std::string& family, const PopulationParameters& population = {},
                                const OwnValues& own = {}) {
  CellParameters cell(family);
  cell.population = population;
  OwnParameters change(own);
  cell.model().describe(change);
  if (!change.unknown().empty()) throw std::logic_error(family + " has no " + change.unknown().begin()->first);
  if (cell.model().check()) throw std::logic_error(family + ": " + cell.model().check()->text);
  return cell;
}

inline OwnValues own_values(const CellParameters& cell) {
  CellParameters copy(cell);
  OwnParameters read;
  copy.model().describe(read);
  return read.values;
}

/// All cells alike: no device-to-device deviation of anything.
inline PopulationParameters uniform_population(double dw_min, double sigma, double w_min, double w_max) {
  PopulationParameters p;
  p.dw_min = dw_min;
  p.dw_min_std = sigma;
  p.w_min = w_min;
  p.w_max = w_max;
  p.dw_min_dtod = p.up_down_dtod = p.w_min_dtod = p.w_max_dtod = 0;
  return p;
}

/// Published cells, with the values of aihwkit 1.1.0.
inline PopulationParameters gokmen_vlasov_population() {
  PopulationParameters p;
  p.dw_min = 0.0016;
  p.w_max = 1.0;
  p.w_min = -1.0;
  return p;
}

inline CellParameters reram_sb() {
  PopulationParameters p;
  p.dw_min = 0.002;
  p.dw_min_std = 3.75;
  p.w_max = 1.25;
  p.w_max_dtod = 0.24;
  p.w_min = -0.75;
  p.w_min_dtod = 0.4;
  p.write_noise_std = 56;
  return make_cell("soft_bounds_reference", p, {{"mult_noise", {0}}});
}

inline CellParameters reram_es() {
  PopulationParameters p;
  p.dw_min = 0.00135;
  p.dw_min_dtod = 0.2;
  p.dw_min_std = 5.0;
  p.up_down = 0.259359;
  p.up_down_dtod = 0.05;
  p.w_max = 1.0;
  p.w_min = -1.0;
  p.write_noise_std = 75;
  return make_cell("exp_step", p,
                   {{"A_up", {-1.18445}},
                    {"A_down", {-0.081404}},
                    {"gamma_up", {5}},
                    {"gamma_down", {5}},
                    {"a", {-0.5}},
                    {"b", {-0.5}}});
}

}  // namespace rheo::crossbar::testing
