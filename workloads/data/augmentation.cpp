#include "workloads/data/augmentation.hpp"

#include <algorithm>
#include <cmath>

#include "workloads/data/word_stream.hpp"

namespace rheo {
namespace {

constexpr std::uint64_t one = 1U << 16;  // 1.0 with 16 fractional bits

std::uint64_t fixed(double value) { return static_cast<std::uint64_t>(std::llround(value * static_cast<double>(one))); }

/// Uniform in [-limit, limit].
std::int64_t around_zero(WordStream& words, std::uint64_t limit) {
  return static_cast<std::int64_t>(words.below(static_cast<std::uint32_t>(2 * limit + 1))) -
         static_cast<std::int64_t>(limit);
}

/// Where along one axis the output pixels lie in the input, 16 fractional bits.
struct Axis {
  std::int64_t step = one;  ///< from one output pixel to the next
  std::int64_t first = 0;   ///< of output pixel 0; up to half a pixel outside
};

/// Magnifies by `factor` >= 1 and cuts out `size` pixels at a random place. Pixel centres lie at halves: output pixel i
/// sees offset + (i + 1/2) step - 1/2.
Axis cut(WordStream& words, std::size_t size, std::uint64_t factor) {
  const std::uint64_t step = one * one / factor;
  const std::uint64_t offset = words.below(static_cast<std::uint32_t>(size * (one - step) + 1));
  const auto centre = static_cast<std::int64_t>(offset + step / 2);
  return {static_cast<std::int64_t>(step), centre - static_cast<std::int64_t>(one / 2)};
}

/// The two input pixels around an output pixel and the weight of the second, 16 fractional bits.
struct Neighbours {
  std::size_t low, high;
  std::uint64_t weight;
};

Neighbours neighbours(const Axis& axis, std::size_t i, std::size_t size) {
  const std::int64_t last = static_cast<std::int64_t>((size - 1) * one);
  const auto at = static_cast<std::uint64_t>(
      std::clamp(axis.first + static_cast<std::int64_t>(i) * axis.step, std::int64_t{0}, last));
  const std::size_t low = at / one;
  return {low, std::min(low + 1, size - 1), at % one};
}

}  // namespace

void augment(std::span<const std::uint8_t> in, const ImageSize& size, const AugmentationParameters& parameters,
             std::uint64_t seed, std::uint64_t epoch, std::uint64_t sample, std::span<std::uint8_t> out) {
  if (parameters.kind == AugmentationKind::none) {
    std::ranges::copy(in.first(size.values()), out.begin());
    return;
  }
  WordStream words(seed, StreamPurpose::augmentation, epoch << 32 | sample);
  const bool mirrored = words.below(2) == 1;
  const auto brightness =
      static_cast<std::uint64_t>(static_cast<std::int64_t>(one) + around_zero(words, fixed(parameters.brightness)));
  Axis rows, columns;
  if (parameters.kind == AugmentationKind::strong) {
    const std::uint64_t factor = one + words.below(static_cast<std::uint32_t>(fixed(parameters.scale) - one + 1));
    const auto jittered = [&] {
      const std::int64_t change = around_zero(words, fixed(parameters.scale_jitter));
      const auto moved = static_cast<std::int64_t>(factor) * (static_cast<std::int64_t>(one) + change);
      return std::max(static_cast<std::uint64_t>(moved) / one, one);
    };
    rows = cut(words, size.height, jittered());
    columns = cut(words, size.width, jittered());
  }
  constexpr std::uint64_t half = std::uint64_t{1} << 47;  // of a value with 3 x 16 fractional bits
  for (std::size_t y = 0; y < size.height; ++y) {
    const Neighbours row = neighbours(rows, y, size.height);
    for (std::size_t x = 0; x < size.width; ++x) {
      const Neighbours column = neighbours(columns, mirrored ? size.width - 1 - x : x, size.width);
      for (std::size_t c = 0; c < size.channels; ++c) {
        const auto at = [&](std::size_t i, std::size_t j) {
          return std::uint64_t{in[(i * size.width + j) * size.channels + c]};
        };
        const std::uint64_t upper =
            at(row.low, column.low) * (one - column.weight) + at(row.low, column.high) * column.weight;
        const std::uint64_t lower =
            at(row.high, column.low) * (one - column.weight) + at(row.high, column.high) * column.weight;
        const std::uint64_t value = upper * (one - row.weight) + lower * row.weight;
        out[(y * size.width + x) * size.channels + c] =
            static_cast<std::uint8_t>(std::min<std::uint64_t>((value * brightness + half) >> 48, 255));
      }
    }
  }
}

}  // namespace rheo
