#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// How a converter rounds: half to even, or up with the probability of the fraction, so that the mean is unbiased.
enum class Rounding : std::uint8_t { nearest, stochastic };
inline constexpr std::array<std::string_view, 2> rounding_names{"nearest", "stochastic"};

/// How a code reaches its line.
enum class DacScheme : std::uint8_t {
  parallel,     ///< a voltage proportional to the code, for one `tile.read_time`
  bit_serial,   ///< the magnitude's bits one group after the other, each for one `tile.read_time`
  pulse_width,  ///< full voltage for a time proportional to the code
};
inline constexpr std::array<std::string_view, 3> dac_scheme_names{"parallel", "bit_serial", "pulse_width"};

/// Where the phases of a bit-serial read come together.
enum class Accumulation : std::uint8_t {
  digital,  ///< every phase is converted, the codes are shifted and added
  analog,   ///< the phases' charges are weighted and added before one conversion
};
inline constexpr std::array<std::string_view, 2> accumulation_names{"digital", "analog"};

/// Input converters (one per row, and one per column for the backward pass). A normalised input becomes an integer
/// code: rounded to steps of bound / levels and clipped to +-levels. The line then carries
///     d = code + noise xi in units of the steps, times (1 - asymmetry) where it is negative,
/// for the whole code, or for each group of `phase_bits` bits of its magnitude in a bit-serial read. There every
/// phase drives full-scale values, has noise of its own and, with digital accumulation, a conversion of its own;
/// halving the input (bound management) only shifts such phases and hardly helps against clipping.
struct DacParameters {
  std::int64_t bits = 7;  ///< 2^(bits-1) - 1 levels a side: 63 for 7 bits (resolution 1/126 of the range)
  DacScheme scheme = DacScheme::parallel;
  std::int64_t phase_bits = 1;                        ///< bit_serial: magnitude bits of one phase
  Accumulation accumulation = Accumulation::digital;  ///< bit_serial
  double step_time = 1e-9;                            ///< s, pulse_width: one code step; a read takes `levels` of them
  double bound = 1;                                   ///< normalised input that the largest code stands for
  bool quantise = true;                               ///< false: clips, but does not round
  Rounding rounding = Rounding::nearest;
  double noise = 0;      ///< standard deviation, normalised units, on every line, driven or not
  double asymmetry = 0;  ///< negative values are too small by this fraction

  [[nodiscard]] float levels() const noexcept { return static_cast<float>((1 << (bits - 1)) - 1); }

  /// Integrations of one read.
  [[nodiscard]] int phases() const noexcept {
    return scheme == DacScheme::bit_serial ? static_cast<int>((bits - 2 + phase_bits) / phase_bits) : 1;
  }
  /// Of them, those with conversions of their own.
  [[nodiscard]] int converted_phases() const noexcept { return accumulation == Accumulation::digital ? phases() : 1; }
  /// Resolution of what drives a line in one phase.
  [[nodiscard]] std::int64_t drive_bits() const noexcept { return scheme == DacScheme::bit_serial ? phase_bits : bits; }

  void describe(Parameters& p) {
    p.integer("bits", bits, {2, 12}, "resolution of the input converters, sign included");
    p.choice("scheme", scheme, dac_scheme_names, "a voltage, the magnitude's bits in turn, or the width of a pulse");
    p.integer("phase_bits", phase_bits, {1, 11}, "bit_serial: magnitude bits that are applied at a time");
    p.choice("accumulation", accumulation, accumulation_names,
             "bit_serial: convert every phase and shift and add, or add charges and convert once");
    p.retimable().quantity("step_time", step_time, Dimension::seconds, {1e-12, 1},
                           "pulse_width: width of one code step; a read lasts as long as the largest code");
    p.number("bound", bound, {1e-6, 1e6}, "normalised input of the largest code; larger inputs clip");
    p.flag("quantise", quantise, "false: inputs are clipped, but not rounded to codes");
    p.choice("rounding", rounding, rounding_names, "to codes: half to even, or stochastic");
    p.number("noise", noise, {0.0, 1e6}, "standard deviation of the noise on every line, normalised units");
    p.number("asymmetry", asymmetry, {-1.0, 1.0}, "fraction by which negative inputs are too small");
  }
};

