#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <systemc>
#include <vector>

#include "models/core/statistics.hpp"
#include "models/stream/cycle_runs.hpp"
#include "models/stream/spike_bits.hpp"

namespace rheo::stream {

class Stage;

struct SpikeStreamParameters {
  std::uint32_t write_bits = 1;  ///< of one word as the writer hands it over, 1 to 65,536
  std::uint32_t read_bits = 1;   ///< of one word as the reader takes it
  std::uint64_t depth = 2;       ///< words of the wider of the two; 1 halves the throughput
  std::uint64_t frame_bits = 1;  ///< of one tick, a multiple of both
  bool counts_spikes = true;     ///< spikes() and peak_spikes() are wanted
};

/// A bounded FIFO of bit-packed spikes between two stages, with back-pressure. It also changes the width of words as
/// FINN's data-width converter does.
///
/// Every word is written and read in a cycle of its own:
///     a word written in cycle c can be read in cycle c + 1 (the cycle of the last of its bits counts);
///     a word read in cycle c makes room for one written in cycle c + 1.
/// Each stage keeps its own time and looks up these cycles here, so that waiting for data or room costs no event of
/// the SystemC kernel; the cycles are the same in whatever order the stages run. Two things wake a stage: the reader
/// gets an event when a frame has been written, at the end of the cycle of its last word; a writer that finds the
/// stream full calls the reader, and waits for an event only if that cannot go on either.
///
/// Actions: fifo.bit (once written, once read).
class SpikeStream : public sc_core::sc_module, public Component {
 public:
  /// Throws InputError when a word does not fit or widths and depth can block each other for ever.
  SpikeStream(const sc_core::sc_module_name& name, const SpikeStreamParameters& parameters, LayerIndex layer);

  // ---- Writer ----
  /// True when the cycle from which on there is room for the next word is known. Lets the reader run if it must.
  [[nodiscard]] bool ready_to_write() {
    if (needed_reads_ <= read_cycles_.words()) return true;
    return let_reader_run();
  }
  /// The first cycle in which the next word may be written. Only after ready_to_write().
  [[nodiscard]] Cycle room_from() noexcept {
    return needed_reads_ == 0 ? 0 : read_cycles_.from(needed_reads_ - 1, writer_cursor_).cycle + 1;
  }
  /// Bits of words that are or will be written; they precede the words' cycles.
  void put(const std::uint64_t* bits, std::size_t at, std::size_t count) {
    if (parameters_.counts_spikes) count_spikes(bits, at, count);
    bits_.push(bits, at, count);
  }
  void write(Cycle cycle) {
    write_cycles_.append(cycle, 1);
    written(1, cycle);
  }
  /// Writes up to `count` words, each in the first cycle from `next` on that has room, as far as room is known.
  /// Returns how many; `next` is then the cycle after the last one.
  std::uint64_t write_run(Cycle& next, std::uint64_t count);

  // ---- Reader ----
  [[nodiscard]] bool ready_to_read() const noexcept { return read_bits_ + parameters_.read_bits <= written_bits_; }
  /// The first cycle in which the next word may be read. Only after ready_to_read().
  [[nodiscard]] Cycle data_from() noexcept { return write_cycles_.from(needed_writes_ - 1, reader_cursor_).cycle + 1; }
  void read(Cycle cycle) {
    read_cycles_.append(cycle, 1);
    has_read(1, cycle);
  }
  /// Reads up to `count` words, each in the first cycle from `next` on that has data, as far as they are written.
  /// Returns how many; `next` is then the cycle after the last one.
  std::uint64_t read_run(Cycle& next, std::uint64_t count);
  /// Takes bits of words that have been read.
  void take(std::uint64_t* to, std::size_t at, std::size_t count) noexcept { bits_.pop(to, at, count); }

  /// One reader and one writer each. Throws std::logic_error for a second one.
  void connect_writer(Stage& stage);
  void connect_reader(Stage& stage);

  [[nodiscard]] const SpikeStreamParameters& parameters() const noexcept { return parameters_; }
  [[nodiscard]] std::uint64_t capacity_bits() const noexcept { return capacity_bits_; }
  [[nodiscard]] std::uint64_t words_written() const noexcept { return write_cycles_.words(); }
  [[nodiscard]] std::uint64_t words_read() const noexcept { return read_cycles_.words(); }
  [[nodiscard]] std::uint64_t bits_written() const noexcept { return written_bits_; }
  [[nodiscard]] std::uint64_t bits_read() const noexcept { return read_bits_; }
  /// The most bits that were in the FIFO at a time.
  [[nodiscard]] std::uint64_t peak_bits() const noexcept;
  [[nodiscard]] std::uint64_t spikes() const noexcept { return spikes_ + frame_spikes_; }
  /// The most spikes of one frame.
  [[nodiscard]] std::uint64_t peak_spikes() const noexcept { return peak_spikes_; }
  /// The cycle of the latest word written, 0 before the first.
  [[nodiscard]] Cycle last_write() const noexcept {
    return write_cycles_.runs() == 0 ? 0 : write_cycles_.last_cycle_of(write_cycles_.runs() - 1);
  }

  [[nodiscard]] std::string component_name() const override { return basename(); }
  [[nodiscard]] ActionCounts& actions() override;
  [[nodiscard]] BusyTime& busy() override { return busy_; }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  bool let_reader_run();
  void wake_writer(Cycle cycle);
  void end_frame(Cycle cycle);
  /// Keeps the books of words that have been written, the last of them in `cycle`.
  void written(std::uint64_t words, Cycle cycle);
  void has_read(std::uint64_t words, Cycle cycle);
  /// Where the look at the fill stands, and what it has found.
  struct Fill {
    std::uint64_t words = 0;                          ///< looked at, when words differ in width
    std::uint64_t write_cursor = 0, read_cursor = 0;  ///< runs
    std::uint64_t peak_bits = 0;
  };
  /// Looks at the fill after each word written up to `cycle`; all reads before that cycle must be known.
  void measure_fill(Fill& fill, Cycle cycle) const noexcept;
  void count_spikes(const std::uint64_t* bits, std::size_t at, std::size_t count);

  SpikeStreamParameters parameters_;
  std::uint64_t capacity_bits_;
  LayerIndex layer_;
  Stage* writer_ = nullptr;
  Stage* reader_ = nullptr;

  bool writer_waits_ = false;  ///< for a reader that itself could not go on

  BitQueue bits_;
  CycleRuns write_cycles_, read_cycles_;
  std::uint64_t reader_cursor_ = 0;  ///< run of write_cycles_
  std::uint64_t writer_cursor_ = 0;  ///< run of read_cycles_
  Fill fill_;
  std::uint64_t written_bits_ = 0, read_bits_ = 0;
  std::uint64_t needed_reads_ = 0;    ///< before the next word can be written
  std::uint64_t needed_writes_ = 0;   ///< before the next word can be read
  std::uint64_t frame_end_ = 0;       ///< of the present frame, in words written
  std::uint64_t frame_position_ = 0;  ///< bits put into the present frame
  std::uint64_t frame_spikes_ = 0, peak_spikes_ = 0, spikes_ = 0;
  std::uint64_t counted_bits_ = 0;  ///< what actions_ holds
  ActionCounts actions_;
  BusyTime busy_;
};

}  // namespace rheo::stream
