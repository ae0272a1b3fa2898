#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/core/elementary.hpp"
#include "models/crossbar/cell_family.hpp"
#include "models/crossbar/device.hpp"
#include "tests/core/reference_random.hpp"
#include "tests/crossbar/cell_settings.hpp"

/// Cells once more: the population and the step of every family, one cell at a time, in the plainest way. Float
/// operations stand in the order of the kernels', so that the bits can be compared.
namespace rheo::crossbar::testing {

using rheo::testing::reference_normal;
using rheo::testing::reference_word;

/// Mean and deviation of the change by one pulse.
struct StepMoments {
  float mean, deviation;
};
using ReferenceStep = std::function<StepMoments(const Cell& cell, float w, bool up)>;

/// Formula of every family. `own` of a cell as the family's file says.
inline ReferenceStep reference_step(const CellParameters& cell) {
  const OwnValues values = own_values(cell);
  const auto own = [&](const char* key) { return static_cast<float>(values.at(key).at(0)); };
  const auto sigma = static_cast<float>(cell.population.dw_min_std);
  const std::string& family = cell.family();
  if (family == "constant_step") {
    return [=](const Cell& c, float, bool up) {
      const float mean = up ? c.step_up : -c.step_down;
      return StepMoments{mean, mean * sigma};
    };
  }
  if (family == "linear_step" || family == "soft_bounds") {
    const bool multiplicative = own("mult_noise") != 0;
    return [=](const Cell& c, float w, bool up) {
      const float step = up ? c.step_up : -c.step_down;
      const float slope = up ? c.own[0] : -c.own[1];
      const float mean = std::fma(slope, w, step);
      return StepMoments{mean, (multiplicative ? mean : step) * sigma};
    };
  }
  if (family == "soft_bounds_reference") {
    const bool multiplicative = own("mult_noise") != 0;
    return [=](const Cell& c, float w, bool up) {
      const float step = up ? c.step_up : -c.step_down;
      const float v = w + c.own[0];
      const float mean = step * std::fma(-v, up ? c.own[1] : c.own[2], 1.0F);
      return StepMoments{mean, (multiplicative ? mean : step) * sigma};
    };
  }
  if (family == "exp_step") {
    const float a_up = own("A_up"), a_down = own("A_down"), g_up = own("gamma_up"), g_down = own("gamma_down");
    const float b = own("b"), add = own("dw_min_std_add"), slope = own("dw_min_std_slope");
    return [=](const Cell& c, float w, bool up) {
      const float step = up ? c.step_up : -c.step_down;
      const float z = std::fma(w, c.own[0], b);
      const float growth = exponential((up ? g_up : -g_down) * z);
      const float left = std::fma(-(up ? a_up : a_down), growth, 1.0F);
      const float mean = step * (left > 0 ? left : 0.0F);
      if (add == 0 && slope == 0) return StepMoments{mean, mean * sigma};
      const float extra = std::fma(std::abs(w), slope, add);
      return StepMoments{mean, c.own[0] != 0 ? (std::abs(mean) + extra) * sigma : 0.0F};
    };
  }
  if (family == "pow_step" || family == "pow_step_reference") {
    return [=](const Cell& c, float w, bool up) {
      const float step = up ? c.step_up : -c.step_down;
      const float range = std::max(c.bound_high - c.bound_low, 1e-30F);
      const float distance = up ? c.bound_high - w : w - c.bound_low;
      const float mean = step * power(distance / range, up ? c.own[0] : c.own[1]);
      return StepMoments{mean, mean * sigma};
    };
  }
  if (family == "piecewise_step") {
    const std::vector<float> ups(values.at("piecewise_up").begin(), values.at("piecewise_up").end());
    const std::vector<float> downs(values.at("piecewise_down").begin(), values.at("piecewise_down").end());
    return [=](const Cell& c, float w, bool up) {
      const std::vector<float>& table = up ? ups : downs;
      const float step = up ? c.step_up : -c.step_down;
      const auto sections = static_cast<float>(table.size() - 1);
      const float inside = (w - c.bound_low) * c.own[0];
      const float place = std::clamp(inside, 0.0F, 1.0F) * sections;
      const float node = std::min(std::floor(place), std::max(sections - 1.0F, 0.0F));
      const auto left = static_cast<std::size_t>(node);
      const std::size_t right = std::min(left + 1, table.size() - 1);
      const float mean = step * std::fma(place - node, table[right] - table[left], table[left]);
      return StepMoments{mean, mean * sigma};
    };
  }
  throw std::logic_error("the reference knows no formula of " + family);
}

/// What a family adds to a cell, from its own variates.
inline void reference_completion(const CellParameters& parameters, const std::function<float(std::size_t)>& xi,
                                 Cell& c) {
  const OwnValues values = own_values(parameters);
  const PopulationParameters& p = parameters.population;
  const auto own = [&](const char* key) { return static_cast<float>(values.at(key).at(0)); };
  const std::string& family = parameters.family();
  const float range = c.bound_high - c.bound_low;
  if (family == "linear_step") {
    float up = own("gamma_up") + own("gamma_up_dtod") * xi(0);
    float down = own("gamma_down") + own("gamma_down_dtod") * xi(1);
    if (own("allow_increasing") == 0) up = std::abs(up), down = std::abs(down);
    const bool mean_bounds = own("mean_bound_reference") != 0;
    const float high = mean_bounds ? static_cast<float>(p.w_max) : c.bound_high;
    const float low = mean_bounds ? static_cast<float>(p.w_min) : c.bound_low;
    c.own[0] = high != 0 ? -up * c.step_up / high : 0.0F;
    c.own[1] = low != 0 ? -down * c.step_down / low : 0.0F;
  } else if (family == "soft_bounds") {
    c.own[0] = c.bound_high != 0 ? -c.step_up / c.bound_high : 0.0F;
    c.own[1] = c.bound_low != 0 ? -c.step_down / c.bound_low : 0.0F;
  } else if (family == "soft_bounds_reference") {
    float reference = own("reference_mean") + own("reference_std") * xi(2);
    if (c.bound_high > 0 && c.bound_low < 0) {
      c.bound_high /= std::abs(1.0F + own("slope_up_dtod") * xi(0));
      c.bound_low /= std::abs(1.0F + own("slope_down_dtod") * xi(1));
      const float slopes = c.step_up / c.bound_high - c.step_down / c.bound_low;
      if (own("subtract_symmetry_point") != 0 && slopes > 0) {
        const float symmetry = (c.step_up - c.step_down) / slopes;
        reference += symmetry;
        c.reset_bias += symmetry;
      }
    }
    c.own = {reference, c.bound_high > 0 ? 1.0F / c.bound_high : 0.0F, c.bound_low < 0 ? 1.0F / c.bound_low : 0.0F};
    c.bound_high -= reference;
    c.bound_low -= reference;
  } else if (family == "exp_step") {
    c.own[0] = range > 0 ? 2.0F * own("a") / range : 0.0F;
    if (!(range > 0)) c.step_up = c.step_down = 0;
  } else if (family == "piecewise_step") {
    c.own[0] = range > 0 ? 1.0F / range : 0.0F;
    if (!(range > 0)) c.step_up = c.step_down = 0;
  } else if (family == "pow_step" || family == "pow_step_reference") {
    const float bias = own("pow_up_down");
    const float gain = 1.0F + own("pow_gamma_dtod") * xi(0);
    const float r = own("pow_up_down_dtod") * xi(1);
    c.own[0] = std::abs(own("pow_gamma") * (gain + r + std::min(bias, 0.0F)));
    c.own[1] = std::abs(own("pow_gamma") * (gain - r - std::max(bias, 0.0F)));
    if (!(range > 0)) c.step_up = c.step_down = 0;
    if (family == "pow_step") return;
    float reference = own("reference_mean") + own("reference_std") * xi(2);
    if (own("subtract_symmetry_point") != 0 && c.bound_high > 0 && c.bound_low < 0 && c.step_up > 0) {
      float low = c.bound_low;
      float high = c.bound_high;
      for (int i = 0; i < 40; ++i) {  // up steps fall with the weight, down steps grow
        const float middle = 0.5F * (low + high);
        const bool below = c.step_up * power((c.bound_high - middle) / range, c.own[0]) >
                           c.step_down * power((middle - c.bound_low) / range, c.own[1]);
        (below ? low : high) = middle;
      }
      reference += 0.5F * (low + high);
      c.reset_bias += 0.5F * (low + high);
    }
    c.own[2] = reference;
    c.bound_high -= reference;
    c.bound_low -= reference;
  }
}

/// One cell with what it does once a mini-batch.
struct ReferenceCell : Cell {
  float kept = 1;  ///< share of the distance to the reset bias that a mini-batch leaves
  float diffusion = 0;
};

inline RandomKey reference_plane_key(std::uint64_t seed, std::uint32_t stream, RandomPurpose purpose,
                                     std::uint32_t plane) {
  return {seed, stream, static_cast<RandomPurpose>(static_cast<std::uint32_t>(purpose) | plane << 16)};
}

/// The cell at (input, output): variate n of a row of cells begins at block n 2^32.
inline ReferenceCell reference_cell(const CellParameters& parameters, const RandomKey& key, std::size_t input,
                                    std::size_t output) {
  const PopulationParameters& p = parameters.population;
  const auto f = [](double value) { return static_cast<float>(value); };
  const auto xi = [&](std::uint64_t number) { return reference_normal(key, input, number << 32, output); };
  const auto uniform = [&](std::uint64_t number) {
    return uniform_from_word(reference_word(key, input, (number << 32) + output / 4, output % 4));
  };
  ReferenceCell c;
  const float spread = f(p.dw_min_dtod) * xi(0);
  const float gain = p.dw_min_dtod_log_normal ? exponential(spread) : 1.0F + spread;
  const float r = f(p.up_down_dtod) * xi(1);
  c.step_up = std::abs(f(p.dw_min) * (gain + r + std::min(f(p.up_down), 0.0F)));
  c.step_down = std::abs(f(p.dw_min) * (gain - r - std::max(f(p.up_down), 0.0F)));
  const float one = f(p.w_max) * (1.0F + f(p.w_max_dtod) * xi(2));
  const float other = f(p.w_min) * (1.0F + f(p.w_min_dtod) * xi(3));
  c.bound_high = std::abs(std::max(one, other));
  c.bound_low = -std::abs(std::min(one, other));
  if (p.corrupt_devices_prob > 0 && uniform(32) < f(p.corrupt_devices_prob)) {
    const float low = std::max(c.bound_low, -f(p.corrupt_devices_range));
    const float high = std::min(c.bound_high, f(p.corrupt_devices_range));
    c.bound_low = c.bound_high = low + (high - low) * uniform(33);
    c.step_up = c.step_down = 0;
  }
  if (p.lifetime > 0) {
    const float life = f(p.lifetime) * (1.0F + f(p.lifetime_dtod) * xi(4));
    c.kept = life > 1 ? 1.0F - 1.0F / life : 0.0F;
  }
  if (p.diffusion > 0) c.diffusion = std::abs(f(p.diffusion) * (1.0F + f(p.diffusion_dtod) * xi(5)));
  c.reset_bias = f(p.reset) + f(p.reset_dtod) * xi(6);
  reference_completion(
      parameters, [&](std::size_t k) { return xi(7 + k); }, c);
  return c;
}

}  // namespace rheo::crossbar::testing
