#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/core/thread_team.hpp"
#include "models/crossbar/weight_store.hpp"

namespace rheo::crossbar {

/// Pulsed updates of single lines of a plane: one edge plays a one-hot vector of 1, the other the values.
class LineWriter {
 public:
  /// `generators` tells the pulse trains from those of the array's other writers.
  LineWriter(const PlaneShape& shape, const PulseSettings& settings, std::uint64_t seed, std::uint32_t stream,
             std::uint32_t generators);

  /// The line moves by -learning_rate x values, as pulses can. `cells` take each pulse (see pulsed()); `identity` keys
  /// the trains and the cells' noise.
  UpdateCounts row(CellPlane& plane, std::size_t line, std::span<const float> values, float learning_rate,
                   std::size_t cells, std::uint64_t identity);
  UpdateCounts column(CellPlane& plane, std::size_t line, std::span<const float> values, float learning_rate,
                      std::size_t cells, std::uint64_t identity);

 private:
  UpdateCounts write(CellPlane& plane, std::span<const float> x, std::span<const float> d, float learning_rate,
                     std::size_t cells, std::uint64_t identity);

  PlaneShape shape_;
  PulseUpdate update_;
  std::vector<float> one_hot_;
  ThreadTeam alone_;  ///< a line is too little to be shared out
};

}  // namespace rheo::crossbar
