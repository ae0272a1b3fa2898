#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/core/thread_team.hpp"
#include "models/crossbar/crossbar_array.hpp"
#include "models/crossbar/read_law.hpp"
#include "models/stream/lif_stage.hpp"

namespace rheo::stream {

/// A crossbar tile that spikes drive.
struct SpikeTileParameters {
  std::int64_t rows = 512;     ///< lines with a 1-bit driver each
  std::int64_t columns = 512;  ///< lines with an integrator each
  double read_time = 80e-9;    ///< s, one integration
  double program_time = 1e-6;  ///< s, writing one row

  void describe(Parameters& p) {
    p.integer("rows", rows, {1, 65536}, "rows of a tile: inputs");
    p.integer("columns", columns, {1, 65536}, "columns of a tile: neurons");
    p.quantity("read_time", read_time, Dimension::seconds, {1e-12, 1}, "one integration");
    p.quantity("program_time", program_time, Dimension::seconds, {0, 1}, "writing one row of cells");
  }
};

/// The matrix of a layer on tiles: split evenly where it has more rows or columns than a tile.
struct CrossbarMatrix {
  SpikeTileParameters tile;
  /// Reads of binary inputs: one level of the DACs, no management. Weights, bound and noise of the ADCs are in one
  /// unit.
  crossbar::ArraySettings settings;
  std::vector<float> weights;   ///< inputs x outputs, row by row
  std::optional<RealLif> real;  ///< neurons in single precision, threshold in the unit of the weights, for reads that
                                ///< give no codes (perfect, or converters that do not round); none: LifParameters
  std::uint64_t seed = 1;
  std::uint32_t first_stream = 0;  ///< of the random numbers of the tiles, one each

  /// One tile and the part of the matrix that it holds.
  struct Part {
    std::uint32_t first_input = 0, inputs = 0;
    std::uint32_t first_output = 0, outputs = 0;
  };
  /// The tiles of a matrix, those of the same inputs next to each other.
  [[nodiscard]] std::vector<Part> parts(std::uint32_t inputs, std::uint32_t outputs) const;
};

/// ArraySettings for inputs that are spikes: 1-bit DACs, and neither noise nor bound management, which would search and
/// rescale inputs that are all alike.
[[nodiscard]] crossbar::ArraySettings spike_driven(crossbar::ArraySettings settings);

/// Cycles of the stages of a crossbar-threshold unit for one patch.
struct CrossbarCycles {
  Cycle load = 0;     ///< in_features / simd: the patch into the row register
  Cycle read = 0;     ///< of the rows of all tiles at once: tile.read_time
  Cycle convert = 0;  ///< min(columns, adc.shared_by) / adc.rate, columns of the widest tile
  Cycle neurons = 0;  ///< out_features / pe

