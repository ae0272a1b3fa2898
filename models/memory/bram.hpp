#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "models/core/divisor.hpp"
#include "models/core/parameters.hpp"
#include "models/core/statistics.hpp"
#include "models/interconnect/transfer.hpp"

namespace rheo {

struct BramParameters {
  double capacity = 512 * 1024;          ///< bytes
  std::int64_t banks = 16;               ///< words interleaved over them
  std::int64_t ports = 2;                ///< of each bank, each for reading and writing
  std::int64_t port_bits = 64;           ///< a word, a multiple of 8
  std::int64_t read_latency_cycles = 1;  ///< from the last word's cycle to its data

  void describe(Parameters& p) {
    p.quantity("capacity", capacity, Dimension::bytes, {1, 1e12}, "bytes of the buffer");
    p.integer("banks", banks, {1, 4096}, "banks over which the words are interleaved");
    p.integer("ports", ports, {1, 2}, "ports of each bank");
    p.integer("port_bits", port_bits, {8, 4096}, "bits of a port and of a word, a multiple of 8");
    p.integer("read_latency_cycles", read_latency_cycles, {0, 1000}, "cycles between the last read and its data");
  }
};

/// On-chip buffer of an FPGA: banks of 18-Kbit blocks, word w of the address space in bank w mod banks.
///
/// Timing: a request is seen at the next clock edge. Each of its runs touches the words that hold its bytes (runs do
/// not share words). Every bank serves its own words of the transfer on that of its ports which is free first, one word
/// a cycle; banks work at the same time. Contiguous W words take ceil(W / banks) cycles; strides that fall into few
/// banks take longer.
///     granted = when the bank of the first word starts
///     end     = when the last bank is done, plus read_latency_cycles for a read
///
/// Actions: bram.read, bram.write (words). Busy: port time over the number of ports, so that 1 is the most.
/// The memory grants DMI for reading and writing; its address never changes.
class Bram : public sc_core::sc_module, public Component {
 public:
  tlm_utils::simple_target_socket<Bram> socket;

  /// Throws InputError when the word is not of whole bytes.
  Bram(const sc_core::sc_module_name& name, const BramParameters& parameters, sc_core::sc_time clock_period);

  /// The mapping uses the first `bytes` bytes; the largest such number is reported as the peak.
  /// Throws InputError, naming the buffer, when they do not fit.
  void reserve_peak(std::uint64_t bytes);

  [[nodiscard]] std::uint64_t capacity() const noexcept { return memory_.size(); }
  /// 18-Kbit blocks of all banks.
  [[nodiscard]] std::uint64_t bram18k() const noexcept;
  /// Why the latest refused transaction was refused.
  [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }

  [[nodiscard]] std::string component_name() const override { return basename(); }
  [[nodiscard]] ActionCounts& actions() override { return actions_; }
  [[nodiscard]] BusyTime& busy() override { return busy_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;
  /// The contents.
  [[nodiscard]] std::vector<std::byte> save_state() const override;
  void restore_state(std::span<const std::byte> state) override;

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);

  /// Fills work_ with the time that each bank's words of the transfer take. Runs that begin at the same place
  /// modulo all banks touch the same banks, so that the work does not grow with their number.
  void share_out(const Transfer& transfer);
  /// When the transfer begins and ends (absolute ticks), and the ticks of all banks. Reserves the ports.
  struct Service {
    std::int64_t granted, end, work;
  };
  [[nodiscard]] Service serve(std::int64_t start, std::size_t first_bank);

  std::size_t banks_;
  std::size_t ports_;
  Divisor word_bytes_;
  Divisor row_bytes_;  ///< of one word in every bank
  Divisor bank_count_;
  std::uint64_t period_;        ///< ticks
  std::uint64_t read_latency_;  ///< ticks
  std::vector<std::byte> memory_;
  std::uint64_t peak_bytes_ = 0;
  /// By bank: when its ports are free, absolute ticks. A port that there is not never is.
  std::vector<std::int64_t> first_port_, second_port_;
  std::vector<std::int64_t> work_;  ///< of the present transfer, by bank: ticks
  ActionCounts actions_;
  BusyTime busy_;
  std::string refusal_;
};

}  // namespace rheo
