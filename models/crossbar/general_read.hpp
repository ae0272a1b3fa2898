#pragma once

#include <cstddef>
#include <cstdint>

#include "models/core/counter_random.hpp"
#include "models/crossbar/blocks.hpp"
#include "models/crossbar/conductance.hpp"
#include "models/crossbar/converter_errors.hpp"
#include "models/crossbar/read_kernel.hpp"
#include "models/crossbar/read_parameters.hpp"

namespace rheo::crossbar {

/// What the numbers of a read are drawn for. They come from the stream of the direction, vector by vector: number i
/// of attempt r (bound management), conversion c (slice x phases + phase) and a draw is word i mod 4 of the block
///     draw 2^56 + r 2^32 + c 2^24 + i / 4.
/// Draw 0 is the one that analog_read() uses, too.
enum class ReadDraw : std::uint64_t { output_noise, input_rounding, input_noise, weight_noise, output_rounding };

/// A read with all its faults: the stages of DacParameters, of the array (weight noise, WireParameters) and of
/// AdcParameters, one after the other, for every phase of the input and every slice of the weights.
struct GeneralReadSettings {
  ReadParameters parameters;
  BoundManagement bound = BoundManagement::none;
  float output_scale = 1;     ///< digital factor on every output
  float full_scale = 1;       ///< weight of full-scale conductance
  float collecting_drop = 0;  ///< IR drop along the lines of the outputs
  float feeding_drop = 0;     ///< IR drop along the lines of the inputs

  std::size_t slices = 1;       ///< matrices that make up the weights, least significant first
  int slice_bits = 0;           ///< each slice counts 2^slice_bits times the one before
  float slice_scale = 1;        ///< weight of slice 0 relative to the full scale of its cells
  bool slices_in_turn = false;  ///< the slices are inputs of their own, driven one after the other (transposed read)

  const ConverterErrors* errors = nullptr;  ///< none: converters without static errors
  const float* collecting_loss = nullptr;  ///< c(a) of every output, one row a slice, padded to 16; none: from currents
  const float* feeding_loss = nullptr;     ///< with feeding_drop: c(a) of every input, one row a slice, padded to 16
  const float* conductance = nullptr;      ///< per input: sum over its cells, in full-scale cells; padded to 16
};

/// Reads the vectors of the range. `matrix` is slice 0, the others follow it in memory, packed alike.
/// Sums run over the inputs in index order with one fused multiply-add each; norms and sums of inputs over 64 partial
/// sums (input i adds to number i mod 64) and then a tree. With the features of analog_read() alone the bits are those
/// of analog_read().
ReadCounts general_read(const GeneralReadSettings& settings, const PackedMatrix& matrix, const InputBlock& in,
                        const VectorRange& vectors, const RandomKey& key, const OutputBlock& out);

}  // namespace rheo::crossbar
