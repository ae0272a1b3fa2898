#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rheo {

/// What a stream of random numbers is for. Streams of different purposes never share a number.
enum class RandomPurpose : std::uint32_t {
  cell_population = 1,
  initial_weights,
  forward_noise,
  backward_noise,
  evaluation_noise,
  row_trains,
  column_trains,
  cycle_to_cycle,
  write_noise,
  diffusion,
  reset,
  line_read,  ///< noise of the reads inside a compound
  choice,     ///< which cell, line or row comes next
  choppers,   ///< when signs are switched
  stochastic_rounding,
  programming_noise,
  drift,              ///< each cell's exponent
  conductance_noise,  ///< of what a read sees
  converter_population,
  stochastic_pooling,
  patch_assignment,
  fixed_assignment,
  radio_noise,     ///< of a received signal
  spike_encoding,  ///< pixels to spikes
};

/// Counter-based random numbers: every number is a pure function of (seed, stream, purpose, vector index,
/// position), so the order of execution, blocking and threads cannot change it.
///
/// The generator is ARS-4x32-7 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011):
/// seven AES rounds with Weyl round keys over a 128-bit counter, as in the Random123 library (the tests
/// compare bit by bit). Its round keys stand here expanded.
class RandomKey {
 public:
  static constexpr int rounds = 7;

  RandomKey() noexcept : RandomKey(0, 0, RandomPurpose::cell_population) {}
  RandomKey(std::uint64_t seed, std::uint32_t stream, RandomPurpose purpose) noexcept;
  /// The generator's own 128-bit key.
  static RandomKey from_words(std::uint64_t low, std::uint64_t high) noexcept;

  /// rounds + 1 keys of 128 bits, low word first.
  [[nodiscard]] const std::uint64_t* expanded() const noexcept { return expanded_.data(); }

 private:
  void expand(std::uint64_t low, std::uint64_t high) noexcept;

  alignas(16) std::array<std::uint64_t, 2 * (rounds + 1)> expanded_{};
};

/// Words 4*block, 4*block + 1, ... of vector `vector`: the generator's outputs for the counters
/// (low 64 bits: vector, high 64 bits: block, block + 1, ...).
void random_words(const RandomKey& key, std::uint64_t vector, std::uint64_t block, std::span<std::uint32_t> out);

/// Standard normal variates, one from each word (see normal_table.hpp); the same numbering as random_words.
void random_normals(const RandomKey& key, std::uint64_t vector, std::uint64_t block, std::span<float> out);

/// Uniform in (0, 1), of the leading 23 bits of one word: with 24 the half would round the last one up to 1.
[[nodiscard]] constexpr float uniform_from_word(std::uint32_t word) noexcept {
  return (static_cast<float>(word >> 9) + 0.5F) * 0x1p-23F;
}

}  // namespace rheo
