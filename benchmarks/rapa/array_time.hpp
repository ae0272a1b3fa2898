#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rheo::benchmarks {

/// The time of the convolutions' arrays alone. Everything digital is so fast that a tile is busy only while its array
/// is read or pulsed, and every train has the same length. Of each layer the busiest tile counts; layers one after the
/// other take the sum over layers, layers pipelined over images the slowest layer. Prints the table. `words` (as of
/// --set) lie under what the study sets.
nlohmann::ordered_json study_array_time(const std::vector<std::string>& words);

}  // namespace rheo::benchmarks
