#include "benchmarks/rapa/chip_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "benchmarks/rapa/chip_point.hpp"

namespace rheo::benchmarks {
namespace {

/// GB/s of one of the four channels: a quarter of the reference chip's, its own, four times as much.
constexpr double channel_rates[] = {1.6, 6.4, 25.6};
constexpr int channels = 4;

nlohmann::ordered_json json_of(const ModeFigures& figures) {
  return {{"s_per_image", figures.seconds_per_image},
          {"j_per_image", figures.joules_per_image},
          {"j_by_component", figures.joules_by_component},
          {"utilisation", figures.utilisation},
          {"vector_unit_computing", figures.vector_unit_computing},
          {"assignment_s_per_image", figures.assignment_seconds}};
}

}  // namespace

nlohmann::ordered_json study_chip_time(int most, const std::vector<std::string>& words) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  fmt::print("Whole chip, burst by burst; busiest: the unit with the highest utilisation\n");
  fmt::print("{:>6} {:<15} {:>6} {:>8} {:>9} | {:>9} {:>7} {:>8} {:<20} | {:>9} {:>7} {:>8} {:<20}\n", "GB/s",
             "replicas", "tiles", "mm2", "Mbit/img", "train us", "gain", "uJ", "busiest", "test us", "gain", "uJ",
             "busiest");
  for (const double rate : channel_rates) {
    double plain_training = 0;
    double plain_evaluation = 0;
    for (int first = 1; first <= most; first *= 4) {
      const Replicas replicas{first, std::max(first / 4, 1), std::max(first / 16, 1)};
      std::vector<std::string> settings = words;
      settings.push_back(fmt::format("dram.channel_rate={} GB/s", rate));
      const ChipPoint point = measure(replicas, settings);
      if (first == 1) {
        plain_training = point.training.seconds_per_image;
        plain_evaluation = point.evaluation.seconds_per_image;
      }
      const auto columns = [](const ModeFigures& figures, double plain) {
        const auto busiest = std::max_element(figures.utilisation.begin(), figures.utilisation.end(),
                                              [](const auto& a, const auto& b) { return a.second < b.second; });
        return fmt::format("{:>9.2f} {:>7.2f} {:>8.3f} {:<20}", 1e6 * figures.seconds_per_image,
                           plain / figures.seconds_per_image, 1e6 * figures.joules_per_image,
                           fmt::format("{} {:.0f} %", busiest->first, 100 * busiest->second));
      };
      fmt::print("{:>6.1f} {:<15} {:>6} {:>8.1f} {:>9.2f} | {} | {}\n", rate * channels, name_of(replicas), point.tiles,
                 point.area_mm2, 1e-6 * point.buffer_bits_per_image, columns(point.training, plain_training),
                 columns(point.evaluation, plain_evaluation));
      std::fflush(stdout);
      rows.push_back({{"dram_bytes_per_s", rate * channels * 1e9},
                      {"replicas", replicas},
                      {"tiles", point.tiles},
                      {"area_mm2", point.area_mm2},
                      {"buffer_bits_per_image", point.buffer_bits_per_image},
                      {"buffer_bits", point.buffer_bits},
                      {"training", json_of(point.training)},
                      {"evaluation", json_of(point.evaluation)}});
    }
  }
  return rows;
}

}  // namespace rheo::benchmarks
