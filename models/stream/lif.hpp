#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "models/stream/decay.hpp"

namespace rheo::stream {

/// Leaky integrate-and-fire neurons with one state, all of one layer alike:
///
///     m <- saturated((1 - out) decay(m) + (input << input_shift)),   out <- m > threshold
///
/// m is a two's complement integer of `membrane_bits`; the accumulator in front of it is exact, and the sum is clipped
/// to the membrane's range once, before the comparison. A neuron that fires stores 0, which is (1 - out) at the next
/// tick. Source: thesis chapter 2 (S2N2), equations 2.2 to 2.4 and figure 2.7.
struct LifParameters {
  std::uint32_t membrane_bits = 16;  ///< sign included, 2 to 32
  std::int32_t threshold = 0;        ///< in units of the membrane
  std::uint32_t input_shift = 0;     ///< fractional bits that membranes have more than weights
  Decay decay;

  [[nodiscard]] constexpr std::int64_t lowest() const noexcept { return -(std::int64_t{1} << (membrane_bits - 1)); }
  [[nodiscard]] constexpr std::int64_t highest() const noexcept { return (std::int64_t{1} << (membrane_bits - 1)) - 1; }

  /// One neuron's tick; returns whether it fires.
  constexpr bool fire(std::int32_t& membrane, std::int64_t input) const noexcept {
    const std::int64_t sum = decay(membrane) + (input << input_shift);
    const std::int64_t clipped = std::clamp(sum, lowest(), highest());
    const bool out = clipped > threshold;
    membrane = out ? 0 : static_cast<std::int32_t>(clipped);
    return out;
  }
};

/// The same neurons in single precision, in front of which no converter makes integers of the sums:
///
///     m <- (1 - out) decay m + input,   out <- m > threshold
struct RealLif {
  float threshold = 0;
  float decay = 0.875F;

  /// One neuron's tick; returns whether it fires.
  bool fire(float& membrane, float input) const noexcept {
    const float kept = decay * membrane;
    membrane = kept + input;
    if (!(membrane > threshold)) return false;
    membrane = 0;
    return true;
  }
};

/// Integer weights, in_features x out_features, two's complement of `bits`; a row holds one input's weights to all
/// outputs, so that an input spike adds a row.
class WeightMatrix {
 public:
  /// Throws InputError unless there are in_features x out_features values in the range of `bits` (2 to 16) and the
  /// largest possible sum fits 31 bits.
  WeightMatrix(std::span<const std::int32_t> values, std::uint32_t in_features, std::uint32_t out_features,
               std::uint32_t bits);

  [[nodiscard]] std::uint32_t in_features() const noexcept { return in_features_; }
  [[nodiscard]] std::uint32_t out_features() const noexcept { return out_features_; }
  [[nodiscard]] std::uint32_t bits() const noexcept { return bits_; }

  /// sums = the sum of the rows whose bit in `spikes` is set; sums holds padded_outputs() values. Returns the number
  /// of spikes.
  std::uint32_t accumulate(std::span<const std::uint64_t> spikes, std::span<std::int32_t> sums) const noexcept;
  /// Outputs rounded up to a whole vector register.
  [[nodiscard]] std::size_t padded_outputs() const noexcept { return row_; }

 private:
  std::uint32_t in_features_, out_features_, bits_;
  std::size_t row_;
  std::vector<std::int16_t> values_;
};

/// The neurons of one position fire: membranes (out_features) and sums in, one bit a neuron out, from bit 0 of `out`.
void fire(const LifParameters& lif, std::span<const std::int32_t> sums, std::span<std::int32_t> membranes,
          std::span<std::uint64_t> out) noexcept;
void fire(const RealLif& lif, std::span<const float> sums, std::span<float> membranes,
          std::span<std::uint64_t> out) noexcept;

}  // namespace rheo::stream
