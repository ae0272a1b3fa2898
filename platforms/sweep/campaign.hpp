#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/core/error.hpp"
#include "platforms/progress.hpp"
#include "platforms/sweep/database.hpp"
#include "platforms/sweep/engine.hpp"
#include "platforms/sweep/planning.hpp"

namespace rheo::sweep {

/// A sweep that is under way: takes points in, executes those without an outcome, keeps the results. Files of a point
/// lie below FOLDER/points, by its id.
class Campaign : private Work {
 public:
  struct Options {
    std::size_t places = 1;   ///< points at a time
    std::size_t threads = 1;  ///< of each point
    bool retry = false;       ///< points that failed are executed once more
    bool quiet = false;
  };

  /// Everything stays where it is while the campaign lives.
  Campaign(const SweepFile& sweep, const Options& options, std::filesystem::path folder, Database& database,
           Engine& engine, Stop interrupted);

  /// Takes up what an earlier process left: points that were running have ended or wait again; reports that were never
  /// assessed are. Throws InputError as execute() does.
  void take_up();
  /// Adds the points that are not there yet, and notes how many settings are planned now.
  void add(std::vector<Point> points, std::int64_t planned);
  /// Executes every point that waits. Throws Interrupted; InputError, when the first point that ends shows that the
  /// sweep's file asks for a figure which reports do not have. What ran is kept either way.
  void execute();
  /// The objectives of planned settings, all to be made small; see search().
  [[nodiscard]] std::vector<std::vector<double>> objectives_of(const std::vector<Point>& planned);

  /// How the processors were used, in one line; empty when nothing was executed.
  [[nodiscard]] std::string effort() const;
  [[nodiscard]] Progress& progress() noexcept { return progress_; }

 private:
  [[nodiscard]] Job prepare(std::int64_t id) override;
  void started(std::int64_t id) override { database_.set_status(id, Status::running); }
  void running(std::int64_t id, double wall_s) override;
  void ended(const JobResult& result) override;
  [[nodiscard]] bool stopped() const override { return interrupted_() || fault_.has_value(); }

  [[nodiscard]] std::filesystem::path place(std::int64_t id, const std::string& ending) const;
  [[nodiscard]] std::filesystem::path report_file(std::int64_t id) const;
  [[nodiscard]] std::string error_of(std::int64_t id, const Ending& ending) const;
  void finish(Point& point, const Ending& ending);
  void judge(Point& point);
  void remove_files(std::int64_t id) const;

  const SweepFile& sweep_;
  Options options_;
  std::filesystem::path folder_;
  Database& database_;
  Engine& engine_;
  Stop interrupted_;
  Progress progress_;
  std::map<std::int64_t, Point> at_work_;  ///< prepared and not ended
  bool proven_ = false;                    ///< a report has all figures that the sweep asks for
  std::optional<InputError> fault_;        ///< of the sweep's file, as a report shows
  std::int64_t done_ = 0, all_ = 0, failed_ = 0;
  std::int64_t executed_ = 0, simulated_ = 0;  ///< points; those that say how long they simulated
  double wall_s_ = 0, cpu_s_ = 0, gaps_s_ = 0;
  double beside_s_ = 0;  ///< of `simulated_`: beside their simulation
};

}  // namespace rheo::sweep
