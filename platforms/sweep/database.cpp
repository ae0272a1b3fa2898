#include "platforms/sweep/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "models/core/error.hpp"

namespace rheo::sweep {
namespace {

constexpr int schema = 1;
constexpr std::array<std::string_view, 3> axis_kinds{"list", "range", "log_range"};
constexpr const char* columns =
    "id, generation, seed, settings, config_hash, status, wall_s, error, config, report, objectives, feasible";
constexpr const char* outcome_columns =
    "id, generation, seed, settings, config_hash, status, wall_s, error, NULL, NULL, objectives, feasible";

void bind_text(SQLite::Statement& statement, int index, const std::string& text) {
  if (text.empty()) {
    statement.bind(index);
  } else {
    statement.bind(index, text);
  }
}

/// Reads the columns of a row as what they must be: SQLite itself lets every column hold everything.
class Row {
 public:
  Row(const std::string& file, SQLite::Statement& row) : file_(file), row_(row) {}

  [[nodiscard]] std::int64_t integer(int index) const {
    const SQLite::Column column = row_.getColumn(index);
    if (!column.isInteger()) refuse(index, "an integer");
    return column.getInt64();
  }
  [[nodiscard]] double seconds(int index) const {
    const SQLite::Column column = row_.getColumn(index);
    if (column.isNull()) return 0;
    const bool number = column.isInteger() || column.isFloat();
    if (!number || !std::isfinite(column.getDouble()) || column.getDouble() < 0) refuse(index, "a time");
    return column.getDouble();
  }
  [[nodiscard]] std::string text(int index) const {
    const SQLite::Column column = row_.getColumn(index);
    if (column.isNull()) return "";
    if (!column.isText()) refuse(index, "a text");
    return column.getString();
  }
  template <std::size_t N>
  [[nodiscard]] std::size_t choice(int index, const std::array<std::string_view, N>& names) const {
    const auto* found = std::ranges::find(names, text(index));
    if (found == names.end()) refuse(index, fmt::format("one of {}", fmt::join(names, ", ")));
    return static_cast<std::size_t>(found - names.begin());
  }
  /// The text of a JSON object, or an empty one.
  [[nodiscard]] std::string object(int index) const {
    std::string text = this->text(index);
    if (!text.empty() && !nlohmann::json::parse(text, nullptr, false).is_object()) refuse(index, "a JSON object");
    return text;
  }

  [[noreturn]] void refuse(int index, const std::string& expected) const {
    throw InputError(file_, fmt::format("holds what no sweep writes: column {} is not {}",
                                        row_.getColumn(index).getName(), expected));
  }

