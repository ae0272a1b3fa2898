#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "models/core/parameters.hpp"
#include "models/crossbar/compounds/mixed_precision.hpp"
#include "models/crossbar/compounds/one_sided.hpp"
#include "models/crossbar/compounds/transfer.hpp"
#include "models/crossbar/compounds/vector_cells.hpp"

namespace rheo::crossbar {

/// How cells together carry one weight. Each kind is a file in compounds/, where its header says what it does.
enum class Compound : std::uint8_t {
  single,           ///< one cell (its sign by a reference, see SignScheme)
  vector,           ///< a weighted sum of several
  one_sided,        ///< the difference of two that only step up
  transfer,         ///< a fast one for the gradient, a slow one for the weight
  mixed_precision,  ///< one, written from a gradient that is summed digitally
};
inline constexpr std::array<std::string_view, 5> compound_names{"single", "vector", "one_sided", "transfer",
                                                                "mixed_precision"};

/// The kind and, in a table named like it, its parameters; only those of the chosen kind are known.
struct CompoundParameters {
  Compound kind = Compound::single;
  VectorParameters vector;
  OneSidedParameters one_sided;
  TransferParameters transfer;
  MixedPrecisionParameters mixed_precision;

  void describe(Parameters& p);
  /// What is wrong with them together, if anything.
  [[nodiscard]] std::optional<ParameterFault> check() const;
  /// Whether something happens at the end of a mini-batch beside what the cells do by themselves.
  [[nodiscard]] bool acts_at_end_of_batch() const noexcept;
};

}  // namespace rheo::crossbar
