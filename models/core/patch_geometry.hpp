#pragma once

#include <cstddef>
#include <cstdint>

namespace rheo {

/// How input vectors lie in a channels-last image (im2col addressing): vector p of an image is the patch at
/// output position p in row-major order; its elements run over kernel row, kernel column, channel.
/// A fully connected layer is a 1x1 image with as many channels as it has inputs.
struct PatchGeometry {
  std::uint32_t height = 1;
  std::uint32_t width = 1;
  std::uint32_t channels = 1;
  std::uint32_t kernel_height = 1;
  std::uint32_t kernel_width = 1;
  std::uint32_t stride = 1;
  std::uint32_t padding = 0;

  [[nodiscard]] constexpr std::uint32_t out_height() const noexcept {
    return (height + 2 * padding - kernel_height) / stride + 1;
  }
  [[nodiscard]] constexpr std::uint32_t out_width() const noexcept {
    return (width + 2 * padding - kernel_width) / stride + 1;
  }
  /// Vectors of one image.
  [[nodiscard]] constexpr std::size_t positions() const noexcept { return std::size_t{out_height()} * out_width(); }
  /// Elements of one vector.
  [[nodiscard]] constexpr std::size_t elements() const noexcept {
    return std::size_t{kernel_height} * kernel_width * channels;
  }
  /// Values of one image.
  [[nodiscard]] constexpr std::size_t image_values() const noexcept { return std::size_t{height} * width * channels; }

  /// The geometry whose vectors are the pixels of a height x width x channels image.
  [[nodiscard]] static constexpr PatchGeometry pixels(std::uint32_t height, std::uint32_t width,
                                                      std::uint32_t channels) noexcept {
    return {height, width, channels, 1, 1, 1, 0};
  }

  friend bool operator==(const PatchGeometry&, const PatchGeometry&) = default;
};

}  // namespace rheo
