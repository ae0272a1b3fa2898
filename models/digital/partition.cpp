#include "models/digital/partition.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rheo {
namespace {

/// The words of one vector of a key, one after the other.
class Words {
 public:
  Words(const RandomKey& key, std::uint64_t vector) : key_(key), vector_(vector) {}

  std::uint32_t next() {
    if (taken_ % words_.size() == 0) random_words(key_, vector_, taken_ / 4, words_);
    return words_[taken_++ % words_.size()];
  }
  std::uint32_t below(std::uint32_t n) {
    std::uint64_t product = std::uint64_t{next()} * n;
    const std::uint32_t threshold = (0U - n) % n;
    while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{next()} * n;
    return static_cast<std::uint32_t>(product >> 32);
  }
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

 private:
  const RandomKey& key_;
  std::uint64_t vector_;
  std::uint64_t taken_ = 0;
  std::array<std::uint32_t, 64> words_{};
};

}  // namespace

PartitionCost draw_partition(const RandomKey& key, std::uint64_t draw, std::size_t positions, std::size_t parts,
                             std::span<std::uint16_t> order) {
  if (parts < 1 || parts > order.size() || order.size() > positions || positions > 65535) {
    throw std::invalid_argument("draw_partition: expected 1 <= parts <= kept positions <= positions <= 65535");
  }
  std::vector<std::uint32_t> part_of(positions, static_cast<std::uint32_t>(parts));
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t begin = part_begin(order.size(), parts, part);
    const std::size_t end = part_begin(order.size(), parts, part + 1);
    std::fill_n(part_of.begin() + static_cast<std::ptrdiff_t>(begin), end - begin, static_cast<std::uint32_t>(part));
  }
  Words words(key, draw);
  for (std::size_t i = positions; i > 1; --i) {
    std::swap(part_of[i - 1], part_of[words.below(static_cast<std::uint32_t>(i))]);
  }
  std::vector<std::size_t> next(parts + 1, order.size());
  for (std::size_t part = 0; part < parts; ++part) next[part] = part_begin(order.size(), parts, part);
  for (std::size_t position = 0; position < positions; ++position) {
    if (part_of[position] < parts) order[next[part_of[position]]++] = static_cast<std::uint16_t>(position);
  }
  return {words.taken()};
}

}  // namespace rheo
