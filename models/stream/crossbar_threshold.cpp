#include "models/stream/crossbar_threshold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"

namespace rheo::stream {
namespace {

using crossbar::ArraySettings;
using crossbar::Direction;
using crossbar::ReadLaw;

/// Where part `part` of `parts` even parts begins.
std::uint32_t share(std::uint32_t total, std::uint64_t parts, std::uint64_t part) {
  return static_cast<std::uint32_t>(total * part / parts);
}

/// 16 cycles are 16 although 80 ns x 200 MHz is a little more in floating point.
Cycle whole_cycles(double seconds, double clock_hz) {
  return static_cast<Cycle>(std::ceil(seconds * clock_hz * (1 - 1e-9)));
}

ReadLaw law_of(const CrossbarMatrix& matrix, const CrossbarMatrix::Part& part) {
  return {matrix.settings.reads(Direction::forward),
          matrix.settings.slicing,
          Direction::forward,
          part.inputs,
          part.outputs,
          matrix.tile.read_time};
}

std::uint64_t membrane_blocks(std::uint64_t neurons, const Folding& folding, const LifParameters& lif) {
  return folding.pe > 0 ? membrane_memory(neurons, lif.membrane_bits, folding).bram18k() : 0;
}

std::uint64_t count_bits(const std::vector<std::uint64_t>& words, std::size_t first, std::size_t count) {
  std::uint64_t set = 0;
  while (count > 0) {
    const std::size_t some = std::min<std::size_t>(count, 64);
    set += static_cast<std::uint64_t>(std::popcount(bits_at(words.data(), first, some)));
    first += some;
    count -= some;
  }
  return set;
}

}  // namespace

std::vector<CrossbarMatrix::Part> CrossbarMatrix::parts(std::uint32_t inputs, std::uint32_t outputs) const {
  const std::uint64_t down = ceil_divide(inputs, static_cast<std::uint64_t>(tile.rows));
  const std::uint64_t across = ceil_divide(outputs, static_cast<std::uint64_t>(tile.columns));
  std::vector<Part> all;
  for (std::uint64_t d = 0; d < down; ++d) {
    for (std::uint64_t a = 0; a < across; ++a) {
      Part part;
      part.first_input = share(inputs, down, d);
      part.inputs = share(inputs, down, d + 1) - part.first_input;
      part.first_output = share(outputs, across, a);
      part.outputs = share(outputs, across, a + 1) - part.first_output;
      all.push_back(part);
    }
  }
  return all;
}

ArraySettings spike_driven(ArraySettings settings) {
  // Two bits are a sign, which spikes do not have, and one level.
  settings.dac.bits = 2;
  settings.dac.scheme = crossbar::DacScheme::bit_serial;
  settings.dac.phase_bits = 1;
  settings.dac.bound = 1;
  settings.dac.quantise = true;
  settings.management.noise = false;
  settings.management.forward_bound = crossbar::BoundManagement::none;
  settings.backward.reset();
  return settings;
}

CrossbarCycles::CrossbarCycles(const CrossbarMatrix& matrix, std::uint32_t inputs, std::uint32_t outputs,
                               const Folding& folding, double clock_hz)
    : load(inputs / std::max(1U, folding.simd)), neurons(outputs / std::max(1U, folding.pe)) {
  for (const CrossbarMatrix::Part& part : matrix.parts(inputs, outputs)) {
    const ReadLaw law = law_of(matrix, part);
    read = std::max(read, whole_cycles(law.integration * static_cast<double>(law.integrations), clock_hz));
    convert = std::max(convert,
                       whole_cycles(static_cast<double>(law.conversions_in_turn) / matrix.settings.adc.rate, clock_hz));
  }
}

std::vector<ActionKind> CrossbarThreshold::action_kinds(const ArraySettings& settings, std::uint64_t blocks,
                                                        const Decay& decay_of, bool rescales) {
  std::vector<ActionKind> list(kinds);
  list[dac_drive] = {"dac.drive", "line", "rows driven by a spike",
                     "dac.drive." + std::to_string(settings.dac.drive_bits()) + "b"};
  list[adc_convert] = {"adc.convert", "conversion", "analog-to-digital conversions",
                       "adc.convert." + std::to_string(settings.adc.bits) + "b"};
  list[integrator_sample] = {"integrator.sample", "sample", "outputs integrated and held", "integrator.sample"};
  list[array_read] = {"array.read", "cell", "cells on the lines of a read; their energy is array.read_charge", ""};
  list[read_charge] = {"array.read_charge", "2^-16 full-scale cells",
                       "read activity: input magnitude x conductance, summed over the cells", "array.read_charge"};
  list[row_register] = {"row_register.bit", "bit", "bits of patches written for the rows, and read when driven",
                        "stream.lutram_access"};
  list[lif_add] = {"lif.add", "addition", "codes added to membranes", "stream.add"};
  list[membrane] = {"lif.membrane", "bit", "membrane bits read or written", std::string(memory_cost(blocks))};
  list[decay] = {"lif.decay", "neuron", "leaks of a membrane",
                 decay_of.kind == Decay::Kind::shift ? "stream.add" : "stream.multiply"};
  list[compare] = {"lif.compare", "neuron", "comparisons with the threshold", "stream.add"};
  // Energies that nothing here needs are not asked of the cost table.
  list[rescale] = {"tile_digital.rescale", "value", "outputs scaled against drift",
                   rescales ? "tile_digital.rescale" : ""};
  list[program] = {"array.program", "cell", "cells written", "array.program"};
  return list;
}

CrossbarThreshold::CrossbarThreshold(const sc_core::sc_module_name& name, const StageContext& context,
                                     const CrossbarMatrix& matrix, std::uint32_t inputs, std::uint32_t outputs,
                                     std::uint32_t positions, const Folding& folding, const LifParameters& lif,
                                     const TickSchedule& schedule, bool zero_skipping, SpikeStream& in,
                                     SpikeStream& out)
    : LifStage(
          name, context,
          action_kinds(matrix.settings, membrane_blocks(std::uint64_t{positions} * outputs, folding, lif), lif.decay,
                       matrix.settings.device.programmed && matrix.settings.device.pcm.drift_compensation),
          positions, outputs, folding.pe, lif, schedule, out),
      tile_(matrix.tile),
      settings_(matrix.settings),
      real_(matrix.real),
      inputs_(inputs),
      simd_(folding.simd),
      zero_skipping_(zero_skipping),
      changes_with_time_(matrix.settings.device.programmed),
      rescales_(changes_with_time_ && matrix.settings.device.pcm.drift_compensation),
      in_(in),
      cycles_(matrix, inputs, outputs, folding, 1 / context.clock.to_seconds()) {
  if (simd_ < 1 || inputs % simd_ != 0) {
    throw InputError(basename(), fmt::format("simd = {}; expected a divisor of {} inputs", simd_, inputs));
  }
  if (settings_.dac.levels() != 1 || settings_.dac.phases() != 1 || settings_.management.noise ||
      settings_.management.forward_bound != crossbar::BoundManagement::none || settings_.slicing.on()) {
    throw std::invalid_argument("reads of spikes have one level, no management and no slices");
  }
  if (!real_ && (settings_.reads(Direction::forward).read.perfect || !settings_.adc.quantise)) {
    throw std::invalid_argument("neurons that count codes need converters");
  }
  if (matrix.weights.size() != std::size_t{inputs} * outputs) {
    throw std::invalid_argument("the weights do not fit the layer");
  }
  std::uint32_t stream = matrix.first_stream;
  for (const CrossbarMatrix::Part& part : matrix.parts(inputs, outputs)) {
    if (part.first_output == 0) ++down_;
    tiles_.push_back({part, {part.inputs, part.outputs, settings_, matrix.seed, stream++}, law_of(matrix, part)});
    std::vector<float> weights;
    weights.reserve(std::size_t{part.inputs} * part.outputs);
    for (std::size_t i = part.first_input; i < part.first_input + part.inputs; ++i) {
      const float* row = matrix.weights.data() + i * outputs + part.first_output;
      weights.insert(weights.end(), row, row + part.outputs);
    }
    crossbar::CrossbarArray& array = tiles_.back().array;
    array.prepare(0, 0);
    array.program(weights);
    actions().add(program, {Mode::preparation, Phase::update, context.layer},
                  weights.size() * array.cells_per_weight());
  }
  patch_.resize(words_for(inputs) + 1);
  rows_.resize(inputs + 16);
  outputs_.resize(outputs + 16);
  codes_.resize(outputs);
  sums_.resize(outputs);
  in_.connect_reader(*this);
}

double CrossbarThreshold::program_seconds() const noexcept {
  std::uint32_t rows = 0;
  for (const Tile& tile : tiles_) rows = std::max(rows, tile.part.inputs);
  return tile_.program_time * rows;
}

Cycle CrossbarThreshold::look_at_cells(Cycle cycle) {
  Cycle longest = 0;
  const double seconds = (context().clock * static_cast<double>(cycle)).to_seconds();
  for (Tile& tile : tiles_) {
    const crossbar::UpdateCounts done = tile.array.prepare(seconds, frame() * positions());
    if (done.reads.reads == 0) continue;
    pending_[dac_drive] += done.reads.driven;
    pending_[adc_convert] += done.converted;
    pending_[integrator_sample] += done.converted;
    pending_[array_read] += done.cells_read;
    pending_[read_charge] += done.reads.activity;
    pending_[lif_add] += done.accumulated;
    longest = std::max(longest, done.reads.reads * (cycles_.read + cycles_.convert));
  }
  return longest;
}

void CrossbarThreshold::add_outputs(const Tile& tile) {
  const std::uint32_t first = tile.part.first_output;
  if (real_) {
    for (std::uint32_t o = 0; o < tile.part.outputs; ++o) sums_[first + o] += outputs_[o];
    return;
  }
  const float step = settings_.adc.step();
  for (std::uint32_t o = 0; o < tile.part.outputs; ++o) {
    codes_[first + o] += static_cast<std::int32_t>(std::lrint(outputs_[o] / step));
  }
}

void CrossbarThreshold::read_tiles() {
  using crossbar::InputBlock;
  using crossbar::OutputBlock;
  const PatchGeometry lines = PatchGeometry::pixels(1, 1, inputs_);
  for (Tile& tile : tiles_) {
    const CrossbarMatrix::Part& part = tile.part;
    const std::uint64_t spikes = count_bits(patch_, part.first_input, part.inputs);
    if (spikes == 0) continue;
    const InputBlock in{rows_.data(), inputs_, lines, part.first_input, part.inputs};
    const OutputBlock to{outputs_.data(), part.outputs, PatchGeometry::pixels(1, 1, part.outputs), 0,
                         part.outputs,    false};
    const crossbar::ReadCounts done =
        tile.array.forward(in, {0, 1, frame() * positions() + position()}, to, Mode::evaluation, team_);
    add_outputs(tile);
    pending_[dac_drive] += spikes;
    pending_[adc_convert] += done.reads * tile.law.conversions;
    pending_[integrator_sample] += done.reads * tile.law.samples;
    pending_[array_read] += done.reads * tile.law.cells * tile.array.cells_per_read();
    pending_[read_charge] += done.activity;
    pending_[lif_add] += part.outputs;
    if (rescales_) pending_[rescale] += part.outputs;
  }
}

void CrossbarThreshold::compute() {
  in_.take(patch_.data(), 0, inputs_);
  const std::span<const std::uint64_t> words = std::span(patch_).first(words_for(inputs_));
  const auto each_spike = [&](auto visit) {
    for (std::size_t word = 0; word < words.size(); ++word) {
      for (std::uint64_t left = words[word]; left != 0; left &= left - 1) {
        visit(word * 64 + static_cast<std::size_t>(std::countr_zero(left)));
      }
    }
  };
  const bool empty = std::ranges::all_of(words, [](std::uint64_t word) { return word == 0; });

  Cycle read_start = std::max(next_, read_free_);
  if (changes_with_time_ && position() == 0 && schedule().first(frame())) read_start += look_at_cells(read_start);
  const bool passes_by = empty && zero_skipping_;
  const Cycle convert_start = std::max(read_start + (passes_by ? 0 : cycles_.read), convert_free_);
  codes_ready_ = convert_start + (passes_by ? 0 : cycles_.convert);
  next_ = read_start;  // the row register is free again
  read_free_ = convert_start;
  worked(passes_by ? std::max(cycles_.load, cycles_.neurons) : cycles_.interval());

  std::fill(codes_.begin(), codes_.end(), 0);
  if (real_) std::fill(sums_.begin(), sums_.end(), 0.0F);
  pending_[row_register] += inputs_;
  if (empty) {
    ++empty_patches_;
  } else {
    pending_[row_register] += inputs_;
    each_spike([this](std::size_t row) { rows_[row] = 1; });
    read_tiles();
    each_spike([this](std::size_t row) { rows_[row] = 0; });
  }
  if (real_) {
    fire(*real_, sums_);
  } else {
    fire(codes_);
  }
}

void CrossbarThreshold::work() {
  while (true) {
    if (word_ < cycles_.load) {
      word_ += static_cast<std::uint32_t>(in_.read_run(next_, cycles_.load - word_));
      if (word_ < cycles_.load) return;
      compute();
    }
    while (pass_ < passes()) {
      if (!out().ready_to_write()) return;
      if (pass_ == 0) {
        neurons_free_ = std::max(neurons_free_, codes_ready_);
        convert_free_ = neurons_free_;  // the neurons have taken the codes
      }
      const Cycle cycle = std::max(neurons_free_, out().room_from());
      out().write(cycle);
      neurons_free_ = cycle + 1;
      ++pass_;
    }
    word_ = pass_ = 0;
    end_position();
  }
}

void CrossbarThreshold::count_frame() {
  pending_[membrane] = 2 * neurons() * lif().membrane_bits;
  pending_[decay] = pending_[compare] = neurons();
  for (std::size_t kind = 0; kind < kinds; ++kind) count(kind, pending_[kind]);
  pending_.fill(0);
}

std::vector<InventoryItem> CrossbarThreshold::inventory() const {
  const std::uint64_t tiles = tiles_.size();
  const auto rows = static_cast<std::uint64_t>(tile_.rows);
  const auto columns = static_cast<std::uint64_t>(tile_.columns);
  const auto shared = static_cast<std::uint64_t>(settings_.adc.shared_by);
  std::vector<InventoryItem> items{
      {"array", "array.cell", tiles * rows * columns * tiles_.front().array.cells_per_weight()},
      {"adc", "adc." + std::to_string(settings_.adc.bits) + "b", tiles * ceil_divide(columns, shared)},
      {"dac", "dac.line_driver", tiles * rows},
      {"integrator", "integrator", tiles * columns},
      {"tile_digital", "tile_digital", tiles},
      {"lif", "stream.lane", std::uint64_t{pe()} * down_}};
  for (InventoryItem& item : memory_inventory("lif")) items.push_back(std::move(item));
  return items;
}

std::vector<BufferUse> CrossbarThreshold::buffers() const {
  const Folding folding{pe(), simd_};
  StageMemory register_of_rows = input_memory(inputs_, folding);
  register_of_rows.copies = 2;  // one is loaded while the other drives the rows
  return {buffer("membranes", membrane_memory(neurons(), lif().membrane_bits, folding)),
          buffer("row_register", register_of_rows)};
}

}  // namespace rheo::stream
