#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <span>
#include <string_view>

namespace rheo::spiking {

/// The range that is divided into bins.
enum class IqRange : std::uint8_t {
  example,  ///< smallest to largest of the whole example: the published rule, which must see its end before the first
            ///< tick
  running,  ///< smallest to largest of the samples until now, this one included: causal. The first falls in the middle
};
inline constexpr std::array<std::string_view, 2> iq_range_names{"example", "running"};

/// Samples to cells of a plane of 2^bits x 2^bits: row Q, column I, each floor((2^bits - 1) (x - low) / (high - low))
/// of its own range; a channel that never changes falls in the middle. One spike a tick: cells[t] = row 2^bits +
/// column. bits from 1 to 8.
void quantise_iq(std::span<const std::complex<float>> samples, std::uint32_t bits, IqRange range,
                 std::span<std::uint16_t> cells);

}  // namespace rheo::spiking
