#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/crossbar/blocks.hpp"
#include "models/crossbar/pulse_update.hpp"
#include "tests/crossbar/reference_array.hpp"
#include "tests/crossbar/reference_plane.hpp"

/// The update once more: one vector, one line, one cell, one pulse at a time, in the plainest way.
namespace rheo::crossbar::testing {

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
