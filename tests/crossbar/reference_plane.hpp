#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/crossbar/cell_family.hpp"
#include "models/crossbar/device.hpp"
#include "tests/crossbar/reference_cells.hpp"

namespace rheo::crossbar::testing {

/// Cells of one plane with their weights, and the update of them.
class ReferencePlane {
 public:
  ReferencePlane(std::size_t inputs, std::size_t outputs, const CellParameters& parameters, CoincidenceMode mode,
                 std::uint64_t seed, std::uint32_t stream, std::uint32_t plane = 0)
      : inputs_(inputs),
        outputs_(outputs),
        stride_((outputs + 15) / 16 * 16),
        step_(reference_step(parameters)),
        exact_(mode == CoincidenceMode::exact ||
               (mode == CoincidenceMode::automatic && parameters.family() != "constant_step")),
        cycle_key_(reference_plane_key(seed, stream, RandomPurpose::cycle_to_cycle, plane)),
        write_key_(reference_plane_key(seed, stream, RandomPurpose::write_noise, plane)),
        diffusion_key_(reference_plane_key(seed, stream, RandomPurpose::diffusion, plane)),
        reset_key_(reference_plane_key(seed, stream, RandomPurpose::reset, plane)),
        write_noise_(static_cast<float>(parameters.population.write_noise_std * parameters.population.dw_min)),
        reset_std_(static_cast<float>(parameters.population.reset_std)),
        decays_(parameters.population.lifetime > 0),
        diffuses_(parameters.population.diffusion > 0) {
    const RandomKey key = reference_plane_key(seed, stream, RandomPurpose::cell_population, plane);
    for (std::size_t i = 0; i < inputs; ++i) {
      for (std::size_t j = 0; j < outputs; ++j) cells.push_back(reference_cell(parameters, key, i, j));
    }
    hidden.resize(inputs * outputs);
    visible.resize(inputs * outputs);
    program(hidden);
  }

  /// inputs x outputs, without padding.
  std::vector<ReferenceCell> cells;
  std::vector<float> hidden, visible;
  PulseSelection selection = PulseSelection::both;

  void program(const std::vector<float>& values) {
    for (std::size_t at = 0; at < hidden.size(); ++at) hidden[at] = clipped(cells[at], values[at]);
    write_all();
  }

  void end_batch(std::uint64_t batch) {
    if (!decays_ && !diffuses_) return;
    for (std::size_t i = 0; i < inputs_; ++i) {
      for (std::size_t j = 0; j < outputs_; ++j) {
        const ReferenceCell& c = cells[i * outputs_ + j];
        float& w = hidden[i * outputs_ + j];
        if (decays_) w = clipped(c, std::fma(w - c.reset_bias, c.kept, c.reset_bias));
        if (diffuses_)
          w = clipped(c, std::fma(reference_normal(diffusion_key_, batch, row_block(i), j), c.diffusion, w));
      }
    }
    write_all();
  }

  void reset(std::size_t first, std::size_t count, std::uint64_t identity) {
    for (std::size_t i = first; i < first + count; ++i) {
      for (std::size_t j = 0; j < outputs_; ++j) {
        const std::size_t at = i * outputs_ + j;
        hidden[at] = clipped(cells[at], std::fma(reference_normal(reset_key_, identity, row_block(i), j), reset_std_,
                                                 cells[at].reset_bias));
        see(at, write_key_, (std::uint64_t{1} << 62) + identity, row_block(i), j);
      }
    }
  }

  /// `n` coincidences of lines with these signs; `index` is the position or the rank that the noise goes by. Returns
  /// the pulses taken.
  std::uint64_t pulse(std::size_t i, std::size_t j, int n, bool row_negative, bool column_negative, int polarity,
                      std::uint64_t identity, std::uint32_t segment, std::uint64_t index) {
    bool up = row_negative != column_negative;
    if (n == 0 || (polarity > 0 && !up) || (polarity < 0 && up)) return 0;
    if (selection == PulseSelection::up_only && !up) return 0;
    if (selection == PulseSelection::down_as_up) {
      if (up) return 0;
      up = true;
    }
    const std::size_t at = i * outputs_ + j;
    const ReferenceCell& c = cells[at];
    float& w = hidden[at];
    const std::uint64_t block = std::uint64_t{segment} << 44;
    const auto xi = [&](int number) {
      return reference_normal(cycle_key_, identity, block + (static_cast<std::uint64_t>(number) << 32), index);
    };
    if (exact_) {
      for (int k = 0; k < n; ++k) {
        const StepMoments s = step_(c, w, up);
        w = clipped(c, w + std::fma(s.deviation, xi(k), s.mean));
      }
    } else {
      const StepMoments s = step_(c, w, up);
      const auto count = static_cast<float>(n);
      w = clipped(c, w + std::fma(s.deviation * std::sqrt(count), xi(0), s.mean * count));
    }
    see(at, write_key_, identity, block, index);
    return static_cast<std::uint64_t>(n);
  }

  /// w - factor column, then the bounds.
  void subtract(std::size_t i, std::size_t j, float factor, float column, std::uint64_t identity) {
    const std::size_t at = i * outputs_ + j;
    hidden[at] = clipped(cells[at], std::fma(-factor, column, hidden[at]));
    see(at, write_key_, identity, 0, i * stride_ + j);
  }

  [[nodiscard]] std::uint64_t position(std::size_t i, std::size_t j) const { return i * stride_ + j; }

 private:
  static std::uint64_t row_block(std::size_t i) { return static_cast<std::uint64_t>(i) << 32; }

  static float clipped(const Cell& c, float w) {
    const float above = w > c.bound_low ? w : c.bound_low;
    return above < c.bound_high ? above : c.bound_high;
  }
  void see(std::size_t at, const RandomKey& key, std::uint64_t identity, std::uint64_t block, std::uint64_t index) {
    visible[at] = write_noise_ > 0 ? std::fma(reference_normal(key, identity, block, index), write_noise_, hidden[at])
                                   : hidden[at];
  }
  void write_all() {
    const std::uint64_t identity = (std::uint64_t{1} << 63) + writes_++;
    for (std::size_t i = 0; i < inputs_; ++i) {
      for (std::size_t j = 0; j < outputs_; ++j) see(i * outputs_ + j, write_key_, identity, row_block(i), j);
    }
  }

  std::size_t inputs_, outputs_, stride_;
  ReferenceStep step_;
  bool exact_;
  RandomKey cycle_key_, write_key_, diffusion_key_, reset_key_;
  float write_noise_, reset_std_;
  bool decays_, diffuses_;
  std::uint64_t writes_ = 0;
};

}  // namespace rheo::crossbar::testing
