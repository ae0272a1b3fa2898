#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// How cells together carry one weight.
enum class Compound : std::uint8_t {
  single,  ///< one cell (its sign by a reference, see SignScheme)
};
inline constexpr std::array<std::string_view, 1> compound_names{"single"};

struct CompoundParameters {
  Compound kind = Compound::single;

  void describe(Parameters& p) { p.choice("compound", kind, compound_names, "how cells together carry one weight"); }
};

}  // namespace rheo::crossbar
