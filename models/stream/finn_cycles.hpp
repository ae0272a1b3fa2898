#pragma once

#include <algorithm>
#include <cstdint>

#include "models/stream/layer_parameters.hpp"

/// Cycles of a frame in stages that never wait, as the FINN framework estimates them: for choosing a folding before
/// anything runs. What a pipeline takes is simulated (see Stage), and no run uses these.
namespace rheo::stream {

[[nodiscard]] constexpr std::uint64_t finn_window_cycles(const PatchGeometry& g, std::uint32_t simd) noexcept {
  const std::uint64_t row = std::uint64_t{g.width + 2 * g.padding} * g.channels / simd;
  const std::uint64_t patches = std::uint64_t{g.out_width()} * g.elements() / simd;
  return row * g.kernel_height + g.out_height() * std::max(patches, g.stride * row);
}

[[nodiscard]] constexpr std::uint64_t finn_threshold_cycles(const PatchGeometry& g, std::uint32_t outputs,
                                                            const Folding& folding) noexcept {
  return std::uint64_t{outputs / folding.pe} * (g.elements() / folding.simd) * g.positions();
}

[[nodiscard]] constexpr std::uint64_t finn_pool_cycles(const FrameShape& in, const FrameShape& out,
                                                       std::uint32_t lanes) noexcept {
  return (in.bits() + out.bits()) / lanes;
}

}  // namespace rheo::stream
