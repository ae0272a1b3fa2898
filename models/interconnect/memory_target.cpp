#include "models/interconnect/memory_target.hpp"

#include <algorithm>
#include <cstring>

namespace rheo {

tlm::tlm_response_status memory_response(const tlm::tlm_generic_payload& payload, const Transfer& transfer,
                                         std::uint64_t bytes) {
  if (payload.get_byte_enable_ptr() != nullptr) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  if (payload.get_data_length() == 0 || transfer.runs == 0 || payload.get_data_length() != transfer.run_bytes ||
      payload.get_streaming_width() < payload.get_data_length() || (transfer.values_in_payload && transfer.runs > 1)) {
    return tlm::TLM_BURST_ERROR_RESPONSE;
  }
  return transfer.lies_within(bytes) ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE;
}

void copy_values(tlm::tlm_generic_payload& payload, const Transfer& transfer, std::span<std::byte> memory) {
  if (!transfer.values_in_payload) return;
  const auto place = memory.subspan(transfer.address, payload.get_data_length());
  if (payload.is_write()) {
    std::memcpy(place.data(), payload.get_data_ptr(), place.size());
  } else {
    std::memcpy(payload.get_data_ptr(), place.data(), place.size());
  }
}

unsigned debug_access(tlm::tlm_generic_payload& payload, std::span<std::byte> memory) {
  if (payload.get_address() >= memory.size()) return 0;
  const auto rest = memory.subspan(payload.get_address());
  const std::size_t bytes = std::min<std::size_t>(payload.get_data_length(), rest.size());
  if (payload.is_write()) {
    std::memcpy(rest.data(), payload.get_data_ptr(), bytes);
  } else if (payload.is_read()) {
    std::memcpy(payload.get_data_ptr(), rest.data(), bytes);
  } else {
    return 0;
  }
  return static_cast<unsigned>(bytes);
}

bool grant_dmi(const tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi, std::span<std::byte> memory) {
  if (payload.get_address() >= memory.size()) return false;
  dmi.set_dmi_ptr(reinterpret_cast<unsigned char*>(memory.data()));
  dmi.set_start_address(0);
  dmi.set_end_address(memory.size() - 1);
  dmi.allow_read_write();
  return true;
}

}  // namespace rheo
