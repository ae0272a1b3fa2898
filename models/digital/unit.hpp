#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "models/core/parameters.hpp"
#include "models/core/recorder.hpp"
#include "models/core/statistics.hpp"
#include "models/digital/access_tracker.hpp"
#include "models/digital/command.hpp"
#include "models/digital/indexed_command.hpp"
#include "models/interconnect/transaction.hpp"

namespace rheo {

/// How finely a unit books its memory traffic.
enum class Granularity : std::uint8_t {
  block,  ///< one timed transaction an operand
  burst,  ///< one timed transaction a burst, interleaved with those of other units
};
inline constexpr std::array<std::string_view, 2> granularity_names{"block", "burst"};

/// How units reach the memories, burst granularity.
struct AccessParameters {
  std::int64_t burst_bytes = 256;
  std::int64_t outstanding = 8;

  void describe(Parameters& p) {
    p.integer("burst_bytes", burst_bytes, {8, 65536}, "bytes of one transaction of a unit, granularity burst");
    p.integer("outstanding", outstanding, {1, 1024},
              "reads that a unit has in flight, and writes; room for as many before the unit; granularity burst");
  }
};

/// What every unit on the command link shares with the others.
struct UnitContext {
  sc_core::sc_time clock;  ///< period of the digital clock
  Granularity granularity = Granularity::block;
  AccessParameters access;
  AccessTracker* accesses = nullptr;         ///< required
  Recorder* recorder = nullptr;              ///< none: nothing is recorded
  std::exception_ptr* failure = nullptr;     ///< required: where a unit that cannot go on says why
  const RecordedCounts* recorded = nullptr;  ///< none: values are computed
};

/// A unit that executes commands one after another: a TLM-2.0 target for commands (a write of a Command to
/// offset 0 is the doorbell), an initiator for data, and an initiator for completions.
///
/// Timing law, block granularity. A command reads R, computes n items and writes W. Its reads are booked at
/// its start; they are granted at g and end at r, so items arrive (r - g) / n apart, p. With an interval I
/// between items and a latency L of one:
///     first result  f = g + p + L
///     last result   c = max(f + (n - 1) I, r + L)
///     its writes are booked from f on, granted at gw, end at w; q = (w - gw) / n
///     end = max(w, c + q), rounded up to the next clock edge.
/// Burst granularity: the same pipeline, burst by burst, several in flight (BurstSchedule).
///
/// An indexed command (see Command) reads its entries of the table beside its operands, and the address generator of
/// the unit fetches patches and pixels from their places: a patch is a run a kernel row, a pixel a run of its own.
class Unit : public sc_core::sc_module, public Component {
 public:
  tlm_utils::simple_target_socket<Unit> command_port;
  tlm_utils::simple_initiator_socket<Unit> completion_port;
  tlm_utils::simple_initiator_socket<Unit> data_port;

  /// Commands that wait beside the one that runs.
  static constexpr std::size_t queue_depth = 2;

  [[nodiscard]] std::string component_name() const override { return basename(); }
  [[nodiscard]] ActionCounts& actions() override { return actions_; }
  [[nodiscard]] BusyTime& busy() override { return busy_; }
  /// Ticks since elaboration in which the unit worked on items, in one mode; busy() counts waiting for memory, too.
  [[nodiscard]] std::uint64_t computing(Mode mode) const noexcept { return computing_[static_cast<std::size_t>(mode)]; }

 protected:
  /// `workers` commands may run at a time (DMA channels); most units have one.
  Unit(const sc_core::sc_module_name& name, std::uint16_t index, const UnitContext& context,
       std::vector<ActionKind> actions, std::size_t workers = 1);

  /// A transfer of `runs` contiguous runs, evenly spread over `span` bytes from `address` on.
  struct Traffic {
    std::uint64_t address = 0;
    std::uint64_t span = 0;
    std::uint32_t run_bytes = 0;
    std::uint64_t runs = 0;

    [[nodiscard]] std::uint64_t bytes() const noexcept { return runs * run_bytes; }
    /// From one run to the next: whole words, and no run reaches past the span.
    [[nodiscard]] std::uint64_t stride() const noexcept;
    [[nodiscard]] static Traffic contiguous(std::uint64_t address, std::uint64_t bytes);
  };

  /// Of a command: one an operand and direction, and the table of an indexed one.
  using TrafficList = boost::container::static_vector<Traffic, 2 * Command::max_operands>;

  struct Work {
    TrafficList reads;
    TrafficList writes;
    std::uint64_t items = 1;
    sc_core::sc_time interval;  ///< between the starts of two items
    sc_core::sc_time latency;   ///< of one item through the unit
  };

