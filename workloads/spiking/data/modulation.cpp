#include "workloads/spiking/data/modulation.hpp"

// liquid-dsp takes std::complex when the header is there first.
#include <liquid/liquid.h>

#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace rheo::spiking {
namespace {

using Sample = std::complex<float>;

/// A liquid-dsp object that frees itself.
template <class T, int (*destroy)(T*)>
struct Destroy {
  void operator()(T* object) const { destroy(object); }
};
template <class T, int (*destroy)(T*)>
using Owned = std::unique_ptr<T, Destroy<T, destroy>>;

using Modem = Owned<std::remove_pointer_t<modemcf>, modemcf_destroy>;
using Interpolator = Owned<std::remove_pointer_t<firinterp_crcf>, firinterp_crcf_destroy>;
using PhaseModulator = Owned<std::remove_pointer_t<cpfskmod>, cpfskmod_destroy>;
using MskModulator = Owned<std::remove_pointer_t<gmskmod>, gmskmod_destroy>;
using AmplitudeModulator = Owned<std::remove_pointer_t<ampmodem>, ampmodem_destroy>;
using FrequencyModulator = Owned<std::remove_pointer_t<freqmod>, freqmod_destroy>;
using LowPass = Owned<std::remove_pointer_t<iirfilt_rrrf>, iirfilt_rrrf_destroy>;

/// Samples of one symbol at a time.
class SymbolModulator : public Modulator {
 public:
  explicit SymbolModulator(std::uint32_t samples_per_symbol) : samples_(samples_per_symbol) {}

  void reset() override {
    used_ = samples_.size();
    clear();
  }
  Sample next(WordStream& words) override {
    if (used_ == samples_.size()) {
      send(words, samples_.data());
      used_ = 0;
    }
    return samples_[used_++];
  }

 protected:
  virtual void clear() = 0;
  virtual void send(WordStream& words, Sample* samples) = 0;
  [[nodiscard]] std::size_t samples_per_symbol() const { return samples_.size(); }

 private:
  std::vector<Sample> samples_;
  std::size_t used_ = samples_.size();
};

/// Points of a constellation under root-raised-cosine pulses; `offset` sends the quadrature half a symbol later.
class LinearModulator : public SymbolModulator {
 public:
  LinearModulator(modulation_scheme scheme, bool offset, const ModulatorParameters& p)
      : SymbolModulator(p.samples_per_symbol),
        modem_(modemcf_create(scheme)),
        pulse_(
            firinterp_crcf_create_prototype(LIQUID_FIRFILT_RRC, p.samples_per_symbol, p.pulse_symbols, p.rolloff, 0)),
        points_(1U << modemcf_get_bps(modem_.get())),
        late_(offset ? p.samples_per_symbol / 2 : 0) {}

 private:
  void clear() override {
    firinterp_crcf_reset(pulse_.get());
    late_.assign(late_.size(), 0);
  }
  void send(WordStream& words, Sample* samples) override {
    Sample point;
    modemcf_modulate(modem_.get(), words.below(points_), &point);
    firinterp_crcf_execute(pulse_.get(), point, samples);
    if (late_.empty()) return;
    std::vector<float> quadrature = late_;
    for (std::size_t i = 0; i < samples_per_symbol(); ++i) quadrature.push_back(samples[i].imag());
    for (std::size_t i = 0; i < samples_per_symbol(); ++i) samples[i].imag(quadrature[i]);
    late_.assign(quadrature.begin() + static_cast<std::ptrdiff_t>(samples_per_symbol()), quadrature.end());
  }

  Modem modem_;
  Interpolator pulse_;
  std::uint32_t points_;
  std::vector<float> late_;
};

/// One bit a symbol in the phase's slope.
class FrequencyShiftModulator : public SymbolModulator {
 public:
  FrequencyShiftModulator(float index, liquid_cpfsk_filter filter, const ModulatorParameters& p)
      : SymbolModulator(p.samples_per_symbol),
        modulator_(cpfskmod_create(1, index, p.samples_per_symbol, p.pulse_symbols, p.rolloff, filter)) {}

 private:
  void clear() override { cpfskmod_reset(modulator_.get()); }
  void send(WordStream& words, Sample* samples) override {
    cpfskmod_modulate(modulator_.get(), words.below(2), samples);
  }

  PhaseModulator modulator_;
};

class GaussianMskModulator : public SymbolModulator {
 public:
  explicit GaussianMskModulator(const ModulatorParameters& p)
      : SymbolModulator(p.samples_per_symbol),
        modulator_(gmskmod_create(p.samples_per_symbol, p.pulse_symbols, p.rolloff)) {}

 private:
  void clear() override { gmskmod_reset(modulator_.get()); }
  void send(WordStream& words, Sample* samples) override {
    gmskmod_modulate(modulator_.get(), words.below(2), samples);
  }

  MskModulator modulator_;
};

/// What stands for sound.
class Audio {
 public:
  explicit Audio(const ModulatorParameters& p)
      : low_pass_(iirfilt_rrrf_create_prototype(LIQUID_IIRDES_BUTTER, LIQUID_IIRDES_LOWPASS, LIQUID_IIRDES_SOS, 4,
                                                p.audio_bandwidth, 0, 1, 60)) {
    // White noise of variance 1 leaves the filter with the energy of its impulse response.
    float energy = 0;
    for (int i = 0; i < 4096; ++i) {
      float y = 0;
      iirfilt_rrrf_execute(low_pass_.get(), i == 0 ? 1.0F : 0.0F, &y);
      energy += y * y;
    }
    scale_ = p.audio_deviation / std::sqrt(energy);
    reset();
  }

