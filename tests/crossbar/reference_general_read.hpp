#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/crossbar/general_read.hpp"
#include "tests/crossbar/reference_array.hpp"

/// The general read once more: one value at a time, one vector after the other.
namespace rheo::crossbar::testing {

/// 64 partial sums, value i into number i mod 64, then halves onto halves.
template <class Add>
float in_fixed_order(const std::vector<float>& values, Add add) {
  std::array<float, 64> partial{};
  for (std::size_t i = 0; i < values.size(); ++i) partial[i % 64] = add(partial[i % 64], values[i]);
  for (std::size_t width = 32; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) partial[i] += partial[i + width];
  }
  return partial[0];
}

class ReferenceReader {
 public:
  /// `slices` without padding: inputs x outputs each.
  ReferenceReader(const GeneralReadSettings& settings, const std::vector<std::vector<float>>& slices,
                  std::size_t inputs, std::size_t outputs, const RandomKey& key)
      : s(settings), p(settings.parameters), slices_(slices), inputs_(inputs), outputs_(outputs), key_(key) {}

  ReadCounts read(const InputBlock& in, const VectorRange& range, const OutputBlock& out) {
    for (std::size_t v = range.first; v < range.first + range.count; ++v) {
      x = gather(in, v);
      identity = range.identity + v;
      attempt = 0;
      std::vector<float> y(outputs_, 0.0F);
      alpha = first_alpha();
      if (alpha == 0) {
        ++counts.skipped;
        if (!out.accumulate) scatter(out, v, y);
        continue;
      }
      while (true) {
        clipped = false;
        y = one_attempt();
        const bool worst = s.bound == BoundManagement::iterative_worst_case;
        const bool repeats = worst || s.bound == BoundManagement::iterative;
        if (!clipped || !repeats ||
            attempt >= static_cast<std::uint64_t>(p.management.max_halvings) + (worst ? 1 : 0)) {
          break;
        }
        ++attempt;
        alpha = worst && attempt == 1 ? std::max(alpha, worst_case_alpha()) : alpha * 2;
      }
      float unit = alpha * p.adc.step() * s.output_scale;
      if (phases() > 1 && p.dac.accumulation == Accumulation::digital) unit *= drive_levels() / p.dac.levels();
      if (s.slice_bits > 0) unit *= s.slice_scale;
      for (float& value : y) value *= unit;
      scatter(out, v, y);
    }
    return counts;
  }

 private:
  [[nodiscard]] int phases() const {
    if (p.dac.scheme != DacScheme::bit_serial) return 1;
    int count = 0;
    for (std::int64_t bit = 0; bit < p.dac.bits - 1; bit += p.dac.phase_bits) ++count;
    return count;
  }
  [[nodiscard]] float drive_levels() const {
    return phases() > 1 ? static_cast<float>((1 << p.dac.phase_bits) - 1) : p.dac.levels();
  }
  [[nodiscard]] std::uint64_t block(ReadDraw draw, std::uint64_t conversion) const {
    return static_cast<std::uint64_t>(draw) << 56 | attempt << 32 | conversion << 24;
  }
  [[nodiscard]] float normal(ReadDraw draw, std::uint64_t conversion, std::size_t i) const {
    return reference_normal(key_, identity, block(draw, conversion), i);
  }
  [[nodiscard]] float uniform(ReadDraw draw, std::uint64_t conversion, std::size_t i) const {
    return uniform_from_word(reference_word(key_, identity, block(draw, conversion) + i / 4, i % 4));
  }

  [[nodiscard]] float limited_magnitude() const {
    const float magnitude = largest(x);
    return p.management.noise_limit > 0 ? std::min(magnitude, static_cast<float>(p.management.noise_limit)) : magnitude;
  }
  [[nodiscard]] float worst_case_alpha() const {
    const float up = in_fixed_order(x, [](float sum, float value) { return sum + std::max(value, 0.0F); });
    const float down = in_fixed_order(x, [](float sum, float value) { return sum + std::max(-value, 0.0F); });
    const float per_input = static_cast<float>(p.management.assumed_weight) / static_cast<float>(p.adc.bound);
    const float cap = limited_magnitude() * (p.dac.levels() / static_cast<float>(p.management.worst_case_levels));
    return std::max(limited_magnitude(), std::min(std::max(up, down) * per_input, cap));
  }
  [[nodiscard]] float first_alpha() const {
    if (largest(x) == 0) return 0;
    if (!p.management.noise) return 1;
    if (p.management.noise_scale == NoiseScale::constant) return static_cast<float>(p.management.noise_constant);
    if (p.management.noise_scale == NoiseScale::worst_case) return worst_case_alpha();
    if (p.management.noise_scale == NoiseScale::absolute_maximum) return limited_magnitude();
    float most = 0;
    for (const float value : x) most = std::max(most, value);
    return p.management.noise_limit > 0 ? std::min(most, static_cast<float>(p.management.noise_limit)) : most;
  }

