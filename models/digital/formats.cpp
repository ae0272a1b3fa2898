#include "models/digital/formats.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "models/digital/vector_math.hpp"

namespace rheo {

void decode(NumberFormat format, float scale, std::span<const std::byte> bytes, std::span<float> values) {
  const std::size_t n = values.size();
  switch (format) {
    case NumberFormat::fp32:
      std::memcpy(values.data(), bytes.data(), n * sizeof(float));
      break;
    case NumberFormat::fp16:
      vector_math::float_from_fp16(reinterpret_cast<const std::uint16_t*>(bytes.data()), n, values.data());
      break;
    case NumberFormat::bf16:
      vector_math::float_from_bf16(reinterpret_cast<const std::uint16_t*>(bytes.data()), n, values.data());
      break;
    case NumberFormat::int8:
      vector_math::float_from_int8(reinterpret_cast<const std::int8_t*>(bytes.data()), n, 1.0F, values.data());
      break;
    case NumberFormat::uint8:
      for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(std::to_integer<unsigned>(bytes[i]));
      break;
  }
  if (scale != 1.0F) {
    for (float& value : values) value /= scale;
  }
}

void encode(NumberFormat format, float scale, std::span<const float> values, std::span<std::byte> bytes) {
  const std::size_t n = values.size();
  std::vector<float> scaled;
  if (scale != 1.0F) {
    scaled.resize(n);
    for (std::size_t i = 0; i < n; ++i) scaled[i] = values[i] * scale;
    values = scaled;
  }
  switch (format) {
    case NumberFormat::fp32:
      std::memcpy(bytes.data(), values.data(), n * sizeof(float));
      break;
    case NumberFormat::fp16:
      vector_math::fp16_from_float(values.data(), n, reinterpret_cast<std::uint16_t*>(bytes.data()));
      break;
    case NumberFormat::bf16:
      vector_math::bf16_from_float(values.data(), n, reinterpret_cast<std::uint16_t*>(bytes.data()));
      break;
    case NumberFormat::int8:
      vector_math::int8_from_float(values.data(), n, 1.0F, reinterpret_cast<std::int8_t*>(bytes.data()));
      break;
    case NumberFormat::uint8:
      for (std::size_t i = 0; i < n; ++i) {
        bytes[i] = static_cast<std::byte>(std::clamp(std::nearbyint(values[i]), 0.0F, 255.0F));
      }
      break;
  }
}

}  // namespace rheo
