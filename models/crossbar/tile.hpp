#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/core/parameters.hpp"
#include "models/core/thread_team.hpp"
#include "models/crossbar/crossbar_array.hpp"
#include "models/crossbar/tile_counts.hpp"
#include "models/digital/unit.hpp"

namespace rheo {

struct TileParameters {
  std::int64_t rows = 512;        ///< lines that take the inputs of the forward pass
  std::int64_t columns = 512;     ///< lines that give its outputs
  double read_time = 80e-9;       ///< s, one integration (pulse_width: levels x dac.step_time instead)
  std::int64_t read_phases = 1;   ///< 2: positive and negative inputs one after the other
  double pulse_time = 1e-9;       ///< s, one slot of a train
  std::int64_t pulse_phases = 2;  ///< 2: up and down pulses one after the other
  crossbar::UpdateParameters update{};
  double program_time = 1e-6;          ///< s, writing one row
  std::int64_t search_lanes = 64;      ///< values that the search for the largest magnitude takes per cycle
  std::int64_t rescale_lanes = 64;     ///< outputs scaled (and accumulated) per cycle
  std::int64_t accumulate_lanes = 64;  ///< multiply-adds per cycle of the digital gradient (ideal device, momentum)

  void describe(Parameters& p) {
    p.integer("rows", rows, {1, 65536}, "rows of a tile: inputs of the forward pass");
    p.integer("columns", columns, {1, 65536}, "columns of a tile: outputs of the forward pass");
    p.retimable().quantity("read_time", read_time, Dimension::seconds, {1e-12, 1},
                           "one integration; with dac.scheme = \"pulse_width\" the code range takes its time instead");
    p.retimable().integer("read_phases", read_phases, {1, 2},
                          "2: positive and negative inputs are read one after the other");
    p.retimable().quantity("pulse_time", pulse_time, Dimension::seconds, {1e-12, 1}, "one slot of a pulse train");
    p.retimable().integer("pulse_phases", pulse_phases, {1, 2}, "2: up and down pulses are played one after the other");
    update.describe(p);
    p.retimable().quantity("program_time", program_time, Dimension::seconds, {0, 1}, "writing one row of cells");
    p.retimable().integer("search_lanes", search_lanes, {1, 65536},
                          "values a cycle of the search for the largest magnitude");
    p.retimable().integer("rescale_lanes", rescale_lanes, {1, 65536}, "outputs a cycle of the digital scaling");
    p.retimable().integer("accumulate_lanes", accumulate_lanes, {1, 65536},
                          "multiply-adds a cycle of the digital gradient");
  }
};

/// One crossbar tile: the array of cells, DACs and pulse generators with their random-bit sources on both
/// edges, ADCs shared by `adc.shared_by` lines, and the digital periphery that searches for the largest
/// magnitude and scales the results.
///
/// Timing of one vector with i inputs and o outputs (backward: exchanged), stages in a pipeline:
///     search   ceil(i / search_lanes) cycles (with noise management, but for a constant scale)
///     read     read_phases x read_time                      x P
///     convert  min(o, adc.shared_by) / adc.rate             x C
///     scale    ceil(o C / rescale_lanes) cycles, the shifts and additions of partial codes included
/// for an input of P phases with C conversions an output (bit_serial, see DacParameters; else 1). A pulse_width read
/// takes levels x dac.step_time instead of read_time. Weights of S slices are S columns forward (S o lines to convert)
/// and S reads one after the other backward (read and convert x S); either way S C codes an output are added. ReadLaw
/// has the counts. interval = longest stage, latency = their sum; a repeat of bound management is one more item. The
/// operands stream by the law of Unit: every run of a patch is a run of the transfer.
/// Update: a vector takes the longer of its search (ceil((i + o) / search_lanes)) and slots x pulse_phases x
/// pulse_time; vectors follow each other. Interval = their mean, latency = a search and the mean train.
/// Accumulate: ceil(i o / accumulate_lanes) cycles a vector. Programming: program_time a row.
/// What compounds do beside (transfers, refreshes, digital gradients), during an update or at the end of a batch, adds
/// up: a line read takes read_time and min(values, adc.shared_by) / adc.rate; the pulses of a write take the time of
/// a vector of an update; cells that are reset take program_time a row's worth of them; n digital multiply-adds take
/// ceil(n / accumulate_lanes) cycles. In update_mode none_with_device an update plays no pulses: it takes i o
/// multiply-adds a vector instead. Decay and diffusion take no time.
///
/// Actions: dac.drive (per phase), adc.convert, integrator.sample (per integration), array.read (cells),
/// array.read_charge, array.pulse, array.half_select, array.program, pulse_generator.slot, random.bit,
/// tile_digital.search, .rescale, .shift_add, .accumulate (also the sums of the worst-case scale), ideal.mac; and
/// dac.drive_backward, adc.convert_backward where the backward pass has converters of another resolution. Cell actions
/// count all cells that take part: those of the compound, twice where another cell carries the sign (see SignScheme),
/// and all slices. A reset counts as array.program. A tile of sliced weights holds rows x columns weights: it has S
/// columns of cells, drivers and converters for each.
///
/// Value counts: TileRead of reads, UpdateCounts of updates and the end of a batch (tile_counts.hpp); else none.
class Tile : public Unit {
 public:
  /// The part of a layer's matrix that the tile holds: `inputs` x `outputs`. `stream` keys its random numbers.
  /// Throws InputError when the part is larger than the tile. Where the context has recorded counts, the tile has no
  /// array: a single cross-point stands for what all have alike.
  Tile(const sc_core::sc_module_name& name, std::uint16_t index, const UnitContext& context,
       const TileParameters& parameters, const crossbar::ArraySettings& settings, std::uint32_t inputs,
       std::uint32_t outputs, std::uint64_t seed, std::uint32_t stream, ThreadTeam& team);