 private:
  const std::string& file_;
  SQLite::Statement& row_;
};

const char* name_of(Status status) { return status_names[static_cast<std::size_t>(status)].data(); }

Point point_of(const Row& row) {
  Point point;
  point.id = row.integer(0);
  point.generation = row.integer(1);
  point.seed = row.integer(2);
  point.settings = row.object(3);
  if (point.settings.empty()) row.refuse(3, "a JSON object");
  point.config_hash = row.text(4);
  point.status = static_cast<Status>(row.choice(5, status_names));
  point.wall_s = row.seconds(6);
  point.error = row.text(7);
  point.config = row.text(8);
  point.report = row.object(9);
  point.objectives = row.object(10);
  point.feasible = row.integer(11) != 0;
  return point;
}

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void Database::refuse(const SQLite::Exception& error) const {
  switch (error.getErrorCode()) {
    case SQLITE_ERROR:  // no such table, no such column
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:  // a damaged length
    case SQLITE_CANTOPEN:
      throw InputError(name_, fmt::format("cannot be read as the results of a sweep: {}", error.what()));
    default:
      if (error.getExtendedErrorCode() == SQLITE_IOERR_SHORT_READ) {
        throw InputError(name_, "cannot be read as the results of a sweep: it ends too early");
      }
      throw SimulationError(fmt::format("{}: {}", name_, error.what()));
  }
}

template <class Action>
auto Database::guarded(const Action& action) const {
  try {
    return action();
  } catch (const SQLite::Exception& error) {
    refuse(error);
  }
}

Database Database::create(const std::filesystem::path& file, const SweepFile& sweep, const std::string& version,
                          const std::string& base) {
  // A process that dies meanwhile leaves no half of it under its name.
  std::filesystem::path partial = file;
  partial += ".partial";
  try {
    for (const char* ending : {"", "-journal"}) std::filesystem::remove(partial.string() + ending);
    Database database(file.string(), SQLite::Database(partial.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE));
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
    database.set_value("base", base);
    database.set_value("planned", "0");
    int position = 0;
    for (const Axis& axis : sweep.axes) {
      SQLite::Statement insert(database.file_, "INSERT INTO axis VALUES(?, ?, ?)");
      insert.bind(1, position++);
      insert.bind(2, axis.key);
      insert.bind(3, std::string(axis_kinds[static_cast<std::size_t>(axis.kind)]));
      insert.exec();
    }
    database.write_objectives(sweep);
    transaction.commit();
  } catch (const std::exception& error) {
    throw SimulationError(fmt::format("{}: cannot be written: {}", file.string(), error.what()));
  }
  std::error_code error;
  std::filesystem::rename(partial, file, error);
  if (error) throw SimulationError(fmt::format("{}: cannot be written: {}", file.string(), error.message()));
  return open(file, false);
}

Database Database::open(const std::filesystem::path& file, bool read_only) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) throw InputError(file.string(), "no such results database");
  try {
    Database database(file.string(),
                      SQLite::Database(file.string(), read_only ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE));
    database.file_.setBusyTimeout(10'000);
    const std::string found = database.value("schema");
    if (found != std::to_string(schema)) {
      throw InputError(file.string(),
                       fmt::format("has schema {}; expected {}", found.empty() ? "none" : found, schema));
    }
    if (!read_only) {
      // What is committed survives a kill in any case; the last of it may be lost with the power, and is done again.
      database.guarded([&] { database.file_.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"); });
    }
    return database;
  } catch (const SQLite::Exception& problem) {
    throw InputError(file.string(), fmt::format("cannot be read as the results of a sweep: {}", problem.what()));
  }
}

void Database::check() {
  guarded([&] {
    SQLite::Statement query(file_, "PRAGMA integrity_check(1)");
    const std::string found = query.executeStep() ? query.getColumn(0).getString() : "";
    if (found == "ok") return;
    throw InputError(name_, fmt::format("is damaged: {}", found.substr(0, found.find('\n'))));
  });
}

void Database::close() {
  guarded([&] { file_.exec("PRAGMA journal_mode=DELETE"); });
}

std::string Database::value(const std::string& key) {
  return guarded([&] {
    SQLite::Statement query(file_, "SELECT value FROM sweep WHERE key = ?");
    query.bind(1, key);
    return query.executeStep() ? Row(name_, query).text(0) : "";
  });
}

void Database::set_value(const std::string& key, const std::string& value) {
  guarded([&] {
    SQLite::Statement insert(file_,
                             "INSERT INTO sweep VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value");
    insert.bind(1, key);
    insert.bind(2, value);
    insert.exec();
  });
}

std::int64_t Database::repeats() {
  const std::optional<std::int64_t> number = whole(value("repeats"));
  if (!number || *number < 1) throw InputError(name_, "holds what no sweep writes: repeats is not an integer above 0");
  return *number;
}

std::optional<std::int64_t> Database::planned() {
  const std::string text = value("planned");
  if (text.empty()) return std::nullopt;
  const std::optional<std::int64_t> number = whole(text);
  if (!number || *number < 0) throw InputError(name_, "holds what no sweep writes: planned is not a count");
  return number;
}

std::vector<std::string> Database::axes() {
  return guarded([&] {
    SQLite::Statement query(file_, "SELECT key FROM axis ORDER BY position");
    std::vector<std::string> all;
    while (query.executeStep()) all.push_back(Row(name_, query).text(0));
    return all;
  });
}

std::vector<Objective> Database::objectives() {
  return guarded([&] {
    SQLite::Statement query(file_, "SELECT name, goal FROM objective ORDER BY position");
    std::vector<Objective> all;
    while (query.executeStep()) {
      const Row row(name_, query);
      constexpr std::array<std::string_view, 2> goals{"min", "max"};
      all.push_back({row.text(0), static_cast<Goal>(row.choice(1, goals)), ""});
    }
    return all;
  });
}

void Database::write_objectives(const SweepFile& sweep) {
  int position = 0;
  for (const Objective& objective : sweep.objectives) {
    SQLite::Statement insert(file_, "INSERT INTO objective VALUES(?, ?, ?)");
    insert.bind(1, position++);
    insert.bind(2, objective.name);
    insert.bind(3, objective.goal == Goal::max ? "max" : "min");
    insert.exec();
  }
}

void Database::add(std::vector<Point>& points, std::int64_t planned) {
  guarded([&] {
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
    set_value("planned", std::to_string(planned));
    transaction.commit();
  });
}

bool Database::contains(const std::string& config_hash) {
  return guarded([&] {
    SQLite::Statement query(file_, "SELECT 1 FROM point WHERE config_hash = ?");
    query.bind(1, config_hash);
    return query.executeStep();
  });
}

bool Database::contains_refused(const std::string& settings, std::int64_t seed) {
  return guarded([&] {
    SQLite::Statement query(file_, "SELECT 1 FROM point WHERE config_hash IS NULL AND settings = ? AND seed = ?");
    query.bind(1, settings);
    query.bind(2, seed);
    return query.executeStep();
  });
}

std::optional<Point> Database::point(std::int64_t id) {
  return guarded([&]() -> std::optional<Point> {
    SQLite::Statement query(file_, fmt::format("SELECT {} FROM point WHERE id = ?", columns));
    query.bind(1, id);
    if (!query.executeStep()) return std::nullopt;
    return point_of(Row(name_, query));
  });
}

std::optional<Point> Database::outcome(const std::string& config_hash) {
  return guarded([&]() -> std::optional<Point> {
    SQLite::Statement query(file_, fmt::format("SELECT {} FROM point WHERE config_hash = ?", outcome_columns));
    query.bind(1, config_hash);
    if (!query.executeStep()) return std::nullopt;
    return point_of(Row(name_, query));
  });
}

std::vector<Point> Database::all_points(std::string_view columns_read) {
  return guarded([&] {
    SQLite::Statement query(file_, fmt::format("SELECT {} FROM point ORDER BY id", columns_read));
    std::vector<Point> all;
    while (query.executeStep()) all.push_back(point_of(Row(name_, query)));
    return all;
  });
}

std::vector<Point> Database::points() { return all_points(columns); }
std::vector<Point> Database::outcomes() { return all_points(outcome_columns); }

std::map<Status, std::int64_t> Database::counts() {
  return guarded([&] {
    SQLite::Statement query(file_, "SELECT status, COUNT(*) FROM point GROUP BY status");
    std::map<Status, std::int64_t> all;
    while (query.executeStep()) {
      const Row row(name_, query);
      all[static_cast<Status>(row.choice(0, status_names))] = row.integer(1);
    }
    return all;
  });
}

void Database::set_status(std::int64_t id, Status status) {
  guarded([&] {
    SQLite::Statement update(file_, "UPDATE point SET status = ? WHERE id = ?");
    update.bind(1, name_of(status));
    update.bind(2, id);
    update.exec();
  });
}

void Database::set_wall(std::int64_t id, double wall_s) {
  guarded([&] {
    SQLite::Statement update(file_, "UPDATE point SET wall_s = ? WHERE id = ?");
    update.bind(1, wall_s);
    update.bind(2, id);
    update.exec();
  });
}

void Database::finish(const Point& point) {
  guarded([&] {
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
  });
}

void Database::adopt(const SweepFile& sweep, bool judged_anew) {
  guarded([&] {
    SQLite::Transaction transaction(file_);
    set_value("sweep", sweep.text);
    file_.exec("DELETE FROM objective");
    write_objectives(sweep);
    if (judged_anew) {
      file_.exec(
          "UPDATE point SET status = 'done', error = NULL, objectives = NULL, feasible = 1 WHERE report IS NOT NULL");
    }
    transaction.commit();
  });
}

}  // namespace rheo::sweep
