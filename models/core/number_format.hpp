#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rheo {

/// How a value lies in a modelled memory.
enum class NumberFormat : std::uint8_t { fp32, fp16, bf16, int8, uint8 };
inline constexpr std::array<std::string_view, 5> number_format_names{"fp32", "fp16", "bf16", "int8", "uint8"};

/// Bytes of one value.
[[nodiscard]] constexpr std::size_t bytes_of(NumberFormat format) noexcept {
  switch (format) {
    case NumberFormat::fp32:
      return 4;
    case NumberFormat::fp16:
    case NumberFormat::bf16:
      return 2;
    case NumberFormat::int8:
    case NumberFormat::uint8:
      return 1;
  }
  return 0;
}

}  // namespace rheo
