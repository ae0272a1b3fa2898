#include "models/interconnect/transfer.hpp"

#include <array>
#include <charconv>

#include "models/interconnect/transaction.hpp"

namespace rheo {

Transfer Transfer::of(const tlm::tlm_generic_payload& payload) {
  Transfer transfer;
  transfer.write = payload.is_write();
  transfer.address = payload.get_address();
  if (const auto* bulk = payload.get_extension<BulkTransfer>()) {
    transfer.scope = bulk->scope;
    transfer.values_in_payload = !bulk->values_by_dmi;
    transfer.run_bytes = bulk->run_bytes;
    transfer.runs = bulk->runs;
    transfer.run_stride = bulk->run_stride;
  } else {
    transfer.run_bytes = payload.get_data_length();
  }
  return transfer;
}

bool Transfer::lies_within(std::uint64_t size) const noexcept {
  if (run_bytes > size || address > size - run_bytes) return false;
  // Division, because the product may not fit 64 bits.
  return runs <= 1 || run_stride <= (size - run_bytes - address) / (runs - 1);
}

std::string Transfer::to_string() const {
  if (runs == 1) return "bytes " + hexadecimal(address) + " to " + hexadecimal(address + run_bytes - 1);
  return std::to_string(runs) + " runs of " + std::to_string(run_bytes) + " bytes, " + std::to_string(run_stride) +
         " apart, from " + hexadecimal(address);
}

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

}  // namespace rheo
