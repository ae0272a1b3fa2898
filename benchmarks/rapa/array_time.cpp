#include "benchmarks/rapa/array_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "benchmarks/rapa/chip_point.hpp"

namespace rheo::benchmarks {
namespace {

/// A thousand times the clock, memories and buses to match. No bound management (it repeats reads), no length
/// management (it shortens trains as the values ask); average pooling, as a maximum leaves vectors whose errors are all
/// zero, which take no read and no train.
const std::vector<std::string> arrays_only{"clock_hz=1e12",
                                           "buffer.banks=4096",
                                           "bus.channels=64",
                                           "bus.width_bytes=4096",
                                           "host.bandwidth=100 TB/s",
                                           "host.latency=0 s",
                                           "dma.round_trip=0 s",
                                           "adc.rate=100 GHz",
                                           "adc.shared_by=1",
                                           "vector_unit.lanes=65536",
                                           "tile.search_lanes=65536",
                                           "tile.rescale_lanes=65536",
                                           "tile.length_management=false",
                                           "management.forward_bound=none",
                                           "management.backward_bound=none",
                                           "workload.pooling=average",
                                           "workload.batch_size=4"};

}  // namespace

nlohmann::ordered_json study_array_time(const std::vector<std::string>& words) {
  std::vector<std::string> settings = words;
  settings.insert(settings.end(), arrays_only.begin(), arrays_only.end());
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  fmt::print("Array time of the convolutions, us an image (busy time of the busiest tile of each layer)\n");
  fmt::print("{:<10} {:<14} {:>8} {:>8} {:>8} {:>9} {:>9} {:>10} {:>10}\n", "pass", "replicas", "conv1", "conv2",
             "conv3", "sum", "slowest", "sum: gain", "pipelined");
  std::map<Phase, std::pair<double, double>> plain;
  for (const Replicas& replicas : {Replicas{1, 1, 1}, {16, 4, 1}, {64, 16, 4}}) {
    const ChipPoint point = measure(replicas, settings);
    for (const auto& [phase, layers] : point.array_seconds) {
      const double sum = std::accumulate(layers.begin(), layers.end(), 0.0);
      const double slowest = *std::max_element(layers.begin(), layers.end());
      const auto [before, ignored] = plain.try_emplace(phase, sum, slowest);
      const double gain = before->second.first / sum;
      const double pipelined = before->second.second / slowest;
      const std::string pass(phase_names[static_cast<std::size_t>(phase)]);
      fmt::print("{:<10} {:<14} {:>8.3f} {:>8.3f} {:>8.3f} {:>9.3f} {:>9.3f} {:>10.2f} {:>10.2f}\n", pass,
                 name_of(replicas), 1e6 * layers[0], 1e6 * layers[1], 1e6 * layers[2], 1e6 * sum, 1e6 * slowest, gain,
                 pipelined);
      rows.push_back({{"pass", pass},
                      {"replicas", replicas},
                      {"layer_s", layers},
                      {"sum_s", sum},
                      {"slowest_s", slowest},
                      {"speedup_sum", gain},
                      {"speedup_pipelined", pipelined}});
    }
  }
  fmt::print("(The first convolution has no backward pass: nobody needs the gradient of the images.)\n\n");
  return rows;
}

}  // namespace rheo::benchmarks
