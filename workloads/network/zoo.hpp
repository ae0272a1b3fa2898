#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/network/graph.hpp"

namespace rheo {

struct NetworkEntry {
  std::string name;
  std::string description;
  Graph (*build)(TensorShape input, std::uint32_t classes);
};

/// Every network by name, in alphabetical order.
[[nodiscard]] const std::vector<NetworkEntry>& networks();

/// The named network for images of this shape, its open pooling layers of the kind `pooling` (none: as the network has
/// them). Throws InputError with a suggestion for an unknown name, and when a network without open pooling is to have
/// one; std::invalid_argument when the images are too small for it.
[[nodiscard]] Graph build_network(std::string_view name, TensorShape input, std::uint32_t classes,
                                  std::optional<PoolKind> pooling = std::nullopt);

}  // namespace rheo
