#include "platforms/device_response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace rheo {
namespace {

crossbar::ArraySettings one_coincidence_a_pulse(const crossbar::DeviceParameters& device) {
  crossbar::ArraySettings settings;
  settings.device = device;
  settings.update.train_length = 1;
  settings.update.update_management = false;
  settings.update.length_management = false;
  return settings;
}

/// One row of the array, a cell a column: the inputs are the single value 1 for every vector.
constexpr float drive = 1.0F;

/// The value a share `part` of the way through the values in order; reorders them.
double percentile(std::vector<float>& values, double part) {
  const double place = part * static_cast<double>(values.size() - 1);
  const auto below = values.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), below, values.end());
  const double low = *below;
  const double high = below + 1 == values.end() ? low : *std::min_element(below + 1, values.end());
  return low + (high - low) * (place - std::floor(place));
}

std::string cells_csv(const crossbar::CrossbarArray& array, const ResponseRequest& request,
                      const std::vector<float>& turn, const std::vector<float>& end) {
  const std::size_t planes = array.planes().size();
  std::string text = "cell";
  for (std::size_t p = 0; p < planes; ++p) {
    const std::string plane = planes > 1 ? fmt::format("_{}", p) : "";
    text += fmt::format(",max_bound{0},min_bound{0},dwmin_up{0},dwmin_down{0},reset_bias{0}", plane);
    for (std::size_t k = 0; k < array.planes()[p].parameters().model().own_values(); ++k) {
      text += fmt::format(",own{}{}", k, plane);
    }
  }
  text += fmt::format(",w_after_{}_up,w_after_then_{}_down\n", request.up, request.down);
  for (std::size_t j = 0; j < turn.size(); ++j) {
    text += std::to_string(j);
    for (const crossbar::CellPlane& plane : array.planes()) {
      const crossbar::Cell cell = plane.cell(0, j);
      fmt::format_to(std::back_inserter(text), ",{:.8g},{:.8g},{:.8g},{:.8g},{:.8g}", cell.bound_high, cell.bound_low,
                     cell.step_up, cell.step_down, cell.reset_bias);
      for (std::size_t k = 0; k < plane.parameters().model().own_values(); ++k) {
        fmt::format_to(std::back_inserter(text), ",{:.8g}", cell.own[k]);
      }
    }
    fmt::format_to(std::back_inserter(text), ",{:.8g},{:.8g}\n", turn[j], end[j]);
  }
  return text;
}

}  // namespace

PulsedCells::PulsedCells(const crossbar::DeviceParameters& device, std::size_t cells, std::uint64_t seed)
    : array_(1, cells, one_coincidence_a_pulse(device), seed, 0),
      batched_(device.compound.acts_at_end_of_batch()),
      learning_rate_(static_cast<float>(device.cell.granularity())),
      errors_(cells) {}

void PulsedCells::start_at(float weight) { array_.program(std::vector<float>(errors_.size(), weight)); }

void PulsedCells::pulse(std::size_t count, bool up) {
  if (count == 0) return;
  std::fill(errors_.begin(), errors_.end(), up ? -1.0F : 1.0F);
  const auto cells = static_cast<std::uint32_t>(errors_.size());
  // An image stride of 0: every vector of the block is the same one.
  const crossbar::InputBlock inputs{&drive, 0, PatchGeometry::pixels(1, 1, 1), 0, 1};
  const crossbar::InputBlock errors{errors_.data(), 0, PatchGeometry::pixels(1, 1, cells), 0, cells};
  if (!batched_) {
    array_.update(inputs, errors, {0, count, pulses_}, learning_rate_, team_);
    pulses_ += count;
    return;
  }
  for (std::size_t i = 0; i < count; ++i, ++pulses_) {
    array_.update(inputs, errors, {0, 1, pulses_}, learning_rate_, team_);
    array_.end_batch(pulses_, learning_rate_, team_);
  }
}

Spread spread_of(std::vector<float> weights) {
  Spread spread;
  for (const float w : weights) spread.mean += w;
  spread.mean /= static_cast<double>(weights.size());
  for (const float w : weights) spread.deviation += (w - spread.mean) * (w - spread.mean);
  spread.deviation = std::sqrt(spread.deviation / static_cast<double>(weights.size()));
  spread.p05 = percentile(weights, 0.05);
  spread.p50 = percentile(weights, 0.50);
  spread.p95 = percentile(weights, 0.95);
  return spread;
}

std::string PulseResponse::csv() const {
  std::string text = fmt::format("pulse_index(1..{} up then {} down),mean_w,std_w,p05,p50,p95\n", up, down);
  for (std::size_t pulse = 0; pulse < after.size(); ++pulse) {
    const Spread& s = after[pulse];
    fmt::format_to(std::back_inserter(text), "{},{:.8g},{:.8g},{:.8g},{:.8g},{:.8g}\n", pulse, s.mean, s.deviation,
                   s.p05, s.p50, s.p95);
  }
  return text;
}

Characterisation characterise(const crossbar::DeviceParameters& device, const ResponseRequest& request) {
  PulsedCells cells(device, request.cells, request.seed);
  Characterisation result;
  result.response.up = request.up;
  result.response.down = request.down;
  result.response.after.push_back(spread_of(cells.weights()));
  std::vector<float> turn = cells.weights();
  for (std::size_t pulse = 0; pulse < request.up + request.down; ++pulse) {
    cells.pulse(1, pulse < request.up);
    result.response.after.push_back(spread_of(cells.weights()));
    if (pulse + 1 == request.up) turn = cells.weights();
  }
  result.cells_csv = cells_csv(cells.array(), request, turn, cells.weights());
  return result;
}

}  // namespace rheo
