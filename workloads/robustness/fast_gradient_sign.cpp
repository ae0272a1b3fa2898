#include "workloads/robustness/fast_gradient_sign.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace rheo::robustness {

std::vector<std::uint8_t> fast_gradient_sign(std::span<const std::uint8_t> pixels, std::span<const float> gradient,
                                             int epsilon) {
  if (pixels.size() != gradient.size()) throw std::invalid_argument("fast_gradient_sign: a gradient of other images");
  std::vector<std::uint8_t> changed(pixels.begin(), pixels.end());
  for (std::size_t i = 0; i < changed.size(); ++i) {
    const int step = gradient[i] > 0 ? epsilon : gradient[i] < 0 ? -epsilon : 0;
    changed[i] = static_cast<std::uint8_t>(std::clamp(int{pixels[i]} + step, 0, 255));
  }
  return changed;
}

double mean_signal_to_noise_db(std::span<const std::uint8_t> pixels, std::span<const std::uint8_t> changed,
                               std::size_t image_bytes) {
  if (pixels.size() != changed.size() || image_bytes == 0 || pixels.size() % image_bytes != 0) {
    throw std::invalid_argument("mean_signal_to_noise_db: no whole images");
  }
  double sum = 0;
  std::size_t images = 0;
  for (std::size_t first = 0; first < pixels.size(); first += image_bytes) {
    double signal = 0;
    double noise = 0;
    for (std::size_t i = first; i < first + image_bytes; ++i) {
      const double pixel = pixels[i];
      const double difference = pixel - changed[i];
      signal += pixel * pixel;
      noise += difference * difference;
    }
    if (noise == 0 || signal == 0) continue;
    sum += 10 * std::log10(signal / noise);
    ++images;
  }
  return images > 0 ? sum / static_cast<double>(images) : std::numeric_limits<double>::infinity();
}

}  // namespace rheo::robustness
