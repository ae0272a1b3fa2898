#pragma once

#include <cstdint>

#include "models/core/parameters.hpp"
#include "models/crossbar/pulse_update.hpp"

namespace rheo::crossbar {

/// One-sided pair: w = g+ - g-. Pulses that mean up step g+ up, pulses that mean down step g- up; nothing steps down,
/// so the pair saturates and is refreshed from time to time.
///
/// Refresh, row after row: both cells are read through the output converters. Where the larger of g+ / w_max and
/// g- / w_max passes the upper threshold and the smaller the lower one, both cells are reset and the difference is
/// written onto one of them by a pulsed update, open loop. w_max is that of the population.
///
/// copy_inverted: g- is the mirror of its g+: the same cell, pulsed down from zero (it needs w_min < 0).
/// Source: OneSidedUnitCell of aihwkit; Gong et al. 2018, doi:10.1063/1.5042462.
struct OneSidedParameters {
  std::int64_t refresh_every = 0;
  bool units_in_mbatch = true;
  double refresh_upper_thres = 0.75;
  double refresh_lower_thres = 0.25;
  bool copy_inverted = false;
  UpdateParameters refresh_update;

  void describe(Parameters& p) {
    p.integer("refresh_every", refresh_every, {0, 1'000'000'000},
              "refresh every so many batches (or vectors); 0: never");
    p.flag("units_in_mbatch", units_in_mbatch, "refresh_every counts mini-batches, else vectors");
    p.number("refresh_upper_thres", refresh_upper_thres, {0.0, 10.0}, "of the larger cell, relative to w_max");
    p.number("refresh_lower_thres", refresh_lower_thres, {0.0, 10.0}, "of the smaller cell, relative to w_max");
    p.flag("copy_inverted", copy_inverted, "the negative cell is the positive one, pulsed down from zero");
    p.section("refresh_update", refresh_update, "the update that writes the difference back");
  }
};

}  // namespace rheo::crossbar
