#pragma once

#include <filesystem>

#include "platforms/analog_chip.hpp"
#include "workloads/training/trainer.hpp"

namespace rheo {

/// The state of a run between two batches: trainer and chip.
struct Checkpoint {
  TrainerState trainer;
  AnalogChip::Snapshot chip;
};

/// HDF5: groups /trainer and /chip/NNN, one a component, with datasets actions, busy and state; every number in its
/// own bits. The file appears whole (temporary name, fsync, rename).
void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint);

/// Throws InputError when the file is missing, damaged or of another version.
[[nodiscard]] Checkpoint read_checkpoint(const std::filesystem::path& file);

}  // namespace rheo
