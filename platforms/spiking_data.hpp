#pragma once

#include <cstdint>
#include <memory>

#include "models/core/thread_team.hpp"
#include "platforms/spiking_configuration.hpp"
#include "workloads/data/dataset.hpp"
#include "workloads/spiking/data/spike_data.hpp"

namespace rheo {

/// The examples of a configuration.
struct SpikingExamples {
  std::unique_ptr<Dataset> images;  ///< behind image spikes
  std::unique_ptr<spiking::SpikeData> train, test;
};

/// Presentations of test examples count from here, of training examples from 0: an epoch each. Whoever shows this one
/// shows the spikes by chance that the test after training showed.
inline constexpr std::uint64_t test_presentation = std::uint64_t{1} << 32;

/// Generates or reads them. Throws InputError.
[[nodiscard]] SpikingExamples load_spiking_examples(const SpikingConfiguration& configuration, ThreadTeam& team);

}  // namespace rheo