  std::vector<float> one_attempt() {
    ++counts.reads;
    const float levels = p.dac.levels();
    std::vector<float> codes(inputs_);
    for (std::size_t k = 0; k < inputs_; ++k) {
      float code = x[k] * (levels / (alpha * static_cast<float>(p.dac.bound)));
      if (p.dac.quantise) {
        code = p.dac.rounding == Rounding::nearest ? std::nearbyint(code)
                                                   : std::floor(code + uniform(ReadDraw::input_rounding, 0, k));
      }
      codes[k] = std::clamp(code, -levels, levels);
    }
    std::vector<float> result(outputs_);
    for (std::size_t slice = 0; slice < s.slices; ++slice) {
      std::vector<float> charge(outputs_);
      for (int phase = 0; phase < phases(); ++phase) {
        const std::uint64_t conversion = slice * static_cast<std::size_t>(phases()) + static_cast<std::size_t>(phase);
        const std::vector<float> drives = driven(codes, slice, phase, conversion);
        std::vector<float> y = through_the_array(drives, slice, conversion);
        const auto weight_of_slice = static_cast<float>(std::pow(2.0, s.slice_bits * static_cast<int>(slice)));
        const auto weight_of_phase = static_cast<float>(std::pow(2.0, p.dac.phase_bits * phase));
        if (phases() > 1 && p.dac.accumulation == Accumulation::analog) {
          for (std::size_t o = 0; o < outputs_; ++o) {
            charge[o] = phase == 0 ? y[o] : std::fma(weight_of_phase, y[o], charge[o]);
          }
          if (phase + 1 < phases()) continue;
          for (std::size_t o = 0; o < outputs_; ++o) y[o] = charge[o] * (drive_levels() / levels);
          convert(y, slice, conversion, weight_of_slice, slice == 0, result);
        } else {
          convert(y, slice, conversion, weight_of_slice * weight_of_phase, conversion == 0, result);
        }
      }
    }
    return result;
  }

  std::vector<float> driven(const std::vector<float>& codes, std::size_t slice, int phase, std::uint64_t conversion) {
    std::vector<float> drives = codes;
    double charge = 0;
    for (std::size_t k = 0; k < inputs_; ++k) {
      if (phases() > 1) {
        const auto shifted = static_cast<std::int64_t>(std::abs(codes[k])) >> (phase * p.dac.phase_bits);
        drives[k] = std::copysign(static_cast<float>(shifted % (std::int64_t{1} << p.dac.phase_bits)), codes[k]);
      }
      if (drives[k] != 0 && (slice == 0 || s.slices_in_turn)) ++counts.driven;
      if (s.conductance != nullptr) charge += std::abs(double{drives[k]}) / drive_levels() * s.conductance[k] * 65536;
      if (p.dac.noise > 0) {
        const std::uint64_t on_lines = s.slices_in_turn ? conversion : static_cast<std::uint64_t>(phase);
        const float deviation = static_cast<float>(p.dac.noise) * drive_levels() / static_cast<float>(p.dac.bound);
        drives[k] = std::fma(normal(ReadDraw::input_noise, on_lines, k), deviation, drives[k]);
      }
      if (drives[k] < 0) drives[k] *= 1.0F - static_cast<float>(p.dac.asymmetry);
    }
    if (slice == 0) activity += charge;
    return drives;
  }

  [[nodiscard]] float sum_over_inputs(std::size_t slice, std::size_t o, const std::vector<float>& values,
                                      bool magnitudes) const {
    float sum = 0;
    for (std::size_t k = 0; k < inputs_; ++k) {
      const float w = slices_[slice][k * outputs_ + o];
      sum = std::fma(values[k], magnitudes ? std::abs(w) : w, sum);
    }
    return sum;
  }

