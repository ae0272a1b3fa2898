#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/crossbar/device.hpp"
#include "models/crossbar/pulse_trains.hpp"

namespace rheo::crossbar {

/// Shape of a matrix of cells: `inputs` rows of `outputs` columns, each row padded to `row_stride`, a multiple of 16.
struct PlaneShape {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t row_stride = 0;

  [[nodiscard]] static constexpr PlaneShape of(std::size_t inputs, std::size_t outputs) noexcept {
    return {inputs, outputs, (outputs + 15) / 16 * 16};
  }
  [[nodiscard]] constexpr std::size_t values() const noexcept { return inputs * row_stride; }
};

/// One cell at every cross-point: hidden parameters drawn once from (seed, stream, plane), weights that pulses move.
/// GV keeps 20 bytes a cell; the transpose for backward reads, kept by the array, makes it 24.
class CellPlane {
 public:
  CellPlane(const PlaneShape& shape, const CellParameters& parameters, CoincidenceMode mode, std::uint64_t seed,
            std::uint32_t stream, std::uint32_t plane)
      : CellPlane(shape, parameters, mode, seed, stream, plane, plane) {}
  /// Its cells are those of plane `population`; only what happens to them later is its own.
  CellPlane(const PlaneShape& shape, const CellParameters& parameters, CoincidenceMode mode, std::uint64_t seed,
            std::uint32_t stream, std::uint32_t plane, std::uint32_t population);

  /// What reads see: with write noise something else than what pulses move.
  [[nodiscard]] const std::vector<float>& weights() const noexcept { return visible_.empty() ? hidden_ : visible_; }

  /// Writes inputs x row_stride values, each clipped to its cell's bounds.
  void program(std::span<const float> values);

  /// Applies events in order to rows [first_row, last_row); returns the cell pulses. Different rows may be worked
  /// on at the same time.
  std::uint64_t apply(const PulseEvents& events, std::size_t first_row, std::size_t last_row,
                      PulseSelection selection = PulseSelection::both);

  /// Decay, then diffusion, as once a mini-batch; `batch` keys the random numbers.
  void end_batch(std::uint64_t batch);

  /// Puts rows [first, first + count) back to their reset bias; `identity` keys the random numbers.
  void reset(std::size_t first, std::size_t count, std::uint64_t identity);
  /// The same for some cells of one row; a cell's random numbers do not depend on which others are put back.
  void reset_cells(std::size_t row, std::span<const std::uint32_t> columns, std::uint64_t identity);

  /// Hidden parameters, inputs x outputs, row by row.
  [[nodiscard]] Cell cell(std::size_t input, std::size_t output) const;
  [[nodiscard]] const CellParameters& parameters() const noexcept { return parameters_; }
  [[nodiscard]] const PlaneShape& shape() const noexcept { return shape_; }

  void save(std::vector<std::byte>& to) const;
  void restore(std::span<const std::byte>& from);

 private:
  void populate(const RandomKey& key);
  [[nodiscard]] float clipped(std::size_t at, float value) const noexcept;
  void write_all(std::uint64_t identity);

  PlaneShape shape_;
  CellParameters parameters_;
  bool exact_;
  RandomKey cycle_key_, write_key_, decay_key_, reset_key_;
  std::vector<float> hidden_, visible_;
  std::vector<float> step_up_, step_down_, bound_low_, bound_high_;
  std::vector<std::vector<float>> own_;
  std::vector<float> reset_bias_;  ///< empty: 0
  std::vector<float> decay_;       ///< kept share a mini-batch; empty: no decay
  std::vector<float> diffusion_;   ///< empty: none
  std::uint64_t writes_ = 0;       ///< whole-plane writes so far: keys their noise
};

}  // namespace rheo::crossbar
