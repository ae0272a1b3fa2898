#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rheo::robustness {

/// The fast gradient sign method (Goodfellow, Shlens, Szegedy, "Explaining and harnessing adversarial examples", 2014,
/// equation in section 4) on 8-bit images: pixel + epsilon sign(gradient), kept within 0 to 255. `epsilon` in grey
/// levels, 0 to 255; the gradient is that of the loss, in any scale. A gradient of 0 leaves the pixel. Throws
/// std::invalid_argument when the sizes differ.
[[nodiscard]] std::vector<std::uint8_t> fast_gradient_sign(std::span<const std::uint8_t> pixels,
                                                           std::span<const float> gradient, int epsilon);

/// 20 log10(|x| / |x' - x|) of each image, in decibels (Cisse et al., "Parseval networks", 2017, section 5), averaged
/// over the images that differ; infinite when none does. Throws std::invalid_argument when the sizes differ or are no
/// multiple of `image_bytes`.
[[nodiscard]] double mean_signal_to_noise_db(std::span<const std::uint8_t> pixels,
                                             std::span<const std::uint8_t> changed, std::size_t image_bytes);

}  // namespace rheo::robustness
