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
  double wall_s = 0;       ///< from the start of its process to its end
  std::string error;       ///< one line
  std::string config;      ///< resolved TOML
  std::string report;      ///< JSON, as report.json
  std::string objectives;  ///< JSON object: each objective with its number
  bool feasible = true;    ///< keeps the constraints on figures of its report
};

/// The results of a sweep, one SQLite file. Every change is a transaction; what a killed process had committed is
/// there when it is opened again. Tables (schema 1):
///
///     sweep(key, value)                  schema, version, name, sweep (the TOML text), repeats, base (see base_hash())
///     axis(position, key, kind)          kind: list, range, log_range
///     objective(position, name, goal)    goal: min, max
///     point(id, generation, seed, settings, config_hash, status, wall_s, error, config, report, objectives,
///           feasible)                    see Point; absent texts and times are NULL
class Database {
 public:
  /// Makes the file, as a whole or not at all. Throws SimulationError when the disk refuses.
  static Database create(const std::filesystem::path& file, const SweepFile& sweep, const std::string& version);
  /// Throws InputError: no such file, not a sweep's, another schema.
  static Database open(const std::filesystem::path& file, bool read_only);

  /// Puts everything into the one file, which can then be read where nothing can be written. Nothing is written after.
  void close();

  [[nodiscard]] std::string value(const std::string& key);
  void set_value(const std::string& key, const std::string& value);

  [[nodiscard]] std::vector<std::string> axes();
  [[nodiscard]] std::vector<Objective> objectives();

  /// Adds the points in one transaction and fills in their ids.
  void add(std::vector<Point>& points);
  /// The point of that configuration, if there is one.
  [[nodiscard]] std::optional<Point> find(const std::string& config_hash);
  [[nodiscard]] std::optional<Point> find_refused(const std::string& settings, std::int64_t seed);
  [[nodiscard]] std::vector<Point> points();
  [[nodiscard]] std::map<Status, std::int64_t> counts();

  void set_status(std::int64_t id, Status status);
  /// Writes status, wall time, error, report, objectives and feasibility.
  void finish(const Point& point);

 private:
  explicit Database(SQLite::Database file) : file_(std::move(file)) {}

  SQLite::Database file_;
};

}  // namespace rheo::sweep
