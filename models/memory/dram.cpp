#include "models/memory/dram.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/interconnect/memory_target.hpp"
#include "models/interconnect/transaction.hpp"

namespace rheo {
namespace {

enum Action : std::size_t { read, write, activate, refresh_banks };

std::vector<ActionKind> action_kinds() {
  return {{"dram.read", "bit", "Bits read from off-chip memory, in whole bursts.", "dram.read"},
          {"dram.write", "bit", "Bits written to off-chip memory, in whole bursts.", "dram.write"},
          {"dram.activate", "row", "Rows opened in off-chip memory.", "dram.activate"},
          {"dram.refresh", "refresh", "Refreshes of all banks of a channel that preceded a transfer.", "dram.refresh"}};
}

std::uint64_t ticks(double seconds) { return sc_core::sc_time(seconds, sc_core::SC_SEC).value(); }

/// Appends 64-bit words as they lie in memory.
template <class Words>
void append(std::vector<std::byte>& state, const std::vector<Words>& words) {
  const auto bytes = std::as_bytes(std::span(words));
  state.insert(state.end(), bytes.begin(), bytes.end());
}

template <class Words>
std::span<const std::byte> take(std::span<const std::byte> state, std::vector<Words>& words) {
  const auto bytes = std::as_writable_bytes(std::span(words));
  std::ranges::copy(state.first(bytes.size()), bytes.begin());
  return state.subspan(bytes.size());
}

}  // namespace

void DramParameters::describe(Parameters& p) {
  p.quantity("capacity", capacity, Dimension::bytes, {1, 1e15}, "bytes of the memory");
  p.integer("channels", channels, {1, 64}, "independent channels");
  p.integer("banks", banks, {1, 64}, "banks of each channel");
  p.integer("row_bytes", row_bytes, {16, 65536}, "bytes of a row of one bank, a multiple of burst_bytes");
  p.integer("burst_bytes", burst_bytes, {1, 1024}, "bytes of a burst, the least that moves");
  p.integer("interleave_bytes", interleave, {1, 1048576}, "bytes on one channel before the next, whole bursts");
  p.quantity("channel_rate", channel_rate, Dimension::bytes_per_second, {1e6, 1e13}, "data rate of one channel");
  p.quantity("t_rcd", t_rcd, Dimension::seconds, {0, 1e-6}, "activate to read or write");
  p.quantity("t_rp", t_rp, Dimension::seconds, {0, 1e-6}, "precharge to activate");
  p.quantity("t_cl", t_cl, Dimension::seconds, {0, 1e-6}, "read or write to the first data");
  p.quantity("t_ras", t_ras, Dimension::seconds, {0, 1e-6}, "activate to precharge");
  p.quantity("t_rrd", t_rrd, Dimension::seconds, {0, 1e-6}, "activate to activate of another bank");
  p.quantity("t_wr", t_wr, Dimension::seconds, {0, 1e-6}, "end of written data to precharge");
  p.quantity("t_turnaround", t_turnaround, Dimension::seconds, {0, 1e-6}, "between reading and writing on a channel");
  p.quantity("t_refi", t_refi, Dimension::seconds, {0, 1}, "between two refreshes; 0: none");
  p.quantity("t_rfc", t_rfc, Dimension::seconds, {0, 1e-3}, "a refresh of all banks, shorter than t_refi");
}

Dram::Dram(const sc_core::sc_module_name& name, const DramParameters& parameters, std::uint64_t bytes_used)
    : sc_core::sc_module(name),
      socket("socket"),
      capacity_(static_cast<std::uint64_t>(std::llround(parameters.capacity))),
      bytes_used_(bytes_used),
      bank_count_(static_cast<std::uint64_t>(parameters.banks)),
      row_bytes_(static_cast<std::uint64_t>(parameters.row_bytes)),
      burst_bytes_(static_cast<std::uint64_t>(parameters.burst_bytes)),
      interleave_(static_cast<std::uint64_t>(parameters.interleave)),
      channel_count_(static_cast<std::uint64_t>(parameters.channels)),
      stripe_(interleave_.value() * channel_count_.value()),
      burst_(ticks(static_cast<double>(parameters.burst_bytes) / parameters.channel_rate)),
      rcd_(ticks(parameters.t_rcd)),
      rp_(ticks(parameters.t_rp)),
      cl_(ticks(parameters.t_cl)),
      ras_(ticks(parameters.t_ras)),
      rrd_(ticks(parameters.t_rrd)),
      wr_(ticks(parameters.t_wr)),
      turnaround_(ticks(parameters.t_turnaround)),
      refi_(ticks(parameters.t_refi)),
      rfc_(ticks(parameters.t_rfc)),
      channels_(static_cast<std::size_t>(parameters.channels)),
      banks_(channels_.size() * bank_count_.value()),
      actions_(action_kinds()) {
  const std::string where = basename();
  if (bytes_used_ > capacity_) {
    throw InputError(where, std::to_string(bytes_used_) + " bytes do not fit; its capacity is " +
                                std::to_string(capacity_) + " bytes");
  }
  if (row_bytes_.value() % burst_bytes_ != 0 || interleave_.value() % burst_bytes_ != 0) {
    throw InputError(where + ".row_bytes",
                     "a row and an interleave are whole bursts; expected multiples of burst_bytes = " +
                         std::to_string(burst_bytes_.value()));
  }
  if (refi_ != 0 && rfc_ >= refi_) {
    throw InputError(where + ".t_rfc", "a refresh takes as long as the time between two; expected t_rfc < t_refi");
  }
  store_.reset(static_cast<std::byte*>(std::calloc(std::max<std::uint64_t>(bytes_used_, 1), 1)));
  if (store_ == nullptr) throw std::bad_alloc();
  socket.register_b_transport(this, &Dram::b_transport);
  socket.register_transport_dbg(this, &Dram::transport_dbg);
  socket.register_get_direct_mem_ptr(this, &Dram::get_direct_mem_ptr);
}

std::vector<InventoryItem> Dram::inventory() const { return {{"dram", "dram", 1}}; }

std::vector<BufferUse> Dram::buffers() const { return {{basename(), "dram", capacity_ * 8, bytes_used_ * 8, 0}}; }

std::vector<std::byte> Dram::save_state() const {
  std::vector<std::byte> state;
  append(state, channels_);
  append(state, banks_);
  append(state, std::vector{bytes_read_, bytes_written_});
  return state;
}

void Dram::restore_state(std::span<const std::byte> state) {
  std::vector<std::uint64_t> moved(2);
  const std::size_t size =
      std::as_bytes(std::span(channels_)).size() + std::as_bytes(std::span(banks_)).size() + 2 * sizeof(moved[0]);
  if (state.size() != size) {
    throw std::invalid_argument(component_name() + " keeps " + std::to_string(size) +
                                " bytes of state, but the checkpoint holds " + std::to_string(state.size()));
  }
  take(take(take(state, channels_), banks_), moved);
  bytes_read_ = moved[0];
  bytes_written_ = moved[1];
}

void Dram::check(std::uint64_t address, std::size_t bytes) const {
  if (bytes > bytes_used_ || address > bytes_used_ - bytes) {
    throw SimulationError(std::string(name()) + ": " + std::to_string(bytes) + " bytes from " + hexadecimal(address) +
                          " lie beyond the " + std::to_string(bytes_used_) + " bytes in use");
  }
}

void Dram::read_bytes(std::uint64_t address, std::span<std::byte> to) const {
  check(address, to.size());
  std::ranges::copy(memory().subspan(address, to.size()), to.begin());
}

void Dram::write_bytes(std::uint64_t address, std::span<const std::byte> from) {
  check(address, from.size());
  std::ranges::copy(from, memory().subspan(address, from.size()).begin());
}

std::uint64_t Dram::bytes_below(std::uint64_t address, std::size_t channel) const noexcept {
  const std::uint64_t in_stripe = address % stripe_;
  const std::uint64_t before = std::min(in_stripe, channel * interleave_.value());
  return address / stripe_ * interleave_.value() + std::min(in_stripe - before, interleave_.value());
}

void Dram::refresh(Service& service, std::size_t channel) {
  Channel& state = channels_[channel];
  const std::uint64_t turn = std::max(service.request, state.data_free);
  state.refreshes = turn / refi_;
  const std::uint64_t done = std::max(state.refreshes * refi_, state.data_free) + rfc_;
  for (Bank& bank : std::span(banks_).subspan(channel * bank_count_.value(), bank_count_.value())) {
    bank = {.row = closed, .ready = 0, .available = done};
  }
  ++service.refreshes;
}

void Dram::serve_row(Service& service, std::size_t channel, std::uint64_t row_number, std::uint64_t bursts) {
  Channel& state = channels_[channel];
  if (refi_ != 0 && std::max(service.request, state.data_free) >= (state.refreshes + 1) * refi_) {
    refresh(service, channel);
  }
  Bank& bank = banks_[channel * bank_count_.value() + row_number % bank_count_];
  const std::uint64_t row = row_number / bank_count_;
  if (bank.row != row) {
    std::uint64_t activation = std::max(service.request, bank.available);
    if (bank.row != closed) activation += rp_;
    activation = std::max(activation, state.next_activation);
    state.next_activation = activation + rrd_;
    bank = {.row = row, .ready = activation + rcd_, .available = activation + ras_};
    ++service.activations;
  }
  const std::uint64_t turnaround = (state.writing != 0) != service.write ? turnaround_ : 0;
  const std::uint64_t begin = std::max(state.data_free + turnaround, std::max(service.request, bank.ready) + cl_);
  const std::uint64_t end = begin + bursts * burst_;
  state.data_free = end;
  state.writing = service.write ? 1 : 0;
  bank.available = std::max(bank.available, end + (service.write ? wr_ : 0));
  if (service.bursts == 0) service.granted = begin;
  service.end = std::max(service.end, end);
  service.bursts += bursts;
}

void Dram::serve_run(Service& service, std::uint64_t address, std::uint64_t bytes) {
  const std::uint64_t first_piece = address / interleave_;
  const std::uint64_t last_piece = (address + bytes - 1) / interleave_;
  const std::uint64_t touched = std::min<std::uint64_t>(channels_.size(), last_piece - first_piece + 1);
  for (std::uint64_t i = 0; i < touched; ++i) {
    const std::size_t channel = (first_piece + i) % channel_count_;
    std::uint64_t at = bytes_below(address, channel);
    const std::uint64_t end = bytes_below(address + bytes, channel);
    while (at < end) {
      const std::uint64_t row_number = at / row_bytes_;
      const std::uint64_t stop = std::min(end, (row_number + 1) * row_bytes_.value());
      serve_row(service, channel, row_number, (stop - 1) / burst_bytes_ - at / burst_bytes_ + 1);
      at = stop;
    }
  }
}

void Dram::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const Transfer transfer = Transfer::of(payload);
  auto* bulk = payload.get_extension<BulkTransfer>();
  if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) {
    if (bulk != nullptr) bulk->granted = delay;
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return;
  }
  const auto response = memory_response(payload, transfer, bytes_used_);
  payload.set_response_status(response);
  if (response != tlm::TLM_OK_RESPONSE) {
    refusal_ = std::string(name()) + " (" + std::to_string(bytes_used_) + " bytes in use, capacity " +
               std::to_string(capacity_) + " bytes): " + transfer.to_string() + ": " + payload.get_response_string();
    return;
  }

  const std::uint64_t now = sc_core::sc_time_stamp().value();
  Service service{.write = transfer.write, .request = now + delay.value()};
  for (std::uint64_t run = 0; run < transfer.runs; ++run) {
    serve_run(service, transfer.address + run * transfer.run_stride, transfer.run_bytes);
  }

  copy_values(payload, transfer, memory());
  (transfer.write ? bytes_written_ : bytes_read_) += transfer.bytes();
  delay = sc_core::sc_time::from_value(service.end - now);
  if (bulk != nullptr) bulk->granted = sc_core::sc_time::from_value(service.granted - now);
  payload.set_dmi_allowed(true);
  actions_.add(transfer.write ? Action::write : Action::read, transfer.scope,
               service.bursts * burst_bytes_.value() * 8);
  actions_.add(Action::activate, transfer.scope, service.activations);
  actions_.add(Action::refresh_banks, transfer.scope, service.refreshes);
  busy_.add(transfer.scope, service.bursts * burst_ / channels_.size());
}

unsigned Dram::transport_dbg(tlm::tlm_generic_payload& payload) { return debug_access(payload, memory()); }

bool Dram::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  return grant_dmi(payload, dmi, memory());
}

}  // namespace rheo
