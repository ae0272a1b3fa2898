#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/core/elementary.hpp"
#include "models/crossbar/blocks.hpp"
#include "models/crossbar/cell_family.hpp"
#include "models/crossbar/device.hpp"
#include "models/crossbar/pulse_update.hpp"
#include "tests/core/reference_random.hpp"
#include "tests/crossbar/cell_settings.hpp"
#include "tests/crossbar/reference_array.hpp"

/// The update once more: one vector, one line, one cell, one pulse at a time, in the plainest way. Float operations
/// stand in the order of the kernels', so that the bits can be compared.
namespace rheo::crossbar::testing {

/// Mean and deviation of the change by one pulse.
struct StepMoments {
  float mean, deviation;
};
using ReferenceStep = std::function<StepMoments(const Cell& cell, float w, bool up)>;

/// Formula of every family. `own` of a cell as the family's file says.
inline ReferenceStep reference_step(const CellParameters& cell) {
  const OwnValues values = own_values(cell);
  const auto own = [&](const char* key) { return static_cast<float>(values.at(key).at(0)); };
  const auto sigma = static_cast<float>(cell.population.dw_min_std);
  const std::string& family = cell.family();
  if (family == "constant_step") {
    return [=](const Cell& c, float, bool up) {
      const float mean = up ? c.step_up : -c.step_down;
      return StepMoments{mean, mean * sigma};
    };
  }
  if (family == "linear_step" || family == "soft_bounds") {
    const bool multiplicative = own("mult_noise") != 0;
    return [=](const Cell& c, float w, bool up) {
      const float step = up ? c.step_up : -c.step_down;
      const float slope = up ? c.own[0] : -c.own[1];
      const float mean = std::fma(slope, w, step);
      return StepMoments{mean, (multiplicative ? mean : step) * sigma};
    };
  }
  if (family == "soft_bounds_reference") {
    const bool multiplicative = own("mult_noise") != 0;
    return [=](const Cell& c, float w, bool up) {
      const float step = up ? c.step_up : -c.step_down;
      const float v = w + c.own[0];
      const float mean = step * std::fma(-v, up ? c.own[1] : c.own[2], 1.0F);
      return StepMoments{mean, (multiplicative ? mean : step) * sigma};
    };
  }
  if (family == "exp_step") {
    const float a_up = own("A_up"), a_down = own("A_down"), g_up = own("gamma_up"), g_down = own("gamma_down");
    const float b = own("b"), add = own("dw_min_std_add"), slope = own("dw_min_std_slope");
    return [=](const Cell& c, float w, bool up) {
      const float step = up ? c.step_up : -c.step_down;
      const float z = std::fma(w, c.own[0], b);
      const float growth = exponential((up ? g_up : -g_down) * z);
      const float left = std::fma(-(up ? a_up : a_down), growth, 1.0F);
      const float mean = step * (left > 0 ? left : 0.0F);
      if (add == 0 && slope == 0) return StepMoments{mean, mean * sigma};
      const float extra = std::fma(std::abs(w), slope, add);
      return StepMoments{mean, c.own[0] != 0 ? (std::abs(mean) + extra) * sigma : 0.0F};
    };
  }
  if (family == "pow_step" || family == "pow_step_reference") {
    return [=](const Cell& c, float w, bool up) {
      const float step = up ? c.step_up : -c.step_down;
      const float range = std::max(c.bound_high - c.bound_low, 1e-30F);
      const float distance = up ? c.bound_high - w : w - c.bound_low;
      const float mean = step * power(distance / range, up ? c.own[0] : c.own[1]);
      return StepMoments{mean, mean * sigma};
    };
  }
  if (family == "piecewise_step") {
    const std::vector<float> ups(values.at("piecewise_up").begin(), values.at("piecewise_up").end());
    const std::vector<float> downs(values.at("piecewise_down").begin(), values.at("piecewise_down").end());
    return [=](const Cell& c, float w, bool up) {
      const std::vector<float>& table = up ? ups : downs;
      const float step = up ? c.step_up : -c.step_down;
      const auto sections = static_cast<float>(table.size() - 1);
      const float inside = (w - c.bound_low) * c.own[0];
      const float place = std::clamp(inside, 0.0F, 1.0F) * sections;
      const float node = std::min(std::floor(place), std::max(sections - 1.0F, 0.0F));
      const auto left = static_cast<std::size_t>(node);
      const std::size_t right = std::min(left + 1, table.size() - 1);
      const float mean = step * std::fma(place - node, table[right] - table[left], table[left]);
      return StepMoments{mean, mean * sigma};
    };
  }
  throw std::logic_error("the reference knows no formula of " + family);
}

/// What a family adds to a cell, from its own variates.
inline void reference_completion(const CellParameters& parameters, const std::function<float(std::size_t)>& xi,
                                 Cell& c) {
  const OwnValues values = own_values(parameters);
  const PopulationParameters& p = parameters.population;
  const auto own = [&](const char* key) { return static_cast<float>(values.at(key).at(0)); };
  const std::string& family = parameters.family();
  const float range = c.bound_high - c.bound_low;
  if (family == "linear_step") {
    float up = own("gamma_up") + own("gamma_up_dtod") * xi(0);
    float down = own("gamma_down") + own("gamma_down_dtod") * xi(1);
    if (own("allow_increasing") == 0) up = std::abs(up), down = std::abs(down);
    const bool mean_bounds = own("mean_bound_reference") != 0;
    const float high = mean_bounds ? static_cast<float>(p.w_max) : c.bound_high;
    const float low = mean_bounds ? static_cast<float>(p.w_min) : c.bound_low;
    c.own[0] = high != 0 ? -up * c.step_up / high : 0.0F;
    c.own[1] = low != 0 ? -down * c.step_down / low : 0.0F;
  } else if (family == "soft_bounds") {
    c.own[0] = c.bound_high != 0 ? -c.step_up / c.bound_high : 0.0F;
    c.own[1] = c.bound_low != 0 ? -c.step_down / c.bound_low : 0.0F;
  } else if (family == "soft_bounds_reference") {
    float reference = own("reference_mean") + own("reference_std") * xi(2);
    if (c.bound_high > 0 && c.bound_low < 0) {
      c.bound_high /= std::abs(1.0F + own("slope_up_dtod") * xi(0));
      c.bound_low /= std::abs(1.0F + own("slope_down_dtod") * xi(1));
      const float slopes = c.step_up / c.bound_high - c.step_down / c.bound_low;
      if (own("subtract_symmetry_point") != 0 && slopes > 0) {
        const float symmetry = (c.step_up - c.step_down) / slopes;
        reference += symmetry;
        c.reset_bias += symmetry;
      }
    }
    c.own = {reference, c.bound_high > 0 ? 1.0F / c.bound_high : 0.0F, c.bound_low < 0 ? 1.0F / c.bound_low : 0.0F};
    c.bound_high -= reference;
    c.bound_low -= reference;
  } else if (family == "exp_step") {
    c.own[0] = range > 0 ? 2.0F * own("a") / range : 0.0F;
    if (!(range > 0)) c.step_up = c.step_down = 0;
  } else if (family == "piecewise_step") {
    c.own[0] = range > 0 ? 1.0F / range : 0.0F;
    if (!(range > 0)) c.step_up = c.step_down = 0;
  } else if (family == "pow_step" || family == "pow_step_reference") {
    const float bias = own("pow_up_down");
    const float gain = 1.0F + own("pow_gamma_dtod") * xi(0);
    const float r = own("pow_up_down_dtod") * xi(1);
    c.own[0] = std::abs(own("pow_gamma") * (gain + r + std::min(bias, 0.0F)));
    c.own[1] = std::abs(own("pow_gamma") * (gain - r - std::max(bias, 0.0F)));
    if (!(range > 0)) c.step_up = c.step_down = 0;
    if (family == "pow_step") return;
    float reference = own("reference_mean") + own("reference_std") * xi(2);
    if (own("subtract_symmetry_point") != 0 && c.bound_high > 0 && c.bound_low < 0 && c.step_up > 0) {
      float low = c.bound_low;
      float high = c.bound_high;
      for (int i = 0; i < 40; ++i) {  // up steps fall with the weight, down steps grow
        const float middle = 0.5F * (low + high);
        const bool below = c.step_up * power((c.bound_high - middle) / range, c.own[0]) >
                           c.step_down * power((middle - c.bound_low) / range, c.own[1]);
        (below ? low : high) = middle;
      }
      reference += 0.5F * (low + high);
      c.reset_bias += 0.5F * (low + high);
    }
    c.own[2] = reference;
    c.bound_high -= reference;
    c.bound_low -= reference;
  }
}

/// One cell with what it does once a mini-batch.
struct ReferenceCell : Cell {
  float kept = 1;  ///< share of the distance to the reset bias that a mini-batch leaves
  float diffusion = 0;
};

inline RandomKey reference_plane_key(std::uint64_t seed, std::uint32_t stream, RandomPurpose purpose,
                                     std::uint32_t plane) {
  return {seed, stream, static_cast<RandomPurpose>(static_cast<std::uint32_t>(purpose) | plane << 16)};
}

/// The cell at (input, output): variate n of a row of cells begins at block n 2^32.
inline ReferenceCell reference_cell(const CellParameters& parameters, const RandomKey& key, std::size_t input,
                                    std::size_t output) {
  const PopulationParameters& p = parameters.population;
  const auto f = [](double value) { return static_cast<float>(value); };
  const auto xi = [&](std::uint64_t number) { return reference_normal(key, input, number << 32, output); };
  const auto uniform = [&](std::uint64_t number) {
    return uniform_from_word(reference_word(key, input, (number << 32) + output / 4, output % 4));
  };
  ReferenceCell c;
  const float spread = f(p.dw_min_dtod) * xi(0);
  const float gain = p.dw_min_dtod_log_normal ? exponential(spread) : 1.0F + spread;
  const float r = f(p.up_down_dtod) * xi(1);
  c.step_up = std::abs(f(p.dw_min) * (gain + r + std::min(f(p.up_down), 0.0F)));
  c.step_down = std::abs(f(p.dw_min) * (gain - r - std::max(f(p.up_down), 0.0F)));
  const float one = f(p.w_max) * (1.0F + f(p.w_max_dtod) * xi(2));
  const float other = f(p.w_min) * (1.0F + f(p.w_min_dtod) * xi(3));
  c.bound_high = std::abs(std::max(one, other));
  c.bound_low = -std::abs(std::min(one, other));
  if (p.corrupt_devices_prob > 0 && uniform(32) < f(p.corrupt_devices_prob)) {
    const float low = std::max(c.bound_low, -f(p.corrupt_devices_range));
    const float high = std::min(c.bound_high, f(p.corrupt_devices_range));
    c.bound_low = c.bound_high = low + (high - low) * uniform(33);
    c.step_up = c.step_down = 0;
  }
  if (p.lifetime > 0) {
    const float life = f(p.lifetime) * (1.0F + f(p.lifetime_dtod) * xi(4));
    c.kept = life > 1 ? 1.0F - 1.0F / life : 0.0F;
  }
  if (p.diffusion > 0) c.diffusion = std::abs(f(p.diffusion) * (1.0F + f(p.diffusion_dtod) * xi(5)));
  c.reset_bias = f(p.reset) + f(p.reset_dtod) * xi(6);
  reference_completion(parameters, [&](std::size_t k) { return xi(7 + k); }, c);
  return c;
}

/// The train of one line: bit s of the result is slot s, bit 31 the sign of the value. A slot fires when its
/// random number is below the probability |value| scale, in units of 2^-31. Every 31 slots are a segment with numbers
/// of its own.
inline std::uint32_t reference_train(const RandomKey& key, std::uint64_t identity, std::size_t line, float value,
                                     float scale, int slots, std::uint32_t segment = 0) {
  const auto threshold = static_cast<std::uint32_t>(std::min(std::abs(value) * (scale * 0x1p31F), 2147483520.0F));
  std::uint32_t train = 0;
  const auto word = [&](int number) {  // of the line's own numbers
    const std::uint64_t draw = std::uint64_t{segment} * 64 + static_cast<std::uint64_t>(number);
    return reference_word(key, identity, (draw << 32) + line / 4, line % 4);
  };
  if (slots == 1) {
    train = (word(0) >> 1) < threshold ? 1U : 0U;
  } else {
    // A draw gives slots i and i + 16 half a word each: 16 bits, and 15 of another word when those tie.
    for (int i = 0; i < (slots + 1) / 2; ++i) {
      for (int half = 0; half < 2; ++half) {
        const int slot = i + 16 * half;
        if (half == 1 && 2 * i + 1 >= slots) continue;
        const std::uint32_t number =
            ((word(2 * i + 1) >> (16 * half)) & 0xFFFFU) << 15 | ((word(2 * i + 2) >> (16 * half)) & 0xFFFFU) >> 1;
        if (number < threshold) train |= std::uint32_t{1} << slot;
      }
    }
  }
  return train | (std::signbit(value) ? 0x80000000U : 0U);
}

/// Slots and scales of one vector, in floats.
inline PulseScales reference_scales(const PulseSettings& s, float lr, float x, float d) {
  const float strength = lr / s.granularity;
  const float wanted = strength * x * d;
  if (!(wanted > 0)) return {};
  const auto longest = static_cast<float>(s.train_length);
  const float slots = s.length_management ? std::min(std::ceil(wanted), longest) : longest;
  const float base = std::sqrt(strength / slots);
  if (!s.update_management) return {static_cast<int>(slots), base, base};
  if (wanted > longest) d = d * (longest / wanted);  // only d saturates
  return {static_cast<int>(slots), base * std::sqrt(d / x), base * std::sqrt(x / d)};
}

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
        if (diffuses_) w = clipped(c, std::fma(reference_normal(diffusion_key_, batch, row_block(i), j), c.diffusion, w));
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

/// One vector after the other: trains or counts of its lines, then its cells.
class ReferenceUpdate {
 public:
  ReferenceUpdate(const PulseSettings& settings, std::uint64_t seed, std::uint32_t stream)
      : settings_(settings),
        row_key_(seed, stream, RandomPurpose::row_trains),
        column_key_(seed, stream, RandomPurpose::column_trains) {
    const int passes = settings.mode == UpdateMode::stochastic ? 2 : 1;
    counts.by_length.assign(static_cast<std::size_t>(passes * settings.train_length) + 1, 0);
  }

