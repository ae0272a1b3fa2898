// Every family against its formula, in double precision and written independently of the kernels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "models/crossbar/cell_plane.hpp"
#include "tests/crossbar/cell_settings.hpp"
#include "tests/crossbar/event_words.hpp"
#include "tests/crossbar/moments.hpp"

namespace rheo::crossbar {
namespace {

using testing::all_meet_once;
using testing::make_cell;
using testing::Moments;
using testing::OwnValues;
using testing::uniform_population;

constexpr double step = 0.002;
constexpr double low = -0.7;
constexpr double high = 0.9;

/// A family without device-to-device deviation, and the same in formulas.
struct FormulaCase {
  std::string name;
  std::string family;
  OwnValues own;
  /// Change by one up (down) pulse at weight w, without noise; positive for up, negative for down.
  std::function<double(double w, bool up)> mean;
  /// Standard deviation of that change at sigma 1.
  std::function<double(double w, bool up)> deviation;
  double reference = 0;  ///< what is subtracted from weight and bounds
  double bounds[2] = {low, high};

  [[nodiscard]] CellParameters cell(double sigma, double dw_min = step) const {
    return make_cell(family, uniform_population(dw_min, sigma, bounds[0], bounds[1]), own);
  }
};

std::vector<FormulaCase> formula_cases() {
  std::vector<FormulaCase> all;
  const auto sign = [](bool up) { return up ? 1.0 : -1.0; };
  const auto add = [&](std::string name, std::string family, OwnValues own, auto mean) {
    all.push_back(
        {name, family, own, mean, [mean](double w, bool up) { return std::abs(mean(w, up)); }, 0, {low, high}});
  };
  const auto constant = [=](double, bool up) { return sign(up) * step; };
  add("ConstantStep", "constant_step", {}, constant);

  // gamma: relative loss of step at the bound.
  const OwnValues gammas{{"gamma_up", {0.4}}, {"gamma_down", {0.8}}, {"gamma_up_dtod", {0}}, {"gamma_down_dtod", {0}}};
  const auto linear = [=](double w, bool up) { return up ? step * (1 - 0.4 * w / high) : -step * (1 - 0.8 * w / low); };
  add("LinearStep", "linear_step", gammas, linear);
  OwnValues additive = gammas;
  additive["mult_noise"] = {0};
  add("LinearStepAdditive", "linear_step", additive, linear);
  all.back().deviation = [](double, bool) { return step; };

  const auto soft = [=](double w, bool up) { return sign(up) * step * (1 - w / (up ? high : low)); };
  add("SoftBounds", "soft_bounds", {}, soft);
  add("SoftBoundsAdditive", "soft_bounds", {{"mult_noise", {0}}}, soft);
  all.back().deviation = [](double, bool) { return step; };

  const double reference = 0.13;
  const auto shifted = [=](double w, bool up) { return sign(up) * step * (1 - (w + reference) / (up ? high : low)); };
  add("SoftBoundsReference", "soft_bounds_reference", {{"reference_mean", {reference}}, {"mult_noise", {1}}}, shifted);
  all.back().reference = reference;
  add("SoftBoundsReferenceAdditive", "soft_bounds_reference", {{"reference_mean", {reference}}}, shifted);
  all.back().reference = reference;
  all.back().deviation = [](double, bool) { return step; };

  const auto exponential_step = [=](double w, bool up) {
    const double z = 2 * 0.244 * w / (high - low) + 0.2425;
    const double left = up ? 1 - 0.00081 * std::exp(12.44625 * z) : 1 - 0.36833 * std::exp(-12.78785 * z);
    return sign(up) * step * std::max(0.0, left);
  };
  add("ExpStep", "exp_step", {}, exponential_step);
  add("ExpStepExtendedNoise", "exp_step", {{"dw_min_std_add", {0.003}}, {"dw_min_std_slope", {0.01}}},
      exponential_step);
  all.back().deviation = [=](double w, bool up) {
    return std::abs(exponential_step(w, up)) + 0.003 + 0.01 * std::abs(w);
  };
  add("ReRamES", "exp_step",
      {{"A_up", {-1.18445}},
       {"A_down", {-0.081404}},
       {"gamma_up", {5}},
       {"gamma_down", {5}},
       {"a", {-0.5}},
       {"b", {-0.5}}},
      [=](double w, bool up) {
        const double z = -w / (high - low) - 0.5;
        const double left = up ? 1 + 1.18445 * std::exp(5 * z) : 1 + 0.081404 * std::exp(-5 * z);
        return sign(up) * step * std::max(0.0, left);
      });

  const auto power_step = [=](double gamma_up, double gamma_down, double ref) {
    return [=](double w, bool up) {
      const double v = w + ref;
      return up ? step * std::pow(std::max(0.0, high - v) / (high - low), gamma_up)
                : -step * std::pow(std::max(0.0, v - low) / (high - low), gamma_down);
    };
  };
  // pow_up_down 0.2 lowers the exponent downwards, as up_down lowers the step.
  add("PowStep", "pow_step", {{"pow_gamma", {1.5}}, {"pow_gamma_dtod", {0}}, {"pow_up_down", {0.2}}},
      power_step(1.5, 1.2, 0));
  add("PowStepNegativeBias", "pow_step", {{"pow_gamma", {0.5}}, {"pow_gamma_dtod", {0}}, {"pow_up_down", {-0.4}}},
      power_step(0.3, 0.5, 0));
  add("PowStepReference", "pow_step_reference",
      {{"pow_gamma", {2}}, {"pow_gamma_dtod", {0}}, {"reference_mean", {-0.1}}}, power_step(2, 2, -0.1));
  all.back().reference = -0.1;

  const auto table = [](std::vector<double> nodes, double place) {
    const double at = std::clamp(place, 0.0, 1.0) * static_cast<double>(nodes.size() - 1);
    const auto left = std::min(static_cast<std::size_t>(at), nodes.size() - 2);
    return nodes[left] + (at - static_cast<double>(left)) * (nodes[left + 1] - nodes[left]);
  };
  const std::vector<double> ups{1.4, 1.1, 0.9, 0.6, 0.05}, downs{0.1, 0.8, 1.0, 1.3, 1.2};
  add("PiecewiseStep", "piecewise_step", {{"piecewise_up", ups}, {"piecewise_down", downs}},
      [=](double w, bool up) { return sign(up) * step * table(up ? ups : downs, (w - low) / (high - low)); });
  add("PiecewiseStepOfOneNode", "piecewise_step", {{"piecewise_up", {0.5}}, {"piecewise_down", {2}}},
      [=](double, bool up) { return up ? 0.5 * step : -2 * step; });
  return all;
}

CellPlane plane_of(const FormulaCase& c, double sigma, std::size_t rows = 1, double dw_min = step) {
  return {PlaneShape::of(rows, 16), c.cell(sigma, dw_min), CoincidenceMode::exact, 3, 4, 0};
}

void pulse(CellPlane& plane, bool up, std::uint64_t identity) {
  const std::size_t rows = plane.shape().inputs;
  ASSERT_EQ(plane.apply(all_meet_once(identity, rows, 16, up ? 0x80000000U : 0U), 0, rows), 16 * rows);
}

TEST(CellFormula, EveryFamilyIsHere) {
  for (const std::string& name : cell_family_names()) {
    const auto cases = formula_cases();
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [&](const FormulaCase& c) { return c.family == name; }))
        << name;
  }
}

