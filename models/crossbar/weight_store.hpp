#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/core/thread_team.hpp"
#include "models/crossbar/cell_plane.hpp"
#include "models/crossbar/conductance.hpp"
#include "models/crossbar/pulse_update.hpp"
#include "models/crossbar/read_kernel.hpp"

namespace rheo::crossbar {

/// What an update, or the end of a batch, did: for time and energy.
struct UpdateCounts {
  PulseCounts pulses;               ///< trains that were played, also those of writes inside a compound
  std::uint64_t cell_pulses = 0;    ///< pulses that cells saw at full voltage, those of their references included
  std::uint64_t half_selected = 0;  ///< at half the voltage
  ReadCounts reads;                 ///< of single lines, by compounds that look at their cells
  std::uint64_t converted = 0;      ///< values those reads gave
  std::uint64_t cells_read = 0;     ///< cells on the lines of those reads
  std::uint64_t cells_reset = 0;    ///< cells put back one by one
  std::uint64_t accumulated = 0;    ///< digital multiply-adds: gradients, buffers of transfers

  UpdateCounts& operator+=(const UpdateCounts& other) {
    pulses += other.pulses;
    cell_pulses += other.cell_pulses;
    half_selected += other.half_selected;
    reads += other.reads;
    converted += other.converted;
    cells_read += other.cells_read;
    cells_reset += other.cells_reset;
    accumulated += other.accumulated;
    return *this;
  }
};

/// How the reads of single lines inside a compound are converted: as a forward read of a one-hot input is.
struct LineReads {
  ReadSettings converters;
  ConductanceParameters conductance;
};

/// What carries the weights of an array: one plane of cells or several that work together. Matrices have `inputs` rows
/// of `row_stride` values, padded with zeros.
class WeightStore {
 public:
  virtual ~WeightStore() = default;

  /// What reads see. Not to be called by two threads at once: it may put the weights together first.
  [[nodiscard]] virtual const std::vector<float>& weights() const = 0;
  /// Cells that carry one weight, the reference that its sign needs included.
  [[nodiscard]] virtual std::size_t cells_per_weight() const noexcept = 0;
  /// Those of them that lie on the lines of a read.
  [[nodiscard]] virtual std::size_t cells_per_read() const noexcept { return cells_per_weight(); }
  /// Digital words a weight, such as of a gradient or a buffer of transfers, 32 bits each.
  [[nodiscard]] virtual std::size_t digital_words() const noexcept { return 0; }
  /// The planes of cells, for inspection.
  [[nodiscard]] virtual std::span<const CellPlane> planes() const noexcept = 0;

  /// Adds the conductances of the cells that a read drives to the sums of their rows and columns.
  virtual void add_conductances(const ConductanceParameters& law, std::span<float> rows,
                                std::span<float> columns) const = 0;

  /// Factor that the digital periphery puts on every output.
  [[nodiscard]] virtual float output_scale() const noexcept { return 1; }

  /// Simulated time of the write or read that comes next; `identity` keys the noise of that read. For cells that change
  /// with time; returns what a calibration took.
  virtual UpdateCounts prepare(double /*seconds*/, std::uint64_t /*identity*/) { return {}; }

  virtual void program(std::span<const float> values) = 0;

  /// w <- w - lr x d, vector after vector.
  virtual UpdateCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                              float learning_rate, ThreadTeam& team) = 0;

  /// The same in two steps, where the device allows it: draws the trains now, applies all that were drawn later and
  /// says what both steps did. std::logic_error where it does not.
  virtual void draw_update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                           float learning_rate, ThreadTeam& team);
  virtual UpdateCounts apply_drawn(ThreadTeam& team);

  /// What happens once a mini-batch: decay, diffusion, and what the compound does at that point. `batch` keys the
  /// random numbers.
  virtual UpdateCounts end_batch(std::uint64_t batch, float learning_rate, ThreadTeam& team) = 0;

  virtual void save(std::vector<std::byte>& to) const = 0;
  virtual void restore(std::span<const std::byte>& from) = 0;
};

/// `device` must not be ideal. Random numbers come from (seed, stream).
[[nodiscard]] std::unique_ptr<WeightStore> make_weight_store(const PlaneShape& shape, const DeviceParameters& device,
                                                             const UpdateParameters& update, std::uint64_t seed,
                                                             std::uint32_t stream, const LineReads& reads = {});

}  // namespace rheo::crossbar
