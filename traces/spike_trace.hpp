#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rheo {

/// Which neuron of which layer spiked when, as HDF5 columns (shuffle, gzip 1, chunks of 8192 rows: bounded memory):
///
///     attributes        schema (1), ticks (of an example)
///     /names/layers     strings; /layers/neurons: uint64, how many each has
///     /spikes/example, tick, layer, neuron   one row a spike; uint64, uint16, uint16, uint64; layer an index from 0,
///                       neuron position x channels + channel of the layer's output in front of its pooling
///
/// The file appears under its name when it is whole.
class SpikeTrace {
 public:
  struct Layer {
    std::string name;
    std::uint64_t neurons = 0;
  };

  /// Throws SimulationError when the file cannot be written.
  SpikeTrace(std::filesystem::path file, std::uint32_t ticks, const std::vector<Layer>& layers);
  /// Removes what is not finished.
  ~SpikeTrace();

  /// The output of a layer at one tick, packed; frames count ticks through all examples. What the disk refuses,
  /// finish() tells: an exception must not cross the simulation kernel.
  void frame(std::size_t layer, std::uint64_t frame, std::span<const std::uint64_t> spikes);
  /// Ends the file. Throws SimulationError when the disk refuses.
  void finish();

 private:
  struct Columns;
  std::filesystem::path file_, unfinished_;
  std::uint32_t ticks_;
  bool refused_ = false;
  std::unique_ptr<Columns> columns_;
};

}  // namespace rheo