TEST(CellFormula, ANoiselessCellFollowsTheRecursion) {
  for (const FormulaCase& c : formula_cases()) {
    CellPlane plane = plane_of(c, 0);
    double w = std::clamp(0.0, low - c.reference, high - c.reference);
    double worst = 0;
    std::uint64_t identity = 0;
    for (const auto& [up, pulses] : {std::pair{true, 900}, {false, 1500}, {true, 400}}) {
      for (int k = 0; k < pulses; ++k) {
        pulse(plane, up, ++identity);
        w = std::clamp(w + c.mean(w, up), low - c.reference, high - c.reference);
        worst = std::max(worst, std::abs(plane.weights()[5] - w));
      }
    }
    // A float recursion of 2,800 steps rounds each of them by up to 2^-25.
    EXPECT_LT(worst, 3e-5) << c.name;
    for (const float value : plane.weights()) EXPECT_EQ(value, plane.weights()[0]) << c.name;
  }
}

TEST(CellFormula, OneStepHasTheMeanAndDeviationOfTheFormulaAtEveryWeight) {
  constexpr double sigma = 0.4;
  for (const FormulaCase& c : formula_cases()) {
    CellPlane plane = plane_of(c, sigma, 64);
    for (const double w : {-0.5, -0.1, 0.0, 0.3, 0.6}) {
      for (const bool up : {true, false}) {
        Moments change;
        const auto start = static_cast<float>(w);
        for (std::uint64_t repeat = 0; repeat < 20; ++repeat) {
          plane.program(std::vector<float>(64 * 16, start));
          pulse(plane, up, repeat);
          for (const float value : plane.weights()) change.add(double{value} - start);
        }
        const double mean = c.mean(start, up);
        const double deviation = sigma * c.deviation(start, up);
        EXPECT_NEAR(change.mean(), mean, 4.5 * deviation / std::sqrt(20480) + 1e-9) << c.name << ' ' << w << up;
        // Standard error of a normal deviation: its 1 / sqrt(2 n).
        EXPECT_NEAR(std::sqrt(std::max(0.0, change.variance())), deviation, 4.5 * deviation / std::sqrt(40960) + 3e-8)
            << c.name << ' ' << w << up;
      }
    }
  }
}

