#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// Input converters (one per row, and one per column for the backward pass). A normalised input in [-1, 1]
/// becomes an integer code: round half to even to steps of 1 / levels, clipped to +-levels.
struct DacParameters {
  std::int64_t bits = 7;  ///< 2^(bits-1) - 1 levels a side: 63 for 7 bits (resolution 1/126 of the range)

  [[nodiscard]] float levels() const noexcept { return static_cast<float>((1 << (bits - 1)) - 1); }

  void describe(Parameters& p) {
    p.integer("bits", bits, {2, 12}, "resolution of the input converters, sign included");
  }
};

/// Output converters. The integrated sum y (in units of weight times normalised input) becomes
/// clip(round((y + noise xi) / step)) steps, step = 2 bound / (2^bits - 2).
struct AdcParameters {
  std::int64_t bits = 9;
  double bound = 20.0;          ///< largest output magnitude
  double noise = 0.1;           ///< standard deviation of the output noise, same unit
  double rate = 1.28e9;         ///< conversions a second of one converter
  std::int64_t shared_by = 64;  ///< columns (backward: rows) that share one converter

  [[nodiscard]] float levels() const noexcept { return static_cast<float>((1 << (bits - 1)) - 1); }
  [[nodiscard]] float step() const noexcept { return static_cast<float>(bound) / levels(); }

  void describe(Parameters& p) {
    p.integer("bits", bits, {2, 12}, "resolution of the output converters, sign included");
    p.number("bound", bound, {1e-6, 1e6}, "largest output magnitude, in units of weight times normalised input");
    p.number("noise", noise, {0.0, 1e6}, "standard deviation of the output noise, same unit as bound");
    p.quantity("rate", rate, Dimension::hertz, {1e3, 1e12}, "conversions a second of one converter");
    p.integer("shared_by", shared_by, {1, 4096}, "columns (rows in the backward pass) that share one converter");
  }
};

enum class BoundManagement : std::uint8_t { none, iterative };
inline constexpr std::array<std::string_view, 2> bound_management_names{"none", "iterative"};

/// What the digital periphery does around a read.
struct ManagementParameters {
  bool noise = true;  ///< scale every input vector by its largest magnitude
  BoundManagement forward_bound = BoundManagement::iterative;
  BoundManagement backward_bound = BoundManagement::none;
  std::int64_t max_halvings = 4;  ///< of the input, while an output clips

  void describe(Parameters& p) {
    p.flag("noise", noise, "noise management: divide each input vector by its largest magnitude");
    p.choice("forward_bound", forward_bound, bound_management_names,
             "bound management of the forward pass: halve the input and read again while an output clips");
    p.choice("backward_bound", backward_bound, bound_management_names, "the same for the backward pass");
    p.integer("max_halvings", max_halvings, {0, 16}, "reads repeated at most per vector");
  }
};

}  // namespace rheo::crossbar
