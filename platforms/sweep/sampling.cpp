#include "platforms/sweep/sampling.hpp"

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/sobol.hpp>
#include <boost/random/uniform_01.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

namespace rheo::sweep {
namespace {

std::vector<Settings> grid(const std::vector<Axis>& axes) {
  std::vector<Settings> points(1);
  for (const Axis& axis : axes) {
    std::vector<Settings> longer;
    const std::vector<Value> values = axis.grid();
    longer.reserve(points.size() * values.size());
    for (const Settings& point : points) {
      for (const Value& value : values) {
        longer.push_back(point);
        longer.back().push_back(value);
      }
    }
    points = std::move(longer);
  }
  return points;
}

/// Each point once: integers and lists let different positions fall together.
std::vector<Settings> distinct(std::vector<Settings> points) {
  std::set<std::vector<std::string>> seen;
  std::erase_if(points, [&](const Settings& point) {
    std::vector<std::string> words;
    for (const Value& value : point) words.push_back(value.toml);
    return !seen.insert(std::move(words)).second;
  });
  return points;
}

}  // namespace

std::vector<std::vector<double>> unit_points(const Sampling& sampling, std::size_t dimensions) {
  const auto points = static_cast<std::size_t>(sampling.points);
  std::vector<std::vector<double>> cube(points, std::vector<double>(dimensions));
  boost::random::mt19937_64 engine(static_cast<std::uint64_t>(sampling.seed));
  boost::random::uniform_01<double> uniform;
  switch (sampling.kind) {
    case SamplingKind::random:
      for (auto& point : cube) std::ranges::generate(point, [&] { return uniform(engine); });
      break;
    case SamplingKind::latin_hypercube: {
      std::vector<std::size_t> parts(points);
      for (std::size_t d = 0; d < dimensions; ++d) {
        std::iota(parts.begin(), parts.end(), std::size_t{0});
        for (std::size_t i = points; i > 1; --i) {
          std::swap(parts[i - 1], parts[boost::random::uniform_int_distribution<std::size_t>(0, i - 1)(engine)]);
        }
        for (std::size_t i = 0; i < points; ++i) {
          cube[i][d] = (static_cast<double>(parts[i]) + uniform(engine)) / static_cast<double>(points);
        }
      }
      break;
    }
    case SamplingKind::sobol: {
      // Moved by random bits (a digital shift), which keeps the balance, or the first point would be a corner.
      std::vector<std::uint64_t> shift(dimensions);
      std::ranges::generate(shift, [&] { return engine(); });
      boost::random::sobol sequence(dimensions);
      for (auto& point : cube) {
        // Boost leaves out the first point, the origin, without which powers of two are not balanced.
        const bool origin = &point == &cube.front();
        for (std::size_t d = 0; d < dimensions; ++d) {
          const std::uint64_t bits = (origin ? 0 : sequence()) ^ shift[d];
          point[d] = std::ldexp(static_cast<double>(bits >> 11U), -53);
        }
      }
      break;
    }
    case SamplingKind::grid:
    case SamplingKind::nsga2:
      throw std::logic_error("unit_points: not a way of sampling the unit cube");
  }
  return cube;
}

std::vector<Settings> sample(const std::vector<Axis>& axes, const Sampling& sampling) {
  if (sampling.kind == SamplingKind::grid) return grid(axes);
  std::vector<Settings> points;
  for (const std::vector<double>& position : unit_points(sampling, axes.size())) {
    Settings settings;
    for (std::size_t d = 0; d < axes.size(); ++d) settings.push_back(axes[d].at(position[d]));
    points.push_back(std::move(settings));
  }
  return distinct(std::move(points));
}

}  // namespace rheo::sweep
