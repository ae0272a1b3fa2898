#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "models/core/parameters.hpp"
#include "models/crossbar/converters.hpp"
#include "models/crossbar/management.hpp"
#include "models/crossbar/wires.hpp"

namespace rheo::crossbar {

/// Noise of the cells while they are read. x is what the lines carry, in normalised units.
enum class WeightNoise : std::uint8_t {
  constant,  ///< every weight by weight_noise xi: the output by weight_noise ||x|| xi
  pcm,       ///< growing with the conductance: the output by weight_noise sqrt(sum |w| x^2) xi
};
inline constexpr std::array<std::string_view, 2> weight_noise_names{"constant", "pcm"};

/// The array while it is read, apart from its converters.
struct ArrayReadParameters {
  bool perfect = false;     ///< the exact product: converters, noise and management bypassed in value
  double weight_noise = 0;  ///< output-referred noise of the cells, weight units; drawn anew in every read
  WeightNoise weight_noise_kind = WeightNoise::constant;

  void describe(Parameters& p) {
    p.flag("perfect", perfect, "exact products: converters, noises and management are bypassed in value");
    p.number("weight_noise", weight_noise, {0.0, 1e6}, "noise of the cells while they are read, weight units");
    p.choice("weight_noise_kind", weight_noise_kind, weight_noise_names,
             "the same for every weight, or growing with the square root of its conductance");
  }
};

/// A weight in several cells. The magnitude |w| / full scale is quantised to slices x bits_per_cell bits and cut into
/// `slices` groups of bits, least significant first; the pair of cells of each group holds it at the full range of its
/// conductance and is read through lines and converters of its own. The codes are shifted and added.
/// The transposed read drives the slices of a column one after the other, since each has a weight of its own.
/// For weights that are programmed, not for cells that pulses train.
struct SlicingParameters {
  std::int64_t slices = 0;  ///< 0: one pair of cells a weight, of any conductance
  std::int64_t bits_per_cell = 2;

  [[nodiscard]] bool on() const noexcept { return slices > 0; }
  /// Pairs of cells a weight takes.
  [[nodiscard]] std::size_t pairs() const noexcept { return on() ? static_cast<std::size_t>(slices) : 1; }

  void describe(Parameters& p) {
    p.integer("slices", slices, {0, 16},
              "pairs of cells that share the bits of a programmed weight; 0: one pair of any conductance");
    p.integer("bits_per_cell", bits_per_cell, {1, 8}, "bits of the magnitude that a pair of cells holds");
  }
};

/// One direction of reads.
struct ReadParameters {
  DacParameters dac;
  AdcParameters adc;
  ManagementParameters management;
  ArrayReadParameters read;
  WireParameters wires;

  /// As the table [backward]; its bound management is management.backward_bound.
  void describe(Parameters& p) {
    p.section("dac", dac, "input converters of the backward pass");
    p.section("adc", adc, "output converters of the backward pass");
    p.begin_section("management", "noise management of the backward pass");
    management.describe_noise(p);
    p.end_section();
    p.section("read", read, "the array while it is read backward");
    p.section("wires", wires, "resistance of the wires in the backward pass");
  }
};

/// A value that does not go with the others.
struct ReadFault {
  std::string key;   ///< as in a configuration, e.g. "dac.phase_bits"
  std::string text;  ///< "what is wrong; what is allowed"
};

/// Whether the values of a direction go together; keys of the fault begin with `prefix` ("" or "backward.").
[[nodiscard]] std::optional<ReadFault> check(const ReadParameters& parameters, BoundManagement bound,
                                             const SlicingParameters& slicing, const std::string& prefix);

}  // namespace rheo::crossbar
