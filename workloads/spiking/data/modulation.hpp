#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/data/word_stream.hpp"

namespace rheo::spiking {

/// How a transmitter turns bits or sound into a carrier's amplitude and phase.
struct ModulatorParameters {
  std::uint32_t samples_per_symbol = 8;  ///< even
  float rolloff = 0.35F;                 ///< of the root-raised-cosine pulse; time-bandwidth product of Gaussian pulses
  std::uint32_t pulse_symbols = 4;       ///< the pulse reaches this many symbols to each side
  float audio_bandwidth = 0.05F;         ///< of the sound that analogue modulations carry, in cycles a sample
  float audio_deviation = 0.33F;         ///< its standard deviation; 1 is full modulation
  float fm_deviation = 0.375F;           ///< of broadcast FM at full modulation, in cycles a sample: 75 kHz at 200 kS/s
};

/// One modulation's transmitter: an endless stream of samples at baseband. Digital symbols are equally likely and
/// independent; sound is Gaussian noise through a Butterworth low-pass of order 4.
class Modulator {
 public:
  virtual ~Modulator() = default;
  /// Forgets everything that was sent.
  virtual void reset() = 0;
  virtual std::complex<float> next(WordStream& words) = 0;
};

/// The 11 modulations of RadioML.2016 in the order of its paper's confusion matrix, the 24 of RadioML.2018 in the
/// order of its labels.
[[nodiscard]] const std::vector<std::string>& modulations_2016();
[[nodiscard]] const std::vector<std::string>& modulations_2018();

/// By its name in either list. Filters and constellations are those of liquid-dsp.
/// Throws std::invalid_argument for another name.
[[nodiscard]] std::unique_ptr<Modulator> make_modulator(std::string_view name, const ModulatorParameters& parameters);

/// A standard normal variate (Box and Muller) from two words.
[[nodiscard]] float normal_from(WordStream& words);

}  // namespace rheo::spiking
