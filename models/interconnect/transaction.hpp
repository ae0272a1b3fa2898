#pragma once

#include <cstdint>
#include <systemc>
#include <tlm>

#include "models/core/scope.hpp"

namespace rheo {

/// Ignorable extension of a bulk data transaction (TLM-2.0 base protocol, blocking transport).
///
/// One transaction covers one operand of a command: `runs` contiguous runs of `run_bytes` bytes, the
/// first at the payload's address, each next one `run_stride` bytes further on. The payload's data length
/// is run_bytes (the first run), so that a target that does not know the extension still serves a legal
/// transaction. The values themselves travel by DMI when `values_by_dmi` is set: targets then spend the
/// time and count the actions of the transfer but copy nothing.
///
/// Timing of b_transport(payload, delay): the caller passes the delay after which the transfer may begin;
/// on return `delay` is the delay after which its last byte has moved, and `granted` the delay after which
/// its first byte could move (waiting for the bus, the port, the row is over). Targets reserve their
/// resources for the whole transfer at once and never call wait().
struct BulkTransfer : tlm::tlm_extension<BulkTransfer> {
  Scope scope;
  bool values_by_dmi = true;
  std::uint32_t run_bytes = 0;
  std::uint32_t runs = 1;
  std::uint64_t run_stride = 0;
  sc_core::sc_time granted;  ///< set by the target

  [[nodiscard]] std::uint64_t bytes() const noexcept { return std::uint64_t{run_bytes} * runs; }

  [[nodiscard]] tlm::tlm_extension_base* clone() const override { return new BulkTransfer(*this); }
  void copy_from(const tlm::tlm_extension_base& other) override { *this = static_cast<const BulkTransfer&>(other); }
};

}  // namespace rheo
