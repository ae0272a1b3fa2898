#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rheo::benchmarks {

/// The time of the whole chip for n_t replicas of the first convolution, 1 to `most`, the other layers balanced as in
/// the paper (n_t / 4 and n_t / 16, at least 1), at three bandwidths of the DRAM. Prints the table. `words` (as of
/// --set) lie under what the study sets.
nlohmann::ordered_json study_chip_time(int most, const std::vector<std::string>& words);

}  // namespace rheo::benchmarks