  [[nodiscard]] std::vector<float> through_the_array(const std::vector<float>& drives, std::size_t slice,
                                                     std::uint64_t conversion) const {
    const float unit = static_cast<float>(p.dac.bound) / (drive_levels() * p.adc.step());
    const std::size_t pitch = s.slices;
    std::vector<float> y(outputs_);
    std::vector<float> term(inputs_);
    const auto weighted = [&](auto weight) {
      for (std::size_t k = 0; k < inputs_; ++k) term[k] = weight(k);
      return term;
    };
    const float norm = std::sqrt(in_fixed_order(drives, [](float sum, float d) { return std::fma(d, d, sum); }));
    for (std::size_t o = 0; o < outputs_; ++o) {
      y[o] = sum_over_inputs(slice, o, drives, false) * unit;
      if (s.collecting_drop > 0) {
        const std::size_t cells = s.slices_in_turn ? inputs_ * pitch : inputs_;
        const float current =
            sum_over_inputs(slice, o, weighted([&](std::size_t k) { return std::abs(drives[k]); }), true);
        const float a = current * (static_cast<float>(cells) / static_cast<float>(p.wires.conductance_ratio) *
                                   (static_cast<float>(p.dac.bound) / drive_levels()) / s.full_scale);
        const float c = s.collecting_loss != nullptr ? s.collecting_loss[slice * ((outputs_ + 15) / 16 * 16) + o]
                                                     : a * std::fma(a, std::fma(a, 0.05F, -0.2F), 0.5F);
        const float lost = sum_over_inputs(slice, o, weighted([&](std::size_t k) {
                                             const std::size_t at = s.slices_in_turn ? k * pitch + slice : k;
                                             const float t = 1.0F - static_cast<float>(at) / static_cast<float>(cells);
                                             return drives[k] * (1.0F - t * t);
                                           }),
                                           false);
        y[o] = std::fma(-(c * s.collecting_drop), lost * unit, y[o]);
      }
      if (s.feeding_drop > 0) {
        const std::size_t padded = (inputs_ + 15) / 16 * 16;
        const float lost = sum_over_inputs(
            slice, o, weighted([&](std::size_t k) { return drives[k] * s.feeding_loss[slice * padded + k]; }), false);
        const std::size_t at = s.slices_in_turn ? o : o * pitch + slice;
        const std::size_t cells = s.slices_in_turn ? outputs_ : outputs_ * pitch;
        const float t = 1.0F - static_cast<float>(at) / static_cast<float>(cells);
        y[o] = std::fma(-((1.0F - t * t) * s.feeding_drop), lost * unit, y[o]);
      }
      if (const auto noise = static_cast<float>(p.read.weight_noise); noise > 0) {
        float deviation = noise * norm * unit;
        if (p.read.weight_noise_kind == WeightNoise::pcm) {
          const std::vector<float> squares = weighted([&](std::size_t k) { return drives[k] * drives[k]; });
          deviation = noise * unit * std::sqrt(sum_over_inputs(slice, o, squares, true));
        }
        y[o] = std::fma(normal(ReadDraw::weight_noise, conversion, o), deviation, y[o]);
      }
    }
    return y;
  }

  void convert(const std::vector<float>& y, std::size_t slice, std::uint64_t conversion, float weight, bool first,
               std::vector<float>& result) {
    const float levels = p.adc.levels();
    const float step = p.adc.step();
    const float shift =
        s.bound == BoundManagement::shift ? std::max(0.0F, *std::max_element(y.begin(), y.end()) - levels) : 0.0F;
    for (std::size_t o = 0; o < outputs_; ++o) {
      float value = shift > 0 ? y[o] - shift : y[o];
      float noise = static_cast<float>(p.adc.noise) / step;
      float bend = static_cast<float>(p.adc.nonlinearity / p.adc.bound) * step;
      if (s.errors != nullptr) {
        const std::size_t at = slice * ((outputs_ + 15) / 16 * 16) + o;
        value = std::fma(value, s.errors->gain[at], s.errors->offset[at]);
        noise = s.errors->noise[at];
        bend = s.errors->nonlinearity[at];
      }
      if (p.adc.nonlinearity > 0) value /= 1.0F + std::abs(bend * value);
      if (value < 0) value *= 1.0F - static_cast<float>(p.adc.asymmetry);
      value = std::fma(normal(ReadDraw::output_noise, conversion, o), noise, value);
      if (p.adc.quantise) {
        value = p.adc.rounding == Rounding::nearest
                    ? std::nearbyint(value)
                    : std::floor(value + uniform(ReadDraw::output_rounding, conversion, o));
      }
      clipped = clipped || std::abs(value) > levels;
      value = std::clamp(value, -levels, levels);
      result[o] = first ? value : std::fma(value, weight, result[o]);
    }
  }

 public:
  ReadCounts counts;
  double activity = 0;

 private:
  const GeneralReadSettings& s;
  const ReadParameters& p;
  const std::vector<std::vector<float>>& slices_;
  std::size_t inputs_, outputs_;
  const RandomKey& key_;
  std::vector<float> x;  // the vector at hand
  std::uint64_t identity = 0, attempt = 0;
  float alpha = 1;
  bool clipped = false;
};

}  // namespace rheo::crossbar::testing
