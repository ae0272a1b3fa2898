#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "models/cost/cost_table.hpp"
#include "models/cost/energy.hpp"
#include "platforms/analog_chip.hpp"
#include "platforms/run_configuration.hpp"
#include "workloads/training/trainer.hpp"

namespace rheo {

/// What the cost model needs of a chip: counts, parts, time of the two modes.
[[nodiscard]] ChipActivity chip_activity(AnalogChip& chip);

/// report.json, schema 1: one execution's accuracy, time, energy, memory and area, in SI units. The main
/// sections are those of training; "evaluation" holds time and energy of the tests, "preparation" those of programming
/// the first weights. Every number is checked to be finite and not negative (std::logic_error names the one that is
/// not).
[[nodiscard]] nlohmann::ordered_json make_report(const RunConfiguration& configuration, const Trainer& trainer,
                                                 AnalogChip& chip, const CostTable& costs, double wall_seconds);

/// The same of an evaluation of `images` test images: time and energy are those of Mode::evaluation. The caller adds
/// "accuracy", and "attack" when there was one.
[[nodiscard]] nlohmann::ordered_json evaluation_report(const RunConfiguration& configuration, AnalogChip& chip,
                                                       const CostTable& costs, std::size_t images);
[[nodiscard]] std::string evaluation_text(const nlohmann::ordered_json& report);

/// The report as a person reads it.
[[nodiscard]] std::string report_text(const nlohmann::ordered_json& report);

}  // namespace rheo
