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
#include "models/crossbar/pulse_update.hpp"
#include "models/crossbar/read_kernel.hpp"
#include "models/crossbar/read_parameters.hpp"
#include "models/crossbar/read_path.hpp"
#include "models/crossbar/weight_store.hpp"

namespace rheo::crossbar {

/// Everything about the arithmetic of a tile that is not its size.
struct ArraySettings {
  DeviceParameters device;
  DacParameters dac;
  AdcParameters adc;
  ManagementParameters management;
  ConductanceParameters conductance;
  UpdateParameters update;
  ArrayReadParameters read;
  WireParameters wires;
  SlicingParameters slicing;
  std::optional<ReadParameters> backward;  ///< absent: as forward; management.backward_bound holds in any case

  [[nodiscard]] ReadParameters reads(Direction direction) const {
    ReadParameters parameters{dac, adc, management, read, wires};
    if (direction == Direction::backward && backward) parameters = *backward;
    parameters.management.backward_bound = management.backward_bound;
    parameters.read.perfect |= device.ideal;
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
  [[nodiscard]] bool is_ideal() const noexcept { return settings_.device.ideal; }

  /// Simulated time of the write or read that comes next, for cells that change with time; `identity` keys the noise of
  /// that read. Returns what a calibration took.
  UpdateCounts prepare(double seconds, std::uint64_t identity);

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
  UpdateCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                      ThreadTeam& team);
  /// The same in two steps, for devices of one cell a weight: trains do not depend on the weights, so they may be drawn
  /// while a block's data are at hand and applied later, all that were drawn, in order.
  void draw_update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                   ThreadTeam& team);
  UpdateCounts apply_drawn(ThreadTeam& team);
  /// What the cells do once a mini-batch: decay, diffusion, transfers of compounds. `batch` keys the random numbers.
  UpdateCounts end_batch(std::uint64_t batch, float learning_rate, ThreadTeam& team);

  /// Cells that carry one weight, the reference that its sign needs included; those of them that a read drives.
  [[nodiscard]] std::size_t cells_per_weight() const noexcept;
  [[nodiscard]] std::size_t cells_per_read() const noexcept;
  /// Digital words a weight that its compound keeps.
  [[nodiscard]] std::size_t digital_words() const noexcept;
  /// The cells, for inspection; none for the ideal device.
  [[nodiscard]] std::span<const CellPlane> planes() const noexcept;

  [[nodiscard]] std::vector<std::byte> save_state() const;
  /// Throws std::invalid_argument when the state does not fit the array.
  void restore_state(std::span<const std::byte> state);

 private:
  [[nodiscard]] const std::vector<float>& packed() const {
    return store_ != nullptr ? store_->weights() : ideal_weights_;
  }
  [[nodiscard]] float output_scale() const { return store_ != nullptr ? store_->output_scale() : 1.0F; }
  [[nodiscard]] ReadPath path(Direction direction, std::uint64_t seed, std::uint32_t stream) const;
  [[nodiscard]] float full_scale() const noexcept;
  void weights_changed() noexcept { conductance_current_ = transposed_current_ = false; }
  void refresh_conductance();
  void refresh_transposed();

  std::size_t inputs_;
  std::size_t outputs_;
  PlaneShape shape_;
  std::size_t transposed_stride_;  ///< inputs, padded to 16
  ArraySettings settings_;
  ReadPath forward_path_, backward_path_;
  std::unique_ptr<WeightStore> store_;  ///< none for the ideal device
  std::vector<float> ideal_weights_;
  std::vector<float> transposed_;
  std::vector<float> row_conductance_, column_conductance_;  ///< of each line, in full-scale cells
  bool conductance_current_ = false;
  bool transposed_current_ = false;
};

}  // namespace rheo::crossbar