/// Output converters. The integrated sum y of an output (in units of weight times normalised input) passes
///     y <- gain y + offset            static errors of the converter
///     y <- y / (1 + |n y|)            S-shaped nonlinearity, n = nonlinearity / bound (1 + deviation xi)
///     y <- y (1 - asymmetry)          where it is negative
///     y <- y + noise xi
/// and becomes clip(round(y / step)) steps, step = 2 bound / (2^bits - 2). A converter serves `shared_by` neighbouring
/// lines, in both directions: its static errors are drawn once and are the same for all of them.
/// The bound is finite, since a step is a fraction of it. A converter that never clips has `quantise = false` and a
/// large bound (nonlinearity and worst-case management are relative to the bound); one without any fault, the key
/// `read.perfect`.
struct AdcParameters {
  std::int64_t bits = 9;
  double bound = 20.0;          ///< largest output magnitude
  double noise = 0.1;           ///< standard deviation of the output noise, same unit
  double rate = 1.28e9;         ///< conversions a second of one converter
  std::int64_t shared_by = 64;  ///< columns (backward: rows) that share one converter
  bool quantise = true;         ///< false: clips, but does not round
  Rounding rounding = Rounding::nearest;
  double asymmetry = 0;               ///< negative values are too small by this fraction
  double noise_deviation = 0;         ///< from converter to converter, of `noise`, relative
  double offset_deviation = 0;        ///< from converter to converter, unit of `bound`
  double gain_deviation = 0;          ///< from converter to converter, relative
  double nonlinearity = 0;            ///< n times bound: an output at the bound shrinks by 1 / (1 + nonlinearity)
  double nonlinearity_deviation = 0;  ///< from converter to converter, relative

  [[nodiscard]] float levels() const noexcept { return static_cast<float>((1 << (bits - 1)) - 1); }
  [[nodiscard]] float step() const noexcept { return static_cast<float>(bound) / levels(); }

  void describe(Parameters& p) {
    p.integer("bits", bits, {2, 12}, "resolution of the output converters, sign included");
    p.number("bound", bound, {1e-6, 1e6}, "largest output magnitude, in units of weight times normalised input");
    p.number("noise", noise, {0.0, 1e6}, "standard deviation of the output noise, same unit as bound");
    p.retimable().quantity("rate", rate, Dimension::hertz, {1e3, 1e12}, "conversions a second of one converter");
    p.retimable().integer("shared_by", shared_by, {1, 4096},
                          "columns (rows in the backward pass) that share one converter");
    p.flag("quantise", quantise, "false: outputs are clipped, but not rounded to codes");
    p.choice("rounding", rounding, rounding_names, "to codes: half to even, or stochastic");
    p.number("asymmetry", asymmetry, {-1.0, 1.0}, "fraction by which negative outputs are too small");
    p.number("noise_deviation", noise_deviation, {0.0, 10.0},
             "converter-to-converter deviation of the noise, relative");
    p.number("offset_deviation", offset_deviation, {0.0, 1e6}, "converter-to-converter deviation of the offset");
    p.number("gain_deviation", gain_deviation, {0.0, 10.0}, "converter-to-converter deviation of the gain, relative");
    p.number("nonlinearity", nonlinearity, {0.0, 1e3}, "outputs y shrink to y / (1 + nonlinearity |y| / bound)");
    p.number("nonlinearity_deviation", nonlinearity_deviation, {0.0, 10.0},
             "converter-to-converter deviation of the nonlinearity, relative");
  }
};

}  // namespace rheo::crossbar