  PulseCounts counts;

  void operator()(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float lr,
                  ReferencePlane& plane) {
    for (std::size_t v = range.first; v < range.first + range.count; ++v) {
      vector(gather(inputs, v), gather(errors, v), range.identity + v, lr, plane);
    }
  }

 private:
  static constexpr std::uint32_t slot_bits = 0x7FFFFFFFU;

  void vector(const std::vector<float>& x, const std::vector<float>& d, std::uint64_t identity, float lr,
              ReferencePlane& plane) {
    const PulseScales scales = reference_scales(settings_, lr, largest(x), largest(d));
    if (scales.slots == 0) {
      ++counts.skipped;
      return;
    }
    ++counts.vectors;
    switch (settings_.mode) {
      case UpdateMode::none_with_device:
        ++counts.by_length[0];
        return product(x, d, identity, lr, plane);
      case UpdateMode::mean_count:
      case UpdateMode::deterministic_implicit:
        played(scales.slots);
        return whole_counts(x, d, identity, scales, plane);
      case UpdateMode::stochastic_compressed:
        played(scales.slots);
        return trains(x, d, identity, scales, 0, 0, plane);
      case UpdateMode::stochastic:
        played(2 * scales.slots);
        trains(x, d, identity, scales, 1, 0, plane);
        trains(x, d, identity, scales, -1, static_cast<std::uint32_t>((scales.slots + 30) / 31), plane);
        return;
    }
  }

