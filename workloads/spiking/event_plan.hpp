#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "workloads/spiking/aligned_values.hpp"
#include "workloads/spiking/network.hpp"

namespace rheo::spiking {

/// Where one input spike of a layer acts: on `rows` rows of `length` consecutive sums, the first at `sum`, with as many
/// consecutive weights from `weight` on. What would fall outside of the neurons is cut off.
struct EventPlace {
  std::uint32_t sum = 0;
  std::uint32_t weight = 0;
  std::uint16_t rows = 0;
  std::uint16_t length = 0;
};

/// A layer as events see it: the same for a convolution and, as a 1x1 kernel on a 1x1 image, for a linear layer.
/// Output channels are filled up to a multiple of 8, so that all lengths are. Weights lie as [input channel][kernel
/// row][kernel column][output channel], rows and columns backwards: a spike at (y, x) adds ascending weights to
/// ascending sums.
class EventPlan {
 public:
  EventPlan(const SpikingNetwork& network, std::size_t layer);

  [[nodiscard]] const std::vector<EventPlace>& places() const noexcept { return places_; }  ///< one an input value
  [[nodiscard]] std::size_t sum_stride() const noexcept { return sum_stride_; }             ///< from row to row
  [[nodiscard]] std::size_t weight_stride() const noexcept { return weight_stride_; }
  [[nodiscard]] std::size_t weights() const noexcept { return weights_; }
  [[nodiscard]] std::size_t inputs() const noexcept { return places_.size(); }
  [[nodiscard]] std::size_t input_channels() const noexcept { return inputs_per_position_; }

  /// Neurons as computed, with the channels that fill up; those never spike and have no gradient.
  [[nodiscard]] std::size_t neurons() const noexcept { return std::size_t{shape_.height} * shape_.width * channels_; }
  [[nodiscard]] const TensorShape& shape() const noexcept { return shape_; }    ///< of the neurons, without filling
  [[nodiscard]] std::size_t channels() const noexcept { return channels_; }     ///< with filling
  [[nodiscard]] const TensorShape& output() const noexcept { return output_; }  ///< after pooling

  /// Whether every input reaches every neuron, by weights that no other input uses.
  [[nodiscard]] bool linear() const noexcept { return kernel_ == 1 && shape_.height == 1 && shape_.width == 1; }
  /// Whether outputs are the neurons as computed, number by number.
  [[nodiscard]] bool direct() const noexcept { return pool_ == 1 && channels_ == shape_.channels; }
  /// Otherwise the neurons, as computed, whose spikes output `value` shows: its pooling window.
  [[nodiscard]] std::span<const std::uint32_t> window_of(std::size_t value) const {
    return std::span(windows_).subspan(value * pool_ * pool_, pool_ * pool_);
  }

  /// Weights from and to the order of FloatWeights.
  template <class Number>
  [[nodiscard]] AlignedValues<Number> packed(std::span<const Number> rows) const;
  template <class Number>
  [[nodiscard]] std::vector<Number> unpacked(std::span<const Number> weights) const;

 private:
  /// Calls visit(index in rows, index in packed weights) for every weight.
  template <class Visit>
  void for_weights(Visit&& visit) const;

  TensorShape shape_, output_;
  std::size_t channels_;
  std::uint32_t pool_;
  std::uint32_t kernel_, inputs_per_position_;
  std::size_t sum_stride_, weight_stride_, weights_;
  std::vector<EventPlace> places_;
  std::vector<std::uint32_t> windows_;
};

template <class Visit>
void EventPlan::for_weights(Visit&& visit) const {
  std::size_t row = 0;
  for (std::uint32_t y = 0; y < kernel_; ++y) {
    for (std::uint32_t x = 0; x < kernel_; ++x) {
      for (std::uint32_t c = 0; c < inputs_per_position_; ++c) {
        const std::size_t at =
            ((std::size_t{c} * kernel_ + (kernel_ - 1 - y)) * kernel_ + (kernel_ - 1 - x)) * channels_;
        for (std::uint32_t o = 0; o < shape_.channels; ++o) visit(row++, at + o);
      }
    }
  }
}

template <class Number>
AlignedValues<Number> EventPlan::packed(std::span<const Number> rows) const {
  AlignedValues<Number> weights(weights_);
  for_weights([&](std::size_t row, std::size_t at) { weights[at] = rows[row]; });
  return weights;
}

template <class Number>
std::vector<Number> EventPlan::unpacked(std::span<const Number> weights) const {
  std::vector<Number> rows(weights_ / channels_ * shape_.channels);
  for_weights([&](std::size_t row, std::size_t at) { rows[row] = weights[at]; });
  return rows;
}

}  // namespace rheo::spiking
