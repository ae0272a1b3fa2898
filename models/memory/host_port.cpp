#include "models/memory/host_port.hpp"

#include <algorithm>
#include <cmath>

#include "models/interconnect/memory_target.hpp"
#include "models/interconnect/transaction.hpp"

namespace rheo {

HostPort::HostPort(const sc_core::sc_module_name& name, const HostPortParameters& parameters,
                   std::uint64_t window_bytes)
    : sc_module(name),
      socket("socket"),
      parameters_(parameters),
      window_(window_bytes),
      actions_({{"host.byte", "byte", "bytes through the port to the host", "host.byte"}}) {
  socket.register_b_transport(this, &HostPort::b_transport);
  socket.register_get_direct_mem_ptr(this, &HostPort::get_direct_mem_ptr);
}

bool HostPort::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  return grant_dmi(payload, dmi, window_);
}

void HostPort::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const Transfer transfer = Transfer::of(payload);
  payload.set_response_status(memory_response(payload, transfer, window_.size()));
  if (payload.is_response_error()) return;
  copy_values(payload, transfer, window_);
  actions_.add(0, transfer.scope, transfer.bytes());

  const std::uint64_t now = (sc_core::sc_time_stamp() + delay).value();
  const std::uint64_t begin = std::max(now, free_at_) + sc_core::sc_time(parameters_.latency, sc_core::SC_SEC).value();
  const sc_core::sc_time duration(static_cast<double>(transfer.bytes()) / parameters_.bandwidth, sc_core::SC_SEC);
  free_at_ = begin + duration.value();
  busy_.add(transfer.scope, duration.value());
  if (auto* bulk = payload.get_extension<BulkTransfer>()) {
    bulk->granted = delay + sc_core::sc_time::from_value(begin - now);
  }
  delay += sc_core::sc_time::from_value(free_at_ - now);
}

}  // namespace rheo
