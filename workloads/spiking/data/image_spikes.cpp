#include "workloads/spiking/data/image_spikes.hpp"

#include <algorithm>
#include <limits>

namespace rheo::spiking {

ImageSpikes::ImageSpikes(const ImageSet& images, double rate, std::uint64_t seed, std::uint32_t stream)
    : images_(images), rate_(rate), key_(seed, stream, RandomPurpose::spike_encoding) {
  for (std::size_t i = 0; i < images.classes; ++i) names_.push_back(std::to_string(i));
}

double ImageSpikes::snr_db(std::size_t /*example*/) const { return std::numeric_limits<double>::quiet_NaN(); }

void ImageSpikes::encode(std::size_t example, std::uint64_t presentation, SpikeTrain& train) const {
  train.clear();
  const std::size_t pixels = train.values();
  const std::uint8_t* image = images_.pixels.data() + example * pixels;
  std::vector<std::uint32_t> lit, thresholds;
  for (std::size_t i = 0; i < pixels; ++i) {
    if (image[i] == 0) continue;
    lit.push_back(static_cast<std::uint32_t>(i));
    thresholds.push_back(static_cast<std::uint32_t>(std::min(0x1p32 * rate_ * image[i] / 255, 0x1p32 - 1)));
  }
  const std::size_t blocks = (lit.size() + 3) / 4;
  std::vector<std::uint32_t> words(lit.size());
  for (std::size_t t = 0; t < train.ticks(); ++t) {
    random_words(key_, presentation * images_.count + example, t * blocks, words);
    for (std::size_t i = 0; i < lit.size(); ++i) {
      if (words[i] < thresholds[i]) train.set(t, lit[i]);
    }
  }
}

}  // namespace rheo::spiking
