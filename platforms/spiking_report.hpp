#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "platforms/spiking_checkpoint.hpp"
#include "platforms/spiking_configuration.hpp"
#include "workloads/spiking/evaluation.hpp"

namespace rheo {

/// What a trained spiking network was measured to do, as report.json has it.
[[nodiscard]] nlohmann::ordered_json spiking_report(const SpikingConfiguration& configuration,
                                                    const spiking::SpikingNetwork& network,
                                                    const std::vector<std::string>& classes,
                                                    const spiking::SpikingEvaluation& test,
                                                    const std::vector<SpikingEpoch>& records, double wall_s);
/// The same as a few lines of text.
[[nodiscard]] std::string spiking_report_text(const nlohmann::ordered_json& report);

/// Labels x predictions, examples, of those with an SNR of at least `snr_from`; all when it is -infinity.
[[nodiscard]] nlohmann::ordered_json confusion_json(const spiking::SpikingEvaluation& test, double snr_from);

[[nodiscard]] std::string curve_csv(const std::vector<SpikingEpoch>& records);
[[nodiscard]] std::string accuracy_csv(const nlohmann::ordered_json& report);
[[nodiscard]] std::string confusion_csv(const nlohmann::ordered_json& report);
[[nodiscard]] std::string spike_ratio_csv(const nlohmann::ordered_json& report);

}  // namespace rheo