  void reset() { iirfilt_rrrf_reset(low_pass_.get()); }
  float next(WordStream& words) {
    float y = 0;
    iirfilt_rrrf_execute(low_pass_.get(), normal_from(words), &y);
    return scale_ * y;
  }

 private:
  LowPass low_pass_;
  float scale_ = 1;
};

class AmplitudeSound : public Modulator {
 public:
  AmplitudeSound(liquid_ampmodem_type type, bool suppressed_carrier, const ModulatorParameters& p)
      : audio_(p), modulator_(ampmodem_create(0.5F, type, suppressed_carrier ? 1 : 0)) {}

  void reset() override {
    audio_.reset();
    ampmodem_reset(modulator_.get());
  }
  Sample next(WordStream& words) override {
    Sample y;
    ampmodem_modulate(modulator_.get(), audio_.next(words), &y);
    return y;
  }

 private:
  Audio audio_;
  AmplitudeModulator modulator_;
};

class FrequencySound : public Modulator {
 public:
  explicit FrequencySound(const ModulatorParameters& p) : audio_(p), modulator_(freqmod_create(p.fm_deviation)) {}

  void reset() override {
    audio_.reset();
    freqmod_reset(modulator_.get());
  }
  Sample next(WordStream& words) override {
    Sample y;
    freqmod_modulate(modulator_.get(), audio_.next(words), &y);
    return y;
  }

 private:
  Audio audio_;
  FrequencyModulator modulator_;
};

struct Constellation {
  std::string_view name;
  modulation_scheme scheme;
};
constexpr std::array constellations{
    Constellation{"OOK", LIQUID_MODEM_OOK},         Constellation{"PAM4", LIQUID_MODEM_ASK4},
    Constellation{"4ASK", LIQUID_MODEM_ASK4},       Constellation{"8ASK", LIQUID_MODEM_ASK8},
    Constellation{"BPSK", LIQUID_MODEM_BPSK},       Constellation{"QPSK", LIQUID_MODEM_QPSK},
    Constellation{"8PSK", LIQUID_MODEM_PSK8},       Constellation{"16PSK", LIQUID_MODEM_PSK16},
    Constellation{"32PSK", LIQUID_MODEM_PSK32},     Constellation{"16APSK", LIQUID_MODEM_APSK16},
    Constellation{"32APSK", LIQUID_MODEM_APSK32},   Constellation{"64APSK", LIQUID_MODEM_APSK64},
    Constellation{"128APSK", LIQUID_MODEM_APSK128}, Constellation{"QAM16", LIQUID_MODEM_QAM16},
    Constellation{"16QAM", LIQUID_MODEM_QAM16},     Constellation{"32QAM", LIQUID_MODEM_QAM32},
    Constellation{"QAM64", LIQUID_MODEM_QAM64},     Constellation{"64QAM", LIQUID_MODEM_QAM64},
    Constellation{"128QAM", LIQUID_MODEM_QAM128},   Constellation{"256QAM", LIQUID_MODEM_QAM256}};

}  // namespace

const std::vector<std::string>& modulations_2016() {
  static const std::vector<std::string> names{"8PSK", "AM-DSB", "AM-SSB", "BPSK", "CPFSK", "GFSK",
                                              "PAM4", "QAM16",  "QAM64",  "QPSK", "WBFM"};
  return names;
}

const std::vector<std::string>& modulations_2018() {
  static const std::vector<std::string> names{"OOK",       "4ASK",      "8ASK",      "BPSK",   "QPSK",   "8PSK",
                                              "16PSK",     "32PSK",     "16APSK",    "32APSK", "64APSK", "128APSK",
                                              "16QAM",     "32QAM",     "64QAM",     "128QAM", "256QAM", "AM-SSB-WC",
                                              "AM-SSB-SC", "AM-DSB-WC", "AM-DSB-SC", "FM",     "GMSK",   "OQPSK"};
  return names;
}

std::unique_ptr<Modulator> make_modulator(std::string_view name, const ModulatorParameters& p) {
  for (const Constellation& it : constellations) {
    if (it.name == name) return std::make_unique<LinearModulator>(it.scheme, false, p);
  }
  if (name == "OQPSK") return std::make_unique<LinearModulator>(LIQUID_MODEM_QPSK, true, p);
  if (name == "CPFSK") return std::make_unique<FrequencyShiftModulator>(0.5F, LIQUID_CPFSK_SQUARE, p);
  // The published generator's sensitivity of 0.1 radian a sample: 0.8 radian a symbol of 8, index 0.8 / pi.
  if (name == "GFSK") return std::make_unique<FrequencyShiftModulator>(0.2546F, LIQUID_CPFSK_GMSK, p);
  if (name == "GMSK") return std::make_unique<GaussianMskModulator>(p);
  if (name == "AM-DSB" || name == "AM-DSB-WC") return std::make_unique<AmplitudeSound>(LIQUID_AMPMODEM_DSB, false, p);
  if (name == "AM-DSB-SC") return std::make_unique<AmplitudeSound>(LIQUID_AMPMODEM_DSB, true, p);
  if (name == "AM-SSB" || name == "AM-SSB-SC") return std::make_unique<AmplitudeSound>(LIQUID_AMPMODEM_USB, true, p);
  if (name == "AM-SSB-WC") return std::make_unique<AmplitudeSound>(LIQUID_AMPMODEM_USB, false, p);
  if (name == "WBFM" || name == "FM") return std::make_unique<FrequencySound>(p);
  throw std::invalid_argument("no modulation " + std::string(name));
}

float normal_from(WordStream& words) {
  const auto uniform = [&] { return (static_cast<double>(words.next()) + 0.5) * 0x1p-32; };
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return static_cast<float>(radius * std::cos(2 * std::numbers::pi * uniform()));
}

}  // namespace rheo::spiking
