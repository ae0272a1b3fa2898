#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "platforms/mapping/memory_layout.hpp"
#include "platforms/mapping/network_steps.hpp"

namespace rheo {

/// What the mapping decides before it writes programs: tiles, number formats and addresses.
struct Placement {
  Placement(const Graph& graph, const ChipConfiguration& chip, const MappingRequest& request);
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  /// Whether weights are computed digitally and written, not pulsed.
  [[nodiscard]] bool written() const { return !chip.device.pulsed(); }
  /// Whether gradients of the matrices are summed digitally.
  [[nodiscard]] bool accumulates() const { return written() || request.momentum == MomentumTarget::accumulator; }
  /// Whether the backward pass of the layer adds to what is there: overlapping patches, or several tiles.
  [[nodiscard]] static bool adds_errors(const MatrixLayer& layer);

  /// Whether the tensor is the input of a matrix.
  [[nodiscard]] bool feeds_matrix(std::size_t tensor) const;

  /// Bytes of one image.
  [[nodiscard]] std::uint64_t activation_bytes(std::size_t tensor) const;
  [[nodiscard]] std::uint64_t error_bytes(std::size_t tensor) const;

  const ChipConfiguration& chip;
  MappingRequest request;
  Mapping mapping;
  NetworkSteps network;
  Allocator buffer, dram;

 private:
  void share_positions();
  void place_tiles();
  void choose_formats();
  void keep_fp32(NumberFormat& format, const std::string& name);
  void place_host_window(const TensorShape& images);
  void place_parameters();
  void place_batch();
  void place_probed();
};

}  // namespace rheo
