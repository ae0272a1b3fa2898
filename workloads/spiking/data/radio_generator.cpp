#include "workloads/spiking/data/radio_generator.hpp"

#include <liquid/liquid.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <numbers>

namespace rheo::spiking {
namespace {

using Sample = std::complex<float>;

constexpr std::uint32_t resampler_reach = 7;  // samples to each side
/// Filters of transmitter and channel have filled up after these.
constexpr std::size_t settling = 160;

double uniform(WordStream& words) { return (static_cast<double>(words.next()) + 0.5) * 0x1p-32; }

/// A frequency that walks at random within +-most.
class Walk {
 public:
  Walk(double step, double most, WordStream& words) : step_(step), most_(most), at_(most * (2 * uniform(words) - 1)) {}
  double next(WordStream& words) {
    at_ = std::clamp(at_ + step_ * normal_from(words), -most_, most_);
    return at_;
  }

 private:
  double step_, most_, at_;
};

double sinc(double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }

}  // namespace

/// The gain of one path over time.
struct RadioGenerator::Path {
  struct Wave {
    double frequency;  ///< radian a sample
    double phase;
    double amplitude;
  };
  std::vector<Wave> waves;
  std::vector<double> taps;  ///< a delayed impulse

  [[nodiscard]] std::complex<double> gain(std::size_t time) const {
    std::complex<double> sum = 0;
    for (const Wave& w : waves) sum += std::polar(w.amplitude, w.frequency * static_cast<double>(time) + w.phase);
    return sum;
  }
};

void RadioGenerator::ResamplerDestroy::operator()(resamp_crcf_s* object) const { resamp_crcf_destroy(object); }

RadioGenerator::RadioGenerator(const std::vector<std::string>& modulations, const ModulatorParameters& modulator,
                               const ChannelParameters& channel)
    : channel_(channel), resampler_(resamp_crcf_create(1, resampler_reach, 0.47F, 60, 64)) {
  for (const std::string& name : modulations) modulators_.push_back(make_modulator(name, modulator));
}

RadioGenerator::~RadioGenerator() = default;

std::vector<RadioGenerator::Path> RadioGenerator::draw_paths(WordStream& words) const {
  constexpr double turn = 2 * std::numbers::pi;
  const double fastest = turn * channel_.doppler / channel_.sample_rate;
  std::vector<Path> paths;
  for (std::size_t i = 0; i < channel_.delays.size(); ++i) {
    const double sight = i == 0 ? channel_.rician / (channel_.rician + 1) : 0;
    Path path;
    const auto add = [&](double power) {
      const double frequency = fastest * std::cos(turn * uniform(words));
      path.waves.push_back({frequency, turn * uniform(words), channel_.magnitudes[i] * std::sqrt(power)});
    };
    if (sight > 0) add(sight);
    for (std::uint32_t n = 0; n < channel_.sinusoids; ++n) add((1 - sight) / channel_.sinusoids);
    for (std::uint32_t k = 0; k < channel_.taps; ++k) path.taps.push_back(sinc(k - channel_.delays[i]));
    paths.push_back(std::move(path));
  }
  return paths;
}

void RadioGenerator::generate(std::uint64_t seed, std::uint64_t index, std::size_t modulation, double snr_db,
                              std::span<std::complex<float>> samples) {
  WordStream words(seed, StreamPurpose::radio_signal, index);
  Modulator& modulator = *modulators_.at(modulation);
  modulator.reset();
  resamp_crcf_reset(resampler_.get());
  const std::vector<Path> paths = draw_paths(words);
  Walk rate_offset(channel_.rate_offset_walk, channel_.rate_offset_most, words);
  Walk carrier_offset(channel_.carrier_offset_walk, channel_.carrier_offset_most, words);
  const std::size_t skipped = settling + words.below(64);

  std::deque<std::complex<double>> sent(channel_.taps, 0);  // latest first
  std::vector<std::complex<double>> taps(channel_.taps);
  double phase = 0;
  double power = 0;
  std::array<Sample, 4> resampled;
  for (std::size_t time = 0; time < skipped + samples.size();) {
    resamp_crcf_set_rate(resampler_.get(), static_cast<float>(1 + rate_offset.next(words) / channel_.sample_rate));
    unsigned int count = 0;
    resamp_crcf_execute(resampler_.get(), modulator.next(words), resampled.data(), &count);
    for (unsigned int i = 0; i < count && time < skipped + samples.size(); ++i, ++time) {
      phase += 2 * std::numbers::pi * carrier_offset.next(words) / channel_.sample_rate;
      sent.pop_back();
      sent.push_front(std::complex<double>(resampled[i]) * std::polar(1.0, phase));
      if (time < skipped) continue;
      std::fill(taps.begin(), taps.end(), 0);
      for (const Path& path : paths) {
        const std::complex<double> gain = path.gain(time);
        for (std::size_t k = 0; k < taps.size(); ++k) taps[k] += gain * path.taps[k];
      }
      std::complex<double> y = 0;
      for (std::size_t k = 0; k < taps.size(); ++k) y += taps[k] * sent[k];
      samples[time - skipped] = Sample(y);
      power += std::norm(y);
    }
  }
  if (!std::isfinite(snr_db)) return;

  const double variance = power / static_cast<double>(samples.size()) * std::pow(10, -snr_db / 10);
  const auto each = static_cast<float>(std::sqrt(variance / 2));  // in phase and quadrature
  std::vector<float> noise(2 * samples.size());
  random_normals(RandomKey(seed, 0, RandomPurpose::radio_noise), index, 0, noise);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] += each * Sample(noise[2 * i], noise[2 * i + 1]);
}

}  // namespace rheo::spiking
