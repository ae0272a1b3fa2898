#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/core/parameters.hpp"
#include "workloads/spiking/data/modulation.hpp"

struct resamp_crcf_s;

namespace rheo::spiking {

/// What lies between transmitter and receiver, with the published settings of RadioML.2016.10a: O'Shea and West,
/// "Radio machine learning dataset generation with GNU Radio", 2016.
struct ChannelParameters {
  double sample_rate = 200e3;               ///< samples a second
  double rate_offset_walk = 0.01;           ///< of the receiver's sample rate, Hz a sample
  double rate_offset_most = 50;             ///< Hz
  double carrier_offset_walk = 0.01;        ///< of the receiver's carrier, Hz a sample
  double carrier_offset_most = 500;         ///< Hz
  double doppler = 1;                       ///< largest, Hz
  std::uint32_t sinusoids = 8;              ///< of each path's diffuse part
  double rician = 4;                        ///< power of the line of sight, on the first path, over its diffuse part
  std::vector<double> delays{0, 0.9, 1.7};  ///< of the paths, samples
  std::vector<double> magnitudes{1, 0.8, 0.3};
  std::uint32_t taps = 8;
};

/// Received signals as the RadioML data sets have them, but with the true SNR: the mean power of the samples without
/// noise, over these very samples, divided by the noise's variance. Every example is a pure function of (seed, index,
/// modulation, SNR): which came before and on which thread changes nothing.
///
/// A signal starts at a random time of an endless transmission. Carrier and sample-rate offset start anywhere in
/// their range and walk on, clipped to it. Path gains are sums of sinusoids (Jakes) that arrive from random directions.
class RadioGenerator {
 public:
  /// Throws std::invalid_argument for an unknown modulation.
  RadioGenerator(const std::vector<std::string>& modulations, const ModulatorParameters& modulator,
                 const ChannelParameters& channel);
  ~RadioGenerator();
  RadioGenerator(const RadioGenerator&) = delete;
  RadioGenerator& operator=(const RadioGenerator&) = delete;

  /// Fills `samples`; `modulation` counts in the list. Infinite `snr_db`: no noise.
  void generate(std::uint64_t seed, std::uint64_t index, std::size_t modulation, double snr_db,
                std::span<std::complex<float>> samples);

 private:
  struct Path;
  struct ResamplerDestroy {
    void operator()(resamp_crcf_s* object) const;
  };

  [[nodiscard]] std::vector<Path> draw_paths(WordStream& words) const;

  ChannelParameters channel_;
  std::vector<std::unique_ptr<Modulator>> modulators_;
  std::unique_ptr<resamp_crcf_s, ResamplerDestroy> resampler_;
};

}  // namespace rheo::spiking