  [[nodiscard]] crossbar::CrossbarArray& array() noexcept { return array_; }

  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;
  [[nodiscard]] std::vector<std::byte> save_state() const override;
  void restore_state(std::span<const std::byte> state) override;

 private:
  enum Kind : std::size_t {
    dac_drive,
    adc_convert,
    integrator_sample,
    array_read,
    read_charge,
    array_pulse,
    half_select,
    array_program,
    generator_slot,
    random_bit,
    search,
    rescale,
    accumulate,
    ideal_mac,
    shift_add,
    dac_drive_backward,
    adc_convert_backward,
    kinds
  };
  [[nodiscard]] static std::vector<ActionKind> action_kinds(const crossbar::ArraySettings& settings);
  [[nodiscard]] static crossbar::ArraySettings with_update(crossbar::ArraySettings settings, const TileParameters& p);

  ValueCounts compute(const Command& command) override;
  crossbar::TileRead compute_read(const Command& command, bool transposed);
  crossbar::UpdateCounts compute_update(const Command& command);
  void compute_accumulate(const Command& command);
  void compute_program(const Command& command);
  void compute_read_back(const Command& command);

  Work account(const Command& command, ValueCountsView counts) override;
  Work account_read(const Command& command, const crossbar::TileRead& values, bool transposed);
  Work account_update(const Command& command, const crossbar::UpdateCounts& done);
  Work account_end_batch(const Command& command, const crossbar::UpdateCounts& done);
  /// Counts what an update or the end of a batch did and tells its time.
  Work work_of(const Command& command, const crossbar::UpdateCounts& done, std::uint64_t items);
  Work account_accumulate(const Command& command);
  Work account_program(const Command& command);
  Work account_read_back(const Command& command);

  [[nodiscard]] crossbar::InputBlock inputs_of(const Command& command, const float* values) const;
  [[nodiscard]] crossbar::InputBlock errors_of(const Command& command, const float* values) const;
  [[nodiscard]] Traffic patches(const Command& command, const MemoryOperand& operand, std::uint64_t vectors) const;
  [[nodiscard]] Traffic pixels(const Command& command, const MemoryOperand& operand, std::uint64_t vectors) const;
  [[nodiscard]] sc_core::sc_time cycles_for(std::uint64_t values, std::int64_t lanes) const;

  TileParameters parameters_;
  crossbar::ArraySettings settings_;
  crossbar::CrossbarArray array_;
  std::uint64_t weights_;  ///< of its part of the matrix
  ThreadTeam& team_;
  std::array<std::vector<float>, Command::max_operands> scratch_;
};

}  // namespace rheo
