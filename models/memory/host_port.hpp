#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstddef>
#include <span>
#include <systemc>
#include <vector>

#include "models/core/parameters.hpp"
#include "models/core/statistics.hpp"

namespace rheo {

struct HostPortParameters {
  double bandwidth = 4e9;   ///< B/s, either direction
  double latency = 500e-9;  ///< s, once a transfer

  void describe(Parameters& p) {
    p.quantity("bandwidth", bandwidth, Dimension::bytes_per_second, {1, 1e15}, "of the link to the host");
    p.quantity("latency", latency, Dimension::seconds, {0, 1}, "of one transfer over the link to the host");
  }
};

/// The host's memory as the chip sees it: a window through which images and labels enter and results leave.
/// The window is host memory, not a buffer of the chip. Timing: latency + bytes / bandwidth, one transfer at a time.
/// Actions: host.byte.
class HostPort : public sc_core::sc_module, public Component {
 public:
  tlm_utils::simple_target_socket<HostPort> socket;

  HostPort(const sc_core::sc_module_name& name, const HostPortParameters& parameters, std::uint64_t window_bytes);

  /// The host's own view of the window.
  [[nodiscard]] std::span<std::byte> window() noexcept { return window_; }

  [[nodiscard]] std::string component_name() const override { return basename(); }
  [[nodiscard]] ActionCounts& actions() override { return actions_; }
  [[nodiscard]] BusyTime& busy() override { return busy_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {{"host", "host", 1}}; }

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);

  HostPortParameters parameters_;
  std::vector<std::byte> window_;
  std::uint64_t free_at_ = 0;
  ActionCounts actions_;
  BusyTime busy_;
};

}  // namespace rheo
