#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/parameters.hpp"

namespace rheo::rapa {

/// How the patches of a convolution are shared out among replicas of its kernel matrix. The names are those of Rasch et
/// al., "RAPA-ConvNets", Front. Neurosci. 13:753, 2019, section 2.1; n is the side of the square output plane, n_t =
/// q^2 the number of replicas, positions are (x, y). Its "enlarged" network is a network of its own,
/// cifar10_full_enlarged.
enum class Scheme : std::uint8_t {
  none,           ///< one kernel matrix
  perforated,     ///< one kernel matrix; in training a random 1/n_t of the patches, drawn anew for every image
  image_overlap,  ///< regions of the plane: replica q floor(q x / n) + floor(q y / n)
  image_pad,      ///< the same, and what lies outside of the region counts as 0
  alternate,      ///< replica (x mod q) + q (y mod q)
  random_fixed,   ///< a random partition, drawn once
  random,         ///< a random partition, drawn anew for every image
};
inline constexpr std::array<std::string_view, 7> scheme_names{"none",      "perforated",   "image_overlap", "image_pad",
                                                              "alternate", "random_fixed", "random"};

/// The table [rapa.conv...] of a configuration.
struct LayerTiling {
  Scheme scheme = Scheme::none;
  std::int64_t tiles = 1;  ///< n_t

  void describe(Parameters& p) {
    p.choice("scheme", scheme, scheme_names, "how the patches are shared out among replicas of the kernel matrix");
    p.integer("tiles", tiles, {1, 16384}, "replicas of the kernel matrix; perforated: 1/tiles of the patches is used");
  }
  friend bool operator==(const LayerTiling&, const LayerTiling&) = default;
};

/// The table [rapa]: the convolutions in the network's order.
struct TilingParameters {
  static constexpr std::size_t most_layers = 3;
  std::array<LayerTiling, most_layers> layers;
  std::int64_t reshuffle_every = 1;  ///< images
  bool same_start = false;

  void describe(Parameters& p) {
    p.integer("reshuffle_every", reshuffle_every, {1, 1'000'000'000},
              "random and perforated: images that share a partition");
    p.flag("same_start", same_start, "replicas begin with the same weights instead of independent ones");
    p.section("conv1", layers[0], "first convolution");
    p.section("conv2", layers[1], "second convolution");
    p.section("conv3", layers[2], "third convolution");
  }
};

/// What a scheme makes of a layer whose output has height x width positions.
struct Assignment {
  std::uint32_t replicas = 1;   ///< kernel matrices
  std::uint32_t positions = 0;  ///< that are computed in training; evaluation computes all
  std::uint32_t regions = 0;    ///< image_pad: regions along each side; 0: patches are not cut
  bool drawn = false;           ///< a new table for every image
  /// The fixed table: positions of replica 0, 1, ... one after the other, ascending within each; replica j has the
  /// entries from part_begin(positions, replicas, j) on (partition.hpp). Empty when drawn, or for one replica.
  std::vector<std::uint16_t> order;

  [[nodiscard]] bool uses_table() const noexcept { return drawn || !order.empty(); }
};

/// The assignment, a pure function. `seed` and `layer` key random_fixed. `where` names the configuration's table in
/// errors. Throws InputError when the plane has fewer positions than tiles or more than 65,535; for image and alternate
/// tiling also when the plane is not square, `tiles` is not a square number, or its root does not divide the plane's
/// side (replicas would differ by more than one patch).
[[nodiscard]] Assignment assign(const LayerTiling& tiling, std::uint32_t height, std::uint32_t width,
                                std::uint64_t seed, std::uint32_t layer, const std::string& where);

}  // namespace rheo::rapa
