#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// What noise management divides an input vector by.
enum class NoiseScale : std::uint8_t {
  absolute_maximum,  ///< its largest magnitude
  maximum,           ///< its largest value; a vector without a positive value reads as zero
  constant,          ///< a constant
  worst_case,        ///< its largest magnitude, or more where cells of one assumed weight could make an output clip
};
inline constexpr std::array<std::string_view, 4> noise_scale_names{"absolute_maximum", "maximum", "constant",
                                                                   "worst_case"};

/// What happens when an output clips.
enum class BoundManagement : std::uint8_t {
  none,
  iterative,             ///< read again with half the input, until nothing clips
  iterative_worst_case,  ///< read again with the worst-case scale, then halve
  shift,                 ///< lower all outputs of the vector in front of the converters so that the largest just fits
};
inline constexpr std::array<std::string_view, 4> bound_management_names{"none", "iterative", "iterative_worst_case",
                                                                        "shift"};

/// What the digital periphery does around a read. The vector x is read as alpha R(x / alpha), where alpha is
///     absolute_maximum  min(max |x|, limit)
///     maximum           min(max x, limit)
///     constant          the constant
///     worst_case        max(m, min(s w / bound, m levels / worst_case_levels)), m = min(max |x|, limit),
///                       s the larger of the sums of positive and of negative inputs, w the assumed weight
/// A vector of zeros is not read at all, its outputs are zero. An average over the vectors before (aihwkit's
/// AverageAbsMax) is left out: it would make a result depend on what was read earlier.
/// Bound management of aihwkit stops when the factor 2^h passes max_bm_factor = 1000 or max_bm_res levels: with
/// 63 levels and max_bm_res = 0.25 after h = 4 halvings, which is `max_halvings` here. Shifting is not undone: the
/// differences between the outputs stay right, as a softmax needs them.
struct ManagementParameters {
  bool noise = true;  ///< noise management
  BoundManagement forward_bound = BoundManagement::iterative;
  BoundManagement backward_bound = BoundManagement::none;
  std::int64_t max_halvings = 4;  ///< of the input, while an output clips
  NoiseScale noise_scale = NoiseScale::absolute_maximum;
  double noise_constant = 1;           ///< alpha of `constant`
  double noise_limit = 0;              ///< largest alpha of the others, 0: none; larger inputs clip
  double assumed_weight = 0.6;         ///< w of the worst case, weight units
  std::int64_t worst_case_levels = 4;  ///< that the worst case leaves to the largest input at least

  void describe(Parameters& p) {
    describe_noise(p);
    p.choice("forward_bound", forward_bound, bound_management_names,
             "bound management of the forward pass: read again with a smaller input while an output clips, or shift");
    p.choice("backward_bound", backward_bound, bound_management_names, "the same for the backward pass");
  }
  /// What may differ between the passes without having a key for each.
  void describe_noise(Parameters& p) {
    p.flag("noise", noise, "noise management: divide each input vector by a scale and multiply the outputs by it");
    p.choice("noise_scale", noise_scale, noise_scale_names, "the scale of noise management");
    p.number("noise_constant", noise_constant, {1e-30, 1e30}, "the scale, when it is constant");
    p.number("noise_limit", noise_limit, {0.0, 1e30}, "largest scale otherwise, larger inputs clip; 0: no limit");
    p.number("assumed_weight", assumed_weight, {1e-30, 1e30}, "weight of all cells in the worst case");
    p.integer("worst_case_levels", worst_case_levels, {1, 2047},
              "levels of the input converters that the worst case leaves to the largest input");
    p.integer("max_halvings", max_halvings, {0, 16}, "halvings at most per vector");
  }
};

}  // namespace rheo::crossbar
