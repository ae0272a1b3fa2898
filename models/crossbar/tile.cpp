#include "models/crossbar/tile.hpp"

#include <algorithm>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"
#include "models/crossbar/read_law.hpp"

namespace rheo {
namespace {

using crossbar::Direction;
using crossbar::InputBlock;
using crossbar::NoiseScale;
using crossbar::OutputBlock;
using crossbar::ReadLaw;
using crossbar::ReadParameters;
using crossbar::VectorRange;
using sc_core::sc_time;

/// Numbers of images' vectors in the run: image s owns vectors s * positions and on.
VectorRange range_of(const Command& command) {
  const std::size_t positions = command.geometry.positions();
  return {command.first_vector, command.vectors, command.first_sample * positions, command.batch_images * positions};
}

PatchGeometry output_pixels(const Command& command) {
  return PatchGeometry::pixels(command.geometry.out_height(), command.geometry.out_width(), command.layer_outputs);
}

}  // namespace

Tile::Tile(const sc_core::sc_module_name& name, std::uint16_t index, const UnitContext& context,
           const TileParameters& parameters, const crossbar::ArraySettings& settings, std::uint32_t inputs,
           std::uint32_t outputs, std::uint64_t seed, std::uint32_t stream, ThreadTeam& team)
    : Unit(name, index, context, action_kinds(settings)),
      parameters_(parameters),
      settings_(with_update(settings, parameters)),
      array_(context.recorded != nullptr ? 1 : inputs, context.recorded != nullptr ? 1 : outputs, settings_, seed,
             stream),
      weights_(std::uint64_t{inputs} * outputs),
      team_(team) {
  if (inputs > parameters.rows || outputs > parameters.columns) {
    throw InputError(basename(), "a matrix of " + std::to_string(inputs) + " x " + std::to_string(outputs) +
                                     " does not fit a tile of " + std::to_string(parameters.rows) + " x " +
                                     std::to_string(parameters.columns));
  }
}

crossbar::ArraySettings Tile::with_update(crossbar::ArraySettings settings, const TileParameters& p) {
  settings.update = p.update;
  return settings;
}

std::vector<ActionKind> Tile::action_kinds(const crossbar::ArraySettings& settings) {
  const auto dac_of = [](const ReadParameters& p) { return "dac.drive." + std::to_string(p.dac.drive_bits()) + "b"; };
  const auto adc_of = [](const ReadParameters& p) { return "adc.convert." + std::to_string(p.adc.bits) + "b"; };
  const ReadParameters forward = settings.reads(Direction::forward);
  const ReadParameters backward = settings.reads(Direction::backward);
  const std::string dac = dac_of(forward);
  const std::string adc = adc_of(forward);
  const bool adds = settings.slicing.on() || forward.dac.phases() > 1 || backward.dac.phases() > 1;
  std::vector<ActionKind> list(kinds);
  list[dac_drive] = {"dac.drive", "line", "lines driven with an input other than zero, per phase", dac};
  list[adc_convert] = {"adc.convert", "conversion", "analog-to-digital conversions", adc};
  list[integrator_sample] = {"integrator.sample", "sample", "outputs integrated and held", "integrator.sample"};
  list[array_read] = {"array.read", "cell", "cells on the lines of a read; their energy is array.read_charge", ""};
  list[read_charge] = {"array.read_charge", "2^-16 full-scale cells",
                       "read activity: input magnitude x conductance, summed over the cells", "array.read_charge"};
  list[array_pulse] = {"array.pulse", "cell pulse", "full-voltage pulses on cells", "array.pulse"};
  list[half_select] = {"array.half_select", "cell pulse", "pulses that a cell saw at half the voltage",
                       "array.half_select"};
  list[array_program] = {"array.program", "cell", "cells written", "array.program"};
  list[generator_slot] = {"pulse_generator.slot", "line slot", "slots played by the pulse generators, all lines",
                          "pulse_generator.slot"};
  list[random_bit] = {"random.bit", "bit", "random bits of the pulse trains", "random.bit"};
  list[search] = {"tile_digital.search", "value", "values compared for the largest magnitude", "tile_digital.search"};
  list[rescale] = {"tile_digital.rescale", "value", "outputs scaled", "tile_digital.rescale"};
  list[accumulate] = {"tile_digital.accumulate", "value", "outputs added to a partial sum", "tile_digital.accumulate"};
  list[ideal_mac] = {"ideal.mac", "multiply-add", "digital multiply-adds of the accumulated gradient", "ideal.mac"};
  // Energies that nothing here needs are not asked of the cost table.
  list[shift_add] = {"tile_digital.shift_add", "addition", "codes shifted and added to those of other phases or slices",
                     adds ? "tile_digital.shift_add" : ""};
  list[dac_drive_backward] = {"dac.drive_backward", "line", "dac.drive of backward reads at a resolution of their own",
                              dac_of(backward) == dac ? "" : dac_of(backward)};
  list[adc_convert_backward] = {"adc.convert_backward", "conversion",
                                "adc.convert of backward reads at a resolution of their own",
                                adc_of(backward) == adc ? "" : adc_of(backward)};
  return list;
}

std::vector<InventoryItem> Tile::inventory() const {
  const auto rows = static_cast<std::uint64_t>(parameters_.rows);
  const auto columns = static_cast<std::uint64_t>(parameters_.columns);
  const std::uint64_t lines = columns * settings_.slicing.pairs();
  const auto shared = [&](Direction direction) {
    return static_cast<std::uint64_t>(settings_.reads(direction).adc.shared_by);
  };
  // Converters and integrators serve the columns forward and the rows backward: the pass with more of them decides, and
  // the one of the higher resolution.
  const std::uint64_t converters =
      std::max(ceil_divide(lines, shared(Direction::forward)), ceil_divide(rows, shared(Direction::backward)));
  const auto bits =
      std::max(settings_.reads(Direction::forward).adc.bits, settings_.reads(Direction::backward).adc.bits);
  return {{"array", "array.cell", rows * columns * array_.cells_per_weight()},
          {"adc", "adc." + std::to_string(bits) + "b", converters},
          {"dac", "dac", rows + lines},
          {"integrator", "integrator", std::max(rows, lines)},
          {"pulse_generator", "pulse_generator", rows + columns},
          {"tile_digital", "tile_digital", 1}};
}

sc_time Tile::cycles_for(std::uint64_t values, std::int64_t lanes) const {
  return cycles(ceil_divide(values, static_cast<std::uint64_t>(lanes)));
}

InputBlock Tile::inputs_of(const Command& command, const float* values) const {
  return {values, command.geometry.image_values(), command.geometry, command.first_input, command.inputs};
}

InputBlock Tile::errors_of(const Command& command, const float* values) const {
  const PatchGeometry g = output_pixels(command);
  return {values, g.image_values(), g, command.first_output, command.outputs};
}

Unit::Traffic Tile::patches(const Command& command, const MemoryOperand& operand, std::uint64_t vectors) const {
  // A patch is one contiguous run a kernel row; a slice of the patch takes its share of them.
  const PatchGeometry& g = command.geometry;
  const auto bytes = static_cast<std::uint32_t>(bytes_of(operand.format));
  const std::uint64_t row = std::uint64_t{g.kernel_width} * g.channels;
  const std::uint64_t rows = ceil_divide(command.inputs, row);
  // With padding a kernel may be wider than the image.
  const std::uint64_t run = std::min(ceil_divide(command.inputs, rows), std::uint64_t{g.width} * g.channels);
  return {operand.address, operand.bytes(command.images), static_cast<std::uint32_t>(run) * bytes, vectors * rows};
}

Unit::Traffic Tile::pixels(const Command& command, const MemoryOperand& operand, std::uint64_t vectors) const {
  const auto bytes = static_cast<std::uint32_t>(bytes_of(operand.format));
  if (command.outputs == command.layer_outputs) {  // whole pixels lie next to each other
    const std::uint64_t first = std::uint64_t{command.first_vector} * command.outputs * bytes;
    return Traffic::contiguous(operand.address + first, vectors * command.outputs * bytes);
  }
  return {operand.address, operand.bytes(command.images), command.outputs * bytes, vectors};
}

ValueCounts Tile::compute(const Command& command) {
  switch (command.opcode) {
    case Opcode::forward:
      return listed(compute_read(command, false));
    case Opcode::backward:
      return listed(compute_read(command, true));
    case Opcode::update:
      return listed(compute_update(command));
    case Opcode::end_batch:
      return listed(array_.end_batch(command.first_sample, command.learning_rate, team_));
    case Opcode::accumulate:
      compute_accumulate(command);
      return {};
    case Opcode::program_weights:
      compute_program(command);
      return {};
    case Opcode::read_weights:
      compute_read_back(command);
      return {};
    default:
      throw SimulationError("a tile cannot execute command " + command.name());
  }
}

Unit::Work Tile::account(const Command& command, ValueCountsView counts) {
  switch (command.opcode) {
    case Opcode::forward:
      return account_read(command, crossbar::read_from(counts), false);
    case Opcode::backward:
      return account_read(command, crossbar::read_from(counts), true);
    case Opcode::update:
      return account_update(command, crossbar::update_from(counts));
    case Opcode::end_batch:
      return account_end_batch(command, crossbar::update_from(counts));
    case Opcode::accumulate:
      return account_accumulate(command);
    case Opcode::program_weights:
      return account_program(command);
    case Opcode::read_weights:
      return account_read_back(command);
    default:
      throw SimulationError("a tile cannot execute command " + command.name());
  }
}

crossbar::TileRead Tile::compute_read(const Command& command, bool transposed) {
  const MemoryOperand& from = command.operands[0];
  MemoryOperand to = command.operands[1];
  const std::uint64_t outputs = transposed ? command.inputs : command.outputs;
  const bool whole = command.vectors == command.images * command.geometry.positions() &&
                     outputs == (transposed ? command.layer_inputs : command.layer_outputs);
  if (!whole) to.access = Access::read_write;  // what this part does not write stays

  const VectorRange range = range_of(command);
  // Evaluation and training number their vectors alike.
  const std::uint64_t key = range.identity + range.first + (command.mode == Mode::evaluation ? 1ULL << 62 : 0) +
                            (transposed ? 1ULL << 61 : 0);
  crossbar::TileRead done;
  done.calibration = array_.prepare(sc_core::sc_time_stamp().to_seconds(), key);

  const float* in = load(command, from, scratch_[0]);
  float* out = open(command, to, scratch_[1]);
  if (transposed) {
    const OutputBlock block{out,
                            command.geometry.image_values(),
                            command.geometry,
                            command.first_input,
                            command.inputs,
                            command.accumulate};
    done.reads = array_.backward(errors_of(command, in), range, block, team_);
  } else {
    const PatchGeometry g = output_pixels(command);
    const OutputBlock block{out, g.image_values(), g, command.first_output, command.outputs, command.accumulate};
    done.reads = array_.forward(inputs_of(command, in), range, block, command.mode, team_);
  }
  store(command, to, scratch_[1]);
  return done;
}

Unit::Work Tile::account_read(const Command& command, const crossbar::TileRead& values, bool transposed) {
  const MemoryOperand& from = command.operands[0];
  const MemoryOperand& to = command.operands[1];
  const std::uint64_t inputs = transposed ? command.outputs : command.inputs;
  const std::uint64_t outputs = transposed ? command.inputs : command.outputs;
  const crossbar::ReadCounts& done = values.reads;
  const crossbar::UpdateCounts& calibration = values.calibration;
  const Direction direction = transposed ? Direction::backward : Direction::forward;
  const ReadParameters parameters = settings_.reads(direction);
  const ReadLaw law(parameters, settings_.slicing, direction, inputs, outputs, parameters_.read_time);
  const bool other_dac = transposed && !actions().kinds()[dac_drive_backward].cost.empty();
  const bool other_adc = transposed && !actions().kinds()[adc_convert_backward].cost.empty();
  const bool searches = parameters.management.noise && parameters.management.noise_scale != NoiseScale::constant;
  const bool sums = (parameters.management.noise && parameters.management.noise_scale == NoiseScale::worst_case) ||
                    (transposed ? parameters.management.backward_bound : parameters.management.forward_bound) ==
                        crossbar::BoundManagement::iterative_worst_case;

  const auto phases = static_cast<std::uint64_t>(parameters_.read_phases);
  const std::uint64_t vectors = command.vectors;
  count(other_dac ? dac_drive_backward : dac_drive, command, done.driven * phases);
  count(other_adc ? adc_convert_backward : adc_convert, command, done.reads * law.conversions);
  count(integrator_sample, command, done.reads * law.samples);
  count(array_read, command, done.reads * law.cells * array_.cells_per_read());
  count(read_charge, command, done.activity);
  if (searches) count(search, command, vectors * inputs);
  count(rescale, command, done.reads * outputs);
  if (law.additions > 0) count(shift_add, command, done.reads * law.additions);
  const std::uint64_t added = (command.accumulate ? outputs : 0) + (sums ? inputs : 0);
  if (added > 0) count(accumulate, command, vectors * added);

  const auto seconds = [](double value) { return sc_time(value, sc_core::SC_SEC); };
  const sc_time search_time = searches || sums ? cycles_for(inputs, parameters_.search_lanes) : sc_core::SC_ZERO_TIME;
  const sc_time read_time = seconds(law.integration * static_cast<double>(phases * law.integrations));
  const sc_time convert_time = seconds(static_cast<double>(law.conversions_in_turn) / parameters.adc.rate);
  const sc_time scale_time = cycles_for(outputs + law.additions, parameters_.rescale_lanes);

  Work work;
  work.items = std::max<std::uint64_t>(done.reads, 1);
  work.interval = std::max({search_time, read_time, convert_time, scale_time});
  work.latency = search_time + read_time + convert_time + scale_time;
  if (calibration.reads.reads > 0) work.latency += work_of(command, calibration, 1).interval;
  const Traffic image = patches(command, transposed ? to : from, vectors);
  const Traffic result = pixels(command, transposed ? from : to, vectors);
  work.reads = {transposed ? result : image};
  if (command.accumulate) work.reads.push_back(transposed ? image : result);
  work.writes = {transposed ? image : result};
  return work;
}

crossbar::UpdateCounts Tile::compute_update(const Command& command) {
  const float* errors = load(command, command.operands[1], scratch_[1]);
  if (!command.one_hot) {
    const float* in = load(command, command.operands[0], scratch_[0]);
    return array_.update(inputs_of(command, in), errors_of(command, errors), range_of(command), command.learning_rate,
                         team_);
  }
  // Row r of the error operand (the whole layer's rows) updates row r of the matrix.
  const std::size_t vectors = command.inputs;
  std::vector<float> unit_vectors(vectors * vectors);
  for (std::size_t i = 0; i < vectors; ++i) unit_vectors[i * vectors + i] = 1.0F;
  const InputBlock x{unit_vectors.data(), vectors, PatchGeometry::pixels(1, 1, command.inputs), 0, command.inputs};
  const InputBlock d{errors + std::size_t{command.first_input} * command.layer_outputs, command.layer_outputs,
                     PatchGeometry::pixels(1, 1, command.layer_outputs), command.first_output, command.outputs};
  return array_.update(x, d, {0, vectors, command.first_sample * command.layer_inputs, vectors}, command.learning_rate,
                       team_);
}

Unit::Work Tile::account_update(const Command& command, const crossbar::UpdateCounts& done) {
  const std::uint64_t vectors = command.one_hot ? command.inputs : command.vectors;
  Work work = work_of(command, done, std::max<std::uint64_t>(vectors, 1));
  if (!command.one_hot) work.reads = {patches(command, command.operands[0], vectors)};
  work.reads.push_back(pixels(command, command.operands[1], vectors));
  return work;
}

Unit::Work Tile::account_end_batch(const Command& command, const crossbar::UpdateCounts& done) {
  Work work = work_of(command, done, 1);
  work.latency = work.interval;  // one thing after the other, nothing at all without transfers and refreshes
  return work;
}

Unit::Work Tile::work_of(const Command& command, const crossbar::UpdateCounts& done, std::uint64_t items) {
  const std::uint64_t lines = std::uint64_t{command.inputs} + command.outputs;
  const crossbar::PulseCounts& pulses = done.pulses;
  count(array_pulse, command, done.cell_pulses);
  count(half_select, command, done.half_selected);
  count(generator_slot, command, pulses.slots * lines);
  count(random_bit, command, pulses.random_bits);
  count(search, command, (pulses.vectors + pulses.skipped) * lines);
  count(array_program, command, done.cells_reset);
  count(dac_drive, command, done.reads.driven);
  count(adc_convert, command, done.converted);
  count(integrator_sample, command, done.converted);
  count(array_read, command, done.cells_read);
  count(read_charge, command, done.reads.activity);
  count(ideal_mac, command, done.accumulated);

  const sc_time search_time = cycles_for(lines, parameters_.search_lanes);
  const sc_time slot(parameters_.pulse_time * static_cast<double>(parameters_.pulse_phases), sc_core::SC_SEC);
  std::uint64_t busy = search_time.value() * pulses.skipped;
  std::uint64_t trains = 0;
  for (std::size_t length = 1; length < pulses.by_length.size(); ++length) {
    trains += pulses.by_length[length] * slot.value() * length;
    busy += pulses.by_length[length] * std::max(search_time.value(), slot.value() * length);
  }
  // What a compound does beside: line after line, then the digital part.
  sc_time beside = cycles_for(done.accumulated, parameters_.accumulate_lanes);
  if (done.reads.reads > 0) {
    const std::uint64_t conversions =
        std::min(ceil_divide(done.converted, done.reads.reads), static_cast<std::uint64_t>(settings_.adc.shared_by));
    beside += sc_time((parameters_.read_time + static_cast<double>(conversions) / settings_.adc.rate) *
                          static_cast<double>(done.reads.reads),
                      sc_core::SC_SEC);
  }
  if (done.cells_reset > 0) {
    const std::uint64_t rows =
        ceil_divide(done.cells_reset, std::uint64_t{command.outputs} * array_.cells_per_weight());
    beside += sc_time(parameters_.program_time * static_cast<double>(rows), sc_core::SC_SEC);
  }
  Work work;
  work.items = items;
  work.interval = sc_time::from_value((busy + beside.value()) / items);
  work.latency = search_time + sc_time::from_value((trains + beside.value()) / items);
  return work;
}

void Tile::compute_accumulate(const Command& command) {
  const MemoryOperand& gradient = command.operands[2];
  const float* in = load(command, command.operands[0], scratch_[0]);
  const float* errors = load(command, command.operands[1], scratch_[1]);
  float* sums = open(command, gradient, scratch_[2]) + std::size_t{command.first_input} * command.layer_outputs +
                command.first_output;
  // Rows of the gradient are independent of each other.
  team_.for_ranges(command.inputs, 8, [&](std::size_t first, std::size_t last) {
    InputBlock x = inputs_of(command, in);
    x.first_element += static_cast<std::uint32_t>(first);
    x.elements = static_cast<std::uint32_t>(last - first);
    accumulate_outer_products(x, errors_of(command, errors), range_of(command), sums + first * command.layer_outputs,
                              command.layer_outputs);
  });
  store(command, gradient, scratch_[2]);
}

Unit::Work Tile::account_accumulate(const Command& command) {
  const MemoryOperand& gradient = command.operands[2];
  const std::uint64_t weights = std::uint64_t{command.inputs} * command.outputs;
  count(ideal_mac, command, weights * command.vectors);
  Work work;
  work.items = std::max<std::uint64_t>(command.vectors, 1);
  work.interval = cycles_for(weights, parameters_.accumulate_lanes);
  work.latency = work.interval;
  const Traffic part{gradient.address, gradient.bytes(1),
                     static_cast<std::uint32_t>(command.outputs * bytes_of(gradient.format)), command.inputs};
  work.reads = {patches(command, command.operands[0], command.vectors),
                pixels(command, command.operands[1], command.vectors), part};
  work.writes = {part};
  return work;
}

void Tile::compute_program(const Command& command) {
  const MemoryOperand& matrix = command.operands[0];
  const float* values = load(command, matrix, scratch_[0]);
  std::vector<float> part;
  part.reserve(std::size_t{command.inputs} * command.outputs);
  for (std::size_t i = 0; i < command.inputs; ++i) {
    const float* row = values + (command.first_input + i) * command.layer_outputs + command.first_output;
    part.insert(part.end(), row, row + command.outputs);
  }
  array_.prepare(sc_core::sc_time_stamp().to_seconds(), 0);
  array_.program(part);
}

Unit::Work Tile::account_program(const Command& command) {
  const MemoryOperand& matrix = command.operands[0];
  count(array_program, command, std::uint64_t{command.inputs} * command.outputs * array_.cells_per_weight());
  Work work;
  work.items = command.inputs;
  work.interval = work.latency = sc_time(parameters_.program_time, sc_core::SC_SEC);
  work.reads = {{matrix.address, matrix.bytes(1), static_cast<std::uint32_t>(command.outputs * bytes_of(matrix.format)),
                 command.inputs}};
  return work;
}

void Tile::compute_read_back(const Command& command) {
  MemoryOperand matrix = command.operands[0];
  if (command.inputs < command.layer_inputs || command.outputs < command.layer_outputs) {
    matrix.access = Access::read_write;  // the rows and columns of other tiles stay
  }
  float* values = open(command, matrix, scratch_[0]);
  array_.prepare(sc_core::sc_time_stamp().to_seconds(), command.first_sample + (1ULL << 60));
  const std::vector<float> part = array_.weights();
  for (std::size_t i = 0; i < command.inputs; ++i) {
    std::copy_n(part.data() + i * command.outputs, command.outputs,
                values + (command.first_input + i) * command.layer_outputs + command.first_output);
  }
  store(command, matrix, scratch_[0]);
}

Unit::Work Tile::account_read_back(const Command& command) {
  const MemoryOperand& matrix = command.operands[0];
  // One row at a time is driven and converted.
  const std::uint64_t lines = std::uint64_t{command.outputs} * settings_.slicing.pairs();
  count(dac_drive, command, command.inputs);
  count(adc_convert, command, command.inputs * lines);
  count(integrator_sample, command, command.inputs * lines);
  const auto conversions = std::min<std::uint64_t>(lines, static_cast<std::uint64_t>(settings_.adc.shared_by));
  const sc_time read_time(parameters_.read_time, sc_core::SC_SEC);
  const sc_time convert_time(static_cast<double>(conversions) / settings_.adc.rate, sc_core::SC_SEC);
  Work work;
  work.items = command.inputs;
  work.interval = std::max(read_time, convert_time);
  work.latency = read_time + convert_time;
  work.writes = {{matrix.address, matrix.bytes(1),
                  static_cast<std::uint32_t>(command.outputs * bytes_of(matrix.format)), command.inputs}};
  return work;
}

std::vector<BufferUse> Tile::buffers() const {
  const std::uint64_t bits = 32 * array_.digital_words() * weights_;
  if (bits == 0) return {};
  return {{component_name() + " digital words", "register", bits, bits, 0}};
}

std::vector<std::byte> Tile::save_state() const { return array_.save_state(); }

void Tile::restore_state(std::span<const std::byte> state) {
  try {
    array_.restore_state(state);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(component_name() + ": " + error.what());
  }
}

}  // namespace rheo