  CrossbarCycles(const CrossbarMatrix& matrix, std::uint32_t inputs, std::uint32_t outputs, const Folding& folding,
                 double clock_hz);
  /// Of a patch in steady state.
  [[nodiscard]] Cycle interval() const noexcept { return std::max({load, read, convert, neurons}); }
};

/// LIF neurons behind crossbar tiles, in the place of a matrix-vector-threshold unit: a patch of binary spikes drives
/// the rows through 1-bit DACs, the columns' charges go through shared ADCs, the codes of tiles that share columns are
/// added, and digital membranes behind them accumulate, leak and fire.
///
/// A membrane counts ADC steps with `input_shift` fractional bits: m <- m - leak(m) + (sum of codes << input_shift). A
/// tile without a spike on its rows is not read: nothing is driven or converted, its codes are 0.
///
/// Timing of a patch, stages in a pipeline with a register between any two (CrossbarCycles; rounded up to cycles):
///     load      in_features / simd words into the row register, while the patch before is read
///     read      tile.read_time; the integrators are free when the converters take over
///     convert   min(columns, adc.shared_by) / adc.rate; the codes wait until the neurons take them
///     neurons   out_features / pe words of `pe` neurons, a word a cycle
/// Without waiting a frame takes positions x the longest of them. With zero-skipping a patch without any spike takes
/// no time of read and convert.
/// Cells that change with time are looked at once an example, at the read of its first patch; a calibration reads row
/// after row before that.
///
/// Actions, counted when a frame is done: dac.drive (rows with a spike), adc.convert, integrator.sample, array.read
/// (cells), array.read_charge, row_register.bit (bits written, and read when driven), lif.add (codes added to
/// membranes), lif.membrane (bits read or written), lif.decay and lif.compare (neurons); tile_digital.rescale where a
/// calibration scales the codes; and, as preparation, array.program.
class CrossbarThreshold : public LifStage {
 public:
  /// Throws InputError as LifStage and unless simd divides the inputs; std::invalid_argument for settings that do not
  /// read spikes (see spike_driven()) and for weights of another size.
  CrossbarThreshold(const sc_core::sc_module_name& name, const StageContext& context, const CrossbarMatrix& matrix,
                    std::uint32_t inputs, std::uint32_t outputs, std::uint32_t positions, const Folding& folding,
                    const LifParameters& lif, const TickSchedule& schedule, bool zero_skipping, SpikeStream& in,
                    SpikeStream& out);

  [[nodiscard]] std::size_t tiles() const noexcept { return tiles_.size(); }
  [[nodiscard]] const CrossbarCycles& cycles() const noexcept { return cycles_; }
  /// Patches so far that held no spike.
  [[nodiscard]] std::uint64_t empty_patches() const noexcept { return empty_patches_; }
  /// Writing the weights, all tiles at once, one row after the other.
  [[nodiscard]] double program_seconds() const noexcept;

  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  enum Kind : std::size_t {
    dac_drive,
    adc_convert,
    integrator_sample,
    array_read,
    read_charge,
    row_register,
    lif_add,
    membrane,
    decay,
    compare,
    rescale,
    program,
    kinds
  };
  struct Tile {
    CrossbarMatrix::Part part;
    crossbar::CrossbarArray array;
    crossbar::ReadLaw law;
  };

  [[nodiscard]] static std::vector<ActionKind> action_kinds(const crossbar::ArraySettings& settings,
                                                            std::uint64_t membrane_blocks, const Decay& decay,
                                                            bool rescales);
  void work() override;
  void count_frame() override;
  /// The patch is in the row register: reads it and lets the neurons fire.
  void compute();
  void read_tiles();
  void add_outputs(const Tile& tile);
  /// What the cells have become; returns the cycles of a calibration.
  Cycle look_at_cells(Cycle cycle);

  SpikeTileParameters tile_;
  crossbar::ArraySettings settings_;
  std::optional<RealLif> real_;
  std::uint32_t inputs_;
  std::uint32_t simd_;
  bool zero_skipping_;
  bool changes_with_time_, rescales_;
  SpikeStream& in_;
  CrossbarCycles cycles_;
  std::vector<Tile> tiles_;
  std::uint32_t down_ = 0;  ///< tiles that share columns
  ThreadTeam team_;

  std::vector<std::uint64_t> patch_;
  std::vector<float> rows_;     ///< the patch, a value a row
  std::vector<float> outputs_;  ///< of one tile
  std::vector<std::int32_t> codes_;
  std::vector<float> sums_;  ///< in place of codes

  // Where the unit stands. next_ is the loader's.
  std::uint32_t word_ = 0;  ///< loaded of the present patch
  std::uint32_t pass_ = 0;  ///< words of the position written
  Cycle read_free_ = 0, convert_free_ = 0, neurons_free_ = 0;
  Cycle codes_ready_ = 0;  ///< of the present patch
  std::uint64_t empty_patches_ = 0;
  std::array<std::uint64_t, kinds> pending_{};  ///< actions of the present frame
};

}  // namespace rheo::stream
