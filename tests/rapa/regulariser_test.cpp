// The regulariser of random tiling in logistic regression (Rasch et al. 2019, sections 3.5 and 3.6), by enumeration of
// all ways to draw every parameter's replica:
//     R = sum_i <A(x_i theta_s)>_s - A(x_i mean theta),   A(z) = -log(1 - sigma(z)) = log(1 + e^z)
//     R ~ 1/2 sum_i p_i (1 - p_i) sum_l x_il^2 Var_s(theta_l)
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace rheo::testing {
namespace {

using Vector = std::vector<double>;

double log_partition(double z) { return std::log1p(std::exp(z)); }
double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

struct Model {
  std::vector<Vector> samples;   ///< x_i
  std::vector<Vector> replicas;  ///< [l][s]: parameter l on tile s

  [[nodiscard]] double mean(std::size_t l) const {
    double sum = 0;
    for (const double theta : replicas[l]) sum += theta;
    return sum / static_cast<double>(replicas[l].size());
  }
  [[nodiscard]] double variance(std::size_t l) const {
    double sum = 0;
    for (const double theta : replicas[l]) sum += (theta - mean(l)) * (theta - mean(l));
    return sum / static_cast<double>(replicas[l].size());
  }
  [[nodiscard]] double at_mean(const Vector& x) const {
    double z = 0;
    for (std::size_t l = 0; l < x.size(); ++l) z += x[l] * mean(l);
    return z;
  }
  /// f averaged over all draws of a replica for every parameter.
  template <typename F>
  [[nodiscard]] double averaged(const Vector& x, const F& f, double z = 0, std::size_t l = 0) const {
    if (l == x.size()) return f(z);
    double sum = 0;
    for (const double theta : replicas[l]) sum += averaged(x, f, z + x[l] * theta, l + 1);
    return sum / static_cast<double>(replicas[l].size());
  }
  [[nodiscard]] double regulariser() const {
    double sum = 0;
    for (const Vector& x : samples) sum += averaged(x, log_partition) - log_partition(at_mean(x));
    return sum;
  }
  [[nodiscard]] double second_order() const {
    double sum = 0;
    for (const Vector& x : samples) {
      double spread = 0;
      for (std::size_t l = 0; l < x.size(); ++l) spread += x[l] * x[l] * variance(l);
      const double p = sigmoid(at_mean(x));
      sum += 0.5 * p * (1 - p) * spread;
    }
    return sum;
  }
};

/// 20 samples of 4 parameters on 3 tiles that deviate by about `deviation` from their mean.
Model drawn(unsigned seed, double deviation) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Model model{std::vector<Vector>(20, Vector(4)), std::vector<Vector>(4, Vector(3))};
  for (Vector& x : model.samples) {
    for (double& value : x) value = normal(random);
  }
  for (Vector& parameter : model.replicas) {
    const double centre = normal(random);
    for (double& theta : parameter) theta = centre + deviation * normal(random);
  }
  return model;
}

TEST(Regulariser, TheAverageLossIsTheLossOfTheMeanAndTheRegulariserWhateverTheLabels) {
  const Model model = drawn(1, 0.7);
  for (unsigned labels = 0; labels < 8; ++labels) {
    double averaged = 0, of_mean = 0;
    for (std::size_t i = 0; i < model.samples.size(); ++i) {
      const double y = (labels >> i % 3) & 1U;
      // -log p(y | x) by the logistic function itself.
      const auto loss = [&](double z) { return -std::log(y > 0 ? sigmoid(z) : 1 - sigmoid(z)); };
      averaged += model.averaged(model.samples[i], loss);
      of_mean += loss(model.at_mean(model.samples[i]));
    }
    EXPECT_NEAR(averaged, of_mean + model.regulariser(), 1e-10);
  }
}

TEST(Regulariser, IsNeverNegative) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    for (const double deviation : {0.01, 0.3, 2.0}) EXPECT_GT(drawn(seed, deviation).regulariser(), 0) << seed;
  }
}

TEST(Regulariser, IsZeroWhenTheReplicasAgree) {
  for (unsigned seed = 0; seed < 10; ++seed) EXPECT_NEAR(drawn(seed, 0).regulariser(), 0, 1e-12);
}

TEST(Regulariser, TheSecondOrderIsCloseForSmallVarianceAndItsErrorFallsFaster) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const auto error = [&](double deviation) {
      const Model model = drawn(seed, deviation);
      return std::abs(model.regulariser() / model.second_order() - 1);
    };
    EXPECT_LT(error(0.01), 0.005) << seed;
    EXPECT_LT(error(0.001), 0.0005) << seed;
  }
}

}  // namespace
}  // namespace rheo::testing
