#include "workloads/spiking/event_plan.hpp"

#include <algorithm>

namespace rheo::spiking {

EventPlan::EventPlan(const SpikingNetwork& network, std::size_t layer)
    : shape_(network.neurons_of(layer)),
      output_(network.output_of(layer)),
      channels_((shape_.channels + 7) / 8 * 8),
      pool_(network.layers.at(layer).pool) {
  const PatchGeometry g = network.geometry_of(layer);
  kernel_ = g.kernel_height;
  inputs_per_position_ = g.channels;
  sum_stride_ = shape_.width * channels_;
  weight_stride_ = kernel_ * channels_;
  weights_ = g.elements() * channels_;

  // A spike at y reaches neuron rows y + padding - kernel + 1 to y + padding.
  const int reach = static_cast<int>(kernel_) - 1;
  const auto first_of = [&](std::uint32_t at) { return static_cast<int>(at + g.padding) - reach; };
  for (std::uint32_t y = 0; y < g.height; ++y) {
    const int top = std::max(first_of(y), 0);
    const int bottom = std::min(first_of(y) + reach, static_cast<int>(shape_.height) - 1);
    for (std::uint32_t x = 0; x < g.width; ++x) {
      const int left = std::max(first_of(x), 0);
      const int right = std::min(first_of(x) + reach, static_cast<int>(shape_.width) - 1);
      EventPlace place;
      if (top <= bottom && left <= right) {
        place.rows = static_cast<std::uint16_t>(bottom - top + 1);
        place.length = static_cast<std::uint16_t>(static_cast<std::size_t>(right - left + 1) * channels_);
        place.sum = static_cast<std::uint32_t>(
            (static_cast<std::size_t>(top) * shape_.width + static_cast<std::size_t>(left)) * channels_);
        place.weight = static_cast<std::uint32_t>(
            (static_cast<std::size_t>(top - first_of(y)) * kernel_ + static_cast<std::size_t>(left - first_of(x))) *
            channels_);
      }
      for (std::uint32_t c = 0; c < g.channels; ++c) {
        places_.push_back(place);
        places_.back().weight += static_cast<std::uint32_t>(std::size_t{c} * kernel_ * kernel_ * channels_);
      }
    }
  }

  if (direct()) return;
  for (std::uint32_t y = 0; y < output_.height; ++y) {
    for (std::uint32_t x = 0; x < output_.width; ++x) {
      for (std::uint32_t c = 0; c < output_.channels; ++c) {
        for (std::uint32_t dy = 0; dy < pool_; ++dy) {
          for (std::uint32_t dx = 0; dx < pool_; ++dx) {
            const std::size_t at = std::size_t{y * pool_ + dy} * shape_.width + x * pool_ + dx;
            windows_.push_back(static_cast<std::uint32_t>(at * channels_ + c));
          }
        }
      }
    }
  }
}

}  // namespace rheo::spiking
