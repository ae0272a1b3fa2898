#include "workloads/rapa/tiling.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/core/error.hpp"
#include "models/digital/partition.hpp"

namespace rheo::rapa {
namespace {

/// The side of the square of regions. Throws InputError naming the tile counts that there are.
std::uint32_t root_of(const LayerTiling& tiling, std::uint32_t height, std::uint32_t width, const std::string& where) {
  const std::string_view scheme = scheme_names[static_cast<std::size_t>(tiling.scheme)];
  if (height != width) {
    throw InputError(where + ".scheme",
                     fmt::format("{} wants square planes, the layer's is {} x {}; expected none, perforated, "
                                 "random_fixed or random",
                                 scheme, height, width));
  }
  std::vector<std::uint32_t> possible;
  for (std::uint32_t q = 1; q <= height; ++q) {
    if (height % q == 0) possible.push_back(q * q);
    if (height % q == 0 && std::int64_t{q} * q == tiling.tiles) return q;
  }
  throw InputError(where + ".tiles",
                   fmt::format("{} does not share out a plane of {} x {} evenly by {}; expected one of {}",
                               tiling.tiles, height, width, scheme, fmt::join(possible, ", ")));
}

/// The positions replica by replica, ascending within each.
template <class ReplicaOf>
std::vector<std::uint16_t> sorted_by_replica(std::uint32_t side, std::uint32_t replicas, ReplicaOf replica_of) {
  std::vector<std::uint16_t> order;
  for (std::uint32_t replica = 0; replica < replicas; ++replica) {
    for (std::uint32_t position = 0; position < side * side; ++position) {
      if (replica_of(position % side, position / side) == replica)
        order.push_back(static_cast<std::uint16_t>(position));
    }
  }
  return order;
}

}  // namespace

Assignment assign(const LayerTiling& tiling, std::uint32_t height, std::uint32_t width, std::uint64_t seed,
                  std::uint32_t layer, const std::string& where) {
  const std::uint64_t positions = std::uint64_t{height} * width;
  Assignment assignment;
  assignment.positions = static_cast<std::uint32_t>(positions);
  if (tiling.scheme == Scheme::none) {
    if (tiling.tiles != 1) throw InputError(where + ".tiles", "expected 1 without a scheme");
    return assignment;
  }
  if (static_cast<std::uint64_t>(tiling.tiles) > positions) {
    throw InputError(where + ".tiles", fmt::format("{} for a plane of {} positions; expected at most one a position",
                                                   tiling.tiles, positions));
  }
  if (positions > 65535) {
    throw InputError(where + ".scheme", fmt::format("a plane of {} positions; expected at most 65535", positions));
  }
  const auto tiles = static_cast<std::uint32_t>(tiling.tiles);
  if (tiling.scheme == Scheme::perforated) {
    assignment.positions = std::max(1U, assignment.positions / tiles);
    assignment.drawn = tiles > 1;
    return assignment;
  }
  assignment.replicas = tiles;
  if (tiles == 1) return assignment;
  switch (tiling.scheme) {
    case Scheme::image_overlap:
    case Scheme::image_pad: {
      const std::uint32_t q = root_of(tiling, height, width, where);
      if (tiling.scheme == Scheme::image_pad) assignment.regions = q;
      assignment.order = sorted_by_replica(
          width, tiles, [&](std::uint32_t x, std::uint32_t y) { return q * (q * x / width) + q * y / width; });
      break;
    }
    case Scheme::alternate: {
      const std::uint32_t q = root_of(tiling, height, width, where);
      assignment.order =
          sorted_by_replica(width, tiles, [&](std::uint32_t x, std::uint32_t y) { return x % q + q * (y % q); });
      break;
    }
    case Scheme::random_fixed:
      assignment.order.resize(positions);
      draw_partition(RandomKey(seed, layer, RandomPurpose::fixed_assignment), 0, positions, tiles, assignment.order);
      break;
    case Scheme::random:
      assignment.drawn = true;
      break;
    case Scheme::none:
    case Scheme::perforated:
      break;
  }
  return assignment;
}

}  // namespace rheo::rapa
