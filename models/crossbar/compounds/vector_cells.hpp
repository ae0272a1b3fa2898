#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// Which cells of a vector cell take an update.
enum class UpdatePolicy : std::uint8_t {
  all,                ///< every cell, each with noise of its own
  single_fixed,       ///< always cell first_update_idx
  single_sequential,  ///< vector v goes to cell (first_update_idx + v) mod cells
  single_random,      ///< each vector to a cell drawn for it
};
inline constexpr std::array<std::string_view, 4> update_policy_names{"all", "single_fixed", "single_sequential",
                                                                     "single_random"};

/// Vector cell: w = sum over k of gamma_k w_k, `cells` cells at every cross-point on lines of their own.
/// Trains are made for one cell (its dw_min), so with gamma_k = 1 / cells a weight moves by what the update asks for
/// under the policy `all`, and by 1 / cells of it where one cell takes each vector.
/// v is the vector's number in the run, whatever the blocks and threads.
/// Writing w gives every cell w / sum of gamma.
/// Source: VectorUnitCell and ReferenceUnitCell (gamma 1, -1; single_fixed) of aihwkit; multi-memristive synapse of
/// Boybat et al. 2018, doi:10.1038/s41467-018-04933-y.
struct VectorParameters {
  std::int64_t cells = 2;
  UpdatePolicy update_policy = UpdatePolicy::all;
  std::int64_t first_update_idx = 0;
  std::vector<double> gamma_vec;  ///< one a cell; empty: 1 / cells each

  void describe(Parameters& p) {
    p.integer("cells", cells, {1, 64}, "cells that carry one weight");
    p.choice("update_policy", update_policy, update_policy_names, "which of them take an update");
    p.integer("first_update_idx", first_update_idx, {0, 63},
              "the cell of single_fixed, the first of single_sequential");
    p.numbers("gamma_vec", gamma_vec, 0, {-1e6, 1e6}, "weight of each cell in the sum; none: 1 / cells each");
  }
  [[nodiscard]] std::optional<ParameterFault> check() const;
  [[nodiscard]] std::vector<float> gains() const;
};

}  // namespace rheo::crossbar
