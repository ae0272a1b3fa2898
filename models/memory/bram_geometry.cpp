#include "models/memory/bram_geometry.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace rheo {
namespace {

struct Shape {
  std::uint64_t depth;
  std::uint64_t width;
};

constexpr std::array<Shape, 6> ladder{{{16384, 1}, {8192, 2}, {4096, 4}, {2048, 9}, {1024, 18}, {512, 36}}};

constexpr std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

}  // namespace

std::uint64_t bram18k_blocks(std::uint64_t depth, std::uint64_t width_bits) noexcept {
  std::uint64_t fewest = std::numeric_limits<std::uint64_t>::max();
  for (const Shape shape : ladder) {
    fewest = std::min(fewest, divide_up(depth, shape.depth) * divide_up(width_bits, shape.width));
  }
  return fewest;
}

std::uint64_t finn_bram18k_blocks(std::uint64_t depth, std::uint64_t width_bits) noexcept {
  if (depth <= finn_lutram_depth) return 0;
  for (const Shape shape : ladder) {
    const bool widest = shape.width == 18;
    if (width_bits <= shape.width || (widest && depth > 512)) {
      return divide_up(depth, shape.depth) * divide_up(width_bits, shape.width);
    }
  }
  return divide_up(depth, 512) * divide_up(width_bits, 36);
}

}  // namespace rheo
