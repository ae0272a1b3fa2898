#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/crossbar/weight_store.hpp"

namespace rheo::crossbar {

/// Reads a line of a plane through the output converters, as a read of a one-hot input of full scale does: noise, ADC,
/// no management. A line is a row (driven from its input, read at the outputs) or a column (the other way round).
class LineReader {
 public:
  /// The noise comes from (seed, stream).
  LineReader(const LineReads& settings, std::uint64_t seed, std::uint32_t stream);

  /// Row or column `line` of the plane. `cells`: 2 where pairs of cells carry the values, 1 for single cells.
  /// `identity` keys the noise. The result is valid until the next read; `counts` grows by what was done.
  std::span<float> row(const CellPlane& plane, std::size_t line, std::size_t cells, std::uint64_t identity,
                       UpdateCounts& counts);
  std::span<float> column(const CellPlane& plane, std::size_t line, std::size_t cells, std::uint64_t identity,
                          UpdateCounts& counts);

 private:
  std::span<float> read(const CellPlane& plane, std::size_t length, std::size_t cells, std::uint64_t identity,
                        UpdateCounts& counts);

  LineReads settings_;
  RandomKey key_;
  std::vector<float> values_, result_;  ///< padded to 16
};

}  // namespace rheo::crossbar
