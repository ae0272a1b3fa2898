#pragma once

#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <deque>
#include <exception>
#include <string_view>
#include <systemc>
#include <vector>

#include "models/core/parameters.hpp"
#include "models/core/statistics.hpp"
#include "models/digital/command.hpp"

namespace rheo {

/// When a command may be dispatched although an earlier one for its unit still waits.
enum class IssueOrder : std::uint8_t {
  in_order,  ///< never: each unit receives its commands in the order of the program
  dataflow,  ///< when it depends on none that is not complete: layers and images overlap as far as the scoreboard sees
};
inline constexpr std::array<std::string_view, 2> issue_order_names{"in_order", "dataflow"};

struct ControllerParameters {
  std::int64_t block_vectors = 0;        ///< vectors of one dispatched matrix command at most; 0: unbounded
  std::int64_t scoreboard_entries = 32;  ///< commands waiting or in flight
  double program_memory = 64.0 * 1024;   ///< bytes
  std::int64_t fetch_bytes = 64;         ///< of the program memory per cycle
  std::int64_t link_bytes = 64;          ///< of the command link to the units per cycle
  IssueOrder issue = IssueOrder::dataflow;
  bool scoreboard = true;  ///< false: dispatch without looking at dependencies (to see them break)

  void describe(Parameters& p) {
    p.integer("block_vectors", block_vectors, {0, 1LL << 31},
              "vectors of one dispatched matrix command at most; 0: as many as the mapping put together");
    p.integer("scoreboard_entries", scoreboard_entries, {1, 1024}, "commands waiting or in flight");
    p.quantity("program_memory", program_memory, Dimension::bytes, {1024, 1e9}, "capacity of the program memory");
    p.integer("fetch_bytes", fetch_bytes, {1, 4096}, "bytes that a fetch reads per cycle");
    p.integer("link_bytes", link_bytes, {1, 4096}, "bytes per cycle of the link to the units");
    p.choice("issue", issue, issue_order_names,
             "each unit's commands in the order of the program, or as soon as what they depend on is complete");
    p.flag("scoreboard", scoreboard, "hold a command back until those it depends on are complete");
  }
};

/// The digital controller. It fetches commands from its program memory, resolves addresses and scalars from
/// its registers and loop counters, holds them in a scoreboard and dispatches each to its unit when
///   - every earlier command that touches the same memory, one of the two writing, is complete (but for operands
///     that are different parts of a tensor); the weights of a tile count as such a memory,
///   - every earlier command for the same unit has been dispatched (IssueOrder::in_order),
///   - the unit has room.
/// Matrix commands are dispatched in parts of at most `block_vectors` vectors.
///
/// Timing: a fetch takes ceil(sizeof(Command) / fetch_bytes) cycles, a dispatch ceil(sizeof(Command) / link_bytes);
/// fetching and dispatching overlap.
/// Actions: controller.fetch (bytes), controller.command (dispatches).
class Controller : public sc_core::sc_module, public Component {
 public:
  tlm_utils::simple_target_socket<Controller> host_port;  ///< see controller_map
  tlm_utils::multi_passthrough_initiator_socket<Controller> units;
  tlm_utils::multi_passthrough_target_socket<Controller> completions;

  /// `unit_room` commands may be with a unit at a time: those it works on and those that wait there.
  Controller(const sc_core::sc_module_name& name, const ControllerParameters& parameters, sc_core::sc_time clock,
             std::vector<std::size_t> unit_room);

  /// True when no program runs.
  [[nodiscard]] bool idle() const noexcept { return !running_; }
  /// Why the controller gave up, or null.
  [[nodiscard]] std::exception_ptr failure() const noexcept { return failure_; }
  /// Commands dispatched so far.
  [[nodiscard]] std::uint64_t dispatched() const noexcept { return sequence_; }

  [[nodiscard]] std::string component_name() const override { return basename(); }
  [[nodiscard]] ActionCounts& actions() override { return actions_; }
  [[nodiscard]] BusyTime& busy() override { return busy_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {{"controller", "controller", 1}}; }
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  struct Range {
    std::uint64_t first;
    std::uint64_t last;
    bool write;
    std::uint32_t part;  ///< of the operand
  };
  struct Entry {
    Command command;
    std::vector<Range> ranges;
    std::uint64_t number = 0;              ///< in program order
    std::vector<std::uint64_t> waits_for;  ///< numbers of the entries that this one depends on
    std::uint32_t end_vector = 0;          ///< of the matrix command as fetched
    std::uint32_t parts_out = 0;           ///< dispatched and not yet complete
    bool dispatched = false;               ///< wholly
    std::vector<std::uint64_t> sequences;
  };

  void host_access(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void completed(int link, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void fetch();
  void dispatch();
  void run_program();
  [[nodiscard]] Command fetched(std::uint64_t address) const;
  void resolve(Command& command, std::uint32_t block, std::uint32_t images_per_block) const;
  [[nodiscard]] static std::vector<Range> ranges_of(const Command& command);
  [[nodiscard]] std::vector<std::uint64_t> dependencies_of(const Entry& entry) const;
  /// The first entry that may be dispatched, or the number of entries.
  [[nodiscard]] std::size_t next_to_go();
  void send(Entry& entry);

  ControllerParameters parameters_;
  sc_core::sc_time clock_;
  std::vector<std::size_t> unit_room_;
  std::vector<std::size_t> with_unit_;
  std::vector<std::byte> program_;
  std::uint64_t program_used_ = 0;
  HostRegisters registers_;
  std::deque<Entry> scoreboard_;
  bool running_ = false;
  std::exception_ptr failure_;
  std::uint64_t sequence_ = 0;
  std::uint64_t entered_count_ = 0;
  std::vector<bool> unit_taken_;  ///< next_to_go: an earlier command for the unit still waits
  sc_core::sc_event doorbell_, entered_, progress_;
  ActionCounts actions_;
  BusyTime busy_;
};

}  // namespace rheo
