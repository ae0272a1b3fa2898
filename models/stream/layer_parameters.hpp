#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/core/patch_geometry.hpp"
#include "models/stream/lif.hpp"
#include "models/stream/stage_memory.hpp"

namespace rheo::stream {

/// A frame of spikes, pixel after pixel in row-major order, the channels of a pixel together.
struct FrameShape {
  std::uint32_t height = 1;
  std::uint32_t width = 1;
  std::uint32_t channels = 1;

  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return std::uint64_t{height} * width * channels; }
  friend bool operator==(const FrameShape&, const FrameShape&) = default;
};

/// Words of the FIFOs between the stages of the layers, unless said otherwise.
inline constexpr std::uint64_t default_fifo_depth = 512;
/// Words of the FIFOs to and from the label counters.
inline constexpr std::uint64_t end_fifo_depth = 32;

/// One layer of LIF neurons and the stages that compute it: [delay line] [sliding window] MVTU [max-pooling].
struct LayerParameters {
  std::string name;
  PatchGeometry geometry;             ///< a fully connected layer: a 1x1 image of its inputs
  std::uint32_t outputs = 1;          ///< neurons at each position
  std::vector<std::int32_t> weights;  ///< geometry.elements() x outputs, row by row
  std::uint32_t weight_bits = 8;
  LifParameters lif;
  std::uint32_t pool = 1;  ///< window of max-pooling; 1: none
  Folding folding;
  std::uint32_t window_simd = 0;                         ///< channels a cycle of the sliding window; 0: as folding.simd
  std::uint64_t synaptic_delay = 0;                      ///< ticks from the arrival of its inputs to its neurons
  std::uint64_t axonal_delay = 0;                        ///< ticks from its neurons to what is behind it
  std::uint64_t fifo_depth = default_fifo_depth;         ///< of the stream into the layer, words of its wider side
  std::uint64_t window_fifo_depth = default_fifo_depth;  ///< of the stream from sliding window to MVTU, likewise

  [[nodiscard]] std::uint32_t in_features() const noexcept { return static_cast<std::uint32_t>(geometry.elements()); }
  /// A 1x1 kernel takes the pixels as they come.
  [[nodiscard]] bool has_window() const noexcept { return geometry.kernel_height * geometry.kernel_width > 1; }
  [[nodiscard]] std::uint32_t window_lanes() const noexcept { return window_simd == 0 ? folding.simd : window_simd; }
  [[nodiscard]] FrameShape neurons() const noexcept { return {geometry.out_height(), geometry.out_width(), outputs}; }
  [[nodiscard]] FrameShape output() const noexcept {
    return {geometry.out_height() / pool, geometry.out_width() / pool, outputs};
  }
};

}  // namespace rheo::stream
