#pragma once

#include <filesystem>
#include <string>

#include "platforms/analog_chip.hpp"
#include "workloads/training/trainer.hpp"

namespace rheo {

/// The state of a run between two batches: trainer and chip.
struct Checkpoint {
  std::string configuration;  ///< of the run, resolved
  TrainerState trainer;
  AnalogChip::Snapshot chip;
};

/// HDF5: groups /trainer and /chip/NNN, one a component, with datasets actions, busy and state; every number in its
/// own bits, with a CRC-32 over all of them. The file appears whole (temporary name, fsync, rename) or not at all.
void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint);

/// Throws InputError when the file is missing, damaged or of another version.
[[nodiscard]] Checkpoint read_checkpoint(const std::filesystem::path& file);

}  // namespace rheo
