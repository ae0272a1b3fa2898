#pragma once

#include <Random123/ars.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/core/normal_table.hpp"

namespace rheo::testing {

/// Word `word` (0 to 3) of 128-bit block `block` of vector `vector`, as the Random123 library computes it.
inline std::uint32_t reference_word(const RandomKey& key, std::uint64_t vector, std::uint64_t block, std::size_t word) {
  using Generator = r123::ARS4x32_R<7>;
  const auto low = [](std::uint64_t word) { return static_cast<std::uint32_t>(word); };
  const auto high = [](std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); };
  const Generator::ctr_type counter{{low(vector), high(vector), low(block), high(block)}};
  const std::uint64_t* k = key.expanded();
  const Generator::key_type words{{low(k[0]), high(k[0]), low(k[1]), high(k[1])}};
  return Generator()(counter, words)[word];
}

/// The variate of one word: tail probability p = m 2^(e-32), sign from the top bit.
inline float reference_normal_of(std::uint32_t word) {
  const auto p = static_cast<float>((word & 0x7FFFFFFFU) | 1U);  // in units of 2^-32
  int exponent = 0;
  const float m = 2 * std::frexp(p, &exponent);  // frexp: [1/2, 1)
  const int at = (exponent - 1 + 127) % 32;
  float z = std::fma(normal_table[3][at], m, normal_table[2][at]);
  z = std::fma(z, m, normal_table[1][at]);
  z = std::fma(z, m, normal_table[0][at]);
  return (word >> 31) != 0 ? -z : z;
}

/// Normal variate `index` of vector `vector`, counted from block `block`.
inline float reference_normal(const RandomKey& key, std::uint64_t vector, std::uint64_t block, std::size_t index) {
  return reference_normal_of(reference_word(key, vector, block + index / 4, index % 4));
}

/// The same bits: distinguishes 0 from -0, which a network may turn into different results.
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Index of the first value whose bits differ, for messages; a.size() when there is none.
template <class T>
std::size_t first_difference(const std::vector<T>& a, const std::vector<T>& b) {
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && std::memcmp(&a[i], &b[i], sizeof(T)) == 0) ++i;
  return i;
}

}  // namespace rheo::testing
