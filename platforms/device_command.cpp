#include "platforms/device_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"
#include "platforms/analysis_package.hpp"
#include "platforms/device_presets.hpp"
#include "platforms/files.hpp"

namespace rheo {
namespace {

constexpr std::size_t most_pulses = 10'000'000;
constexpr std::size_t most_cells = 16'777'216;

/// A folder below the temporary one that is gone when the object is.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "rheo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw SimulationError(name + ": cannot be made");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

DeviceCommand::DeviceCommand(CLI::App& app)
    : command_(app.add_subcommand("device", "measure a device by pulses, or find one for a measurement")),
      response_(command_->add_subcommand("response", "weight against pulses: mean, deviation, percentiles over cells")),
      fit_(command_->add_subcommand("fit", "family and parameters that answer pulses as a measurement does")) {
  command_->require_subcommand(1);
  response_->add_option("NAME", device_, "preset (rheo list devices) or TOML file of your own")->required();
  response_->add_option("--set", set_, "device.KEY=VALUE laid over it, as often as you like")->allow_extra_args(false);
  response_->add_option("--up", request_.up, "pulses up, from weight 0")
      ->check(CLI::Range(std::size_t{0}, most_pulses))
      ->capture_default_str();
  response_->add_option("--down", request_.down, "pulses down after them")
      ->check(CLI::Range(std::size_t{0}, most_pulses))
      ->capture_default_str();
  response_->add_option("--cells", request_.cells, "cells of the population")
      ->check(CLI::Range(std::size_t{1}, most_cells))
      ->capture_default_str();
  response_->add_option("--seed", request_.seed, "seed of population and pulses")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{std::numeric_limits<std::int64_t>::max()}))
      ->capture_default_str();
  response_->add_option("--out", out_, "CSV file; none: standard output");
  response_->add_option("--cells-out", cells_out_, "CSV file for the hidden parameters of every cell");
  response_->add_option("--plot", plot_, "picture: .png, .svg or .pdf");

  fit_->add_option("MEASURED", measured_,
                   "CSV file: pulse index from 0 and weight; or pulse index, mean, standard deviation, 5th, 50th and "
                   "95th percentile over cells")
      ->required();
  fit_->add_option("--up", up_, "pulses up, the rest is down; none: where the weight begins to fall");
  fit_->add_option("--cells", fit_request_.measured_cells, "cells that were measured: the sampling error of a spread")
      ->check(CLI::Range(std::size_t{1}, most_cells))
      ->capture_default_str();
  fit_->add_option("--family", fit_request_.families, "family to try, as often as you like; none: all")
      ->allow_extra_args(false);
  fit_->add_option("--out", out_, "TOML file for the proposed device; rheo device response takes it");
  fit_->add_option("--plot", plot_, "picture of measurement and fit: .png, .svg or .pdf");
}

int DeviceCommand::run() { return fit_->parsed() ? fit() : respond(); }

int DeviceCommand::fit() {
  const MeasuredResponse measured =
      read_measured_response(measured_, fit_->count("--up") > 0 ? std::optional(up_) : std::nullopt);
  const auto known = crossbar::cell_family_names();
  for (const std::string& family : fit_request_.families) {
    if (std::find(known.begin(), known.end(), family) == known.end()) {
      throw InputError("--family " + family, fmt::format("no such family; expected one of {}{}", fmt::join(known, ", "),
                                                         did_you_mean(family, known)));
    }
  }
  require_place("--out", out_);
  require_place("--plot", plot_);
  if (!plot_.empty()) require_picture("--plot", plot_);

  const std::vector<FamilyFit> fits = fit_device(measured, fit_request_);
  const FamilyFit& best = fits.front();
  if (!out_.empty()) write_file(out_, fit_preset(measured_, measured, best));
  fmt::print("{}", fit_report(measured_, measured, fits));
  if (plot_.empty()) return 0;
  std::fflush(stdout);
  const TemporaryFolder folder;
  const std::filesystem::path drawn = folder.path() / "fitted.csv";
  const std::size_t cells = measured.has_spread ? 4096 : 1;
  crossbar::DeviceParameters device = best.device;
  if (!measured.has_spread) device.cell.population.dw_min_std = 0;
  write_file(drawn, characterise(device, {measured.up(), measured.down(), cells, 1}).response.csv());
  return call_analysis({"device-response", measured_, "--fit", drawn.string(), "--title",
                        fmt::format("{} fitted to {}", device.cell.family(),
                                    std::filesystem::path(measured_).filename().string()),
                        "--out", plot_, "--quiet"})
             ? 0
             : 1;
}

int DeviceCommand::respond() {
  const crossbar::DeviceParameters device = load_device(device_, set_);
  if (!device.pulsed()) {
    throw InputError(device_, "is written, not pulsed, so it has no pulse response; expected a device with cells");
  }
  require_place("--out", out_);
  require_place("--cells-out", cells_out_);
  require_place("--plot", plot_);
  if (!plot_.empty()) require_picture("--plot", plot_);

  const Characterisation measured = characterise(device, request_);
  const std::string csv = measured.response.csv();
  if (!cells_out_.empty()) write_file(cells_out_, measured.cells_csv);
  if (!out_.empty()) write_file(out_, csv);
  if (out_.empty()) std::fwrite(csv.data(), 1, csv.size(), stdout);
  if (plot_.empty()) return 0;
  const TemporaryFolder folder;
  const std::filesystem::path drawn = folder.path() / "response.csv";
  write_file(drawn, csv);
  return call_analysis({"device-response", drawn.string(), "--title", device_, "--out", plot_, "--quiet"}) ? 0 : 1;
}

}  // namespace rheo
