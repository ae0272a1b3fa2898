#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo {

enum class AugmentationKind : std::uint8_t {
  none,
  moderate,  ///< mirroring and brightness
  strong,    ///< those, and random scaling, jitter of the scale and cropping
};
inline constexpr std::array<std::string_view, 3> augmentation_kind_names{"none", "moderate", "strong"};

/// How training images vary from epoch to epoch; the table [augmentation] of a configuration. The two kinds are those
/// of Rasch et al., "RAPA-ConvNets", Front. Neurosci. 13:753, 2019 (sections 2.2 and 3.4.1), which names no numbers but
/// the 130 %: the others are choices.
struct AugmentationParameters {
  AugmentationKind kind = AugmentationKind::none;
  double brightness = 0.2;     ///< largest relative change
  double scale = 1.3;          ///< strong: largest magnification
  double scale_jitter = 0.05;  ///< strong: largest relative change of the magnification of each axis

  void describe(Parameters& p) {
    p.choice("kind", kind, augmentation_kind_names, "how training images vary from epoch to epoch");
    p.number("brightness", brightness, {0, 1}, "moderate and strong: largest relative change of the brightness");
    p.number("scale", scale, {1, 4}, "strong: largest magnification");
    p.number("scale_jitter", scale_jitter, {0, 0.5}, "strong: largest relative change of the magnification of an axis");
  }
};

/// Size of a channels-last image.
struct ImageSize {
  std::size_t height = 0, width = 0, channels = 1;

  [[nodiscard]] std::size_t values() const noexcept { return height * width * channels; }
};

/// The image as epoch `epoch` shows it, a pure function of (seed, epoch, sample): neither the order of the samples nor
/// what was computed before matters. `in` and `out` are different places of size.values() bytes; sample and epoch are
/// below 2^32.
///
/// With probability 1/2 the columns are mirrored; every value is multiplied by one factor, uniform in 1 +- brightness,
/// and saturated. Strong: before that the image is magnified by a factor uniform in 1 to `scale` (each axis by up to
/// +- scale_jitter more or less, but never made smaller), and a part of the original size is cut out at a random
/// place, interpolated bilinearly. All in integers (16 fractional bits): the same bytes everywhere.
void augment(std::span<const std::uint8_t> in, const ImageSize& size, const AugmentationParameters& parameters,
             std::uint64_t seed, std::uint64_t epoch, std::uint64_t sample, std::span<std::uint8_t> out);

}  // namespace rheo
