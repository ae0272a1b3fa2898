#pragma once

#include <filesystem>

#include "workloads/spiking/data/radio_set.hpp"

namespace rheo::spiking {

/// A RadioML file as HDF5: X (examples x samples x 2: I, Q), Y (examples x classes, one-hot), Z (examples x 1, SNR in
/// dB). RadioML.2018.01A comes that way; analysis/radioml2016.py makes one of the pickle of RadioML.2016.10a. Reads the
/// examples i with i mod parts in [first, last).
struct RadioFileRequest {
  std::filesystem::path file;
  std::vector<std::string> modulations = modulations_2018();  ///< names of the classes
  std::uint32_t ticks = 1024;                                 ///< samples of an example that are used, the first
  std::uint32_t bits = 4;
  IqRange range = IqRange::example;
  double snr_low = -20, snr_high = 30;  ///< dB; examples outside are left out
  std::size_t parts = 10, first = 0, last = 9;
  std::size_t examples = 0;  ///< at most, spread over the file; 0: all
};

/// Throws InputError: no such file, not HDF5, X, Y and Z missing or of other shapes, another number of classes,
/// examples shorter than ticks, a row of Y without a class, none left.
[[nodiscard]] RadioSet read_radio_file(const RadioFileRequest& request);

}  // namespace rheo::spiking
