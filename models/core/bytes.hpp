#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace rheo {

/// Saved states are sequences of plain values, written and taken in the same order.
template <class T>
void append_bytes(std::vector<std::byte>& to, std::span<const T> values) {
  static_assert(std::is_trivially_copyable_v<T>);
  const std::size_t at = to.size();
  to.resize(at + values.size_bytes());
  if (!values.empty()) std::memcpy(to.data() + at, values.data(), values.size_bytes());
}

/// Fills `values` from the front of `from` and drops what was taken. Throws std::invalid_argument when there
/// is too little.
template <class T>
void take_bytes(std::span<const std::byte>& from, std::span<T> values) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (from.size() < values.size_bytes()) throw std::invalid_argument("a saved state ends too early");
  if (!values.empty()) std::memcpy(values.data(), from.data(), values.size_bytes());
  from = from.subspan(values.size_bytes());
}

}  // namespace rheo
