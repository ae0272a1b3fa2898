#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
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

/// Defaults: LPDDR4-3200, four channels of 16 bits, after JEDEC JESD209-4.
struct DramParameters {
  double capacity = 1024.0 * 1024 * 1024;  ///< bytes
  std::int64_t channels = 4;
  std::int64_t banks = 8;         ///< of each channel
  std::int64_t row_bytes = 2048;  ///< of one bank
  std::int64_t burst_bytes = 32;  ///< 16 beats of 16 bits; the least that moves
  std::int64_t interleave = 256;  ///< contiguous bytes on one channel before the next one's turn
  double channel_rate = 6.4e9;    ///< bytes a second of one channel
  double t_rcd = 18e-9;           ///< activate to read or write
  double t_rp = 18e-9;            ///< precharge to activate
  double t_cl = 17.5e-9;          ///< read or write to the first data: 28 cycles at 1600 MHz
  double t_ras = 42e-9;           ///< activate to precharge
  double t_rrd = 10e-9;           ///< activate to activate of another bank; four of them make t_faw, 40 ns
  double t_wr = 18e-9;            ///< end of written data to precharge
  double t_turnaround = 10e-9;    ///< between reading and writing on one channel
  double t_refi = 3.904e-6;       ///< between two refreshes; 0: none
  double t_rfc = 180e-9;          ///< a refresh of all banks

  void describe(Parameters& p);
};

/// Off-chip memory: independent channels with open rows (an open-page policy), a data bus each.
///
/// Address map, from the least significant part: byte in the interleave, channel, column, bank, row. In-channel bytes
/// are contiguous: in-channel address c is column c mod row_bytes of bank (c / row_bytes) mod banks.
///
/// Timing: every run is cut at channels and rows. The pieces of one channel are served in order, after those of the
/// calls before; a piece moves whole bursts over the channel's data bus,
///     data begin = later of (data bus free, plus t_turnaround when the direction changes)
///                        and (row ready or request, plus t_cl)
/// The row is ready t_rcd after its activation. A bank without an open row activates when the request is there; one
/// with another row precharges first (t_rp), not before t_ras after its activation and the end of its data (t_wr later
/// after a write). Activations of a channel are t_rrd apart. As the controller knows the whole transfer, rows are
/// opened while earlier pieces still move. Refresh: at every multiple of t_refi, or when the data bus falls free after
/// it, all rows of the channel close and stay closed for t_rfc. Refreshes while a channel has nothing to do take no
/// time and only the last of them is looked at: it has closed the rows.
///     granted = data begin of the first byte
///     end     = end of the last burst on any channel
///
/// Actions: dram.read, dram.write (bits, with the padding to whole bursts), dram.activate (rows opened), dram.refresh
/// (all banks of one channel, those that precede a transfer). Busy: data bus time over the number of channels.
///
/// Only the first `bytes_used` bytes have a store, one piece of zeros that the operating system fills in page by page;
/// addresses behind it are address errors. The memory grants DMI for reading and writing; its address never changes.
class Dram : public sc_core::sc_module, public Component {
 public:
  tlm_utils::simple_target_socket<Dram> socket;

  /// Throws InputError, naming the buffer, when the bytes do not fit or the parameters do not go together.
  Dram(const sc_core::sc_module_name& name, const DramParameters& parameters, std::uint64_t bytes_used);

  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::uint64_t bytes_used() const noexcept { return bytes_used_; }
  /// Bytes that transfers asked for, without the padding to whole bursts.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  /// Why the latest refused transaction was refused.
  [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }

  /// The contents, for checkpoints; takes no simulated time. Throw SimulationError beyond the bytes in use.
  void read_bytes(std::uint64_t address, std::span<std::byte> to) const;
  void write_bytes(std::uint64_t address, std::span<const std::byte> from);

  [[nodiscard]] std::string component_name() const override { return basename(); }
  [[nodiscard]] ActionCounts& actions() override { return actions_; }
  [[nodiscard]] BusyTime& busy() override { return busy_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;
  /// Open rows, reservations (absolute ticks), refreshes and the bytes moved; not the contents.
  [[nodiscard]] std::vector<std::byte> save_state() const override;
  void restore_state(std::span<const std::byte> state) override;

 private:
  static constexpr std::uint64_t closed = std::numeric_limits<std::uint64_t>::max();

  // Times are absolute ticks. The states are saved as they lie in memory: 64-bit words only.
  struct Bank {
    std::uint64_t row = closed;
    std::uint64_t ready = 0;      ///< reads and writes of the open row may go
    std::uint64_t available = 0;  ///< closed: may activate; open: may precharge
  };
  struct Channel {
    std::uint64_t data_free = 0;
    std::uint64_t next_activation = 0;
    std::uint64_t refreshes = 0;  ///< number of the last refresh looked at
    std::uint64_t writing = 0;    ///< direction of the last data
  };
  /// One transfer's state while it is served.
  struct Service {
    bool write = false;
    std::uint64_t request = 0;
    std::uint64_t granted = 0;  ///< of the first piece
    std::uint64_t end = 0;
    std::uint64_t bursts = 0;
    std::uint64_t activations = 0;
    std::uint64_t refreshes = 0;
  };
  struct FreeStore {
    void operator()(std::byte* store) const noexcept { std::free(store); }
  };

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);

  void serve_run(Service& service, std::uint64_t address, std::uint64_t bytes);
  /// A piece of a run in one row: reserves bank and data bus.
  void serve_row(Service& service, std::size_t channel, std::uint64_t row_number, std::uint64_t bursts);
  /// One is due.
  void refresh(Service& service, std::size_t channel);
  /// Bytes of the addresses below `address` that lie on the channel.
  [[nodiscard]] std::uint64_t bytes_below(std::uint64_t address, std::size_t channel) const noexcept;

  [[nodiscard]] std::span<std::byte> memory() const noexcept { return {store_.get(), bytes_used_}; }
  void check(std::uint64_t address, std::size_t bytes) const;

  std::uint64_t capacity_;
  std::uint64_t bytes_used_;
  Divisor bank_count_;
  Divisor row_bytes_;
  Divisor burst_bytes_;
  Divisor interleave_;
  Divisor channel_count_;
  Divisor stripe_;  ///< bytes of an interleave on each channel
  std::uint64_t burst_, rcd_, rp_, cl_, ras_, rrd_, wr_, turnaround_, refi_, rfc_;  ///< ticks
  std::vector<Channel> channels_;
  std::vector<Bank> banks_;  ///< by channel and bank
  std::unique_ptr<std::byte[], FreeStore> store_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  ActionCounts actions_;
  BusyTime busy_;
  std::string refusal_;
};

}  // namespace rheo
