#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "platforms/sweep/expression.hpp"

namespace rheo::sweep {

/// A value as a configuration takes it (TOML) and as results show it (JSON).
struct Value {
  std::string toml;
  nlohmann::json json;
};

/// What a sweep varies: a configuration key, and keys that take the same value.
struct Axis {
  enum class Kind : std::uint8_t { list, range, log_range };

  std::string key;
  std::vector<std::string> also;
  Kind kind = Kind::list;
  std::vector<Value> values;  ///< list
  double low = 0, high = 0;   ///< ranges; both ends belong to them
  std::string unit;           ///< ranges of quantities: that of both ends, as "ns"
  bool integers = false;      ///< ranges whose ends are integers have integers between, too
  std::int64_t steps = 0;     ///< ranges: values of a grid; 0: integers one by one
  std::string where;          ///< "FILE:LINE:COLUMN"

  /// The value at `position` in [0, 1): a list's in equal parts, a range's to six digits.
  [[nodiscard]] Value at(double position) const;
  /// The values of a grid, each once.
  [[nodiscard]] std::vector<Value> grid() const;

 private:
  [[nodiscard]] Value value(double number) const;
};

enum class Goal : std::uint8_t { min, max };

/// A figure of the report and where it should go: "energy.total_j", min.
struct Objective {
  std::string name;
  Goal goal = Goal::min;
  std::string where;
};

struct Constraint {
  Expression condition;
  std::string where;
};

enum class SamplingKind : std::uint8_t {
  grid,             ///< every combination; the last axis moves fastest
  random,           ///< independent and uniform
  latin_hypercube,  ///< each axis in `points` equal parts, each used once
  sobol,            ///< Sobol's low-discrepancy points, shifted by the seed
  nsga2,            ///< multi-objective genetic search (Deb et al. 2002)
};

struct Sampling {
  SamplingKind kind = SamplingKind::grid;
  std::int64_t points = 0;       ///< random, latin_hypercube, sobol
  std::int64_t seed = 1;         ///< of the choice of points
  std::int64_t population = 24;  ///< nsga2; a multiple of four
  std::int64_t generations = 10;
};

/// What each point executes.
enum class Task : std::uint8_t {
  run,       ///< `rheo run`
  evaluate,  ///< `rheo evaluate` with weights that stay the same
};

/// A sweep as its TOML file says it:
///
///     config = "../lenet_gv.toml"              # of every point; relative to this file
///     set = ["workload.epochs=2"]              # laid over it
///     repeats = 3                              # seeds: the configuration's own, and those that follow it
///     constraints = ["adc.bits <= 9", "area.total_mm2 < 10"]
///     [axes]
///     adc.bits = [4, 6, 8]
///     tile.rows = { values = [128, 256], also = ["tile.columns"] }
///     device.dw_min = { log_range = [1e-4, 1e-2], steps = 5 }
///     tile.read_time = { range = ["20 ns", "100 ns"], steps = 3 }
///     [sampling]
///     kind = "grid"
///     [objectives]
///     accuracy.final = "max"
///     energy.total_j = "min"
struct SweepFile {
  std::string where;  ///< the file as it was named, for errors
  std::string text;   ///< its content
  std::string name;   ///< the file's without its ending
  Task task = Task::run;
  std::filesystem::path config;
  std::filesystem::path weights;  ///< evaluate
  std::string weights_where;
  std::vector<std::string> set;  ///< KEY=VALUE
  std::int64_t repeats = 1;
  bool keep = false;  ///< the folders of the points that succeeded stay
  std::vector<Axis> axes;
  Sampling sampling;
  std::vector<Objective> objectives;
  std::vector<Constraint> constraints;

  /// Throws InputError: unreadable, not TOML, unknown or missing keys, values out of range, tables and axes without
  /// values, weights that are not there.
  [[nodiscard]] static SweepFile load(const std::filesystem::path& file);
  /// The text of a file that stood there, or stands there still. Throws InputError as load().
  [[nodiscard]] static SweepFile parse(const std::string& text, const std::filesystem::path& file);
};

}  // namespace rheo::sweep
