#include "models/crossbar/converter_errors.hpp"

#include <cmath>

namespace rheo::crossbar {

ConverterErrors::ConverterErrors(const AdcParameters& adc, const OutputLines& lines, const RandomKey& key) {
  const std::size_t padded = (lines.outputs + 15) / 16 * 16;
  const auto shared = static_cast<std::size_t>(adc.shared_by);
  const std::size_t last = (lines.outputs - 1) * lines.outputs_apart + (lines.slices - 1) * lines.slices_apart;
  const auto place = [&](std::uint64_t quantity, std::vector<float>& values, auto error) {
    std::vector<float> xi(last / shared + 1);
    random_normals(key, quantity, 0, xi);
    values.assign(lines.slices * padded, 0.0F);
    for (std::size_t s = 0; s < lines.slices; ++s) {
      for (std::size_t o = 0; o < lines.outputs; ++o) {
        values[s * padded + o] = error(xi[(o * lines.outputs_apart + s * lines.slices_apart) / shared]);
      }
    }
  };
  const float step = adc.step();
  const auto f = [](double value) { return static_cast<float>(value); };
  place(0, gain, [&](float xi) { return 1.0F + f(adc.gain_deviation) * xi; });
  place(1, offset, [&](float xi) { return f(adc.offset_deviation) * xi / step; });
  place(2, nonlinearity, [&](float xi) {
    return f(adc.nonlinearity / adc.bound) * std::abs(1.0F + f(adc.nonlinearity_deviation) * xi) * step;
  });
  // Without a deviation exactly what one noise for all would be.
  place(3, noise, [&](float xi) { return f(adc.noise) / step * std::abs(1.0F + f(adc.noise_deviation) * xi); });
}

}  // namespace rheo::crossbar
