#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platforms/sweep/sweep_file.hpp"

namespace rheo::sweep {

enum class Status : std::uint8_t {
  waiting,   ///< not begun, or begun and stopped
  running,   ///< with an engine, or with one that died
  done,      ///< its report is here
  failed,    ///< its error is here
  excluded,  ///< the configuration breaks a constraint: nothing was executed
};
inline constexpr std::array<std::string_view, 5> status_names{"waiting", "running", "done", "failed", "excluded"};

/// One row of the table `point`.
struct Point {
  std::int64_t id = 0;          ///< from 1, in the order of planning
  std::int64_t generation = 0;  ///< of a search; else 0
  std::int64_t seed = 0;
  std::string settings;     ///< JSON object: the key of each axis with its value
  std::string config_hash;  ///< empty when the configuration was refused
  Status status = Status::waiting;
  double wall_s = 0;       ///< of all its processes together; of one killed with its sweep to within two seconds
  std::string error;       ///< one line
  std::string config;      ///< resolved TOML, a dotted key a line
  std::string report;      ///< JSON, as report.json; a point may have one and fail: a figure is not finite
  std::string objectives;  ///< JSON object: each objective with its number; empty: not assessed
  bool feasible = true;    ///< keeps the constraints on figures of its report
};

/// The results of a sweep, one SQLite file. Every change is a transaction; what a killed process had committed is
/// there when it is opened again. Tables (schema 1):
///
///     sweep(key, value)                  schema, version, name, sweep (the TOML text), repeats, base (see
///     base_hash()),
///                                        planned (settings that have their points)
///     axis(position, key, kind)          kind: list, range, log_range
///     objective(position, name, goal)    goal: min, max
///     point(id, generation, seed, settings, config_hash, status, wall_s, error, config, report, objectives,
///           feasible)                    see Point; absent texts and times are NULL
///
/// Whatever is asked of a file that is damaged, or holds what no sweep writes, throws InputError with its name. Writing
/// throws SimulationError when the disk refuses.
class Database {
 public:
  /// Makes the file, as a whole or not at all.
  static Database create(const std::filesystem::path& file, const SweepFile& sweep, const std::string& version,
                         const std::string& base);
  /// Throws InputError: no such file, not a sweep's, another schema. A file that is refused stays as it is.
  static Database open(const std::filesystem::path& file, bool read_only);

  /// Throws InputError when pages or indices of the file contradict each other. Reads all of it.
  void check();
  /// Puts everything into the one file, which can then be read where nothing can be written. Nothing is written after.
  void close();

  /// Empty when there is none.
  [[nodiscard]] std::string value(const std::string& key);
  void set_value(const std::string& key, const std::string& value);
  /// Seeds of each setting.
  [[nodiscard]] std::int64_t repeats();
  /// Settings that have their points; none was written down: nothing.
  [[nodiscard]] std::optional<std::int64_t> planned();

  [[nodiscard]] std::vector<std::string> axes();
  [[nodiscard]] std::vector<Objective> objectives();

  /// Adds the points and writes down how many settings are planned now, in one transaction; fills in the ids.
  void add(std::vector<Point>& points, std::int64_t planned);
  /// Whether that configuration has a point.
  [[nodiscard]] bool contains(const std::string& config_hash);
  /// Whether those settings have a point whose configuration was refused.
  [[nodiscard]] bool contains_refused(const std::string& settings, std::int64_t seed);
  [[nodiscard]] std::optional<Point> point(std::int64_t id);
  /// The point of that configuration, if there is one, without configuration and report.
  [[nodiscard]] std::optional<Point> outcome(const std::string& config_hash);
  [[nodiscard]] std::vector<Point> points();
  /// All points without their configurations and reports, which are large.
  [[nodiscard]] std::vector<Point> outcomes();
  [[nodiscard]] std::map<Status, std::int64_t> counts();

  void set_status(std::int64_t id, Status status);
  void set_wall(std::int64_t id, double wall_s);
  /// Writes status, wall time, error, report, objectives and feasibility.
  void finish(const Point& point);
  /// Takes over objectives and text of a changed sweep. With `judged_anew` every report waits for its assessment: its
  /// point is done and has no objectives.
  void adopt(const SweepFile& sweep, bool judged_anew);

 private:
  Database(std::string name, SQLite::Database file) : name_(std::move(name)), file_(std::move(file)) {}

  [[nodiscard]] std::vector<Point> all_points(std::string_view columns_read);
  void write_objectives(const SweepFile& sweep);
  [[noreturn]] void refuse(const SQLite::Exception& error) const;
  template <class Action>
  auto guarded(const Action& action) const;

  std::string name_;
  SQLite::Database file_;
};

}  // namespace rheo::sweep
