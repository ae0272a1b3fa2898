#pragma once

#include <filesystem>
#include <string>

#include "workloads/spiking/network.hpp"

namespace rheo::spiking {

/// A network with its float weights.
struct FloatNetwork {
  SpikingNetwork network;
  FloatWeights weights;
  double decay = 0.875;
};

/// A trained network as HDF5:
///
///     format   "rheo spiking network 1", text as bytes (as all texts here)
///     name     text
///     input    height, width, channels (3 x uint32)
///     ticks    uint32
///     decay    double
///     layers   how many (uint32); layer NN lies in the group layer_NN, from 00 on:
///       name       text
///       shape      kind (0 convolution, 1 linear), kernel, padding, outputs, pool (5 x uint32)
///       threshold  double
///       ratio      share of the layer's inputs that spike at a tick (double)
///       weights    float, rows x outputs; rows run over kernel row, kernel column, input channel
///     crc32    of all of this in this order
[[nodiscard]] std::string network_file_image(const FloatNetwork& network);
/// Throws InputError when the file is missing, damaged or another thing.
[[nodiscard]] FloatNetwork read_network_file(const std::filesystem::path& file);

}  // namespace rheo::spiking
