#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "workloads/spiking/training.hpp"

namespace rheo {

/// One epoch of spiking training.
struct SpikingEpoch {
  std::int64_t epoch = 0;  ///< from 1 on
  double train_loss = 0;
  double train_accuracy = 0;
  double test_accuracy = 0;
  double test_accuracy_from = 0;  ///< of the examples with the SNR that the configuration names
  double learning_rate = 0;
  double wall_s = 0;  ///< since the run began
};

/// A training run between two batches.
struct SpikingCheckpoint {
  std::string configuration;  ///< resolved
  std::uint64_t epoch = 0, next_example = 0;
  std::uint64_t correct = 0;
  double loss_sum = 0;
  double wall_s = 0;
  std::vector<SpikingEpoch> records;
  spiking::FloatWeights weights;
  spiking::OptimiserState optimiser;
};

/// HDF5, every number in its own bits, with a CRC-32. The file appears whole or not at all.
void write_spiking_checkpoint(const std::filesystem::path& file, const SpikingCheckpoint& checkpoint);
/// Throws InputError when the file is missing, damaged or of another version.
[[nodiscard]] SpikingCheckpoint read_spiking_checkpoint(const std::filesystem::path& file);

}  // namespace rheo
