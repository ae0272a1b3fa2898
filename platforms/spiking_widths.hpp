#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace rheo {

/// The widths that `rheo spiking-widths` tries: every weight width with the widest membrane, and every membrane width
/// with the widest weights.
struct SpikingWidthsRequest {
  std::filesystem::path run;  ///< folder that `rheo train-spiking` wrote
  std::vector<std::uint32_t> weight_bits{2, 3, 4, 5, 6, 8, 10, 12};
  std::vector<std::uint32_t> membrane_bits{6, 8, 10, 12, 16, 24};
  std::uint32_t leak_bits = 3;
  std::size_t examples = 0;  ///< of the run's test set, spread over it; 0: all
  std::size_t ticks = 0;     ///< 0: the network's
  std::size_t threads = 1;
};

/// Accuracy and spikes in fixed point beside floating point as CSV, one row a pair of widths: weight_bits,
/// membrane_bits, leak_bits, examples, ticks, float_accuracy, accuracy, same_class, and for every layer
/// mismatch_LAYER: outputs that spike in one of the two alone, over the spikes in floating point.
/// Throws InputError.
[[nodiscard]] std::string spiking_widths_csv(const SpikingWidthsRequest& request);

}  // namespace rheo
