#pragma once

#include <cstdint>

namespace rheo {

/// Number of 18-Kbit FPGA memory blocks for a memory of `depth` words of `width_bits` bits.
///
/// A block is used in one of the shapes 16K x 1, 8K x 2, 4K x 4, 2K x 9, 1K x 18 or 512 x 36; a memory is an array of
/// blocks of one shape, ceil(depth / block depth) * ceil(width / block width) of them, in the shape that needs fewest.
/// Source: AMD, 7 Series FPGAs Memory Resources (UG473), RAMB18E1 port aspect ratios (512 x 36 in simple dual-port
/// mode).
[[nodiscard]] std::uint64_t bram18k_blocks(std::uint64_t depth, std::uint64_t width_bits) noexcept;

/// Memories of at most so many words lie in look-up tables, not in block RAM.
inline constexpr std::uint64_t finn_lutram_depth = 128;

/// 18-Kbit blocks of a memory as the FINN framework estimates them: the shape goes by the width alone (18 bits and more
/// take 1K x 18 where the memory is deeper than 512 words, else 512 x 36), which may need more blocks than
/// bram18k_blocks. Memories of at most finn_lutram_depth words take none.
/// Source: Blott et al., FINN-R, TRETS 11(3), 2018, and the framework's bram_estimation.
[[nodiscard]] std::uint64_t finn_bram18k_blocks(std::uint64_t depth, std::uint64_t width_bits) noexcept;

}  // namespace rheo
