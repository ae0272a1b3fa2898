#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rheo::benchmarks {

/// Trains cifar10_full as rapa_training.toml and `words` (as of --set) say, with (16, 4, 1) replicas, then tests it: by
/// single assignments, by majority vote over nine and by votes that end early, with the chip's time and energy; how
/// alike the replicas are; and the network of one kernel matrix a layer that each reduction makes of it, on a chip
/// without replicas. Prints the tables.
nlohmann::ordered_json study_inference(const std::vector<std::string>& words);

}  // namespace rheo::benchmarks
