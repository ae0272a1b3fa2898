#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "models/core/thread_team.hpp"
#include "models/crossbar/crossbar_array.hpp"

namespace rheo {

/// Cells of one device that take pulses together, each of them every pulse: updates with x = 1, d = +-1 and the
/// granularity as learning rate, one slot long and without management, so that one coincidence reaches every cell.
/// Whatever carries a weight (a compound too) takes part as it does in training. Weights start at 0.
class PulsedCells {
 public:
  /// The population is drawn from the seed. `device` must be pulsed.
  PulsedCells(const crossbar::DeviceParameters& device, std::size_t cells, std::uint64_t seed);

  /// Writes one weight into all cells, each within its bounds.
  void start_at(float weight);
  /// Of a compound that acts at the end of a mini-batch each pulse is one: it is handed on, decayed or written then.
  void pulse(std::size_t count, bool up);
  /// What reads see, one value a cell.
  [[nodiscard]] std::vector<float> weights() const { return array_.weights(); }
  [[nodiscard]] const crossbar::CrossbarArray& array() const noexcept { return array_; }

 private:
  crossbar::CrossbarArray array_;
  bool batched_;  ///< each pulse is a mini-batch: transfers of compounds happen at its end
  float learning_rate_;
  std::vector<float> errors_;
  std::uint64_t pulses_ = 0;
  ThreadTeam team_;
};

/// What the weights of a population look like at one moment.
struct Spread {
  double mean = 0;
  double deviation = 0;              ///< of the population: divided by the number of cells
  double p05 = 0, p50 = 0, p95 = 0;  ///< percentiles, interpolated linearly between the cells in order
};
[[nodiscard]] Spread spread_of(std::vector<float> weights);

/// Weights against pulses: first `up` pulses up, then down.
struct PulseResponse {
  std::size_t up = 0;
  std::size_t down = 0;
  std::vector<Spread> after;  ///< after 0, 1, ... up + down pulses

  /// Columns pulse index, mean, standard deviation, 5th, 50th and 95th percentile.
  [[nodiscard]] std::string csv() const;
};

struct ResponseRequest {
  std::size_t up = 500;
  std::size_t down = 500;
  std::size_t cells = 512;
  std::uint64_t seed = 1;
};

/// A response, and the cells that gave it: columns of hidden parameters and the weights at the turn and at the end.
struct Characterisation {
  PulseResponse response;
  std::string cells_csv;
};

/// Pulses the cells one by one.
[[nodiscard]] Characterisation characterise(const crossbar::DeviceParameters& device, const ResponseRequest& request);

}  // namespace rheo
