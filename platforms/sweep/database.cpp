#include "platforms/sweep/database.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/core/error.hpp"

namespace rheo::sweep {
namespace {

constexpr int schema = 1;
constexpr const char* columns =
    "id, generation, seed, settings, config_hash, status, wall_s, error, config, report, objectives, feasible";
constexpr std::array<std::string_view, 3> axis_kinds{"list", "range", "log_range"};

void bind_text(SQLite::Statement& statement, int index, const std::string& text) {
  if (text.empty()) {
    statement.bind(index);
  } else {
    statement.bind(index, text);
  }
}

std::string text_of(const SQLite::Column& column) { return column.isNull() ? "" : column.getString(); }

Status status_of(const std::string& name) {
  const auto* found = std::ranges::find(status_names, name);
  if (found == status_names.end()) throw InputError("sweep.db", "a point has the unknown status " + name);
  return static_cast<Status>(found - status_names.begin());
}

const char* name_of(Status status) { return status_names[static_cast<std::size_t>(status)].data(); }

Point point_of(SQLite::Statement& row) {
  Point point;
  point.id = row.getColumn(0).getInt64();
  point.generation = row.getColumn(1).getInt64();
  point.seed = row.getColumn(2).getInt64();
  point.settings = text_of(row.getColumn(3));
  point.config_hash = text_of(row.getColumn(4));
  point.status = status_of(text_of(row.getColumn(5)));
  point.wall_s = row.getColumn(6).getDouble();
  point.error = text_of(row.getColumn(7));
  point.config = text_of(row.getColumn(8));
  point.report = text_of(row.getColumn(9));
  point.objectives = text_of(row.getColumn(10));
  point.feasible = row.getColumn(11).getInt() != 0;
  return point;
}

template <class Bind>
std::optional<Point> first_of(SQLite::Database& file, const std::string& condition, const Bind& bind) {
  SQLite::Statement query(file, fmt::format("SELECT {} FROM point WHERE {} LIMIT 1", columns, condition));
  bind(query);
  if (!query.executeStep()) return std::nullopt;
  return point_of(query);
}

}  // namespace

Database Database::create(const std::filesystem::path& file, const SweepFile& sweep, const std::string& version) {
  try {
    Database database(SQLite::Database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE));
    database.file_.exec("PRAGMA journal_mode=WAL");
    SQLite::Transaction transaction(database.file_);
    database.file_.exec(
        "CREATE TABLE sweep(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
        "CREATE TABLE axis(position INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL);"
        "CREATE TABLE objective(position INTEGER PRIMARY KEY, name TEXT NOT NULL, goal TEXT NOT NULL);"
        "CREATE TABLE point(id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, seed INTEGER NOT NULL,"
        " settings TEXT NOT NULL, config_hash TEXT UNIQUE, status TEXT NOT NULL, wall_s REAL, error TEXT, config TEXT,"
        " report TEXT, objectives TEXT, feasible INTEGER NOT NULL)");
    database.set_value("schema", std::to_string(schema));
    database.set_value("version", version);
    database.set_value("name", sweep.name);
    database.set_value("sweep", sweep.text);
    database.set_value("repeats", std::to_string(sweep.repeats));
    int position = 0;
    for (const Axis& axis : sweep.axes) {
      SQLite::Statement insert(database.file_, "INSERT INTO axis VALUES(?, ?, ?)");
      insert.bind(1, position++);
      insert.bind(2, axis.key);
      insert.bind(3, std::string(axis_kinds[static_cast<std::size_t>(axis.kind)]));
      insert.exec();
    }
    position = 0;
    for (const Objective& objective : sweep.objectives) {
      SQLite::Statement insert(database.file_, "INSERT INTO objective VALUES(?, ?, ?)");
      insert.bind(1, position++);
      insert.bind(2, objective.name);
      insert.bind(3, objective.goal == Goal::max ? "max" : "min");
      insert.exec();
    }
    transaction.commit();
    return database;
  } catch (const SQLite::Exception& error) {
    throw SimulationError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

Database Database::open(const std::filesystem::path& file, bool read_only) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) throw InputError(file.string(), "no such results database");
  try {
    Database database(SQLite::Database(file.string(), read_only ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE));
    database.file_.setBusyTimeout(10'000);
    if (!read_only) database.file_.exec("PRAGMA journal_mode=WAL");
    const std::string found = database.value("schema");
    if (found != std::to_string(schema)) {
      throw InputError(file.string(), fmt::format("has schema {}; expected {}", found, schema));
    }
    return database;
  } catch (const SQLite::Exception& problem) {
    throw InputError(file.string(), fmt::format("is no results database of a sweep: {}", problem.what()));
  }
}

void Database::close() { file_.exec("PRAGMA journal_mode=DELETE"); }

std::string Database::value(const std::string& key) {
  SQLite::Statement query(file_, "SELECT value FROM sweep WHERE key = ?");
  query.bind(1, key);
  return query.executeStep() ? text_of(query.getColumn(0)) : "";
}

void Database::set_value(const std::string& key, const std::string& value) {
  SQLite::Statement insert(file_,
                           "INSERT INTO sweep VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value");
  insert.bind(1, key);
  insert.bind(2, value);
  insert.exec();
}

std::vector<std::string> Database::axes() {
  SQLite::Statement query(file_, "SELECT key FROM axis ORDER BY position");
  std::vector<std::string> all;
  while (query.executeStep()) all.push_back(text_of(query.getColumn(0)));
  return all;
}

std::vector<Objective> Database::objectives() {
  SQLite::Statement query(file_, "SELECT name, goal FROM objective ORDER BY position");
  std::vector<Objective> all;
  while (query.executeStep()) {
    all.push_back({text_of(query.getColumn(0)), text_of(query.getColumn(1)) == "max" ? Goal::max : Goal::min, ""});
  }
  return all;
}

void Database::add(std::vector<Point>& points) {
  SQLite::Transaction transaction(file_);
  SQLite::Statement insert(
      file_, fmt::format("INSERT INTO point({}) VALUES(NULL, ?, ?, ?, ?, ?, NULL, ?, ?, NULL, NULL, 1)", columns));
  for (Point& point : points) {
    insert.bind(1, point.generation);
    insert.bind(2, point.seed);
    insert.bind(3, point.settings);
    bind_text(insert, 4, point.config_hash);
    insert.bind(5, name_of(point.status));
    bind_text(insert, 6, point.error);
    bind_text(insert, 7, point.config);
    insert.exec();
    insert.reset();
    point.id = file_.getLastInsertRowid();
  }
  transaction.commit();
}

std::optional<Point> Database::find(const std::string& config_hash) {
  return first_of(file_, "config_hash = ?", [&](SQLite::Statement& query) { query.bind(1, config_hash); });
}

std::optional<Point> Database::find_refused(const std::string& settings, std::int64_t seed) {
  return first_of(file_, "config_hash IS NULL AND settings = ? AND seed = ?", [&](SQLite::Statement& query) {
    query.bind(1, settings);
    query.bind(2, seed);
  });
}

std::vector<Point> Database::points() {
  SQLite::Statement query(file_, fmt::format("SELECT {} FROM point ORDER BY id", columns));
  std::vector<Point> all;
  while (query.executeStep()) all.push_back(point_of(query));
  return all;
}

std::map<Status, std::int64_t> Database::counts() {
  SQLite::Statement query(file_, "SELECT status, COUNT(*) FROM point GROUP BY status");
  std::map<Status, std::int64_t> all;
  while (query.executeStep()) all[status_of(text_of(query.getColumn(0)))] = query.getColumn(1).getInt64();
  return all;
}

void Database::set_status(std::int64_t id, Status status) {
  SQLite::Statement update(file_, "UPDATE point SET status = ? WHERE id = ?");
  update.bind(1, name_of(status));
  update.bind(2, id);
  update.exec();
}

void Database::finish(const Point& point) {
  SQLite::Statement update(
      file_,
      "UPDATE point SET status = ?, wall_s = ?, error = ?, report = ?, objectives = ?, feasible = ?"
      " WHERE id = ?");
  update.bind(1, name_of(point.status));
  update.bind(2, point.wall_s);
  bind_text(update, 3, point.error);
  bind_text(update, 4, point.report);
  bind_text(update, 5, point.objectives);
  update.bind(6, point.feasible ? 1 : 0);
  update.bind(7, point.id);
  update.exec();
}

}  // namespace rheo::sweep
