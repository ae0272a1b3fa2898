#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

#include "platforms/device_response.hpp"

namespace rheo {

/// A pulse response from a file: weights before the first pulse (index 0) and after later ones, first up, then down.
struct MeasuredResponse {
  std::vector<std::size_t> pulse;  ///< rising, from 0; not every pulse need be there
  std::vector<Spread> after;       ///< without a spread only the mean holds something
  bool has_spread = false;         ///< deviations and percentiles over several cells
  std::size_t turn = 0;            ///< row of the last weight before the first pulse down

  [[nodiscard]] std::size_t up() const { return pulse[turn]; }
  [[nodiscard]] std::size_t down() const { return pulse.back() - pulse[turn]; }
};

/// Reads comma-separated columns, with or without a heading: pulse index and weight; or pulse index, mean, standard
/// deviation, 5th, 50th and 95th percentile over the cells, as `rheo device response` writes them. The turn is at
/// `up` pulses, or where a heading "1..N up" says, or else where the weight begins to fall.
/// Throws InputError: unreadable, not such columns, too few rows, weights that do not begin around 0.
[[nodiscard]] MeasuredResponse read_measured_response(const std::filesystem::path& file, std::optional<std::size_t> up);

}  // namespace rheo