TEST(CellFormula, BoundsHoldAfterEveryPulseWhateverTheNoise) {
  for (const FormulaCase& c : formula_cases()) {
    CellPlane plane = plane_of(c, 5, 4, 0.05);  // steps of 0.05, noise of 5 of them
    const Cell cell = plane.cell(0, 0);
    EXPECT_NEAR(cell.bound_low, low - c.reference, 1e-6) << c.name;
    EXPECT_NEAR(cell.bound_high, high - c.reference, 1e-6) << c.name;
    bool at_low = false, at_high = false;
    for (std::uint64_t k = 0; k < 400; ++k) {
      pulse(plane, (k / 50) % 2 == 0, k);
      for (const float w : plane.weights()) {
        ASSERT_GE(w, cell.bound_low) << c.name;
        ASSERT_LE(w, cell.bound_high) << c.name;
        at_low = at_low || w == cell.bound_low;
        at_high = at_high || w == cell.bound_high;
      }
    }
    EXPECT_TRUE(at_low && at_high) << c.name << " never met a bound";
  }
}

/// Cells with device-to-device deviation whose reference holds the symmetry point.
TEST(CellFormula, AtTheSymmetryPointUpAndDownStepsAreEqual) {
  PopulationParameters p;
  p.dw_min = 0.001;
  p.dw_min_std = 0;
  p.up_down_dtod = 0.3;
  p.w_max = 0.8;
  const OwnValues common{{"subtract_symmetry_point", {1}}};
  OwnValues power = common;
  power["pow_gamma"] = {1.6};
  power["pow_gamma_dtod"] = {0.2};
  power["pow_up_down_dtod"] = {0.1};
  OwnValues slopes = common;
  slopes["slope_up_dtod"] = {0.2};
  slopes["slope_down_dtod"] = {0.2};
  for (const CellParameters& parameters :
       {make_cell("soft_bounds_reference", p, slopes), make_cell("pow_step_reference", p, power)}) {
    const PlaneShape shape = PlaneShape::of(64, 16);
    CellPlane up(shape, parameters, CoincidenceMode::exact, 3, 4, 0);
    CellPlane down(shape, parameters, CoincidenceMode::exact, 3, 4, 0);
    std::size_t spread = 0;
    (void)up.apply(all_meet_once(0, 64, 16, 0x80000000U), 0, 64);
    (void)down.apply(all_meet_once(0, 64, 16, 0), 0, 64);
    for (std::size_t at = 0; at < 1024; ++at) {
      const Cell cell = up.cell(at / 16, at % 16);
      ASSERT_LT(cell.bound_low, 0.0F);
      ASSERT_GT(cell.bound_high, 0.0F);
      // Both planes start at 0, where the reference lies. Float weights near the step keep its leading 22 bits.
      ASSERT_NEAR(up.weights()[at], -down.weights()[at], 1e-5 * std::abs(up.weights()[at]) + 1e-9)
          << parameters.family() << ' ' << at;
      EXPECT_GT(up.weights()[at], 0.0F);
      if (std::abs(cell.reset_bias) > 0.05F) ++spread;
      EXPECT_NEAR(cell.reset_bias, parameters.family() == "pow_step_reference" ? cell.own[2] : cell.own[0], 1e-7);
    }
    EXPECT_GT(spread, 100U) << "the points themselves differ from cell to cell";
    // Alternating pulses lead every cell to that point from anywhere.
    CellPlane from(shape, parameters, CoincidenceMode::exact, 3, 4, 0);
    from.program(std::vector<float>(1024, 0.3F));
    for (std::uint64_t k = 0; k < 20000; ++k)
      (void)from.apply(all_meet_once(k, 64, 16, k % 2 == 0 ? 0U : 0x80000000U), 0, 64);
    Moments rest;
    for (const float w : from.weights()) rest.add(w);
    EXPECT_NEAR(rest.mean(), 0, 0.01) << parameters.family();
  }
}

TEST(CellFormula, TrainsTakeTheirGranularityFromTheMeanStepAtZero) {
  const auto granularity = [](const std::string& family, const OwnValues& own, double up_down = 0) {
    PopulationParameters p;
    p.dw_min = 0.004;
    p.up_down = up_down;
    return make_cell(family, p, own).granularity();
  };
  for (const char* family : {"constant_step", "linear_step", "soft_bounds", "soft_bounds_reference"}) {
    EXPECT_EQ(granularity(family, {}), 0.004) << family;
  }
  EXPECT_NEAR(granularity("pow_step", {{"pow_gamma", {2}}}), 0.001, 1e-12);
  EXPECT_NEAR(granularity("pow_step_reference", {{"pow_gamma", {0.5}}}), 0.004 * std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(granularity("piecewise_step", {{"piecewise_up", {3, 2, 1, 0.5}}, {"piecewise_down", {1, 1, 1, 1}}}),
              0.004, 1e-12);
  // The down step at 0, as aihwkit has it.
  EXPECT_NEAR(granularity("exp_step", {}, 0.2), 0.004 * 0.8 * (1 - 0.36833 * std::exp(-12.78785 * 0.2425)), 1e-9);
  EXPECT_EQ(granularity("exp_step", {{"A_down", {100}}}), 0.004) << "no step down at 0 at all";
}

}  // namespace
}  // namespace rheo::crossbar
