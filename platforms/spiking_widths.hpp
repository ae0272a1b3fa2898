#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/stream/decay.hpp"
#include "workloads/spiking/conversion.hpp"

namespace rheo {

/// The widths that `rheo spiking-widths` tries: every weight width with the widest membrane, and every membrane width
/// with weights of `held_weight_bits`, so that each curve shows one of the two; the latter with every range, as narrow
/// membranes can give their bits to a wide range or to fine places.
struct SpikingWidthsRequest {
  std::filesystem::path run;     ///< folder that `rheo train-spiking` wrote
  std::vector<std::string> set;  ///< KEY=VALUE laid over its config.toml
  std::vector<std::uint32_t> weight_bits{2, 3, 4, 5, 6, 8, 10, 12};
  std::vector<std::uint32_t> membrane_bits{6, 8, 10, 12, 16, 24, 32};
  std::uint32_t held_weight_bits = 8;
  std::uint32_t leak_bits = 3;
  std::vector<double> membrane_ranges{spiking::FixedPointWidths{}.membrane_range};  ///< see FixedPointWidths
  stream::Decay decay;
  std::size_t examples = 0;  ///< of the run's test set, spread over it; 0: all
  std::size_t ticks = 0;     ///< 0: the network's
  std::size_t threads = 1;
};

/// Accuracy and spikes in fixed point beside floating point as CSV, one row a pair of widths and range: weight_bits,
/// membrane_bits, leak_bits, membrane_range, decay (as text), examples, ticks, float_accuracy, accuracy, same_class,
/// and for every layer mismatch_LAYER: outputs that spike in one of the two alone, over the spikes in floating point;
/// and clipped_LAYER: updates of a membrane that ended at its lowest value, over all. Throws InputError; for a leak
/// that is not the one of the training, and for more ticks than a signal has samples.
[[nodiscard]] std::string spiking_widths_csv(const SpikingWidthsRequest& request);

}  // namespace rheo
