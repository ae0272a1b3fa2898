#pragma once

#include <cstdint>

#include "models/core/patch_geometry.hpp"
#include "models/core/rounding.hpp"
#include "models/memory/bram_geometry.hpp"

namespace rheo::stream {

/// Processing elements (neurons worked on at a time) and lanes of each (inputs added in a cycle).
struct Folding {
  std::uint32_t pe = 1;
  std::uint32_t simd = 1;

  friend bool operator==(const Folding&, const Folding&) = default;
};

/// A memory of a stage: `copies` of `depth` words of `width_bits`.
struct StageMemory {
  std::uint64_t depth = 0;
  std::uint64_t width_bits = 0;
  std::uint64_t copies = 1;

  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return copies * depth * width_bits; }
  /// 18-Kbit blocks by FINN's rule; 0: look-up tables.
  [[nodiscard]] std::uint64_t bram18k() const noexcept { return copies * finn_bram18k_blocks(depth, width_bits); }
};

/// Weights of an MVTU: a word holds those of all its lanes. The folding must divide.
[[nodiscard]] constexpr StageMemory weight_memory(std::uint64_t in_features, std::uint64_t out_features,
                                                  std::uint32_t weight_bits, const Folding& folding) noexcept {
  const std::uint64_t lanes = std::uint64_t{folding.pe} * folding.simd;
  return {in_features * out_features / lanes, lanes * weight_bits};
}

/// Membranes of an MVTU: a word holds those of its processing elements.
[[nodiscard]] constexpr StageMemory membrane_memory(std::uint64_t neurons, std::uint32_t membrane_bits,
                                                    const Folding& folding) noexcept {
  return {neurons / folding.pe, std::uint64_t{folding.pe} * membrane_bits};
}

/// Input buffer of an MVTU: one patch. These are the bits that the thesis counts (tables 2.3, 2.5, 2.8).
[[nodiscard]] constexpr StageMemory input_memory(std::uint64_t in_features, const Folding& folding) noexcept {
  return {in_features / folding.simd, folding.simd};
}

/// Line buffer of a sliding window: kernel_height / stride, rounded up, + 1 groups of `stride` padded rows (FINN's HLS
/// unit, which asks for a stride that divides): at least the kernel_height + stride rows that the unit works on.
[[nodiscard]] constexpr StageMemory line_memory(const PatchGeometry& g, std::uint32_t simd) noexcept {
  const std::uint64_t row = std::uint64_t{g.width + 2 * g.padding} * g.channels;
  return {g.stride * row / simd, simd, ceil_divide(std::uint64_t{g.kernel_height}, std::uint64_t{g.stride}) + 1};
}

[[nodiscard]] constexpr StageMemory fifo_memory(std::uint64_t depth, std::uint32_t width_bits) noexcept {
  return {depth, width_bits};
}

/// Encoded events, a word each.
[[nodiscard]] constexpr StageMemory event_memory(std::uint64_t capacity_bits, std::uint32_t event_bits) noexcept {
  return {capacity_bits / event_bits, event_bits};
}

/// Frames that wait in a delay line.
[[nodiscard]] constexpr StageMemory delay_memory(std::uint64_t ticks, std::uint64_t frame_bits,
                                                 std::uint32_t word_bits) noexcept {
  return {ticks * frame_bits / word_bits, word_bits};
}

}  // namespace rheo::stream
