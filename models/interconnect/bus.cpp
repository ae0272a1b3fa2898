#include "models/interconnect/bus.hpp"

#include <algorithm>

#include "models/core/error.hpp"
#include "models/interconnect/transaction.hpp"

namespace rheo {
namespace {

/// Every range is a proper one and none reaches into another.
void check(const std::string& bus, const std::vector<AddressRange>& map) {
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (map[i].size == 0 || map[i].first + (map[i].size - 1) < map[i].first) {
      throw InputError(bus, "the address range of " + map[i].name + " is empty or passes the end of the addresses");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (map[i].first - map[j].first < map[j].size || map[j].first - map[i].first < map[i].size) {
        throw InputError(bus, "the address ranges of " + map[j].name + " and " + map[i].name + " overlap");
      }
    }
  }
}

}  // namespace

Bus::Bus(const sc_core::sc_module_name& name, const BusParameters& parameters, sc_core::sc_time clock_period,
         std::size_t initiators, std::vector<AddressRange> address_map)
    : sc_core::sc_module(name),
      from_initiator("from_initiator", initiators),
      to_target("to_target", address_map.size()),
      width_(static_cast<std::uint64_t>(parameters.width_bytes)),
      period_(clock_period.value()),
      arbitration_(static_cast<std::uint64_t>(parameters.arbitration_cycles) * period_),
      map_(std::move(address_map)),
      channels_(static_cast<std::uint64_t>(parameters.channels)),
      free_at_(static_cast<std::size_t>(parameters.channels)),
      actions_({{"bus.beat", "beat", "Clock cycles in which a channel of the bus moved data.", "bus.beat"}}) {
  check(basename(), map_);
  for (std::size_t i = 0; i < from_initiator.size(); ++i) {
    const int id = static_cast<int>(i);
    from_initiator[i].register_b_transport(this, &Bus::b_transport, id);
    from_initiator[i].register_transport_dbg(this, &Bus::transport_dbg, id);
    from_initiator[i].register_get_direct_mem_ptr(this, &Bus::get_direct_mem_ptr, id);
  }
  for (std::size_t j = 0; j < to_target.size(); ++j) {
    to_target[j].register_invalidate_direct_mem_ptr(this, &Bus::invalidate_direct_mem_ptr, static_cast<int>(j));
  }
}

std::vector<InventoryItem> Bus::inventory() const { return {{"bus", "bus", free_at_.size()}}; }

std::size_t Bus::find(std::uint64_t address) const noexcept {
  const auto holds = [address](const AddressRange& range) { return address - range.first < range.size; };
  return static_cast<std::size_t>(std::ranges::find_if(map_, holds) - map_.begin());
}

void Bus::b_transport(int /*initiator*/, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  Transfer transfer = Transfer::of(payload);
  const std::uint64_t address = transfer.address;
  const std::size_t target = find(address);
  if (target < map_.size()) transfer.address -= map_[target].first;
  if (target == map_.size() || !transfer.lies_within(map_[target].size)) {
    transfer.address = address;
    refusal_ = std::string(name()) + ": " + transfer.to_string() + " lie in no target" +
               (target < map_.size() ? "; " + map_[target].name + " begins at " + hexadecimal(map_[target].first) +
                                           " and has " + std::to_string(map_[target].size) + " bytes"
                                     : "");
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return;
  }

  const auto requested = sc_core::sc_time_stamp() + delay;
  const auto channel = std::ranges::min_element(free_at_);
  const std::uint64_t grant = std::max(clock_edge(requested.value(), period_) + arbitration_, *channel);
  const std::uint64_t beats = transfer.runs * ((transfer.run_bytes + width_.value() - 1) / width_);
  *channel = grant + beats * period_;

  auto* bulk = payload.get_extension<BulkTransfer>();
  const std::uint64_t before = sc_core::sc_time_stamp().value();
  delay = sc_core::sc_time::from_value(grant - before);
  if (bulk != nullptr) bulk->granted = delay;
  payload.set_address(transfer.address);
  to_target[target]->b_transport(payload, delay);
  payload.set_address(address);
  if (payload.is_response_error()) return;

  // A target of another make may have called wait(): delays then count from a later time, and the target does not
  // know of grants.
  const std::uint64_t now = sc_core::sc_time_stamp().value();
  std::uint64_t granted = grant;
  if (bulk != nullptr) {
    if (now == before) granted = std::max<std::uint64_t>(granted, now + bulk->granted.value());
    bulk->granted = sc_core::sc_time::from_value(granted - std::min(now, granted));
  }
  const std::uint64_t end = std::max<std::uint64_t>(now + delay.value(), granted + beats * period_);
  delay = sc_core::sc_time::from_value(end - now);
  actions_.add(0, transfer.scope, beats);
  busy_.add(transfer.scope, beats * period_ / channels_);
}

unsigned Bus::transport_dbg(int /*initiator*/, tlm::tlm_generic_payload& payload) {
  const std::uint64_t address = payload.get_address();
  const unsigned length = payload.get_data_length();
  const std::size_t target = find(address);
  if (target == map_.size()) return 0;
  const std::uint64_t relative = address - map_[target].first;
  payload.set_address(relative);
  payload.set_data_length(static_cast<unsigned>(std::min<std::uint64_t>(length, map_[target].size - relative)));
  const unsigned moved = to_target[target]->transport_dbg(payload);
  payload.set_address(address);
  payload.set_data_length(length);
  return moved;
}

bool Bus::get_direct_mem_ptr(int /*initiator*/, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  const std::uint64_t address = payload.get_address();
  const std::size_t target = find(address);
  if (target == map_.size()) return false;
  const AddressRange& range = map_[target];
  payload.set_address(address - range.first);
  const bool granted = to_target[target]->get_direct_mem_ptr(payload, dmi);
  payload.set_address(address);
  dmi.set_end_address(range.first + std::min<std::uint64_t>(dmi.get_end_address(), range.size - 1));
  dmi.set_start_address(range.first + dmi.get_start_address());
  return granted;
}

void Bus::invalidate_direct_mem_ptr(int target, sc_dt::uint64 first, sc_dt::uint64 last) {
  const AddressRange& range = map_[static_cast<std::size_t>(target)];
  if (first >= range.size) return;
  const std::uint64_t end = range.first + std::min<std::uint64_t>(last, range.size - 1);
  for (auto& initiator : from_initiator) initiator->invalidate_direct_mem_ptr(range.first + first, end);
}

}  // namespace rheo
