#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/error.hpp"

namespace rheo {

/// Labelled images of one size, one unsigned byte a pixel and channel.
struct ImageSet {
  std::size_t count = 0;
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 1;
  std::vector<std::uint8_t> pixels;  ///< count x height x width x channels
  std::vector<std::uint8_t> labels;  ///< count, each below classes
  std::size_t classes = 0;
};

struct Dataset {
  std::string name;
  ImageSet train;
  ImageSet test;
  double pixel_mean = 0;       ///< of the training pixels that are used, all channels, as numbers from 0 to 1
  double pixel_deviation = 0;  ///< their standard deviation
};

/// All samples there are, as a number of samples.
inline constexpr std::int64_t all_samples = -1;

/// Loads the first `train_samples` and `test_samples`, in file order, of "fashion-mnist", "mnist", "cifar10" or
/// "synthetic".
///
/// `data_dir` is the folder that holds the set's files (four IDX files; the batches of the CIFAR-10 binary version, of
/// which data_batch_2.bin and on may be absent) under their published names, plain or with ".gz"; any well-formed set
/// will do. When it is empty the set is searched: $RHEO_DATA_DIR/NAME, ./data/NAME,
/// $XDG_DATA_HOME/rheo/NAME (~/.local/share/rheo/NAME), and where the distribution's package puts it; what is found
/// there must be the published set, byte for byte (length and CRC-32 of the content). "synthetic" reads no file.
/// Throws InputError, one line that says what to do, when the set is unknown, absent, damaged or too small.
[[nodiscard]] Dataset load_dataset(std::string_view name, const std::filesystem::path& data_dir = {},
                                   std::int64_t train_samples = all_samples, std::int64_t test_samples = all_samples);

/// One line of `rheo list datasets`.
struct DatasetEntry {
  std::string name;
  std::string description;
  bool available = false;
  std::string where;  ///< the folder where it was found, or how to get it
};
[[nodiscard]] std::vector<DatasetEntry> list_datasets();

}  // namespace rheo
