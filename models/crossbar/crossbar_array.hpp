#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/core/scope.hpp"
#include "models/core/thread_team.hpp"
#include "models/crossbar/blocks.hpp"
#include "models/crossbar/converters.hpp"
#include "models/crossbar/device.hpp"
#include "models/crossbar/pulse_kernel.hpp"
#include "models/crossbar/read_kernel.hpp"

namespace rheo::crossbar {

/// How the sign of a weight is carried: by the difference of two cells, or against a reference column
/// of mid-scale cells. Both take two cells a weight; they differ in the current that flows.
enum class SignScheme : std::uint8_t { differential, reference };
inline constexpr std::array<std::string_view, 2> sign_scheme_names{"differential", "reference"};

/// Conductances as the read energy needs them, relative to the full-scale conductance of one cell.
struct ConductanceParameters {
  SignScheme sign = SignScheme::differential;
  double off_ratio = 0.1;  ///< smallest over largest conductance of a cell

  void describe(Parameters& p) {
    p.choice("sign", sign, sign_scheme_names, "how the sign of a weight is carried; both take two cells a weight");
    p.number("off_ratio", off_ratio, {0.0, 1.0}, "smallest over largest conductance of a cell");
  }
};

/// Everything about the arithmetic of a tile that is not its size.
struct ArraySettings {
  DeviceParameters device;
  DacParameters dac;
  AdcParameters adc;
  ManagementParameters management;
  ConductanceParameters conductance;
  PulseSettings pulses;  ///< dw_min is taken from the device
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
  [[nodiscard]] ReadSettings read_settings(BoundManagement bound, const std::vector<float>& conductance) const;
  void refresh_conductance();
  void refresh_transposed();
  [[nodiscard]] std::vector<float> unpacked(const std::vector<float>& packed) const;

  std::size_t inputs_;
  std::size_t outputs_;
  std::size_t row_stride_;         ///< outputs, padded to 16
  std::size_t transposed_stride_;  ///< inputs, padded to 16
  ArraySettings settings_;
  RandomKey forward_key_, evaluation_key_, backward_key_, row_key_, column_key_, cycle_key_;
  std::vector<float> weights_, transposed_;
  std::vector<float> step_up_, step_down_, bound_low_, bound_high_;
  std::vector<float> row_conductance_, column_conductance_;
  bool conductance_current_ = false;
  bool transposed_current_ = false;
};

}  // namespace rheo::crossbar
