#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/crossbar/blocks.hpp"
#include "models/crossbar/conductance.hpp"
#include "models/crossbar/read_kernel.hpp"
#include "tests/core/reference_random.hpp"

/// The arithmetic of a tile once more: one value at a time, in the plainest way.
namespace rheo::crossbar::testing {

using rheo::testing::reference_normal;
using rheo::testing::reference_word;

/// Calls visit(element of the slice, index in the image) for every element of a patch that is not padding.
template <class Block, class Visit>
void visit_patch(const Block& block, std::size_t vector, Visit visit) {
  const PatchGeometry& g = block.geometry;
  const std::size_t position = vector % g.positions();
  for (std::uint32_t e = 0; e < block.elements; ++e) {
    const std::uint32_t element = block.first_element + e;
    const std::uint32_t channel = element % g.channels;
    const std::uint32_t kernel_x = element / g.channels % g.kernel_width;
    const std::uint32_t kernel_y = element / g.channels / g.kernel_width;
    const long y = static_cast<long>(position / g.out_width() * g.stride + kernel_y) - static_cast<long>(g.padding);
    const long x = static_cast<long>(position % g.out_width() * g.stride + kernel_x) - static_cast<long>(g.padding);
    if (y < 0 || x < 0 || y >= static_cast<long>(g.height) || x >= static_cast<long>(g.width)) continue;
    visit(e, vector / g.positions() * block.image_stride +
                 (static_cast<std::size_t>(y) * g.width + static_cast<std::size_t>(x)) * g.channels + channel);
  }
}

inline std::vector<float> gather(const InputBlock& block, std::size_t vector) {
  std::vector<float> patch(block.elements);
  visit_patch(block, vector, [&](std::size_t e, std::size_t at) { patch[e] = block.images[at]; });
  return patch;
}

inline void scatter(const OutputBlock& block, std::size_t vector, const std::vector<float>& patch) {
  visit_patch(block, vector, [&](std::size_t e, std::size_t at) {
    block.images[at] = block.accumulate ? block.images[at] + patch[e] : patch[e];
  });
}

inline float largest(const std::vector<float>& values) {
  float found = 0;
  for (const float value : values) found = std::max(found, std::abs(value));
  return found;
}

/// `matrix` without padding: inputs x outputs, row by row. `conductance` may be empty.
inline ReadCounts reference_read(const ReadSettings& s, const std::vector<float>& matrix, std::size_t inputs,
                                 std::size_t outputs, const std::vector<double>& conductance, const InputBlock& in,
                                 const VectorRange& range, const RandomKey& key, const OutputBlock& out,
                                 double* activity = nullptr) {
  ReadCounts counts;
  for (std::size_t v = range.first; v < range.first + range.count; ++v) {
    const std::vector<float> x = gather(in, v);
    std::vector<float> y(outputs, 0.0F);
    const float alpha = largest(x);
    if (alpha == 0) {
      ++counts.skipped;
      if (!out.accumulate) scatter(out, v, y);
      continue;
    }
    float scale = s.noise_management ? alpha : 1.0F;
    for (int attempt = 0;; ++attempt, scale *= 2) {
      ++counts.reads;
      std::vector<float> code(inputs);
      for (std::size_t k = 0; k < inputs; ++k) {
        code[k] = std::clamp(std::nearbyint(x[k] * (s.dac_levels / scale)), -s.dac_levels, s.dac_levels);
        if (code[k] != 0) ++counts.driven;
        if (activity != nullptr) {
          *activity += std::abs(double{code[k]}) * per_dac_step(static_cast<float>(conductance[k]), s.dac_levels);
        }
      }
      bool clipped = false;
      for (std::size_t o = 0; o < outputs; ++o) {
        float sum = 0;
        for (std::size_t k = 0; k < inputs; ++k) sum = std::fma(code[k], matrix[k * outputs + o], sum);
        const float gain = 1.0F / (s.dac_levels * s.adc_step);
        const float noise = reference_normal(key, range.identity + v, static_cast<std::uint64_t>(attempt) << 32, o);
        const float converted = std::nearbyint(std::fma(noise, s.output_noise / s.adc_step, sum * gain));
        clipped = clipped || std::abs(converted) > s.adc_levels;
        y[o] = std::clamp(converted, -s.adc_levels, s.adc_levels) * (scale * s.adc_step * s.output_scale);
      }
      if (!clipped || attempt >= s.max_halvings) break;
    }
    scatter(out, v, y);
  }
  return counts;
}

inline void reference_exact_read(const std::vector<float>& matrix, std::size_t inputs, std::size_t outputs,
                                 const InputBlock& in, const VectorRange& range, const OutputBlock& out) {
  for (std::size_t v = range.first; v < range.first + range.count; ++v) {
    const std::vector<float> x = gather(in, v);
    std::vector<float> y(outputs, 0.0F);
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t k = 0; k < inputs; ++k) y[o] = std::fma(x[k], matrix[k * outputs + o], y[o]);
    }
    scatter(out, v, y);
  }
}

/// Reproducible values in (-1, 1) for inputs and weights; `zeros` of them are 0.
inline std::vector<float> uniform_values(std::size_t count, std::uint32_t seed, double zeros = 0) {
  std::mt19937 bits(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    const float u = (static_cast<float>(bits() >> 9) + 0.5F) * 0x1p-22F - 1.0F;
    value = static_cast<double>(bits()) * 0x1p-32 < zeros ? 0.0F : u;
  }
  return values;
}

/// The matrix with its rows padded with zeros to a multiple of 16.
struct Packed {
  std::vector<float> values;
  PackedMatrix matrix;

  Packed(const std::vector<float>& plain, std::size_t inputs, std::size_t outputs) {
    const std::size_t stride = (outputs + 15) / 16 * 16;
    values.assign(inputs * stride, 0.0F);
    for (std::size_t i = 0; i < inputs; ++i) {
      for (std::size_t o = 0; o < outputs; ++o) values[i * stride + o] = plain[i * outputs + o];
    }
    matrix = {values.data(), inputs, outputs, stride};
  }
};

/// Vectors of `elements` values, one after the other.
inline InputBlock vectors_in(const std::vector<float>& values, std::size_t elements) {
  const auto count = static_cast<std::uint32_t>(elements);
  return {values.data(), elements, PatchGeometry::pixels(1, 1, count), 0, count};
}
inline OutputBlock vectors_out(std::vector<float>& values, std::size_t elements, bool accumulate = false) {
  const auto count = static_cast<std::uint32_t>(elements);
  return {values.data(), elements, PatchGeometry::pixels(1, 1, count), 0, count, accumulate};
}

}  // namespace rheo::crossbar::testing
