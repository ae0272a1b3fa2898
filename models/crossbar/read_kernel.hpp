#pragma once

#include <cstddef>
#include <cstdint>

#include "models/core/counter_random.hpp"
#include "models/crossbar/blocks.hpp"

namespace rheo::crossbar {

/// A matrix as the kernels want it: one row per input, the row's outputs contiguous and padded with zeros
/// to a multiple of 16.
struct PackedMatrix {
  const float* values = nullptr;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t row_stride = 0;
};

/// The analog read of one direction.
struct ReadSettings {
  float dac_levels = 63;
  float adc_levels = 255;
  float adc_step = 20.0F / 255;  ///< output units of one ADC step
  float output_noise = 0.1F;     ///< output units
  float output_scale = 1;        ///< digital factor on every output (weight scaling)
  bool noise_management = true;
  int max_halvings = 0;  ///< bound management: repeats at most; 0: none
  /// Per input: the conductances of its cells in 2^-16 full-scale cells, per DAC step.
  const std::uint32_t* conductance = nullptr;
};

/// What a block of reads did, for time and energy.
struct ReadCounts {
  std::uint64_t reads = 0;     ///< integrations, repeats of bound management included
  std::uint64_t skipped = 0;   ///< vectors that were zero and not read at all
  std::uint64_t driven = 0;    ///< lines driven with a code other than zero
  std::uint64_t activity = 0;  ///< sum of |code| x conductance, in 2^-16 full-scale cells, over all reads

  ReadCounts& operator+=(const ReadCounts& other) noexcept {
    reads += other.reads;
    skipped += other.skipped;
    driven += other.driven;
    activity += other.activity;
    return *this;
  }
};

/// y = scale * ADC(W^T DAC(x / scale) + noise) for every vector of the range.
/// Every output is summed over its inputs in index order with one fused multiply-add each, so that the bits
/// do not depend on how vectors are grouped, on the vector length or on the path (dense, or only the inputs
/// whose code is not zero) that the kernel picks. Noise of output o of vector v comes from word o of the
/// vector's stream; repeat r of bound management from 128-bit block r * 2^32 on.
ReadCounts analog_read(const ReadSettings& settings, const PackedMatrix& matrix, const InputBlock& in,
                       const VectorRange& vectors, const RandomKey& noise, const OutputBlock& out);

/// y = W^T x without converters and noise, summed in the same order.
void exact_read(const PackedMatrix& matrix, const InputBlock& in, const VectorRange& vectors, const OutputBlock& out);

/// gradient[i][o] += sum over the vectors, in order, of x_i d_o. `gradient` has row stride `row_stride`.
void accumulate_outer_products(const InputBlock& inputs, const InputBlock& errors, const VectorRange& vectors,
                               float* gradient, std::size_t row_stride);

}  // namespace rheo::crossbar
