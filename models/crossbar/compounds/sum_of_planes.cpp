#include "models/crossbar/compounds/sum_of_planes.hpp"

#include <algorithm>
#include <cmath>

namespace rheo::crossbar {

const std::vector<float>& SumOfPlanes::weights() const {
  if (!current_) {
    weights_.resize(shape_.values());
    combine(weights_);
    current_ = true;
  }
  return weights_;
}

void SumOfPlanes::combine(std::vector<float>& weights) const {
  std::fill(weights.begin(), weights.end(), 0.0F);
  for (std::size_t k = 0; k < planes_.size(); ++k) {
    const std::vector<float>& part = planes_[k].weights();
    for (std::size_t at = 0; at < weights.size(); ++at) weights[at] = std::fma(gains_[k], part[at], weights[at]);
  }
}

std::size_t SumOfPlanes::cells_per_read() const noexcept {
  return 2 * static_cast<std::size_t>(std::count_if(gains_.begin(), gains_.end(), [](float g) { return g != 0; }));
}

void SumOfPlanes::add_conductances(const ConductanceParameters& law, std::span<float> rows,
                                   std::span<float> columns) const {
  for (std::size_t k = 0; k < planes_.size(); ++k) {
    if (gains_[k] != 0) add_pair_conductances(law, planes_[k], rows, columns);
  }
}

void SumOfPlanes::end_batch_of_planes(std::uint64_t batch) {
  for (CellPlane& plane : planes_) plane.end_batch(batch);
  changed();
}

void SumOfPlanes::save(std::vector<std::byte>& to) const {
  for (const CellPlane& plane : planes_) plane.save(to);
}

void SumOfPlanes::restore(std::span<const std::byte>& from) {
  for (CellPlane& plane : planes_) plane.restore(from);
  changed();
}

UpdateCounts pulsed(const PlaneShape& shape, PulseCounts pulses, std::size_t planes, std::size_t cells) {
  UpdateCounts counts;
  // Each pulse on a line reaches all cells of the line; where no partner coincides they see half the voltage.
  const std::uint64_t seen = planes * (pulses.row_pulses * shape.outputs + pulses.column_pulses * shape.inputs);
  counts.cell_pulses = cells * pulses.coincidences;
  counts.half_selected = cells * (std::max(seen, 2 * pulses.coincidences) - 2 * pulses.coincidences);
  // A vector of no slots came as a product, which the periphery works out for every cell.
  if (!pulses.by_length.empty()) counts.accumulated = planes * pulses.by_length[0] * shape.inputs * shape.outputs;
  counts.pulses = std::move(pulses);
  return counts;
}

float full_scale(const CellParameters& cell) noexcept {
  return static_cast<float>(std::max(cell.population.w_max, -cell.population.w_min));
}

void add_pair_conductances(const ConductanceParameters& law, const CellPlane& plane, std::span<float> rows,
                           std::span<float> columns) {
  const PlaneShape& shape = plane.shape();
  const float largest = full_scale(plane.parameters());
  for (std::size_t i = 0; i < shape.inputs; ++i) {
    for (std::size_t j = 0; j < shape.outputs; ++j) {
      const float pair = law.of_pair(plane.weights()[i * shape.row_stride + j], largest);
      rows[i] += pair;
      columns[j] += pair;
    }
  }
}

}  // namespace rheo::crossbar
