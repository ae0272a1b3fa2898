#include "workloads/spiking/data/iq_quantiser.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rheo::spiking {
namespace {

struct Extent {
  float low = std::numeric_limits<float>::infinity();
  float high = -std::numeric_limits<float>::infinity();

  void include(float x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  [[nodiscard]] std::uint32_t bin(float x, std::uint32_t last) const {
    if (!(high > low)) return last / 2;
    const double share = (static_cast<double>(x) - low) / (static_cast<double>(high) - low);
    return std::min(static_cast<std::uint32_t>(std::floor(share * last)), last);
  }
};

}  // namespace

void quantise_iq(std::span<const std::complex<float>> samples, std::uint32_t bits, IqRange range,
                 std::span<std::uint16_t> cells) {
  const std::uint32_t last = (1U << bits) - 1;
  Extent in_phase, quadrature;
  if (range == IqRange::example) {
    for (const std::complex<float>& sample : samples) {
      in_phase.include(sample.real());
      quadrature.include(sample.imag());
    }
  }
  for (std::size_t t = 0; t < samples.size(); ++t) {
    const std::complex<float> sample = samples[t];
    if (range == IqRange::running) {
      in_phase.include(sample.real());
      quadrature.include(sample.imag());
    }
    cells[t] =
        static_cast<std::uint16_t>(quadrature.bin(sample.imag(), last) << bits | in_phase.bin(sample.real(), last));
  }
}

}  // namespace rheo::spiking
