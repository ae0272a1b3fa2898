#pragma once

#include <csignal>
#include <filesystem>
#include <string>

#include "platforms/stream_fpga/stream_configuration.hpp"

namespace rheo {

struct StreamRunOptions {
  std::filesystem::path out;  ///< the run's own folder; empty: runs/NAME, numbered
  std::string name = "run";
  std::size_t threads = 1;  ///< of the generation of the data
  bool trace = false;       ///< write spikes.h5, see SpikeTrace
  bool quiet = false;
};

/// Classifies the test examples on the simulated hardware with the trained network of workload.parameters_file, writes
/// report.json, report.txt and config.toml and prints the report. Returns the exit status; 130 when interrupted, which
/// leaves nothing. Throws InputError and SimulationError, and leaves nothing then either.
int run_stream(const StreamConfiguration& configuration, const StreamRunOptions& options,
               const volatile std::sig_atomic_t& interrupted);

}  // namespace rheo
