#include "workloads/rapa/winner_count.hpp"

#include <algorithm>
#include <stdexcept>

#include "models/digital/partition.hpp"

namespace rheo::rapa {
namespace {

struct Range {
  std::size_t begin, end;
};

/// Cells of a window along one axis that lie in the plane.
Range inside(std::size_t window, const vector_math::PoolShape& pooling, std::size_t side) {
  const std::size_t first = window * pooling.stride;
  return {first > pooling.padding ? first - pooling.padding : 0,
          std::min(first + pooling.kernel - pooling.padding, side)};
}

}  // namespace

WinnerCount::WinnerCount(std::size_t replicas, std::size_t channels)
    : replicas_(replicas), channels_(channels), wins_(replicas * channels) {}

void WinnerCount::add(std::span<const float> plane, std::span<const std::uint16_t> order,
                      const vector_math::PoolShape& pooling) {
  const std::size_t positions = pooling.height * pooling.width;
  if (pooling.images != 1 || pooling.channels != channels_ || plane.size() != positions * channels_ ||
      order.size() != positions) {
    throw std::invalid_argument("winner count: plane, order and pooling do not fit");
  }
  std::vector<std::size_t> owner(positions);
  for (std::size_t replica = 0; replica < replicas_; ++replica) {
    const std::size_t end = part_begin(positions, replicas_, replica + 1);
    for (std::size_t i = part_begin(positions, replicas_, replica); i < end; ++i) owner.at(order[i]) = replica;
  }
  for (std::size_t row = 0; row < pooling.out_height(); ++row) {
    const Range rows = inside(row, pooling, pooling.height);
    for (std::size_t column = 0; column < pooling.out_width(); ++column) {
      const Range columns = inside(column, pooling, pooling.width);
      for (std::size_t channel = 0; channel < channels_; ++channel) {
        float most = 0;
        std::size_t winner = positions;
        for (std::size_t y = rows.begin; y < rows.end; ++y) {
          for (std::size_t x = columns.begin; x < columns.end; ++x) {
            const float value = plane[(y * pooling.width + x) * channels_ + channel];
            if (value > most) {
              most = value;
              winner = y * pooling.width + x;
            }
          }
        }
        if (winner < positions) ++wins_[owner[winner] * channels_ + channel];
      }
    }
  }
}

}  // namespace rheo::rapa
