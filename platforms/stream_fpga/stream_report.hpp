#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/cost/cost_table.hpp"
#include "platforms/stream_fpga/stream_chip.hpp"
#include "workloads/spiking/evaluation.hpp"

namespace rheo {

/// report.json, schema 1, of an inference: accuracy, time, energy, memory and area of the one execution, in SI units,
/// and of each layer its spikes beside the printed ratio, and what an event buffer must hold for the fullest example;
/// events_are_smaller than one bit an input and tick when that is less. break_even is p log2(S T) at the mean ratio,
/// break_even_fullest at that of the fullest example.
/// Every number is checked to be finite and not negative.
[[nodiscard]] nlohmann::ordered_json stream_report(const StreamConfiguration& configuration,
                                                   const spiking::SpikingNetwork& network,
                                                   const spiking::SpikingEvaluation& test, const StreamChip& chip,
                                                   const CostTable& costs, double wall_seconds);

/// The report as a person reads it.
[[nodiscard]] std::string stream_report_text(const nlohmann::ordered_json& report);

}  // namespace rheo
