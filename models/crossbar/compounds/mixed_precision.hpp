#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// What carries the weights that mixed precision writes.
enum class WrittenCells : std::uint8_t { single, one_sided };
inline constexpr std::array<std::string_view, 2> written_cells_names{"single", "one_sided"};

/// Mixed precision: the gradient is summed digitally, chi <- chi + lr x d, and every `transfer_every` mini-batches the
/// columns of the crossbar (aihwkit's rows) take n = trunc(chi / granularity) pulses each weight, chi <- chi - n
/// granularity: what is too little for a pulse stays, and so does what is more than the longest train holds, so nothing
/// is lost. n reaches the cells as a pulsed update of n granularity transfer_lr with update and length management,
/// in the tile's update_mode: in deterministic_implicit each cell gets exactly n pulses.
///
/// Quantisation (n_x_bins, n_d_bins > 0): x and d of a vector are rounded to multiples of their largest magnitude over
/// floor(bins / 2), stochastically (round(v + u - 1/2), u uniform) or to the nearest.
/// chi takes a digital word a weight. Multiply-adds: inputs x outputs a vector; with both quantised, those whose
/// factors are not zero. Source: Nandakumar et al. 2020, doi:10.3389/fnins.2020.00406; MixedPrecisionCompound of
/// aihwkit.
struct MixedPrecisionParameters {
  WrittenCells device = WrittenCells::single;
  std::int64_t transfer_every = 1;
  std::int64_t n_rows_per_transfer = -1;
  bool random_row = false;
  double granularity = 0.0;
  double transfer_lr = 1.0;
  std::int64_t n_x_bins = 0;
  std::int64_t n_d_bins = 0;
  bool stoc_round_x = true;
  bool stoc_round_d = true;

  void describe(Parameters& p) {
    p.choice("device", device, written_cells_names, "what carries the weights; one_sided: with [device.one_sided]");
    p.integer("transfer_every", transfer_every, {1, 1'000'000'000}, "mini-batches from one write to the next");
    p.integer("n_rows_per_transfer", n_rows_per_transfer, {-1, 65536}, "outputs written at a time; -1: all");
    p.flag("random_row", random_row, "begin at an output drawn for each write, not where the last one ended");
    p.number("granularity", granularity, {0.0, 1e6}, "of what is written, weight units; 0: that of the cell");
    p.number("transfer_lr", transfer_lr, {0.0, 1e6}, "factor on what is written");
    p.integer("n_x_bins", n_x_bins, {0, 65536}, "steps of x before the product; 0: not quantised");
    p.integer("n_d_bins", n_d_bins, {0, 65536}, "steps of d before the product; 0: not quantised");
    p.flag("stoc_round_x", stoc_round_x, "x is rounded stochastically, not to the nearest");
    p.flag("stoc_round_d", stoc_round_d, "d is rounded stochastically, not to the nearest");
  }
};

}  // namespace rheo::crossbar
