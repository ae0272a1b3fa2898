#pragma once

#include <memory>

#include "models/crossbar/weight_store.hpp"

namespace rheo::crossbar {

/// The makers of make_weight_store(), one file each.
std::unique_ptr<WeightStore> make_single_cell(const PlaneShape& shape, const DeviceParameters& device,
                                              const UpdateParameters& update, std::uint64_t seed, std::uint32_t stream);

}  // namespace rheo::crossbar
