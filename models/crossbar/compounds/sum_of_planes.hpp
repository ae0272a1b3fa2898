#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/crossbar/weight_store.hpp"

namespace rheo::crossbar {

/// A store whose weights are a weighted sum over planes of cells: w = sum over k of gain_k w_k, in order of k.
/// A plane of gain 0 lies apart: reads do not drive it.
class SumOfPlanes : public WeightStore {
 public:
  [[nodiscard]] const std::vector<float>& weights() const override;
  /// Two cells for each of a plane: the second carries its sign.
  [[nodiscard]] std::size_t cells_per_weight() const noexcept override { return 2 * planes_.size(); }
  [[nodiscard]] std::size_t cells_per_read() const noexcept override;
  [[nodiscard]] std::span<const CellPlane> planes() const noexcept override { return planes_; }
  void add_conductances(const ConductanceParameters& law, std::span<float> rows,
                        std::span<float> columns) const override;
  void save(std::vector<std::byte>& to) const override;
  void restore(std::span<const std::byte>& from) override;

 protected:
  /// One gain a plane; the planes are added by the derived class.
  SumOfPlanes(const PlaneShape& shape, std::vector<float> gains) : shape_(shape), gains_(std::move(gains)) {}

  void changed() noexcept { current_ = false; }
  /// Decay and diffusion of every plane.
  void end_batch_of_planes(std::uint64_t batch);
  /// The sum; a derived class may put the planes together in another way.
  virtual void combine(std::vector<float>& weights) const;

  PlaneShape shape_;
  std::vector<float> gains_;
  std::vector<CellPlane> planes_;

 private:
  mutable std::vector<float> weights_;
  mutable bool current_ = false;
};

/// What trains did to cells: `planes` planes see every line, and `cells` cells (itself and the one that carries its
/// sign) take each pulse of a plane.
[[nodiscard]] UpdateCounts pulsed(const PlaneShape& shape, PulseCounts pulses, std::size_t planes, std::size_t cells);

/// Adds the conductances of the pairs of cells that carry the values of one plane.
void add_pair_conductances(const ConductanceParameters& law, const CellPlane& plane, std::span<float> rows,
                           std::span<float> columns);

/// The largest weight of a nominal cell.
[[nodiscard]] float full_scale(const CellParameters& cell) noexcept;

}  // namespace rheo::crossbar