  /// Computes the command's values. Returns what they alone decide of its time and its actions. Called at its start.
  virtual ValueCounts compute(const Command& command) = 0;
  /// Says what the command takes and counts its actions, without looking at values: they may not have been computed.
  virtual Work account(const Command& command, ValueCountsView counts) = 0;

  [[nodiscard]] const UnitContext& context() const noexcept { return context_; }
  [[nodiscard]] sc_core::sc_time cycles(std::uint64_t count) const {
    return context_.clock * static_cast<double>(count);
  }
  void count(std::size_t kind, const Command& command, std::uint64_t n) { actions_.add(kind, command.scope(), n); }

  /// The operand's bytes in the memory that holds them (DMI), watched until the command ends. `offset` and
  /// `bytes` choose a part. Throws SimulationError when no memory answers there.
  [[nodiscard]] std::span<std::byte> memory(const Command& command, std::uint64_t address, std::uint64_t bytes,
                                            bool write, std::uint32_t part = 0);
  [[nodiscard]] std::span<std::byte> memory(const Command& command, const MemoryOperand& operand);
  /// The operand as fp32 values: in place where it is stored so, else converted into `scratch`.
  [[nodiscard]] const float* load(const Command& command, const MemoryOperand& operand, std::vector<float>& scratch);
  /// Where to compute an output: in place, or `scratch` (with the present values when it is read too).
  [[nodiscard]] float* open(const Command& command, const MemoryOperand& operand, std::vector<float>& scratch);
  /// Converts what open() gave out back into memory, where that is needed.
  void store(const Command& command, const MemoryOperand& operand, const std::vector<float>& scratch);

 private:
  /// Ticks from now on.
  struct Span {
    std::uint64_t granted = 0;
    std::uint64_t end = 0;
  };

  void receive(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  /// A process that executes commands, one after another.
  struct Worker {
    sc_core::sc_event arrived;
    tlm::tlm_generic_payload completion;
  };

  void work_on_commands(Worker& worker);
  void execute(const Command& command);
  /// What only values decide: computed, into `computed`, or recorded.
  ValueCountsView counts_of(const Command& command, ValueCounts& computed);
  Work start(const Command& command, ValueCountsView& counts, ValueCounts& computed);
  Work start_indexed(const Command& command, ValueCountsView& counts, ValueCounts& computed);
  void record(const Command& command, const Work& work, ValueCountsView counts, const sc_core::sc_time& start);
  [[nodiscard]] Traffic indexed_traffic(const IndexedCommand& indexed, const Traffic& compact) const;
  [[nodiscard]] float* open_indexed(const MemoryOperand& operand, std::vector<float>& scratch);
  void store_indexed(const MemoryOperand& operand, const std::vector<float>& scratch);
  /// Ticks that the command takes from now on.
  [[nodiscard]] std::uint64_t book_block(const Command& command, const Work& work);
  void run_by_burst(const Command& command, const Work& work);
  /// One transaction of a chunk of the work.
  struct Burst {
    std::uint64_t chunk, address;
    std::uint32_t run_bytes;
    std::uint64_t runs, stride;
  };
  [[nodiscard]] std::vector<Burst> bursts_of(const TrafficList& all, std::uint64_t chunks) const;
  /// Books one transaction that may begin `after` ticks from now.
  Span book(const Command& command, bool write, std::uint64_t address, std::uint32_t run_bytes, std::uint64_t runs,
            std::uint64_t stride, std::uint64_t after);
  void complete(const Command& command, tlm::tlm_generic_payload& payload);
  /// The bytes at the address by DMI, or null when no memory grants them.
  [[nodiscard]] std::byte* direct(std::uint64_t address, std::uint64_t bytes);
  /// Data for a target that does not know that the values travel by DMI: what a write writes, room for what a
  /// read reads.
  [[nodiscard]] unsigned char* payload_data(std::uint64_t address, std::uint32_t run_bytes, bool write);

  /// A transaction of a transfer; the payload owns neither data nor extension.
  struct Booking {
    Booking() { payload.set_extension(&transfer); }
    ~Booking() { payload.clear_extension(&transfer); }
    Booking(const Booking&) = delete;
    Booking& operator=(const Booking&) = delete;

    tlm::tlm_generic_payload payload;
    BulkTransfer transfer;
  };

  struct Direct {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::byte* bytes = nullptr;
  };

  std::uint16_t index_;
  UnitContext context_;
  ActionCounts actions_;
  BusyTime busy_;
  std::array<std::uint64_t, mode_count> computing_{};
  std::string name_;
  std::vector<Command> queue_;  ///< a few
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;
  const IndexedCommand* indexed_ = nullptr;  ///< while compute() works on one
  std::vector<float> converted_;
  std::vector<Direct> direct_;
  std::vector<std::unique_ptr<Booking>> bookings_;  ///< free ones: making one costs more than using it
  std::vector<unsigned char> unread_;
};

}  // namespace rheo
