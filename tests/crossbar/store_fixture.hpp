#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "models/crossbar/compounds/gather.hpp"
#include "models/crossbar/weight_store.hpp"

namespace rheo::crossbar::testing {

using Floats = std::vector<float>;

/// Cells without variation: every pulse is a step of dw_min, bounds +-bound.
inline DeviceParameters exact_device(double dw_min = 0x1p-7, double bound = 100) {
  DeviceParameters device;
  PopulationParameters& cells = device.cell.population;
  cells.dw_min = dw_min;
  cells.dw_min_dtod = cells.dw_min_std = cells.up_down_dtod = cells.w_max_dtod = cells.w_min_dtod = 0;
  cells.reset_std = 0;
  cells.w_max = bound;
  cells.w_min = -bound;
  return device;
}

/// Exactly as many pulses as an update asks for.
inline UpdateParameters exact_update() {
  UpdateParameters update;
  update.mode = UpdateMode::deterministic_implicit;
  return update;
}

/// Converters without noise, with steps of 2^-16.
inline LineReads exact_reads() {
  LineReads reads;
  reads.converters.output_noise = 0;
  reads.converters.adc_step = 0x1p-16F;
  reads.converters.adc_levels = 0x1p22F;
  return reads;
}

/// A store and what a test does with it.
struct Store {
  Store(std::size_t inputs, std::size_t outputs, const DeviceParameters& device,
        const UpdateParameters& update = exact_update(), const LineReads& reads = exact_reads(), std::uint64_t seed = 3)
      : shape(PlaneShape::of(inputs, outputs)), store(make_weight_store(shape, device, update, seed, 0, reads)) {}

  void program(const Floats& values) {
    Floats padded(shape.values());
    for (std::size_t i = 0; i < shape.inputs; ++i) {
      for (std::size_t j = 0; j < shape.outputs; ++j) {
        padded[i * shape.row_stride + j] = values.size() == 1 ? values[0] : values[i * shape.outputs + j];
      }
    }
    store->program(padded);
  }
  static Floats values(const PlaneShape& shape, const Floats& padded) {
    Floats dense;
    for (std::size_t i = 0; i < shape.inputs; ++i) {
      const auto row = padded.begin() + static_cast<std::ptrdiff_t>(i * shape.row_stride);
      dense.insert(dense.end(), row, row + static_cast<std::ptrdiff_t>(shape.outputs));
    }
    return dense;
  }
  [[nodiscard]] Floats weights() const { return values(shape, store->weights()); }
  [[nodiscard]] Floats plane(std::size_t k) const { return values(shape, store->planes()[k].weights()); }

  /// Vectors one after the other; they are numbered on from call to call.
  UpdateCounts update(const Floats& x, const Floats& d, float learning_rate, ThreadTeam* team = nullptr,
                      std::uint64_t batch = 0) {
    ThreadTeam alone;
    const std::size_t count = x.size() / shape.inputs;
    const UpdateCounts counts = store->update(rows_of(x.data(), shape.inputs), rows_of(d.data(), shape.outputs),
                                              {0, count, next, batch}, learning_rate, team != nullptr ? *team : alone);
    next += count;
    return counts;
  }
  UpdateCounts end_batch(float learning_rate = 1) {
    ThreadTeam alone;
    return store->end_batch(next, learning_rate, alone);
  }

  PlaneShape shape;
  std::unique_ptr<WeightStore> store;
  std::uint64_t next = 0;
};

/// Reproducible values in +-1.
inline Floats some_values(std::size_t count, std::uint64_t seed) {
  std::vector<std::uint32_t> words(count);
  random_words(RandomKey(seed, 99, RandomPurpose::initial_weights), 0, 0, words);
  Floats values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = 2 * uniform_from_word(words[i]) - 1;
  return values;
}

struct Moments {
  double mean = 0;
  double variance = 0;
  double mean_error = 0;      ///< standard errors
  double variance_error = 0;  ///< of a distribution near the normal one
};

inline Moments moments_of(std::span<const double> values) {
  Moments m;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) m.mean += v / n;
  double fourth = 0;
  for (const double v : values) {
    m.variance += (v - m.mean) * (v - m.mean) / (n - 1);
    fourth += std::pow(v - m.mean, 4) / n;
  }
  m.mean_error = std::sqrt(m.variance / n);
  m.variance_error = std::sqrt((fourth - m.variance * m.variance) / n);
  return m;
}

}  // namespace rheo::crossbar::testing
