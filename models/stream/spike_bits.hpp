#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Bit-packed spikes: bit i of a sequence is bit i mod 64 of word i / 64.
namespace rheo::stream {

[[nodiscard]] constexpr std::size_t words_for(std::size_t bits) noexcept { return (bits + 63) / 64; }

/// `count` bits (1 to 64) from bit `at` on.
[[nodiscard]] inline std::uint64_t bits_at(const std::uint64_t* words, std::size_t at, std::size_t count) noexcept {
  const std::size_t shift = at % 64;
  std::uint64_t value = words[at / 64] >> shift;
  if (shift + count > 64) value |= words[at / 64 + 1] << (64 - shift);
  return count == 64 ? value : value & ((std::uint64_t{1} << count) - 1);
}

/// Overwrites `count` bits (1 to 64) from bit `at` on with the lowest bits of `value`.
inline void set_bits(std::uint64_t* words, std::size_t at, std::size_t count, std::uint64_t value) noexcept {
  const std::uint64_t mask = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  value &= mask;
  const std::size_t shift = at % 64;
  std::uint64_t& low = words[at / 64];
  low = (low & ~(mask << shift)) | (value << shift);
  if (shift + count > 64) {
    std::uint64_t& high = words[at / 64 + 1];
    high = (high & ~(mask >> (64 - shift))) | (value >> (64 - shift));
  }
}

/// Copies `count` bits between sequences that do not overlap.
inline void copy_bits(std::uint64_t* to, std::size_t to_at, const std::uint64_t* from, std::size_t from_at,
                      std::size_t count) noexcept {
  while (count > 0) {
    const std::size_t part = std::min<std::size_t>(count, 64);
    set_bits(to, to_at, part, bits_at(from, from_at, part));
    to_at += part;
    from_at += part;
    count -= part;
  }
}

/// Bits in the order in which they were put in.
class BitQueue {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }

  void push(const std::uint64_t* from, std::size_t from_at, std::size_t count) {
    reserve(count);
    copy_bits(words_.data(), end_, from, from_at, count);
    end_ += count;
  }
  void push_zeros(std::size_t count) {
    reserve(count);
    for (std::size_t left = count; left > 0;) {
      const std::size_t part = std::min<std::size_t>(left, 64);
      set_bits(words_.data(), end_, part, 0);
      end_ += part;
      left -= part;
    }
  }
  /// size() must be at least `count`.
  void pop(std::uint64_t* to, std::size_t to_at, std::size_t count) noexcept {
    copy_bits(to, to_at, words_.data(), begin_, count);
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

 private:
  /// Room for `count` more bits: moves what is there to the front, or grows.
  void reserve(std::size_t count) {
    if (words_for(end_ + count) + 1 <= words_.size()) return;
    const std::size_t first = begin_ / 64;
    const std::size_t used = words_for(end_) - first;
    if (first < words_.size() / 2) words_.resize(std::max(2 * words_.size(), words_for(end_ + count) + 1));
    if (first > 0) {
      std::copy_n(words_.begin() + static_cast<std::ptrdiff_t>(first), used, words_.begin());
      begin_ -= first * 64;
      end_ -= first * 64;
    }
    if (words_for(end_ + count) + 1 > words_.size()) words_.resize(words_for(end_ + count) + 1);
  }

  std::vector<std::uint64_t> words_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace rheo::stream
