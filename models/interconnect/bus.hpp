#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "models/core/divisor.hpp"
#include "models/core/parameters.hpp"
#include "models/core/statistics.hpp"
#include "models/interconnect/transfer.hpp"

namespace rheo {

struct BusParameters {
  std::int64_t width_bytes = 64;        ///< bytes that one beat moves
  std::int64_t channels = 2;            ///< data paths that work at the same time
  std::int64_t arbitration_cycles = 1;  ///< from a request to its grant

  void describe(Parameters& p) {
    p.integer("width_bytes", width_bytes, {1, 4096}, "bytes that one beat moves");
    p.integer("channels", channels, {1, 64}, "independent data paths");
    p.integer("arbitration_cycles", arbitration_cycles, {0, 1000}, "cycles from a request to its grant");
  }
};

/// One entry of the address map: the bytes first to first + size - 1 belong to one target.
struct AddressRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
  std::string name;  ///< of the target, for errors
};

/// Shared bus between initiators and address-mapped targets; a TLM-2.0 base-protocol interconnect.
///
/// Sockets: from_initiator[i]; to_target[j], for entry j of the address map. A target sees addresses relative to its
/// range. Debug transport and DMI pass through, translated and cut to the range.
///
/// Timing: a request is seen at the next clock edge, arbitrated for `arbitration_cycles` (while the transfers before
/// it still move) and takes the channel that is free first: first come, first served, in the order of the calls. A
/// transfer of r runs of n bytes takes r * ceil(n / width_bytes) beats, one a cycle; the channel is reserved for them
/// from the grant on. The target gets the request at the grant and works while the bus does. No byte moves before the
/// target grants it:
///     granted = later of the bus's and the target's grant
///     end     = later of granted + beats and the target's end
/// A target that waits therefore delays its own transfer but does not block the channel (split transactions).
///
/// Actions: bus.beat. Busy: channel time over the number of channels, so that 1 is the most a bus can be used.
/// Errors: TLM_ADDRESS_ERROR_RESPONSE for a transfer that does not lie in one target's range.
class Bus : public sc_core::sc_module, public Component {
 public:
  sc_core::sc_vector<tlm_utils::simple_target_socket_tagged<Bus>> from_initiator;
  sc_core::sc_vector<tlm_utils::simple_initiator_socket_tagged<Bus>> to_target;

  /// Throws InputError when ranges overlap or are empty.
  Bus(const sc_core::sc_module_name& name, const BusParameters& parameters, sc_core::sc_time clock_period,
      std::size_t initiators, std::vector<AddressRange> address_map);

  [[nodiscard]] const std::vector<AddressRange>& address_map() const noexcept { return map_; }
  /// Why the latest refused transaction was refused.
  [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }

  [[nodiscard]] std::string component_name() const override { return basename(); }
  [[nodiscard]] ActionCounts& actions() override { return actions_; }
  [[nodiscard]] BusyTime& busy() override { return busy_; }
  /// One "bus" a channel.
  [[nodiscard]] std::vector<InventoryItem> inventory() const override;

 private:
  void b_transport(int initiator, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(int initiator, tlm::tlm_generic_payload& payload);
  bool get_direct_mem_ptr(int initiator, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
  void invalidate_direct_mem_ptr(int target, sc_dt::uint64 first, sc_dt::uint64 last);

  /// The map's entry that holds the address, or its size.
  [[nodiscard]] std::size_t find(std::uint64_t address) const noexcept;

  Divisor width_;
  std::uint64_t period_;       ///< ticks
  std::uint64_t arbitration_;  ///< ticks
  std::vector<AddressRange> map_;
  Divisor channels_;
  std::vector<std::uint64_t> free_at_;  ///< absolute ticks, by channel
  ActionCounts actions_;
  BusyTime busy_;
  std::string refusal_;
};

}  // namespace rheo
