#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "models/core/thread_team.hpp"
#include "workloads/spiking/network_run.hpp"

namespace rheo::spiking {

/// What a network makes of a set of examples.
struct SpikingEvaluation {
  std::size_t classes = 0;
  std::size_t ticks = 0;
  std::vector<std::uint32_t> labels;
  std::vector<float> snr_db;          ///< of each example; NaN where there is none
  std::vector<std::uint32_t> counts;  ///< examples x classes: spikes of each output neuron

  /// Spikes that enter each layer and leave the last (layers + 1), tick by tick, of all examples together.
  std::vector<std::vector<std::uint64_t>> spikes;
  std::vector<std::uint32_t> values;   ///< sizes of these inputs
  std::vector<std::uint32_t> largest;  ///< most spikes at one tick of one example
  std::vector<std::uint64_t> fullest;  ///< most spikes of one example

  [[nodiscard]] std::size_t examples() const noexcept { return labels.size(); }
  [[nodiscard]] std::uint32_t predicted(std::size_t example) const;
  /// Share of the examples whose label is among the `best` classes with the most spikes (of equals the first), of those
  /// with an SNR of at least `snr_from`; all when it is -infinity.
  [[nodiscard]] double accuracy(std::size_t best, double snr_from) const;
  [[nodiscard]] double accuracy() const;
  /// labels x predictions, examples.
  [[nodiscard]] std::vector<std::uint64_t> confusion(double snr_from) const;

  struct AtSnr {
    double snr_db = 0;
    std::size_t examples = 0;
    std::size_t correct = 0;
  };
  /// Ascending; empty where examples have no SNR.
  [[nodiscard]] std::vector<AtSnr> by_snr() const;
  /// Mean share of input `layer` that spikes at a tick, over ticks and examples.
  [[nodiscard]] double spike_ratio(std::size_t layer) const;
  /// The same of the one example with the most spikes, over its ticks: what an event buffer must hold.
  [[nodiscard]] double fullest_ratio(std::size_t layer) const;
};

/// Runs the given examples for `ticks` ticks each, shared out among the threads; each thread runs a network of its own
/// from `make_run`. Between two examples `keep_going` is asked; when it says no, the rest has no result and an empty
/// evaluation comes back.
[[nodiscard]] SpikingEvaluation evaluate(
    const std::function<std::unique_ptr<NetworkRun>()>& make_run, const SpikeData& data,
    std::span<const std::uint32_t> examples, std::size_t ticks, std::uint64_t presentation, ThreadTeam& team,
    const std::function<bool()>& keep_going = [] { return true; });

}  // namespace rheo::spiking
