#pragma once

#include <cstdint>
#include <string>
#include <tlm>

#include "models/core/rounding.hpp"
#include "models/core/scope.hpp"

namespace rheo {

/// What a transaction moves, as a bus or a memory sees it: the runs of its BulkTransfer, or the payload's
/// own data as one run.
struct Transfer {
  Scope scope;
  bool write = false;
  bool values_in_payload = true;  ///< false: the values travel by DMI
  std::uint64_t address = 0;
  std::uint64_t run_bytes = 0;
  std::uint64_t runs = 1;
  std::uint64_t run_stride = 0;

  [[nodiscard]] static Transfer of(const tlm::tlm_generic_payload& payload);

  [[nodiscard]] std::uint64_t bytes() const noexcept { return run_bytes * runs; }
  /// True when every run lies in the addresses 0 to size - 1.
  [[nodiscard]] bool lies_within(std::uint64_t size) const noexcept;
  /// "bytes 0x100 to 0x1ff", "4 runs of 16 bytes, 64 apart, from 0x100", for errors.
  [[nodiscard]] std::string to_string() const;
};

/// The first clock edge at or after `ticks`; edges are the multiples of the period. A synchronous block
/// sees a request from another clock at its next edge.
[[nodiscard]] constexpr std::uint64_t clock_edge(std::uint64_t ticks, std::uint64_t period) noexcept {
  return round_up(ticks, period);
}

/// "0x1f"
[[nodiscard]] std::string hexadecimal(std::uint64_t value);

}  // namespace rheo
