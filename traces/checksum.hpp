#pragma once

#include <xxhash.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "traces/trace_header.hpp"

namespace rheo::traces {

/// Checksum of a series of numbers and texts: XXH3 of each with the checksum so far as its seed (numbers are 64 bits,
/// little-endian).
class Checksum {
 public:
  void add(std::span<const std::uint64_t> numbers) noexcept {
    value_ = XXH3_64bits_withSeed(numbers.data(), numbers.size_bytes(), value_);
  }
  void add(std::uint64_t number) noexcept { add(std::span(&number, 1)); }
  void add(double number) noexcept { add(std::bit_cast<std::uint64_t>(number)); }
  /// With its length, so that texts one after the other keep apart.
  void add(std::string_view text) noexcept {
    add(std::uint64_t{text.size()});
    value_ = XXH3_64bits_withSeed(text.data(), text.size(), value_);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0;
};

[[nodiscard]] std::uint64_t checksum_of(const TraceHeader& header);
/// Of the report of a run with so many programs and epochs.
[[nodiscard]] std::uint64_t checksum_of(std::string_view report, std::uint64_t programs, std::uint64_t epochs);
[[nodiscard]] std::uint64_t checksum_of(const TracedEpoch& epoch);

}  // namespace rheo::traces
