#include "workloads/data/synthetic.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "workloads/data/word_stream.hpp"

namespace rheo {
namespace {

constexpr int side = 28;
constexpr std::size_t image_bytes = std::size_t{side} * side;
constexpr std::size_t classes = 10;

/// Segments of each digit, bit 0 to 6: top, upper right, lower right, bottom, lower left, upper left, middle.
constexpr std::array<unsigned, classes> segments = {0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f};

struct Canvas {
  std::span<std::uint8_t> pixels;
  int slant = 0;  ///< how far the top leans to the right of the bottom, in pixels

  /// A bar of `width` x `height` pixels; what falls outside the image is cut off.
  void bar(int left, int top, int width, int height, int brightness) {
    for (int y = std::max(top, 0); y < std::min(top + height, side); ++y) {
      const int shift = slant * (side / 2 - y) / side;
      for (int x = std::max(left + shift, 0); x < std::min(left + shift + width, side); ++x) {
        pixels[static_cast<std::size_t>(y * side + x)] = static_cast<std::uint8_t>(brightness);
      }
    }
  }
};

void draw(std::size_t digit, WordStream& words, std::span<std::uint8_t> pixels) {
  const auto between = [&](int low, int high) {
    return low + static_cast<int>(words.below(static_cast<std::uint32_t>(high - low + 1)));
  };
  const int width = between(8, 13);
  const int half = between(7, 10);  // height of the upper and of the lower half
  const int stroke = between(2, 3);
  const int brightness = between(140, 255);
  const int left = (side - width) / 2 + between(-4, 4);
  const int top = (side - 2 * half) / 2 + between(-3, 3);
  Canvas canvas{pixels, between(-6, 6)};

  const int stray_left = between(0, side - 1);
  const int stray_top = between(0, side - 1);
  const int stray_width = between(1, 6);
  const int stray_height = between(1, 6);
  canvas.bar(stray_left, stray_top, stray_width, stray_height, between(60, 140));
  const auto segment = [&](unsigned bit, int x, int y, int w, int h) {
    if (segments[digit] >> bit & 1u) canvas.bar(left + x, top + y, w, h, brightness);
  };
  segment(0, 0, 0, width, stroke);
  segment(1, width - stroke, 0, stroke, half + 1);
  segment(2, width - stroke, half, stroke, half + 1);
  segment(3, 0, 2 * half - stroke + 1, width, stroke);
  segment(4, 0, half, stroke, half + 1);
  segment(5, 0, 0, stroke, half + 1);
  segment(6, 0, half - stroke / 2, width, stroke);

  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(std::min(pixel + between(0, 63), 255));
}

}  // namespace

ImageSet synthetic_digits(std::size_t count, bool test, std::uint64_t seed) {
  ImageSet set{count, side, side, 1, std::vector<std::uint8_t>(count * image_bytes), {}, classes};
  for (std::size_t i = 0; i < count; ++i) {
    WordStream words(seed, StreamPurpose::synthetic_images, i << 1 | (test ? 1u : 0u));
    const std::size_t digit = i % classes;  // balanced; the trainer shuffles
    set.labels.push_back(static_cast<std::uint8_t>(digit));
    draw(digit, words, std::span(set.pixels).subspan(i * image_bytes, image_bytes));
  }
  return set;
}

}  // namespace rheo
