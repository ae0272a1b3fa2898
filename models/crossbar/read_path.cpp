#include "models/crossbar/read_path.hpp"

#include <cmath>
#include <stdexcept>

#include "models/crossbar/weight_slices.hpp"

namespace rheo::crossbar {
namespace {

constexpr std::size_t padded_to_16(std::size_t count) noexcept { return (count + 15) / 16 * 16; }

/// Whether analog_read() does everything that is asked for.
bool only_basic(const ReadParameters& p, BoundManagement bound, const SlicingParameters& slicing) {
  const bool dac = p.dac.phases() == 1 && p.dac.quantise && p.dac.rounding == Rounding::nearest && p.dac.noise == 0 &&
                   p.dac.asymmetry == 0 && p.dac.bound == 1;
  const bool adc = p.adc.quantise && p.adc.rounding == Rounding::nearest && p.adc.asymmetry == 0 &&
                   p.adc.noise_deviation == 0 && p.adc.offset_deviation == 0 && p.adc.gain_deviation == 0 &&
                   p.adc.nonlinearity == 0;
  const bool scale = !p.management.noise ||
                     (p.management.noise_scale == NoiseScale::absolute_maximum && p.management.noise_limit == 0);
  const bool repeats = bound == BoundManagement::none || bound == BoundManagement::iterative;
  return dac && adc && scale && repeats && p.read.weight_noise == 0 && p.wires.off() && !slicing.on();
}

/// Sums of |w| over the lines of the inputs and of the outputs, one row a slice.
struct Sums {
  std::vector<float> inputs, outputs;
};

Sums sums_of_magnitudes(const PackedMatrix& matrix, const float* cells, std::size_t slices) {
  Sums sums{std::vector<float>(slices * matrix.inputs), std::vector<float>(slices * matrix.outputs)};
  for (std::size_t s = 0; s < slices; ++s) {
    for (std::size_t i = 0; i < matrix.inputs; ++i) {
      for (std::size_t o = 0; o < matrix.outputs; ++o) {
        const float magnitude = std::abs(cells[(s * matrix.inputs + i) * matrix.row_stride + o]);
        sums.inputs[s * matrix.inputs + i] += magnitude;
        sums.outputs[s * matrix.outputs + o] += magnitude;
      }
    }
  }
  return sums;
}

}  // namespace

ReadPath::ReadPath(Direction direction, const ReadParameters& parameters, const SlicingParameters& slicing,
                   const ConductanceParameters& conductance, const PathShape& shape, std::uint64_t seed,
                   std::uint32_t stream)
    : direction_(direction),
      parameters_(parameters),
      slicing_(slicing),
      conductance_parameters_(conductance),
      shape_(shape),
      bound_(direction == Direction::forward ? parameters.management.forward_bound
                                             : parameters.management.backward_bound),
      basic_(only_basic(parameters, bound_, slicing)),
      training_key_(seed, stream,
                    direction == Direction::forward ? RandomPurpose::forward_noise : RandomPurpose::backward_noise),
      evaluation_key_(seed, stream, RandomPurpose::evaluation_noise) {
  if (const auto fault = check(parameters, bound_, slicing, direction == Direction::forward ? "" : "backward.")) {
    throw std::invalid_argument(fault->key + ": " + fault->text);
  }
  if (shape.inputs == 0 || shape.outputs == 0) throw std::invalid_argument("a read needs inputs and outputs");
  const AdcParameters& adc = parameters_.adc;
  if (adc.gain_deviation > 0 || adc.offset_deviation > 0 || adc.noise_deviation > 0 ||
      (adc.nonlinearity > 0 && adc.nonlinearity_deviation > 0)) {
    // Forward, the slices of a weight end in neighbouring columns; backward, they share the row.
    const bool apart = direction == Direction::forward;
    const OutputLines lines{shape.outputs, slicing.pairs(), apart ? slicing.pairs() : 1, apart ? 1U : 0U};
    errors_.emplace(adc, lines, RandomKey(seed, stream, RandomPurpose::converter_population));
  }
}

void ReadPath::prepare(const PackedMatrix& matrix) {
  if (basic_ || parameters_.read.perfect) return;
  const std::size_t inputs = padded_to_16(matrix.inputs);
  const std::size_t slices = slicing_.pairs();
  const std::size_t slice_size = matrix.inputs * matrix.row_stride;
  const float* cells = matrix.values;
  if (slicing_.on()) {
    cells_ = WeightSlices(slicing_, shape_.full_scale).split(matrix);
    cells = cells_.data();
    conductance_.assign(inputs, 0.0F);
    for (std::size_t s = 0; s < slices; ++s) {
      for (std::size_t i = 0; i < matrix.inputs; ++i) {
        for (std::size_t o = 0; o < matrix.outputs; ++o) {
          conductance_[i] +=
              conductance_parameters_.of_pair(cells[s * slice_size + i * matrix.row_stride + o], shape_.full_scale);
        }
      }
    }
  }
  find_wire_losses(matrix, cells);
}

void ReadPath::find_wire_losses(const PackedMatrix& matrix, const float* cells) {
  const WireParameters& wires = parameters_.wires;
  if (wires.off()) return;
  // Forward, a row feeds the cells of all slices and every slice has a column; backward the other way round.
  const bool forward = direction_ == Direction::forward;
  const std::size_t slices = slicing_.pairs();
  const Sums sums = sums_of_magnitudes(matrix, cells, slices);
  const auto losses = [&](const std::vector<float>& of_lines, std::size_t count, bool shared, std::size_t crossings) {
    const std::size_t padded = padded_to_16(count);
    const auto length = static_cast<float>(crossings * (shared ? slices : 1));
    const float load = length / static_cast<float>(wires.conductance_ratio) / shape_.full_scale;
    std::vector<float> loss(slices * padded, 0.0F);
    for (std::size_t i = 0; i < count; ++i) {
      float whole = 0;
      for (std::size_t s = 0; s < slices; ++s) whole += of_lines[s * count + i];
      for (std::size_t s = 0; s < slices; ++s) {
        loss[s * padded + i] = far_end_loss(load * (shared ? whole : of_lines[s * count + i]));
      }
    }
    return loss;
  };
  feeding_loss_ = losses(sums.inputs, matrix.inputs, forward, matrix.outputs);
  if (wires.load == WireLoad::conductance) {
    collecting_loss_ = losses(sums.outputs, matrix.outputs, !forward, matrix.inputs);
  }
}

GeneralReadSettings ReadPath::general_settings(const float* conductance) const {
  GeneralReadSettings s;
  s.parameters = parameters_;
  s.bound = bound_;
  s.full_scale = shape_.full_scale;
  const bool forward = direction_ == Direction::forward;
  s.collecting_drop = static_cast<float>(forward ? parameters_.wires.column_drop : parameters_.wires.row_drop);
  s.feeding_drop = static_cast<float>(forward ? parameters_.wires.row_drop : parameters_.wires.column_drop);
  s.slices = slicing_.pairs();
  if (slicing_.on()) {
    const WeightSlices slices(slicing_, shape_.full_scale);
    s.slice_bits = slices.bits();
    s.slice_scale = static_cast<float>(slices.cell_levels()) / static_cast<float>(slices.weight_levels());
    s.slices_in_turn = !forward;
  }
  s.errors = errors();
  s.collecting_loss = collecting_loss_.empty() ? nullptr : collecting_loss_.data();
  s.feeding_loss = feeding_loss_.data();
  s.conductance = slicing_.on() ? conductance_.data() : conductance;
  return s;
}

ReadSettings ReadPath::basic_settings(const std::uint32_t* conductance) const {
  ReadSettings s;
  s.dac_levels = parameters_.dac.levels();
  s.adc_levels = parameters_.adc.levels();
  s.adc_step = parameters_.adc.step();
  s.output_noise = static_cast<float>(parameters_.adc.noise);
  s.noise_management = parameters_.management.noise;
  s.max_halvings = bound_ == BoundManagement::iterative ? static_cast<int>(parameters_.management.max_halvings) : 0;
  s.conductance = conductance;
  return s;
}

ReadCounts ReadPath::read(const PackedMatrix& matrix, const float* conductance, const InputBlock& in,
                          const VectorRange& range, Mode mode, const OutputBlock& out, float output_scale) const {
  if (parameters_.read.perfect) {
    exact_read(matrix, in, range, out);
    return {range.count, 0, range.count * matrix.inputs, 0};
  }
  const bool evaluation = direction_ == Direction::forward && mode == Mode::evaluation;
  const RandomKey& key = evaluation ? evaluation_key_ : training_key_;
  if (basic_) {
    std::vector<std::uint32_t> units(conductance == nullptr ? 0 : matrix.inputs);
    for (std::size_t i = 0; i < units.size(); ++i) {
      units[i] = per_dac_step(conductance[i], parameters_.dac.levels());
    }
    ReadSettings settings = basic_settings(units.empty() ? nullptr : units.data());
    settings.output_scale = output_scale;
    return analog_read(settings, matrix, in, range, key, out);
  }
  PackedMatrix cells = matrix;
  if (slicing_.on()) cells.values = cells_.data();
  GeneralReadSettings settings = general_settings(conductance);
  settings.output_scale = output_scale;
  return general_read(settings, cells, in, range, key, out);
}

}  // namespace rheo::crossbar
