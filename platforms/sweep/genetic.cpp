#include "platforms/sweep/genetic.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <pagmo/algorithm.hpp>
#include <pagmo/algorithms/nsga2.hpp>
#include <pagmo/batch_evaluators/member_bfe.hpp>
#include <pagmo/bfe.hpp>
#include <pagmo/population.hpp>
#include <pagmo/problem.hpp>
#include <stdexcept>

namespace rheo::sweep {
namespace {

using Vector = pagmo::vector_double;

/// Worse than anything that a chip does, yet a number: crowding distances are differences of objectives.
constexpr double hopeless = 1e30;

/// Axes as pagmo counts them: real variables in [0, 1] first, then whole numbers of the places in lists and of
/// integer ranges.
class Coding {
 public:
  explicit Coding(const std::vector<Axis>& axes) : axes_(axes) {
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (!is_whole(axes[i])) order_.push_back(i);
    }
    reals_ = order_.size();
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (is_whole(axes[i])) order_.push_back(i);
    }
  }

  [[nodiscard]] std::size_t whole() const { return axes_.size() - reals_; }
  [[nodiscard]] std::pair<Vector, Vector> bounds() const {
    Vector high(axes_.size(), 1.0);
    for (std::size_t v = reals_; v < order_.size(); ++v) high[v] = places(axes_[order_[v]]) - 1;
    return {Vector(axes_.size(), 0.0), high};
  }
  [[nodiscard]] Settings settings(const double* variables) const {
    Settings settings(axes_.size());
    for (std::size_t v = 0; v < order_.size(); ++v) {
      const Axis& axis = axes_[order_[v]];
      const double position = v < reals_ ? variables[v] : (variables[v] + 0.5) / places(axis);
      settings[order_[v]] = axis.at(std::min(position, std::nextafter(1.0, 0.0)));
    }
    return settings;
  }

 private:
  static bool is_whole(const Axis& axis) {
    return axis.kind == Axis::Kind::list || (axis.kind == Axis::Kind::range && axis.integers);
  }
  static double places(const Axis& axis) {
    return axis.kind == Axis::Kind::list ? static_cast<double>(axis.values.size()) : axis.high - axis.low + 1;
  }

  std::vector<Axis> axes_;
  std::vector<std::size_t> order_;  ///< the axis of each variable
  std::size_t reals_ = 0;
};

/// What pagmo copies about; the answers are behind one pointer.
struct Shared {
  Coding coding;
  std::size_t objectives;
  Evaluate evaluate;
  std::int64_t generation = 0;
};

/// The problem as pagmo asks for it: nothing but batches, a whole generation at a time.
struct Problem {
  std::shared_ptr<Shared> shared;

  [[nodiscard]] Vector fitness(const Vector& variables) const { return batch_fitness(variables); }
  [[nodiscard]] std::pair<Vector, Vector> get_bounds() const { return shared->coding.bounds(); }
  [[nodiscard]] Vector::size_type get_nobj() const { return shared->objectives; }
  [[nodiscard]] Vector::size_type get_nix() const { return shared->coding.whole(); }
  [[nodiscard]] Vector batch_fitness(const Vector& variables) const {
    const std::size_t width = shared->coding.bounds().first.size();
    std::vector<Settings> settings;
    for (std::size_t i = 0; i < variables.size(); i += width) {
      settings.push_back(shared->coding.settings(variables.data() + i));
    }
    Vector all;
    for (const std::vector<double>& one : shared->evaluate(settings, shared->generation++)) {
      for (std::size_t i = 0; i < shared->objectives; ++i) all.push_back(one.empty() ? hopeless : one[i]);
    }
    return all;
  }
  /// Problems are never sent to other processes.
  template <class Archive>
  void serialize(Archive& /*archive*/, unsigned /*version*/) {
    throw std::logic_error("a sweep's problem is not serialised");
  }
};

}  // namespace

void search(const std::vector<Axis>& axes, const Sampling& sampling, std::size_t objectives, const Evaluate& evaluate) {
  const Problem problem{std::make_shared<Shared>(Shared{Coding(axes), objectives, evaluate, 0})};
  const auto seed = static_cast<unsigned>(sampling.seed);
  const pagmo::bfe batches{pagmo::member_bfe{}};
  pagmo::population population{pagmo::problem{problem}, batches, static_cast<std::size_t>(sampling.population), seed};
  if (sampling.generations == 0) return;
  pagmo::nsga2 nsga2(static_cast<unsigned>(sampling.generations), 0.95, 10.0, 0.1, 50.0, seed);
  nsga2.set_bfe(batches);
  static_cast<void>(pagmo::algorithm{nsga2}.evolve(population));
}

}  // namespace rheo::sweep
