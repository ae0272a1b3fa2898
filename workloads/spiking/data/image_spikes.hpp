#pragma once

#include "models/core/counter_random.hpp"
#include "workloads/data/dataset.hpp"
#include "workloads/spiking/data/spike_data.hpp"

namespace rheo::spiking {

/// Images as spike trains: at each tick every pixel spikes with probability pixel x rate, pixel from 0 to 1,
/// independently; the words are a function of (seed, presentation, image, tick, pixel) alone. Rate 0.1: DECOLLE's
/// conversion of MNIST. Rate from 0 to 1.
class ImageSpikes : public SpikeData {
 public:
  /// Keeps a reference to `images`. `stream` tells sets of the same seed apart.
  ImageSpikes(const ImageSet& images, double rate, std::uint64_t seed, std::uint32_t stream);

  [[nodiscard]] std::size_t examples() const override { return images_.count; }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return names_; }
  [[nodiscard]] std::uint32_t label(std::size_t example) const override { return images_.labels[example]; }
  void encode(std::size_t example, std::uint64_t presentation, SpikeTrain& train) const override;
  [[nodiscard]] double snr_db(std::size_t example) const override;

 private:
  const ImageSet& images_;
  std::vector<std::string> names_;
  double rate_;
  RandomKey key_;
};

}  // namespace rheo::spiking
