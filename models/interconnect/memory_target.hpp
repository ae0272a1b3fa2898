#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <tlm>

#include "models/interconnect/transfer.hpp"

namespace rheo {

/// What every memory does with a TLM-2.0 base-protocol transaction, apart from its timing.

/// TLM_OK_RESPONSE when a memory of `bytes` bytes can serve the transaction. Otherwise
/// TLM_BYTE_ENABLE_ERROR_RESPONSE (there are byte enables), TLM_ADDRESS_ERROR_RESPONSE (a run reaches outside) or
/// TLM_BURST_ERROR_RESPONSE (streaming; no data; a data length other than the first run's; several runs whose
/// values do not travel by DMI, as the payload holds those of one run).
[[nodiscard]] tlm::tlm_response_status memory_response(const tlm::tlm_generic_payload& payload,
                                                       const Transfer& transfer, std::uint64_t bytes);

/// Copies the payload's data to or from the memory, unless they travel by DMI.
void copy_values(tlm::tlm_generic_payload& payload, const Transfer& transfer, std::span<std::byte> memory);

/// transport_dbg: copies what lies inside the memory and returns how many bytes that was.
unsigned debug_access(tlm::tlm_generic_payload& payload, std::span<std::byte> memory);

/// get_direct_mem_ptr: grants reading and writing of the whole memory when the address lies in it.
bool grant_dmi(const tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi, std::span<std::byte> memory);

}  // namespace rheo
