#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <systemc>
#include <tlm>

#include "models/interconnect/transaction.hpp"

namespace rheo::testing {

/// The runs of a bulk transfer and when it may begin.
struct Runs {
  std::uint64_t address = 0;
  std::uint32_t run_bytes = 0;
  std::uint32_t runs = 1;
  std::uint64_t run_stride = 0;
  sc_core::sc_time begin = sc_core::SC_ZERO_TIME;
  Scope scope = {};
};

/// What came back: delays after the time at which it was asked.
struct Served {
  tlm::tlm_response_status status;
  sc_core::sc_time granted;
  sc_core::sc_time end;
  bool dmi_hint;
};

/// A transaction over `data` without extension.
struct Plain : tlm::tlm_generic_payload {
  Plain(tlm::tlm_command command, std::uint64_t address, std::span<std::byte> data) {
    set_command(command);
    set_address(address);
    set_data_ptr(reinterpret_cast<unsigned char*>(data.data()));
    set_data_length(static_cast<unsigned>(data.size()));
    set_streaming_width(static_cast<unsigned>(data.size()));
  }
};

/// A TLM-2.0 initiator that a test drives by hand, with bulk transfers whose values travel by DMI.
class Initiator : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Initiator> socket;

  explicit Initiator(const sc_core::sc_module_name& name) : sc_core::sc_module(name), socket("socket") {
    socket.register_invalidate_direct_mem_ptr(this, &Initiator::invalidate);
    // A simulation in which nothing at all happens is a warning of the kernel.
    SC_HAS_PROCESS(Initiator);
    SC_METHOD(start);
  }

  Served bulk(tlm::tlm_command command, const Runs& runs) {
    BulkTransfer extension;
    extension.scope = runs.scope;
    extension.run_bytes = runs.run_bytes;
    extension.runs = runs.runs;
    extension.run_stride = runs.run_stride;
    tlm::tlm_generic_payload payload;
    payload.set_command(command);
    payload.set_address(runs.address);
    payload.set_data_length(runs.run_bytes);
    payload.set_streaming_width(runs.run_bytes);
    payload.set_extension(&extension);
    sc_core::sc_time delay = runs.begin;
    socket->b_transport(payload, delay);
    payload.clear_extension(&extension);
    return {payload.get_response_status(), extension.granted, delay, payload.is_dmi_allowed()};
  }
  Served read(const Runs& runs) { return bulk(tlm::TLM_READ_COMMAND, runs); }
  Served write(const Runs& runs) { return bulk(tlm::TLM_WRITE_COMMAND, runs); }

  /// Range of the last invalidation.
  std::uint64_t invalidated_first = 0;
  std::uint64_t invalidated_last = 0;

 private:
  void start() {}
  void invalidate(sc_dt::uint64 first, sc_dt::uint64 last) {
    invalidated_first = first;
    invalidated_last = last;
  }
};

}  // namespace rheo::testing
