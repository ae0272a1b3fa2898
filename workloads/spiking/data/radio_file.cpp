#include "workloads/spiking/data/radio_file.hpp"

#include <algorithm>
#include <complex>

#include "workloads/data/hdf5_file.hpp"

namespace rheo::spiking {
namespace {

constexpr std::uint64_t rows_at_a_time = 1024;

}  // namespace

RadioSet read_radio_file(const RadioFileRequest& request) {
  Hdf5File file(request.file, "RadioML: X (examples x samples x 2), Y (examples x classes), Z (examples x 1)");
  const std::vector<std::uint64_t> x = file.shape("X"), y = file.shape("Y"), z = file.shape("Z");
  if (x.size() != 3 || x[2] != 2) file.refuse("X is not examples x samples x 2");
  if (y.size() != 2 || y[0] != x[0]) file.refuse("Y is not one row of classes an example");
  if (z.empty() || z[0] != x[0] || (z.size() > 1 && z[1] != 1)) file.refuse("Z is not one SNR an example");
  const std::uint64_t classes = y[1];
  if (classes != request.modulations.size()) {
    file.refuse("has " + std::to_string(classes) + " classes; expected " + std::to_string(request.modulations.size()));
  }
  if (x[1] < request.ticks) {
    file.refuse("has " + std::to_string(x[1]) + " samples an example; expected at least " +
                std::to_string(request.ticks));
  }

  // Labels and SNRs first: they say which examples to read.
  const std::vector<float> snrs = file.read<float>("Z");
  std::vector<std::uint64_t> chosen;
  for (std::uint64_t i = 0; i < x[0]; ++i) {
    const std::uint64_t part = i % request.parts;
    if (part < request.first || part >= request.last) continue;
    if (snrs[i] < request.snr_low || snrs[i] > request.snr_high) continue;
    chosen.push_back(i);
  }
  if (chosen.empty()) file.refuse("holds no example within the SNRs asked for");
  if (request.examples > 0 && chosen.size() > request.examples) {
    std::vector<std::uint64_t> spread;
    for (std::size_t i = 0; i < request.examples; ++i) spread.push_back(chosen[i * chosen.size() / request.examples]);
    chosen = std::move(spread);
  }

  RadioSet set;
  set.names = request.modulations;
  set.bits = request.bits;
  set.ticks = request.ticks;
  std::vector<std::complex<float>> samples(request.ticks);
  std::vector<float> signals, labels;
  std::uint64_t loaded = 0, end = 0;
  for (const std::uint64_t i : chosen) {
    if (i >= end) {
      loaded = i;
      end = std::min(i + rows_at_a_time, x[0]);
      signals = file.read_part<float>("X", loaded, end - loaded);
      labels = file.read_part<float>("Y", loaded, end - loaded);
    }
    const float* signal = signals.data() + (i - loaded) * x[1] * 2;
    for (std::size_t t = 0; t < request.ticks; ++t) samples[t] = {signal[2 * t], signal[2 * t + 1]};
    const float* row = labels.data() + (i - loaded) * classes;
    const float* label = std::max_element(row, row + classes);
    if (!(*label > 0)) file.refuse("row " + std::to_string(i) + " of Y names no class");
    set.labels.push_back(static_cast<std::uint8_t>(label - row));
    set.snrs.push_back(snrs[i]);
    set.cells.resize(set.cells.size() + request.ticks);
    quantise_iq(samples, request.bits, request.range, std::span(set.cells).last(request.ticks));
  }
  return set;
}

}  // namespace rheo::spiking
