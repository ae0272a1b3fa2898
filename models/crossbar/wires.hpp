#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// What the loss along a line that collects current is reckoned from.
enum class WireLoad : std::uint8_t {
  current,      ///< its current in the read at hand, as published
  conductance,  ///< the conductance of its cells: the loss is then linear in the inputs, as in a resistive network
};
inline constexpr std::array<std::string_view, 2> wire_load_names{"current", "conductance"};

/// Voltage that is lost along the wires of the array (IR drop), to the first orders; off by default.
///
/// Columns, in a forward read. The current of a column flows along its wire to the converter, which is next to input 0,
/// and lifts the wire where the far cells are, so that they see less voltage. Output i loses
///     column_drop c(a) sum_j w_j x_j (1 - (1 - j / n)^2),   c(a) = a (a (0.05 a - 0.2) + 0.5)
/// for n cells, where the load a is n / ratio times the sum of |w_j x_j| (`current`) or of |w_j| (`conductance`),
/// weights relative to full scale, `ratio` the conductance of the wire from cell to cell over the largest one of a
/// cell. Source: `current` is aihwkit's ir_drop (Rasch et al. 2023, doi:10.1038/s41467-023-40770-4), with |w| as the
/// conductance of a pair of cells. (Its documentation puts the first input farthest away; its formula, nearest.)
/// `conductance` is ours: a linear network answers linearly.
///
/// Rows, in a forward read: of our own, the analogous thing. A row is fed next to output 0 and loses voltage towards
/// its end, with the load a = m / ratio times the sum of |w| of its m cells. Output i loses
///     row_drop (1 - (1 - i / m)^2) sum_j w_j x_j c(a_j).
/// A backward read feeds the columns and collects from the rows: the same laws, rows and columns exchanged.
///
/// c(a) follows 1 - sech(sqrt a), the loss at the far end of a uniform line whose cells conduct a times what the wire
/// does: to 0.002 up to a = 1, to 0.01 up to 1.5. Beyond 2 the formula has left its range.
///
/// How good (tests/crossbar/wires_test.cpp, 64 x 48 random cells against the exact resistive network, errors in parts
/// of the loss): `conductance` 3 % at a loss of 7 % of the output, rows 2 % at 12 %, both at once 6 % at 10 %.
/// `current` is exact to first order for inputs at full scale and misses half of the loss for inputs of one half: they
/// are then short pulses at full voltage to it.
struct WireParameters {
  double column_drop = 0;  ///< factor on the columns' loss; 1: the wires as they are, 0: without resistance
  double row_drop = 0;     ///< the same for the rows
  WireLoad load = WireLoad::current;
  double conductance_ratio = 571e3;  ///< wire from cell to cell over cell at full scale: 1 / (0.35 Ohm x 5 uS)

  [[nodiscard]] bool off() const noexcept { return column_drop == 0 && row_drop == 0; }

  void describe(Parameters& p) {
    p.number("column_drop", column_drop, {0.0, 1e6}, "IR drop along the columns: 1 as the wires are, 0 none");
    p.number("row_drop", row_drop, {0.0, 1e6}, "IR drop along the rows");
    p.choice("load", load, wire_load_names, "what the loss of a collecting line follows: its current, or its cells");
    p.number("conductance_ratio", conductance_ratio, {1.0, 1e12},
             "conductance of the wire between two cells over the largest conductance of a cell");
  }
};

/// Share of the loss at the far end that a cell sees: 0 next to the near end, nearly 1 at the far one.
[[nodiscard]] inline float wire_position(std::size_t index, std::size_t count) noexcept {
  const float away = 1.0F - static_cast<float>(index) / static_cast<float>(count);
  return 1.0F - away * away;
}

/// c(a), the loss at the far end.
[[nodiscard]] constexpr float far_end_loss(float a) noexcept { return a * (a * (0.05F * a - 0.2F) + 0.5F); }

}  // namespace rheo::crossbar
