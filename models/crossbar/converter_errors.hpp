#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/crossbar/converters.hpp"

namespace rheo::crossbar {

/// Which line a converter sees: output o of slice s is line o x outputs_apart + s x slices_apart.
struct OutputLines {
  std::size_t outputs = 0;
  std::size_t slices = 1;
  std::size_t outputs_apart = 1;
  std::size_t slices_apart = 0;
};

/// Static errors of the output converters, drawn once (see AdcParameters), for every output: those of the converter
/// that its line shares. One row a slice, padded to 16. In steps of the converter.
struct ConverterErrors {
  std::vector<float> gain;          ///< 1 + gain_deviation xi
  std::vector<float> offset;        ///< offset_deviation xi
  std::vector<float> nonlinearity;  ///< nonlinearity / bound |1 + nonlinearity_deviation xi|, per step
  std::vector<float> noise;         ///< noise |1 + noise_deviation xi|

  /// Converter c takes variate c of the vectors 0 to 3 of the key's stream, one a quantity, in the order above.
  ConverterErrors(const AdcParameters& adc, const OutputLines& lines, const RandomKey& key);
};

}  // namespace rheo::crossbar
