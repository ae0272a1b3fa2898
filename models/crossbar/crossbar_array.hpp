#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/core/scope.hpp"
#include "models/core/thread_team.hpp"
#include "models/crossbar/blocks.hpp"
#include "models/crossbar/conductance.hpp"
#include "models/crossbar/device.hpp"
#include "models/crossbar/pulse_kernel.hpp"
#include "models/crossbar/read_kernel.hpp"
#include "models/crossbar/read_parameters.hpp"
#include "models/crossbar/read_path.hpp"

namespace rheo::crossbar {

/// Everything about the arithmetic of a tile that is not its size.
struct ArraySettings {
  DeviceParameters device;
  DacParameters dac;
  AdcParameters adc;
  ManagementParameters management;
  ConductanceParameters conductance;
  PulseSettings pulses;  ///< dw_min is taken from the device
  ArrayReadParameters read;
  WireParameters wires;
  SlicingParameters slicing;
  std::optional<ReadParameters> backward;  ///< absent: as forward; management.backward_bound holds in any case

  [[nodiscard]] ReadParameters reads(Direction direction) const {
    ReadParameters parameters{dac, adc, management, read, wires};
    if (direction == Direction::backward && backward) parameters = *backward;
    parameters.management.backward_bound = management.backward_bound;
    parameters.read.perfect |= device.family == DeviceFamily::ideal;
    return parameters;
  }
};

/// The analog array of one tile, without time: cells, forward and backward reads, pulsed update.
/// Rows take the inputs of the forward pass, columns give its outputs.
class CrossbarArray {
 public:
  /// The cell population is drawn from (seed, stream); weights start at 0. Throws std::invalid_argument
  /// for an empty matrix.
  CrossbarArray(std::size_t inputs, std::size_t outputs, const ArraySettings& settings, std::uint64_t seed,
                std::uint32_t stream);

  [[nodiscard]] std::size_t inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::size_t outputs() const noexcept { return outputs_; }
  [[nodiscard]] bool is_ideal() const noexcept { return settings_.device.family == DeviceFamily::ideal; }

  /// Writes inputs x outputs values, row by row, each clipped to its cell's bounds.
  void program(std::span<const float> values);
  /// The weights as inputs x outputs values, row by row.
  [[nodiscard]] std::vector<float> weights() const;

  /// Inputs have `inputs()` elements, outputs `outputs()`; evaluation draws noise of its own.
  ReadCounts forward(const InputBlock& in, const VectorRange& range, const OutputBlock& out, Mode mode,
                     ThreadTeam& team);
  /// The transposed read: in are errors with `outputs()` elements, out has `inputs()`.
  ReadCounts backward(const InputBlock& in, const VectorRange& range, const OutputBlock& out, ThreadTeam& team);
  /// w <- w - lr x d by pulses, vector after vector. Not for the ideal device.
  PulseCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                     ThreadTeam& team);

  /// Hidden parameters of the cells, inputs x outputs, row by row.
  struct Population {
    std::vector<float> step_up, step_down, bound_low, bound_high;
  };
  [[nodiscard]] Population population() const;

 private:
  [[nodiscard]] ReadPath path(Direction direction, std::uint64_t seed, std::uint32_t stream) const;
  [[nodiscard]] float full_scale() const noexcept;
  void refresh_conductance();
  void refresh_transposed();
  [[nodiscard]] std::vector<float> unpacked(const std::vector<float>& packed) const;

  std::size_t inputs_;
  std::size_t outputs_;
  std::size_t row_stride_;         ///< outputs, padded to 16
  std::size_t transposed_stride_;  ///< inputs, padded to 16
  ArraySettings settings_;
  ReadPath forward_path_, backward_path_;
  RandomKey row_key_, column_key_, cycle_key_;
  std::vector<float> weights_, transposed_;
  std::vector<float> step_up_, step_down_, bound_low_, bound_high_;
  std::vector<float> row_conductance_, column_conductance_;
  bool conductance_current_ = false;
  bool transposed_current_ = false;
};

}  // namespace rheo::crossbar
