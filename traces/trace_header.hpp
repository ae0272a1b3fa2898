#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rheo {

/// A memory on the data bus.
struct TracedMemory {
  std::string name;
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;  ///< in use
};

/// The images of a run, as far as the mapping of a network depends on them.
struct TracedImages {
  std::uint64_t height = 0, width = 0, channels = 0, classes = 0;
  std::uint64_t train = 0, test = 0;  ///< numbers of images
  double pixel_mean = 0, pixel_deviation = 0;
};

/// What a trace says once, at its beginning.
struct TraceHeader {
  std::string version;        ///< of Rheo
  std::string configuration;  ///< of the run, resolved: TOML
  double tick_seconds = 0;
  bool from_start = true;   ///< false: of a run that was resumed from a checkpoint
  std::uint64_t begin = 0;  ///< ticks: when the first of its programs starts
  std::vector<std::string> units;
  std::vector<std::string> operations;
  std::vector<std::string> layers;  ///< by LayerIndex; the first is "shared"
  std::vector<TracedMemory> memories;
  TracedImages images;
};

/// One epoch of training, as the trainer saw it.
struct TracedEpoch {
  double epoch = 0, train_loss = 0, train_accuracy = 0, test_loss = 0, test_accuracy = 0, learning_rate = 0,
         momentum = 0;
  std::uint64_t end = 0;  ///< ticks
};

}  // namespace rheo
