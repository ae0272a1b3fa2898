#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "models/crossbar/pulse_trains.hpp"
#include "tests/crossbar/moments.hpp"

namespace rheo::crossbar {
namespace {

using testing::UpdateFormulas;

PulseSettings managed(float granularity, int longest = 31) {
  return {UpdateMode::stochastic_compressed, granularity, longest, true, true};
}

TEST(PulseScales, FollowTheFormulasWithAndWithoutEachManagement) {
  for (const bool update : {false, true}) {
    for (const bool length : {false, true}) {
      for (const int longest : {1, 5, 10, 31, 63, 1023}) {
        for (const double lr : {0.001, 0.01, 0.1, 1.0}) {
          for (const double x : {0.01, 0.5, 1.0, 28.0}) {
            for (const double d : {1e-5, 1e-3, 0.3, 1.0}) {
              const PulseSettings settings{UpdateMode::stochastic_compressed, 0.0016F, longest, update, length};
              const PulseScales made =
                  pulse_scales(settings, static_cast<float>(lr), static_cast<float>(x), static_cast<float>(d));
              const UpdateFormulas expected{0.0016, 0, longest, update, length, lr, x, d};
              const double distance = std::abs(expected.wanted() - std::round(expected.wanted()));
              if (length && distance < 1e-5 * expected.wanted()) continue;  // either side of a whole slot
              const std::string what = "lr " + std::to_string(lr) + " x " + std::to_string(x) + " d " +
                                       std::to_string(d) + " of " + std::to_string(longest);
              EXPECT_EQ(made.slots, static_cast<int>(expected.slots())) << what;
              EXPECT_NEAR(made.rows, expected.rows(), 1e-5 * expected.rows()) << what;
              EXPECT_NEAR(made.columns, expected.columns(), 1e-5 * expected.columns()) << what;
            }
          }
        }
      }
    }
  }
}

TEST(PulseScales, TheMeanUpdateIsTheProductAsLongAsNothingSaturates) {
  // k = 0.1 * 0.8 * 0.02 / 0.0016 = 1: dw_min BL P(x) P(d) = lr x d.
  for (const auto& [x, d] : {std::pair{0.8F, 0.02F}, std::pair{0.5F, 0.3F}, std::pair{0.01F, 0.9F}}) {
    const PulseScales s = pulse_scales(managed(0.0016F), 0.1F, x, d);
    EXPECT_LE(x * s.rows, 1.0F + 1e-6F);
    EXPECT_LE(d * s.columns, 1.0F + 1e-6F);
    EXPECT_NEAR(x * s.rows, d * s.columns, 1e-5) << "update management balances the largest probabilities";
    EXPECT_NEAR(0.0016 * s.slots * (x * s.rows) * (d * s.columns), 0.1 * x * d, 1e-6 * 0.1 * x * d);
  }
}

TEST(PulseScales, OnlyDSaturatesBeyondTheLongestTrain) {
  // k = 0.5 * 1 * 1 / 0.0016 = 312.5 of 31 slots: x_m still fires with probability 1, d_m with 10.08.
  const PulseScales s = pulse_scales(managed(0.0016F), 0.5F, 1.0F, 1.0F);
  EXPECT_EQ(s.slots, 31);
  EXPECT_NEAR(s.rows, 1.0, 1e-6);
  EXPECT_NEAR(s.columns, 312.5 / 31, 1e-4);
  // Exactly at the bound both are 1.
  const PulseScales at = pulse_scales(managed(1.0F / 64), 31.0F / 64, 1.0F, 1.0F);
  EXPECT_EQ(at.slots, 31);
  EXPECT_NEAR(at.rows, 1.0, 1e-6);
  EXPECT_NEAR(at.columns, 1.0, 1e-6);
}

TEST(PulseScales, ATrainIsAsLongAsItNeedsToBe) {
  for (const int longest : {31, 63, 1023}) {
    const PulseSettings settings = managed(1.0F / 1024, longest);
    PulseSettings fixed = settings;
    fixed.length_management = false;
    for (int slots = 1; slots <= longest; ++slots) {
      const float rate = static_cast<float>(slots) / 1024;  // exact in binary
      EXPECT_EQ(pulse_scales(settings, rate, 1.0F, 1.0F).slots, slots);
      EXPECT_EQ(pulse_scales(settings, std::nextafter(rate, 1.0F), 1.0F, 1.0F).slots, std::min(slots + 1, longest));
      EXPECT_EQ(pulse_scales(fixed, rate, 1.0F, 1.0F).slots, longest);
    }
  }
}

TEST(PulseScales, NothingToDoIsNoTrain) {
  const PulseSettings settings;
  EXPECT_EQ(pulse_scales(settings, 0.0F, 1.0F, 1.0F).slots, 0);
  EXPECT_EQ(pulse_scales(settings, 0.1F, 0.0F, 1.0F).slots, 0);
  EXPECT_EQ(pulse_scales(settings, 0.1F, 1.0F, 0.0F).slots, 0);
}

}  // namespace
}  // namespace rheo::crossbar
