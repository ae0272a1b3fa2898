#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/digital/pooling.hpp"

namespace rheo::rapa {

/// Counts which replica's cells win the maximum poolings (Rasch et al. 2019, section 3.4.3: "the filters that most
/// often win the maximum pooling on the training set"). The first cell in scan order wins among equals, as in the
/// pooling itself; a window without a positive value has no winner, for behind a ReLU all its cells are 0.
class WinnerCount {
 public:
  WinnerCount(std::size_t replicas, std::size_t channels);

  /// `plane` is what is pooled, of one image; `order` its positions replica by replica (Assignment::order). Throws
  /// std::invalid_argument when the sizes do not fit.
  void add(std::span<const float> plane, std::span<const std::uint16_t> order, const vector_math::PoolShape& pooling);

  /// replicas x channels
  [[nodiscard]] const std::vector<std::uint64_t>& wins() const noexcept { return wins_; }

 private:
  std::size_t replicas_, channels_;
  std::vector<std::uint64_t> wins_;
};

}  // namespace rheo::rapa
