#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace rheo::rapa {

/// A kernel matrix with its biases: column o is the filter of output channel o.
struct KernelMatrix {
  std::size_t inputs = 0, outputs = 0;
  std::vector<float> weights;  ///< inputs x outputs, row by row
  std::vector<float> bias;     ///< outputs

  friend bool operator==(const KernelMatrix&, const KernelMatrix&) = default;
};

/// How alike the replicas of a layer are (Rasch et al. 2019, figure 6): the mean, over all pairs of replicas and over
/// all output channels, of the correlation coefficient between the two filters of the channel (biases left out). 1 for
/// identical replicas; a filter that is constant correlates with nothing: 0. Throws std::invalid_argument for fewer
/// than two replicas or replicas of different shapes.
[[nodiscard]] double filter_similarity(std::span<const KernelMatrix> replicas);

/// How a single kernel matrix is made of the replicas (section 3.4.3).
enum class Reduction : std::uint8_t {
  norm,            ///< of every filter the replica with the largest norm (bias included), the first of equals
  random_tile,     ///< one replica, drawn
  first_tile,      ///< the first replica
  random_filters,  ///< of every filter a replica, drawn
  winner,          ///< of every filter the replica that wins most maximum poolings, the first of equals
};
inline constexpr std::array<std::string_view, 5> reduction_names{"norm", "random_tile", "first_tile", "random_filters",
                                                                 "winner"};

/// The single matrix. Draws are keyed by `seed` and `layer`. `wins` is for Reduction::winner: WinnerCount::wins().
/// Throws as filter_similarity, but for one replica; and for other than replicas x outputs wins.
[[nodiscard]] KernelMatrix reduce(std::span<const KernelMatrix> replicas, Reduction reduction, std::uint64_t seed,
                                  std::uint32_t layer, std::span<const std::uint64_t> wins = {});

}  // namespace rheo::rapa
