#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/core/thread_team.hpp"
#include "workloads/spiking/data/iq_quantiser.hpp"
#include "workloads/spiking/data/radio_generator.hpp"
#include "workloads/spiking/data/spike_data.hpp"

namespace rheo::spiking {

/// Quantised I/Q signals: one spike a tick on a plane of 2^bits x 2^bits.
class RadioSet : public SpikeData {
 public:
  std::vector<std::string> names;    ///< of the modulations
  std::uint32_t bits = 4;            ///< of I and of Q
  std::uint32_t ticks = 128;         ///< samples of one example
  std::vector<std::uint16_t> cells;  ///< examples x ticks
  std::vector<std::uint8_t> labels;
  std::vector<float> snrs;  ///< dB

  [[nodiscard]] std::size_t examples() const override { return labels.size(); }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return names; }
  [[nodiscard]] std::uint32_t label(std::size_t example) const override { return labels[example]; }
  void encode(std::size_t example, std::uint64_t presentation, SpikeTrain& train) const override;
  [[nodiscard]] double snr_db(std::size_t example) const override { return snrs[example]; }
};

/// What a generated set holds: every modulation at every SNR equally often.
struct RadioSetRequest {
  std::vector<std::string> modulations = modulations_2016();
  double snr_low = -20, snr_high = 30, snr_step = 2;  ///< dB
  std::uint32_t ticks = 128;
  std::uint32_t bits = 4;
  IqRange range = IqRange::example;
  std::size_t examples = 0;
  std::uint64_t seed = 1;
  bool test = false;  ///< other signals than those of the training set of the same seed
};
/// Example i has modulation i mod m and SNR (i / m) mod s of m modulations and s SNRs.
[[nodiscard]] RadioSet generate_radio_set(const RadioSetRequest& request, ThreadTeam& team);

}  // namespace rheo::spiking
