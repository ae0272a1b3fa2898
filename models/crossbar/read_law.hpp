#pragma once

#include <algorithm>
#include <cstdint>

#include "models/crossbar/read_parameters.hpp"
#include "models/crossbar/read_path.hpp"

namespace rheo::crossbar {

/// What one read of one vector takes from the hardware. S is the number of slices of a weight (1: not sliced), P the
/// phases of the input (1 but for bit_serial), C those that are converted by themselves (P, or 1 when charges are
/// added). Forward, the slices of a weight are columns next to each other and are read at once. Backward they hang on
/// the same row and are driven one after the other.
struct ReadLaw {
  std::uint64_t integrations = 1;         ///< one after the other: P, backward P x S
  std::uint64_t lines = 0;                ///< output lines: o x S, backward o
  std::uint64_t samples = 0;              ///< outputs integrated and held: o x S x P
  std::uint64_t conversions = 0;          ///< o x S x C
  std::uint64_t conversions_in_turn = 0;  ///< of the busiest converter: min(o x S, shared_by) x C, backward
                                          ///< min(o, shared_by) x S x C
  std::uint64_t additions = 0;            ///< shifts and additions of codes: o x (S x C - 1)
  std::uint64_t cells = 0;                ///< pairs of cells whose lines are read: i x o x S x P
  double integration = 0;                 ///< s, one: read_time, or pulse_width: levels x step_time

  ReadLaw(const ReadParameters& p, const SlicingParameters& slicing, Direction direction, std::uint64_t inputs,
          std::uint64_t outputs, double read_time) {
    const auto slices = static_cast<std::uint64_t>(slicing.pairs());
    const auto phases = static_cast<std::uint64_t>(p.dac.phases());
    const auto converted = static_cast<std::uint64_t>(p.dac.converted_phases());
    const auto shared = static_cast<std::uint64_t>(p.adc.shared_by);
    const bool forward = direction == Direction::forward;
    integrations = forward ? phases : phases * slices;
    lines = forward ? outputs * slices : outputs;
    samples = outputs * slices * phases;
    conversions = outputs * slices * converted;
    conversions_in_turn = std::min(lines, shared) * converted * (forward ? 1 : slices);
    additions = outputs * (slices * converted - 1);
    cells = inputs * outputs * slices * phases;
    integration =
        p.dac.scheme == DacScheme::pulse_width ? static_cast<double>(p.dac.levels()) * p.dac.step_time : read_time;
  }
};

}  // namespace rheo::crossbar
