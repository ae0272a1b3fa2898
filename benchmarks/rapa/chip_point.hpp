#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/core/scope.hpp"
#include "platforms/run_configuration.hpp"

namespace rheo::benchmarks {

/// Replicas of the three convolutions.
using Replicas = std::array<int, 3>;
[[nodiscard]] std::string name_of(const Replicas& replicas);  ///< "(16, 4, 1)"

/// What one mode (training step or test) of one chip took, measured in simulation.
struct ModeFigures {
  double seconds_per_image = 0;
  double joules_per_image = 0;
  std::map<std::string, double> joules_by_component;  ///< an image
  /// Busy time over time and parallel servers. Of bus, buffer and DRAM: their data paths. Of DMA, vector unit and
  /// tiles: commands in work, those that wait for memory included; "tile convN": the busiest tile of the layer, "tile
  /// fc": the rest. Of the controller: fetching.
  std::map<std::string, double> utilisation;
  double vector_unit_computing = 0;  ///< share of the time in which its lanes worked, without waiting for memory
  /// Seconds an image that the vector unit was busy with assignments: drawing tables, adding replicas' biases by them
  /// and summing their gradients, folding patches.
  double assignment_seconds = 0;
};

struct ChipPoint {
  ModeFigures training, evaluation;
  std::size_t tiles = 0;
  double area_mm2 = 0;
  double buffer_bits_per_image = 0;  ///< of one image in flight, in the largest pass
  std::uint64_t buffer_bits = 0;     ///< in use, two blocks of images and the biases
  /// Busy seconds an image of the busiest tile of each convolution, training: by phase forward, backward, update.
  std::map<Phase, std::array<double, 3>> array_seconds;
};

/// A simulation of its own for every chip; the kernel keeps the old ones.
void new_simulation();

/// rapa_chip.toml with `words` (as of --set) over it and these replicas, assigned at random, drawn anew for every
/// image.
[[nodiscard]] RunConfiguration configuration_of(const std::string& file, const Replicas& replicas,
                                                const std::vector<std::string>& words);

/// Builds the chip of rapa_chip.toml with `words` (as of --set) over it, runs one training step and one test of a batch
/// of CIFAR-10 images on untrained weights, and measures. `replicas` are assigned at random, drawn anew for every
/// image.
[[nodiscard]] ChipPoint measure(const Replicas& replicas, const std::vector<std::string>& words);

}  // namespace rheo::benchmarks
