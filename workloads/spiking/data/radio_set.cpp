#include "workloads/spiking/data/radio_set.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

namespace rheo::spiking {

void RadioSet::encode(std::size_t example, std::uint64_t /*presentation*/, SpikeTrain& train) const {
  train.clear();
  const std::uint16_t* from = cells.data() + example * ticks;
  for (std::size_t t = 0; t < std::min<std::size_t>(train.ticks(), ticks); ++t) train.set(t, from[t]);
}

RadioSet generate_radio_set(const RadioSetRequest& request, ThreadTeam& team) {
  const std::size_t classes = request.modulations.size();
  const auto levels = static_cast<std::size_t>(std::floor((request.snr_high - request.snr_low) / request.snr_step)) + 1;
  RadioSet set;
  set.names = request.modulations;
  set.bits = request.bits;
  set.ticks = request.ticks;
  set.cells.resize(request.examples * request.ticks);
  set.labels.resize(request.examples);
  set.snrs.resize(request.examples);
  team.for_ranges(request.examples, 1, [&](std::size_t first, std::size_t last) {
    RadioGenerator generator(request.modulations, {}, {});
    std::vector<std::complex<float>> samples(request.ticks);
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t label = i % classes;
      const double snr = request.snr_low + request.snr_step * static_cast<double>(i / classes % levels);
      generator.generate(request.seed, i << 1 | (request.test ? 1U : 0U), label, snr, samples);
      quantise_iq(samples, request.bits, request.range, std::span(set.cells).subspan(i * request.ticks, request.ticks));
      set.labels[i] = static_cast<std::uint8_t>(label);
      set.snrs[i] = static_cast<float>(snr);
    }
  });
  return set;
}

}  // namespace rheo::spiking
