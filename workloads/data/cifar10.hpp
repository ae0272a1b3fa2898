#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "workloads/data/content.hpp"

namespace rheo {

/// Images of a file of the CIFAR-10 binary version, put channels last: 32 x 32 pixels of red, green, blue.
struct Cifar10Batch {
  static constexpr std::size_t height = 32, width = 32, channels = 3, classes = 10;
  static constexpr std::size_t image_bytes = height * width * channels;

  std::vector<std::uint8_t> pixels;  ///< images x 32 x 32 x 3
  std::vector<std::uint8_t> labels;  ///< each below 10
  ContentCheck content;
};

/// Reads one file: records of 3,073 bytes, the label, then the red, the green and the blue plane row by row. Source:
/// Krizhevsky, "Learning multiple layers of features from tiny images", 2009;
/// https://www.cs.toronto.edu/~kriz/cifar.html. Plain or gzip-compressed. Throws InputError "FILE: what is wrong; what
/// is expected": missing, not a regular file, unreadable, empty, not whole records, more than 100,000 of them, damaged,
/// a label that is no class.
[[nodiscard]] Cifar10Batch read_cifar10(const std::filesystem::path& file);

}  // namespace rheo
