#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "workloads/data/content.hpp"

namespace rheo {

/// Images of an IDX file: row by row, one unsigned byte a pixel.
struct IdxImages {
  std::size_t count = 0;
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels;
  ContentCheck content;
};

/// Labels of an IDX file, one unsigned byte each.
struct IdxLabels {
  std::vector<std::uint8_t> labels;
  ContentCheck content;
};

/// IDX, the format of MNIST: a magic number (0x00000803 for images, 0x00000801 for labels), one big-endian 32-bit
/// size a dimension, then the bytes. Source: LeCun, Cortes and Burges, the MNIST database of handwritten digits.
///
/// Both functions read plain and gzip-compressed files (recognised by content, not by name) completely or throw
/// InputError "FILE: what is wrong; what is expected": missing, not a regular file, unreadable, empty, another magic
/// number, a size of zero or beyond 2 GiB in all, damaged, shorter or longer than its sizes say. Memory grows with
/// the bytes that are there, never with what a header promises. As with gzip itself, bytes that follow a compressed
/// stream and do not start another one are ignored.
[[nodiscard]] IdxImages read_idx_images(const std::filesystem::path& file);
[[nodiscard]] IdxLabels read_idx_labels(const std::filesystem::path& file);

/// Images with their labels. Throws InputError also when the counts differ or a label is not below `classes`.
struct IdxSet {
  IdxImages images;
  IdxLabels labels;
};
[[nodiscard]] IdxSet read_idx_set(const std::filesystem::path& images, const std::filesystem::path& labels,
                                  std::size_t classes);

}  // namespace rheo
