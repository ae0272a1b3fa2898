#include "platforms/measured_response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string>
#include <string_view>

#include "models/core/error.hpp"

namespace rheo {
namespace {

constexpr std::size_t fewest_rows = 8;
constexpr std::uintmax_t largest_file = 1 << 30;

/// The numbers of a line, or nothing where a field is none.
std::optional<std::vector<double>> numbers_of(std::string_view line) {
  std::vector<double> values;
  while (true) {
    const auto comma = std::min(line.find(','), line.size());
    std::string_view field = line.substr(0, comma);
    while (!field.empty() && (field.front() == ' ' || field.front() == '\t' || field.front() == '+'))
      field.remove_prefix(1);
    while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) return std::nullopt;
    values.push_back(value);
    if (comma == line.size()) return values;
    line.remove_prefix(comma + 1);
  }
}

/// Pulses before the turn where the heading says "1..N up", as those of `rheo device response` do.
std::optional<std::size_t> told_turn(const std::string& heading) {
  const auto at = heading.find("1..");
  std::size_t up = 0;
  if (at == std::string::npos) return std::nullopt;
  const auto [end, error] = std::from_chars(heading.data() + at + 3, heading.data() + heading.size(), up);
  if (error != std::errc() || !std::string_view(end, heading.data() + heading.size()).starts_with(" up"))
    return std::nullopt;
  return up;
}

/// The row from which the weight falls most without having fallen before: the drop ahead less the drop from the
/// highest weight behind is largest right at the turn, whatever the shape of the two branches. The last row where it
/// does not fall.
std::size_t find_turn(const std::vector<Spread>& after) {
  const std::size_t rows = after.size();
  const std::size_t reach = std::max<std::size_t>(1, rows / 50);
  double low = after.front().mean;
  double high = low;
  for (const Spread& s : after) {
    low = std::min(low, s.mean);
    high = std::max(high, s.mean);
  }
  std::size_t turn = rows - 1;
  double largest = 0;
  for (std::size_t i = 0; i + 1 < rows; ++i) {
    const double ahead = after[i].mean - after[std::min(i + reach, rows - 1)].mean;
    double highest = after[i].mean;
    for (std::size_t j = i - std::min(i, reach); j < i; ++j) highest = std::max(highest, after[j].mean);
    const double fall = ahead - (highest - after[i].mean);
    if (fall > largest) {
      largest = fall;
      turn = i;
    }
  }
  // Noise falls here and there: a branch down leads well below its start.
  return after[turn].mean - after.back().mean > 0.05 * (high - low) ? turn : rows - 1;
}

}  // namespace

MeasuredResponse read_measured_response(const std::filesystem::path& file, std::optional<std::size_t> up) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) throw InputError(file.string(), "no such file");
  if (std::filesystem::is_directory(file, error)) throw InputError(file.string(), "is a folder; expected a CSV file");
  if (const auto size = std::filesystem::file_size(file, error); !error && size > largest_file) {
    throw InputError(file.string(), "is larger than 1 GiB; expected a pulse response");
  }
  std::ifstream in(file);
  if (!in) throw InputError(file.string(), "cannot be read");

  MeasuredResponse measured;
  std::size_t columns = 0;
  std::size_t number = 0;
  std::string heading;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    const auto values = numbers_of(line);
    if (!values && number == 1) {
      heading = line;
      continue;
    }
    const std::string where = fmt::format("{}:{}", file.string(), number);
    if (!values) throw InputError(where, "expected numbers separated by commas");
    if (columns == 0) columns = values->size();
    if (values->size() != columns || (columns != 2 && columns != 6)) {
      throw InputError(where, fmt::format("{} columns; expected 2 (pulse index, weight) or 6 (pulse index, mean, "
                                          "standard deviation, three percentiles), the same in every line",
                                          values->size()));
    }
    const double index = values->front();
    if (index != std::floor(index) || index > 1e9 ||
        (measured.pulse.empty() ? index != 0 : index <= static_cast<double>(measured.pulse.back()))) {
      throw InputError(where, "expected pulse indices that begin with 0 (the weight before the first pulse) and rise");
    }
    if (std::any_of(values->begin() + 1, values->end(), [](double w) { return std::abs(w) > 1e6; })) {
      throw InputError(where, "expected weights of at most 1e6; scale them to about -1 to 1");
    }
    measured.pulse.push_back(static_cast<std::size_t>(index));
    Spread spread;
    spread.mean = (*values)[1];
    if (columns == 6) {
      spread = {(*values)[1], (*values)[2], (*values)[3], (*values)[4], (*values)[5]};
      if (spread.deviation < 0 || spread.p05 > spread.p50 || spread.p50 > spread.p95) {
        throw InputError(where, "expected a standard deviation of at least 0 and percentiles that rise");
      }
      measured.has_spread = measured.has_spread || spread.deviation > 0;
    }
    measured.after.push_back(spread);
  }
  if (measured.pulse.size() < fewest_rows) {
    throw InputError(file.string(),
                     fmt::format("{} rows of numbers; expected at least {}", measured.pulse.size(), fewest_rows));
  }
  const std::optional<std::size_t> told = told_turn(heading);
  if (up) {
    const auto found = std::find(measured.pulse.begin(), measured.pulse.end(), *up);
    if (found == measured.pulse.end()) {
      throw InputError("--up", fmt::format("{}: {} has no such pulse index", *up, file.string()));
    }
    measured.turn = static_cast<std::size_t>(found - measured.pulse.begin());
  } else {
    const auto found = told ? std::find(measured.pulse.begin(), measured.pulse.end(), *told) : measured.pulse.end();
    measured.turn = found != measured.pulse.end() ? static_cast<std::size_t>(found - measured.pulse.begin())
                                                  : find_turn(measured.after);
  }
  const auto [low, high] = std::minmax_element(measured.after.begin(), measured.after.end(),
                                               [](const Spread& a, const Spread& b) { return a.mean < b.mean; });
  if (!(high->mean > low->mean))
    throw InputError(file.string(), "the weight does not change; expected a pulse response");
  if (low->mean > 0.02 * high->mean || high->mean < 0.02 * low->mean) {
    throw InputError(file.string(),
                     fmt::format("weights from {:.4g} to {:.4g}; expected a range with 0 inside or at its "
                                 "end: subtract what a reference would",
                                 low->mean, high->mean));
  }
  return measured;
}

}  // namespace rheo
