#pragma once

#include <Random123/philox.h>

#include <cstdint>

namespace rheo {

/// What a stream of random words is for: streams of different purposes never share a word.
enum class StreamPurpose : std::uint32_t { sample_order = 1, synthetic_images, augmentation, radio_signal };

/// Random 32-bit words that depend on nothing but (seed, purpose, index): Philox 4x32-10 of Random123 (Salmon et al.,
/// "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with the seed as key and, from the lowest word up, the
/// running block number, the purpose and the two halves of the index as counter.
class WordStream {
 public:
  WordStream(std::uint64_t seed, StreamPurpose purpose, std::uint64_t index)
      : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}},
        counter_{{0, static_cast<std::uint32_t>(purpose), static_cast<std::uint32_t>(index),
                  static_cast<std::uint32_t>(index >> 32)}} {}

  std::uint32_t next() {
    if (used_ == 4) {
      block_ = r123::Philox4x32()(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    return block_[used_++];
  }

  /// Uniform in [0, n), n > 0, without bias: Lemire, "Fast random integer generation in an interval", 2019.
  std::uint32_t below(std::uint32_t n) {
    std::uint64_t product = std::uint64_t{next()} * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t threshold = (0u - n) % n;
      while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{next()} * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

 private:
  r123::Philox4x32::key_type key_;
  r123::Philox4x32::ctr_type counter_;
  r123::Philox4x32::ctr_type block_{};
  std::uint32_t used_ = 4;
};

}  // namespace rheo
