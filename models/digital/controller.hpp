#pragma once

#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <exception>
#include <string_view>
#include <systemc>
#include <vector>

#include "models/core/parameters.hpp"
#include "models/core/statistics.hpp"
#include "models/digital/command.hpp"
#include "models/digital/hazard_table.hpp"

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
    p.retimable().integer("scoreboard_entries", scoreboard_entries, {1, 1024}, "commands waiting or in flight");
    p.retimable().quantity("program_memory", program_memory, Dimension::bytes, {1024, 1e9},
                           "capacity of the program memory");
    p.retimable().integer("fetch_bytes", fetch_bytes, {1, 4096}, "bytes that a fetch reads per cycle");
    p.retimable().integer("link_bytes", link_bytes, {1, 4096}, "bytes per cycle of the link to the units");
    p.retimable().choice(
        "issue", issue, issue_order_names,
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
/// Matrix commands are dispatched in parts of at most `block_vectors` vectors. Sequence numbers count the parts in the
/// order of the programs, whatever the order of dispatch.
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
  [[nodiscard]] std::uint64_t dispatched() const noexcept { return dispatched_; }

  [[nodiscard]] std::string component_name() const override { return basename(); }
  [[nodiscard]] ActionCounts& actions() override { return actions_; }
  [[nodiscard]] BusyTime& busy() override { return busy_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {{"controller", "controller", 1}}; }
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  /// A command on the scoreboard.
  struct Entry {
    Command command;
    std::uint64_t next_sequence = 0;  ///< of the part that is dispatched next
    std::uint64_t end_sequence = 0;
    std::size_t waits_for = 0;            ///< entries that this one depends on
    std::vector<std::size_t> holds_back;  ///< entries that depend on this one
    std::uint32_t end_vector = 0;         ///< of the matrix command as fetched
    std::uint32_t parts_out = 0;          ///< dispatched and not yet complete
    bool dispatched = false;              ///< wholly
  };

  void host_access(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void completed(int link, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void fetch();
  void dispatch();
  void run_program();
  void wait_for_one_to_leave();
  void fetch_command(std::uint64_t address, Command& command) const;
  void resolve(Command& command, std::uint32_t block, std::uint32_t images_per_block) const;
  /// Into how many parts the command is dispatched.
  [[nodiscard]] std::uint64_t parts_of(const Command& command) const noexcept;
  /// What a command touches, into `ranges`: its operands and the weights. Returns how many they are.
  static std::size_t ranges_of(const Command& command, std::array<HazardTable::Range, HazardTable::max_ranges>& ranges);
  void enter(const Command& command);
  /// The first entry that may be dispatched, or null.
  [[nodiscard]] Entry* next_to_go();
  /// When the dispatch waits, what comes next is chosen at the end of the delta cycle, with all that has happened in
  /// it.
  class Choice : public sc_core::sc_prim_channel {
   public:
    explicit Choice(Controller& controller)
        : sc_prim_channel(sc_core::sc_gen_unique_name("choice")), controller_(controller) {}

   private:
    void update() override;
    Controller& controller_;
  };
  void reconsider();
  /// The link and the unit's room are the entry's from now on.
  void take(Entry& entry);
  void send(Entry& entry);

  ControllerParameters parameters_;
  sc_core::sc_time clock_, send_time_;
  std::vector<std::size_t> unit_room_;
  std::vector<std::size_t> with_unit_;
  std::vector<std::byte> program_;
  std::uint64_t program_used_ = 0;
  HostRegisters registers_;
  std::vector<Entry> entries_;       ///< of the scoreboard, in use or free
  std::vector<std::size_t> in_use_;  ///< in the order of the program
  std::vector<std::size_t> free_;
  HazardTable hazards_;
  bool running_ = false;
  std::exception_ptr failure_;
  std::size_t ready_ = 0;            ///< entries that wait for none and are not wholly dispatched
  std::uint64_t next_sequence_ = 0;  ///< of the next command that is fetched
  std::uint64_t dispatched_ = 0;
  std::vector<bool> unit_taken_;  ///< next_to_go: an earlier command for the unit still waits
  bool dispatch_waits_ = false;   ///< for an entry to send
  Entry* taken_ = nullptr;        ///< what it is to send then
  bool fetch_waits_ = false;      ///< for a free entry, or for the last to leave
  sc_core::sc_event doorbell_, link_passed_, left_;
  Choice choice_{*this};
  tlm::tlm_generic_payload sent_;
  ActionCounts actions_;
  BusyTime busy_;
};

}  // namespace rheo
