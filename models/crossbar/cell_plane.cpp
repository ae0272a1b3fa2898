#include "models/crossbar/cell_plane.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/core/bytes.hpp"
#include "models/core/elementary.hpp"

namespace rheo::crossbar {
namespace {

/// Every plane of an array has random numbers of its own.
RandomKey plane_key(std::uint64_t seed, std::uint32_t stream, RandomPurpose purpose, std::uint32_t plane) {
  return {seed, stream, static_cast<RandomPurpose>(static_cast<std::uint32_t>(purpose) | plane << 16)};
}

/// Variates of a row of cells, one row of them for each use.
enum Variate : std::uint64_t { of_gain, of_up_down, of_upper, of_lower, of_lifetime, of_diffusion, of_reset, own };
constexpr std::uint64_t uniforms = 32;
constexpr std::uint64_t whole_plane = std::uint64_t{1} << 63;  ///< identities of writes that no vector causes

}  // namespace

CellPlane::CellPlane(const PlaneShape& shape, const CellParameters& parameters, CoincidenceMode mode,
                     std::uint64_t seed, std::uint32_t stream, std::uint32_t plane, std::uint32_t population)
    : shape_(shape),
      parameters_(parameters),
      exact_(mode == CoincidenceMode::exact ||
             (mode == CoincidenceMode::automatic && parameters.model().depends_on_weight())),
      cycle_key_(plane_key(seed, stream, RandomPurpose::cycle_to_cycle, plane)),
      write_key_(plane_key(seed, stream, RandomPurpose::write_noise, plane)),
      decay_key_(plane_key(seed, stream, RandomPurpose::diffusion, plane)),
      reset_key_(plane_key(seed, stream, RandomPurpose::reset, plane)),
      hidden_(shape.values()) {
  populate(plane_key(seed, stream, RandomPurpose::cell_population, population));
  program(std::vector<float>(shape.values()));
}

void CellPlane::populate(const RandomKey& key) {
  const PopulationParameters& p = parameters_.population;
  const CellFamily& family = parameters_.model();
  for (std::vector<float>* values : {&step_up_, &step_down_, &bound_low_, &bound_high_}) {
    values->assign(shape_.values(), 0.0F);
  }
  own_.assign(family.own_values(), std::vector<float>(shape_.values()));
  if (p.lifetime > 0) decay_.assign(shape_.values(), 0.0F);
  if (p.diffusion > 0) diffusion_.assign(shape_.values(), 0.0F);

  const std::size_t stride = shape_.row_stride;
  const std::size_t own_variates = family.own_variates();
  std::vector<std::vector<float>> xi(own + own_variates, std::vector<float>(stride));
  std::vector<std::uint32_t> stuck(stride), place(stride);
  std::vector<float> variates(own_variates);
  const auto dw_min = static_cast<float>(p.dw_min);
  const auto asymmetry = static_cast<float>(p.up_down);
  for (std::size_t i = 0; i < shape_.inputs; ++i) {
    for (std::uint64_t use = 0; use < xi.size(); ++use) random_normals(key, i, use << 32, xi[use]);
    if (p.corrupt_devices_prob > 0) {
      random_words(key, i, uniforms << 32, stuck);
      random_words(key, i, (uniforms + 1) << 32, place);
    }
    for (std::size_t j = 0; j < shape_.outputs; ++j) {
      const std::size_t at = i * stride + j;
      Cell cell;
      const float spread = static_cast<float>(p.dw_min_dtod) * xi[of_gain][j];
      const float step = p.dw_min_dtod_log_normal ? exponential(spread) : 1.0F + spread;
      const float r = static_cast<float>(p.up_down_dtod) * xi[of_up_down][j];
      cell.step_up = std::abs(dw_min * (step + r + std::min(asymmetry, 0.0F)));
      cell.step_down = std::abs(dw_min * (step - r - std::max(asymmetry, 0.0F)));
      cell.bound_high = static_cast<float>(p.w_max) * (1.0F + static_cast<float>(p.w_max_dtod) * xi[of_upper][j]);
      cell.bound_low = static_cast<float>(p.w_min) * (1.0F + static_cast<float>(p.w_min_dtod) * xi[of_lower][j]);
      if (cell.bound_low > cell.bound_high) std::swap(cell.bound_low, cell.bound_high);
      cell.bound_high = std::abs(cell.bound_high);
      cell.bound_low = -std::abs(cell.bound_low);
      if (p.corrupt_devices_prob > 0 && uniform_from_word(stuck[j]) < static_cast<float>(p.corrupt_devices_prob)) {
        const auto range = static_cast<float>(p.corrupt_devices_range);
        const float low = std::max(cell.bound_low, -range);
        const float high = std::min(cell.bound_high, range);
        cell.bound_low = cell.bound_high = low + (high - low) * uniform_from_word(place[j]);
        cell.step_up = cell.step_down = 0;
      }
      cell.reset_bias = static_cast<float>(p.reset) + static_cast<float>(p.reset_dtod) * xi[of_reset][j];
      for (std::size_t k = 0; k < own_variates; ++k) variates[k] = xi[own + k][j];
      family.complete(p, variates, cell);

      step_up_[at] = cell.step_up;
      step_down_[at] = cell.step_down;
      bound_low_[at] = cell.bound_low;
      bound_high_[at] = cell.bound_high;
      for (std::size_t k = 0; k < own_.size(); ++k) own_[k][at] = cell.own[k];
      if (cell.reset_bias != 0) {
        if (reset_bias_.empty()) reset_bias_.assign(shape_.values(), 0.0F);
        reset_bias_[at] = cell.reset_bias;
      }
      if (!decay_.empty()) {
        const float life =
            static_cast<float>(p.lifetime) * (1.0F + static_cast<float>(p.lifetime_dtod) * xi[of_lifetime][j]);
        decay_[at] = life > 1.0F ? 1.0F - 1.0F / life : 0.0F;
      }
      if (!diffusion_.empty()) {
        diffusion_[at] = std::abs(static_cast<float>(p.diffusion) *
                                  (1.0F + static_cast<float>(p.diffusion_dtod) * xi[of_diffusion][j]));
      }
    }
  }
}

float CellPlane::clipped(std::size_t at, float value) const noexcept {
  return std::min(std::max(value, bound_low_[at]), bound_high_[at]);
}

void CellPlane::write_all(std::uint64_t identity) {
  const auto noise = static_cast<float>(parameters_.population.write_noise_std * parameters_.population.dw_min);
  if (!(noise > 0)) return;
  visible_.resize(shape_.values());
  std::vector<float> xi(shape_.row_stride);
  for (std::size_t i = 0; i < shape_.inputs; ++i) {
    random_normals(write_key_, whole_plane + identity, static_cast<std::uint64_t>(i) << 32, xi);
    for (std::size_t j = 0; j < shape_.outputs; ++j) {
      const std::size_t at = i * shape_.row_stride + j;
      visible_[at] = std::fma(xi[j], noise, hidden_[at]);
    }
  }
}

void CellPlane::program(std::span<const float> values) {
  for (std::size_t at = 0; at < hidden_.size(); ++at) hidden_[at] = clipped(at, values[at]);
  write_all(writes_++);
}

std::uint64_t CellPlane::apply(const PulseEvents& events, std::size_t first_row, std::size_t last_row,
                               PulseSelection selection) {
  const PopulationParameters& p = parameters_.population;
  CellArrays cells;
  cells.weights = hidden_.data();
  cells.visible = visible_.empty() ? nullptr : visible_.data();
  cells.step_up = step_up_.data();
  cells.step_down = step_down_.data();
  cells.bound_low = bound_low_.data();
  cells.bound_high = bound_high_.data();
  for (std::size_t k = 0; k < own_.size(); ++k) cells.own[k] = own_[k].data();
  cells.row_stride = shape_.row_stride;
  cells.cycle_to_cycle = static_cast<float>(p.dw_min_std);
  cells.write_noise = static_cast<float>(p.write_noise_std * p.dw_min);
  return parameters_.model().apply({events, cells, cycle_key_, write_key_, selection, exact_, first_row, last_row});
}

void CellPlane::end_batch(std::uint64_t batch) {
  if (decay_.empty() && diffusion_.empty()) return;
  std::vector<float> xi(shape_.row_stride);
  for (std::size_t i = 0; i < shape_.inputs; ++i) {
    if (!diffusion_.empty()) random_normals(decay_key_, batch, static_cast<std::uint64_t>(i) << 32, xi);
    for (std::size_t j = 0; j < shape_.outputs; ++j) {
      const std::size_t at = i * shape_.row_stride + j;
      float w = hidden_[at];
      if (!decay_.empty()) {
        const float rest = reset_bias_.empty() ? 0.0F : reset_bias_[at];
        w = clipped(at, std::fma(w - rest, decay_[at], rest));
      }
      if (!diffusion_.empty()) w = clipped(at, std::fma(xi[j], diffusion_[at], w));
      hidden_[at] = w;
    }
  }
  write_all(writes_++);
}

void CellPlane::reset(std::size_t first, std::size_t count, std::uint64_t identity) {
  std::vector<std::uint32_t> all(shape_.outputs);
  std::iota(all.begin(), all.end(), 0U);
  for (std::size_t i = first; i < first + count; ++i) reset_cells(i, all, identity);
}

void CellPlane::reset_cells(std::size_t row, std::span<const std::uint32_t> columns, std::uint64_t identity) {
  const auto spread = static_cast<float>(parameters_.population.reset_std);
  const auto noise = static_cast<float>(parameters_.population.write_noise_std * parameters_.population.dw_min);
  std::vector<float> xi(shape_.row_stride);
  random_normals(reset_key_, identity, static_cast<std::uint64_t>(row) << 32, xi);
  for (const std::uint32_t j : columns) {
    const std::size_t at = row * shape_.row_stride + j;
    hidden_[at] = clipped(at, std::fma(xi[j], spread, reset_bias_.empty() ? 0.0F : reset_bias_[at]));
  }
  if (visible_.empty()) return;
  random_normals(write_key_, whole_plane / 2 + identity, static_cast<std::uint64_t>(row) << 32, xi);
  for (const std::uint32_t j : columns) {
    const std::size_t at = row * shape_.row_stride + j;
    visible_[at] = std::fma(xi[j], noise, hidden_[at]);
  }
}

Cell CellPlane::cell(std::size_t input, std::size_t output) const {
  const std::size_t at = input * shape_.row_stride + output;
  Cell cell{
      step_up_[at], step_down_[at], bound_low_[at], bound_high_[at], reset_bias_.empty() ? 0.0F : reset_bias_[at], {}};
  for (std::size_t k = 0; k < own_.size(); ++k) cell.own[k] = own_[k][at];
  return cell;
}

void CellPlane::save(std::vector<std::byte>& to) const {
  append_bytes<float>(to, hidden_);
  append_bytes<float>(to, visible_);
  append_bytes(to, std::span(&writes_, 1));
}

void CellPlane::restore(std::span<const std::byte>& from) {
  take_bytes<float>(from, hidden_);
  take_bytes<float>(from, visible_);
  take_bytes(from, std::span(&writes_, 1));
}

}  // namespace rheo::crossbar
