#pragma once

#include <memory>

#include "models/crossbar/weight_store.hpp"

namespace rheo::crossbar {

/// What every maker of a store takes.
struct StoreSettings {
  const PlaneShape& shape;
  const DeviceParameters& device;
  const UpdateParameters& update;
  const LineReads& reads;
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
};

/// The makers of make_weight_store(), one file each.
std::unique_ptr<WeightStore> make_single_cell(const StoreSettings& settings);
std::unique_ptr<WeightStore> make_vector_cells(const StoreSettings& settings);
std::unique_ptr<WeightStore> make_one_sided(const StoreSettings& settings);
std::unique_ptr<WeightStore> make_transfer(const StoreSettings& settings);
std::unique_ptr<WeightStore> make_mixed_precision(const StoreSettings& settings);
std::unique_ptr<WeightStore> make_pcm_inference(const StoreSettings& settings);

}  // namespace rheo::crossbar