  void played(int slots) {
    counts.slots += static_cast<std::uint64_t>(slots);
    ++counts.by_length[static_cast<std::size_t>(slots)];
  }

  static void product(const std::vector<float>& x, const std::vector<float>& d, std::uint64_t identity, float lr,
                      ReferencePlane& plane) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float factor = x[i] * lr;
      if (factor == 0) continue;
      for (std::size_t j = 0; j < d.size(); ++j) plane.subtract(i, j, factor, d[j], identity);
    }
  }

  /// Without random lines: from the probabilities, rounded for each line first (mean count) or only as products.
  void whole_counts(const std::vector<float>& x, const std::vector<float>& d, std::uint64_t identity,
                    const PulseScales& scales, ReferencePlane& plane) {
    const bool rounded = settings_.mode == UpdateMode::mean_count;
    const auto slots = static_cast<float>(scales.slots);
    const auto probability = [](float value, float scale) { return std::min(std::abs(value) * scale, 1.0F); };
    for (const float value : x) {
      counts.row_pulses += static_cast<std::uint64_t>(std::nearbyint(probability(value, scales.rows) * slots));
    }
    for (const float value : d) {
      counts.column_pulses += static_cast<std::uint64_t>(std::nearbyint(probability(value, scales.columns) * slots));
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t j = 0; j < d.size(); ++j) {
        const float row = probability(x[i], scales.rows) * slots;
        const float column = probability(d[j], scales.columns);
        const float n = rounded ? std::nearbyint(row) * std::nearbyint(column * slots) / slots : row * column;
        counts.coincidences += plane.pulse(i, j, static_cast<int>(std::nearbyint(n)), std::signbit(x[i]),
                                           std::signbit(d[j]), 0, identity, 0, plane.position(i, j));
      }
    }
  }

  void trains(const std::vector<float>& x, const std::vector<float>& d, std::uint64_t identity,
              const PulseScales& scales, int polarity, std::uint32_t segment, ReferencePlane& plane) {
    for (int left = scales.slots; left > 0; left -= 31, ++segment) {
      const int slots = std::min(left, 31);
      std::vector<std::uint32_t> columns;
      std::uint64_t fired = 0;
      for (std::size_t j = 0; j < d.size(); ++j) {
        columns.push_back(reference_train(column_key_, identity, j, d[j], scales.columns, slots, segment));
        fired += static_cast<std::uint64_t>(std::popcount(columns.back() & slot_bits));
      }
      counts.random_bits += static_cast<std::uint64_t>(slots) * d.size();
      counts.column_pulses += fired;
      if (fired == 0) continue;  // columns first: the rows stay idle
      counts.random_bits += static_cast<std::uint64_t>(slots) * x.size();
      std::uint64_t rank = 0;  // among the coincidences of a train of one slot
      for (std::size_t i = 0; i < x.size(); ++i) {
        const std::uint32_t row = reference_train(row_key_, identity, i, x[i], scales.rows, slots, segment);
        counts.row_pulses += static_cast<std::uint64_t>(std::popcount(row & slot_bits));
        for (std::size_t j = 0; j < d.size(); ++j) {
          const int n = std::popcount(row & columns[j] & slot_bits);
          if (n == 0) continue;
          counts.coincidences += plane.pulse(i, j, n, (row >> 31) != 0, (columns[j] >> 31) != 0, polarity, identity,
                                             segment, scales.slots == 1 ? rank++ : plane.position(i, j));
        }
      }
    }
  }

  PulseSettings settings_;
  RandomKey row_key_, column_key_;
};

}  // namespace rheo::crossbar::testing
