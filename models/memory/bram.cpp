#include "models/memory/bram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/interconnect/memory_target.hpp"
#include "models/interconnect/transaction.hpp"
#include "models/memory/bram_geometry.hpp"

namespace rheo {
namespace {

enum Action : std::size_t { read, write };

std::vector<ActionKind> action_kinds() {
  return {{"bram.read", "word", "Words read from on-chip memory.", "bram.read"},
          {"bram.write", "word", "Words written to on-chip memory.", "bram.write"}};
}

}  // namespace

Bram::Bram(const sc_core::sc_module_name& name, const BramParameters& parameters, sc_core::sc_time clock_period)
    : sc_core::sc_module(name),
      socket("socket"),
      banks_(static_cast<std::size_t>(parameters.banks)),
      ports_(static_cast<std::size_t>(parameters.ports)),
      word_bytes_(std::max<std::uint64_t>(static_cast<std::uint64_t>(parameters.port_bits) / 8, 1)),
      row_bytes_(word_bytes_.value() * banks_),
      bank_count_(banks_),
      period_(clock_period.value()),
      read_latency_(static_cast<std::uint64_t>(parameters.read_latency_cycles) * period_),
      memory_(static_cast<std::size_t>(std::llround(parameters.capacity))),
      first_port_(banks_),
      second_port_(banks_, ports_ == 2 ? 0 : std::numeric_limits<std::int64_t>::max()),
      work_(banks_),
      actions_(action_kinds()) {
  if (parameters.port_bits % 8 != 0) {
    throw InputError(std::string(basename()) + ".port_bits = " + std::to_string(parameters.port_bits),
                     "a word is of whole bytes; expected a multiple of 8");
  }
  socket.register_b_transport(this, &Bram::b_transport);
  socket.register_transport_dbg(this, &Bram::transport_dbg);
  socket.register_get_direct_mem_ptr(this, &Bram::get_direct_mem_ptr);
}

void Bram::reserve_peak(std::uint64_t bytes) {
  if (bytes > memory_.size()) {
    throw InputError(basename(), std::to_string(bytes) + " bytes do not fit; its capacity is " +
                                     std::to_string(memory_.size()) + " bytes");
  }
  peak_bytes_ = std::max(peak_bytes_, bytes);
}

std::uint64_t Bram::bram18k() const noexcept {
  const std::uint64_t words = (memory_.size() + word_bytes_.value() - 1) / word_bytes_;
  return banks_ * bram18k_blocks((words + banks_ - 1) / banks_, word_bytes_.value() * 8);
}

std::vector<InventoryItem> Bram::inventory() const { return {{"bram", "bram.18k", bram18k()}}; }

std::vector<BufferUse> Bram::buffers() const {
  return {{basename(), "bram", memory_.size() * 8, peak_bytes_ * 8, bram18k()}};
}

std::vector<std::byte> Bram::save_state() const { return memory_; }

void Bram::restore_state(std::span<const std::byte> state) {
  if (state.size() != memory_.size()) {
    throw std::invalid_argument(component_name() + " has " + std::to_string(memory_.size()) +
                                " bytes, but the checkpoint holds " + std::to_string(state.size()));
  }
  std::ranges::copy(state, memory_.begin());  // in place: initiators hold DMI pointers
}

void Bram::share_out(const Transfer& transfer) {
  const std::uint64_t row = row_bytes_.value();
  const std::uint64_t step = transfer.runs > 1 ? transfer.run_stride % row_bytes_ : 0;
  const std::uint64_t period =
      step == 0 ? 1 : row / std::gcd(row, step);  // run i + period begins in the same bank as run i
  const std::uint64_t rounds = period == 1 ? transfer.runs : transfer.runs / period;
  const std::uint64_t rest = transfer.runs - rounds * period;
  std::ranges::fill(work_, 0);
  const auto word = static_cast<std::int64_t>(period_);
  std::int64_t everywhere = 0;  // in each bank
  std::uint64_t begin = transfer.address % row_bytes_;
  for (std::uint64_t i = 0; i < std::min(transfer.runs, period); ++i) {
    const std::int64_t alike = word * static_cast<std::int64_t>(rounds + (i < rest ? 1 : 0));
    const std::uint64_t first = begin / word_bytes_;
    std::uint64_t words = (begin + transfer.run_bytes - 1) / word_bytes_ - first + 1;
    if (words >= banks_) {
      everywhere += alike * static_cast<std::int64_t>(words / bank_count_);
      words = words % bank_count_;
    }
    const std::size_t to_end = std::min<std::size_t>(words, banks_ - first);
    for (std::size_t bank = first; bank < first + to_end; ++bank) work_[bank] += alike;
    for (std::size_t bank = 0; bank < words - to_end; ++bank) work_[bank] += alike;
    begin += step;
    if (begin >= row) begin -= row;
  }
  if (everywhere == 0) return;
  for (std::int64_t& work : work_) work += everywhere;
}

Bram::Service Bram::serve(std::int64_t start, std::size_t first_bank) {
  Service service{std::max(start, std::min(first_port_[first_bank], second_port_[first_bank])), start, 0};
  std::int64_t* first_port = first_port_.data();
  std::int64_t* second_port = second_port_.data();
  const std::int64_t* work = work_.data();
  for (std::size_t bank = 0; bank < banks_; ++bank) {
    const std::int64_t earlier = std::min(first_port[bank], second_port[bank]);
    const std::int64_t later = std::max(first_port[bank], second_port[bank]);
    const std::int64_t end = std::max(start, earlier) + work[bank];
    const bool used = work[bank] != 0;
    first_port[bank] = used ? end : earlier;
    second_port[bank] = later;
    service.end = std::max(service.end, used ? end : start);
    service.work += work[bank];
  }
  return service;
}

void Bram::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const Transfer transfer = Transfer::of(payload);
  auto* bulk = payload.get_extension<BulkTransfer>();
  if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) {
    if (bulk != nullptr) bulk->granted = delay;
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return;
  }
  const auto response = memory_response(payload, transfer, memory_.size());
  payload.set_response_status(response);
  if (response != tlm::TLM_OK_RESPONSE) {
    refusal_ = std::string(name()) + " (" + std::to_string(memory_.size()) + " bytes): " + transfer.to_string() + ": " +
               payload.get_response_string();
    return;
  }

  share_out(transfer);
  const std::uint64_t now = sc_core::sc_time_stamp().value();
  const std::uint64_t start = clock_edge(now + delay.value(), period_);
  const Service service = serve(static_cast<std::int64_t>(start), transfer.address / word_bytes_ % bank_count_);
  const auto granted = static_cast<std::uint64_t>(service.granted);
  const std::uint64_t words = static_cast<std::uint64_t>(service.work) / period_;
  auto end = static_cast<std::uint64_t>(service.end);
  if (!transfer.write) end += read_latency_;

  copy_values(payload, transfer, memory_);
  delay = sc_core::sc_time::from_value(end - now);
  if (bulk != nullptr) bulk->granted = sc_core::sc_time::from_value(granted - now);
  payload.set_dmi_allowed(true);
  actions_.add(transfer.write ? Action::write : Action::read, transfer.scope, words);
  busy_.add(transfer.scope, words * period_ / (banks_ * ports_));
}

unsigned Bram::transport_dbg(tlm::tlm_generic_payload& payload) { return debug_access(payload, memory_); }

bool Bram::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  dmi.set_read_latency(sc_core::sc_time::from_value(period_ + read_latency_));
  dmi.set_write_latency(sc_core::sc_time::from_value(period_));
  return grant_dmi(payload, dmi, memory_);
}

}  // namespace rheo
