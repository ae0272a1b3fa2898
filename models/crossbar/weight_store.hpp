#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/core/thread_team.hpp"
#include "models/crossbar/cell_plane.hpp"
#include "models/crossbar/pulse_update.hpp"
#include "models/crossbar/read_kernel.hpp"

namespace rheo::crossbar {

/// What an update did, for time and energy.
struct UpdateCounts {
  PulseCounts pulses;
  ReadCounts reads;               ///< of cells, by compounds that move weights from one plane to another
  std::uint64_t accumulated = 0;  ///< digital multiply-adds, by compounds with a digital gradient

  UpdateCounts& operator+=(const UpdateCounts& other) {
    pulses += other.pulses;
    reads += other.reads;
    accumulated += other.accumulated;
    return *this;
  }
};

/// What carries the weights of an array: one plane of cells or several that work together. Matrices have `inputs` rows
/// of `row_stride` values, padded with zeros.
class WeightStore {
 public:
  virtual ~WeightStore() = default;

  /// What reads see.
  [[nodiscard]] virtual const std::vector<float>& weights() const noexcept = 0;
  [[nodiscard]] virtual std::size_t cells_per_weight() const noexcept = 0;
  /// The planes of cells, for inspection.
  [[nodiscard]] virtual std::span<const CellPlane> planes() const noexcept = 0;

  virtual void program(std::span<const float> values) = 0;

  /// w <- w - lr x d, vector after vector.
  virtual UpdateCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                              float learning_rate, ThreadTeam& team) = 0;

  /// The same in two steps, where the device allows it: draws the trains now, applies all that were drawn later.
  /// std::logic_error where it does not.
  virtual UpdateCounts draw_update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
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
                                                             std::uint32_t stream);

}  // namespace rheo::crossbar
