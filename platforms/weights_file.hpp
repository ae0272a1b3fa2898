#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "platforms/analog_chip.hpp"

namespace rheo {

/// A network's trained values in an HDF5 file, as `rheo run` leaves them and `rheo evaluate` takes them; simple enough
/// to be written by others:
///   /layers/NAME/weights  float32 [replicas][inputs][outputs]; inputs run over kernel row, kernel column, channel
///   /layers/NAME/bias     float32 [replicas][outputs]
///   /mixtures/NAME        float32 [channels], the betas of a mixed pooling; the group may be absent
/// Names are those of `rheo inspect`.
void write_weights(const std::filesystem::path& file, const Mapping& mapping, const AnalogChip::NetworkValues& values);

/// The values for the mapping's network. Throws InputError naming file and layer: absent, not of this format, another
/// shape (and what would fit), a value that is not finite.
[[nodiscard]] AnalogChip::NetworkValues read_weights(const std::filesystem::path& file, const Mapping& mapping);

}  // namespace rheo
