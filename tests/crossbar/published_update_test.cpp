// Mean, variance and correlations of one update, against their closed forms and the published tables.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/crossbar/crossbar_array.hpp"
#include "tests/crossbar/cell_settings.hpp"
#include "tests/crossbar/moments.hpp"
#include "tests/crossbar/published_data.hpp"
#include "tests/crossbar/reference_array.hpp"
#include "tests/crossbar/standard_errors.hpp"

namespace rheo::crossbar {
namespace {

using testing::Moments;
using testing::StandardErrors;
using testing::UpdateFormulas;
using testing::vectors_in;

constexpr std::size_t repeats = 40000;
constexpr double published_repeats = 20000;

/// One setting of the tables: 8 inputs, 4 errors.
struct UpdateCase {
  std::string name;
  UpdateParameters update;
  std::vector<float> x, d;
  float lr = 0;
  std::vector<std::vector<std::string>> rows;

  [[nodiscard]] UpdateFormulas formulas() const {
    return {0.0016,
            0.3,
            static_cast<int>(update.train_length),
            update.update_management,
            update.length_management,
            double{lr},
            double{testing::largest(x)},
            double{testing::largest(d)}};
  }
  /// Calls visit(weights after one update from 0), input by input, for every repeat.
  template <class Visit>
  void repeat(Visit visit) const {
    ArraySettings settings;
    settings.device.cell.population = testing::uniform_population(0.0016, 0.3, -10, 10);
    settings.update = update;
    CrossbarArray tile(8, 4, settings, 31, 1);
    ThreadTeam team(1);
    const std::vector<float> zeros(32, 0.0F);
    for (std::uint64_t n = 0; n < repeats; ++n) {
      tile.program(zeros);
      (void)tile.update(vectors_in(x, 8), vectors_in(d, 4), {0, 1, n}, lr, team);
      visit(tile.weights());
    }
  }
};

class PublishedUpdate : public testing::PublishedData {
 protected:
  [[nodiscard]] std::vector<UpdateCase> cases() const {
    std::map<std::string, UpdateCase> all;
    for (const Row& row : table("single_update_statistics.csv")) {
      if (row[0] == "case") continue;
      UpdateCase& c = all[row[0]];
      c.name = row[0];
      c.update.train_length = std::stoi(row[1]);
      c.update.length_management = row[2] == "1";
      c.update.update_management = row[3] == "1";
      c.lr = std::stof(row[4]);
      c.rows.push_back(row);
    }
    std::vector<UpdateCase> list;
    for (auto& [name, c] : all) {
      for (std::size_t i = 0; i < 8; ++i) c.x.push_back(std::stof(c.rows[i][6]));  // the 8 inputs run fastest
      for (std::size_t j = 0; j < 4; ++j) c.d.push_back(std::stof(c.rows[8 * j][7]));
      EXPECT_EQ(c.rows.size(), 32U);
      list.push_back(c);
    }
    EXPECT_EQ(list.size(), 7U);
    return list;
  }
};

TEST_F(PublishedUpdate, MeanAndVarianceOfEveryCell) {
  StandardErrors means, variances;
  for (const UpdateCase& c : cases()) {
    const UpdateFormulas formulas = c.formulas();
    EXPECT_EQ(static_cast<int>(formulas.slots()), std::stoi(c.rows[0][5])) << c.name;
    std::array<Moments, 32> moments;
    c.repeat([&](const std::vector<float>& w) {
      for (std::size_t i = 0; i < 32; ++i) moments[i].add(w[i]);
    });
    for (std::size_t j = 0; j < 4; ++j) {
      for (std::size_t i = 0; i < 8; ++i) {
        const std::vector<std::string>& row = c.rows[8 * j + i];
        const Moments& m = moments[i * 4 + j];
        const std::string what = c.name + " x " + row[6] + " d " + row[7];
        const double mean = std::stod(row[9]);
        const double deviation = std::stod(row[11]);
        // The formulas that the other tests rest on are those of the table.
        EXPECT_NEAR(formulas.mean(c.x[i], c.d[j]), mean, 1e-5 * std::abs(mean)) << what;
        EXPECT_NEAR(std::sqrt(formulas.variance(c.x[i], c.d[j])), deviation, 1e-5 * deviation) << what;
        if (deviation == 0) {
          EXPECT_EQ(m.mean(), 0) << what;
          EXPECT_EQ(m.variance(), 0) << what;
          continue;
        }
        means.add(m.mean() - mean, deviation / std::sqrt(repeats), what);
        // The error of a variance by the fourth moment of the sample, unless pulses are too rare for that.
        const double pulses = std::abs(mean) / 0.0016 * repeats;
        if (pulses > 500) variances.add(m.variance() - deviation * deviation, m.variance_error(), what);
        // The measured ones: two samples; the published one has up to 0.5 % bias of the mean step (frozen noise).
        EXPECT_NEAR(m.mean(), std::stod(row[10]),
                    4 * deviation * std::sqrt(1.0 / repeats + 1 / published_repeats) + 0.005 * std::abs(mean))
            << what;
        // Its deviations lie up to 5.4 % beside their own formulas where the sample is good.
        const double variance = std::pow(std::stod(row[12]), 2);
        EXPECT_NEAR(m.variance(), variance, 4 * std::sqrt(3.0) * m.variance_error() + 0.12 * variance) << what;
      }
    }
  }
  means.expect_sound("means");
  variances.expect_sound("variances");
}

TEST_F(PublishedUpdate, CorrelationsOfCellsThatShareATrain) {
  std::map<std::string, Row> published;
  for (const Row& row : table("single_update_correlations.csv")) published[row[0]] = row;
  StandardErrors ours, theirs;
  for (const UpdateCase& c : cases()) {
    const auto input = [&](float x) {
      return static_cast<std::size_t>(std::find(c.x.begin(), c.x.end(), x) - c.x.begin());
    };
    const float largest = testing::largest(c.d);
    const auto error = [&](float share) {
      for (std::size_t j = 0; j < 4; ++j) {
        if (std::abs(c.d[j] - share * largest) < 1e-4F * largest) return j;
      }
      ADD_FAILURE() << c.name << ": no error of " << share;
      return std::size_t{0};
    };
    ASSERT_LT(input(1.0F), 8U);
    ASSERT_LT(input(0.5F), 8U);
    const std::size_t first = input(1.0F) * 4 + error(1.0F);
    // Same line of d, same line of x, neither.
    const std::array<std::size_t, 3> second{input(0.5F) * 4 + error(1.0F), input(1.0F) * 4 + error(-0.5F),
                                            input(0.5F) * 4 + error(-0.5F)};
    Moments one;
    std::array<Moments, 3> other, product;
    c.repeat([&](const std::vector<float>& w) {
      one.add(w[first]);
      for (std::size_t k = 0; k < 3; ++k) {
        other[k].add(w[second[k]]);
        product[k].add(double{w[first]} * w[second[k]]);
      }
    });
    const UpdateFormulas f = c.formulas();
    const std::array<double, 3> expected{f.correlation_along_d(1, 0.5, largest),
                                         f.correlation_along_x(1, largest, -0.5 * largest), 0};
    for (std::size_t k = 0; k < 3; ++k) {
      const double correlation =
          (product[k].mean() - one.mean() * other[k].mean()) / std::sqrt(one.variance() * other[k].variance());
      const std::string what = c.name + ", pair " + std::to_string(k);
      const double measured = std::stod(published.at(c.name).at(1 + k));
      ours.add(correlation - expected[k], (1 - expected[k] * expected[k]) / std::sqrt(repeats), what);
      theirs.add(measured - expected[k], (1 - expected[k] * expected[k]) / std::sqrt(published_repeats), what);
      RecordProperty(c.name + "_" + std::to_string(k),
                     std::to_string(expected[k]) + " " + std::to_string(correlation) + " " + std::to_string(measured));
    }
  }
  ours.expect_sound("ours");
  theirs.expect_sound("published");
}

}  // namespace
}  // namespace rheo::crossbar
