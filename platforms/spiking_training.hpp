#pragma once

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>

#include "platforms/spiking_configuration.hpp"

namespace rheo {

struct SpikingRunOptions {
  std::filesystem::path out;     ///< the run's own folder; empty: runs/NAME, numbered
  std::string name = "spiking";  ///< of the folder when `out` is empty
  std::size_t threads = 1;
  bool resume = false;
  bool quiet = false;
};

/// Trains a spiking network on the host and tests it. Into the run's folder go config.toml, checkpoint.h5, curve.csv
/// (one row an epoch) and, at the end, network.h5 (network_file.hpp; its spike ratios those measured), report.json,
/// accuracy_snr.csv, confusion.csv, spike_ratio.csv and report.txt.
/// Returns the exit status: 130 when `interrupted` became non-zero and the state is saved. Throws InputError,
/// SimulationError.
int run_spiking_training(const SpikingConfiguration& configuration, const SpikingRunOptions& options,
                         const volatile std::sig_atomic_t& interrupted);

}  // namespace rheo
