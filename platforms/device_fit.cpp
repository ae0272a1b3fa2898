#include "platforms/device_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <thread>
#include <unsupported/Eigen/NonLinearOptimization>

#include "models/core/configuration.hpp"
#include "models/core/thread_team.hpp"
#include "platforms/fit_model.hpp"

namespace rheo {
namespace {

using fit::Model;
using fit::Values;

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
      Values start = fit::population_start(measured, bound_factor, cycle_deviation);
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

  FamilyFit result;
  result.device = best->device(best->place());
  const auto k = static_cast<double>(best->inputs());
  const double n = best->compared();
  result.criterion = best->chi2(best->place()) + 2 * k + (n > k + 1 ? 2 * k * (k + 1) / (n - k - 1) : 0);
  result.residual = best->residual(best->place());

  const Eigen::MatrixXd covariance = best->covariance(best->place());
  ConfigurationText order;
  result.device.cell.population.describe(order);
  result.device.cell.model().describe(order);
  for (const auto& [key, text] : order.values()) {
    for (int k = 0; k < best->inputs(); ++k) {
      if (best->key(k) != key && !best->key(k).starts_with(key + "[")) continue;
      const double value = fit::from_axis(best->axis(k), best->place()[k]);
      const double error = std::sqrt(std::max(covariance(k, k), 0.0));
      result.parameters.push_back(
          {best->key(k), value, error * fit::slope_of(best->axis(k), value), error < 0.5 && !unseen.contains(key)});
    }
  }
  if (!measured.has_spread) result.device.cell.population.dw_min_std = cycle_deviation(measured, result.device);
  return result;
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

}  // namespace rheo
