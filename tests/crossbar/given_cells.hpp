#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "models/crossbar/cell_family.hpp"

namespace rheo::crossbar::testing {

/// Cells given one by one instead of drawn: rows of `columns`, padded to 16 with cells that cannot move.
struct GivenCells {
  std::size_t rows, columns, stride;
  std::vector<float> weights, visible, up, down, low, high;
  std::array<std::vector<float>, most_own_values> own;
  float cycle_to_cycle = 0;
  float write_noise = 0;

  GivenCells(std::size_t row_count, std::size_t column_count, float sigma)
      : rows(row_count), columns(column_count), stride((column_count + 15) / 16 * 16), cycle_to_cycle(sigma) {
    for (std::vector<float>* values : {&weights, &visible, &up, &down, &low, &high, &own[0], &own[1], &own[2]}) {
      values->assign(rows * stride, 0.0F);
    }
  }

  /// The same cell everywhere.
  GivenCells(std::size_t row_count, std::size_t column_count, float sigma, const Cell& cell)
      : GivenCells(row_count, column_count, sigma) {
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) set(i, j, cell);
    }
  }

  void set(std::size_t i, std::size_t j, const Cell& cell) {
    const std::size_t at = i * stride + j;
    up[at] = cell.step_up;
    down[at] = cell.step_down;
    low[at] = cell.bound_low;
    high[at] = cell.bound_high;
    for (std::size_t k = 0; k < own.size(); ++k) own[k][at] = cell.own[k];
  }

  void put(float weight) {
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) weights[i * stride + j] = weight;
    }
  }

  [[nodiscard]] CellArrays arrays() {
    CellArrays cells;
    cells.weights = weights.data();
    cells.visible = write_noise > 0 ? visible.data() : nullptr;
    cells.step_up = up.data();
    cells.step_down = down.data();
    cells.bound_low = low.data();
    cells.bound_high = high.data();
    for (std::size_t k = 0; k < own.size(); ++k) cells.own[k] = own[k].data();
    cells.row_stride = stride;
    cells.cycle_to_cycle = cycle_to_cycle;
    cells.write_noise = write_noise;
    return cells;
  }

  /// The values without padding, row by row.
  [[nodiscard]] std::vector<float> inside(const std::vector<float>& values) const {
    std::vector<float> all;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) all.push_back(values[i * stride + j]);
    }
    return all;
  }
};

}  // namespace rheo::crossbar::testing
