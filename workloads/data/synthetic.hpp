#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/data/dataset.hpp"

namespace rheo {

/// "synthetic": seven-segment digits 0 to 9 on 28x28 pixels, for tests and first tries without any data file. Place,
/// size, slant, stroke and brightness vary, one stray bar and noise lie over them; the classes are balanced. A linear
/// classifier gets some of them, a small network most.
/// Image i of a set depends on (seed, which set, i) alone and is computed in integers: the same bytes everywhere, and
/// the first n images are the same whatever n is.
[[nodiscard]] ImageSet synthetic_digits(std::size_t count, bool test, std::uint64_t seed);

/// What load_dataset("synthetic") offers.
inline constexpr std::size_t synthetic_train_samples = 10000;
inline constexpr std::size_t synthetic_test_samples = 2000;
inline constexpr std::uint64_t synthetic_seed = 1;

}  // namespace rheo
