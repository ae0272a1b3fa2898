#include "workloads/data/sample_order.hpp"

#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "workloads/data/word_stream.hpp"

namespace rheo {

std::vector<std::uint32_t> sample_order(std::size_t count, std::uint64_t seed, std::uint64_t epoch) {
  if (count > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("sample_order: more than 2^32 - 1 samples");
  }
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  WordStream words(seed, StreamPurpose::sample_order, epoch);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[words.below(static_cast<std::uint32_t>(i))]);
  }
  return order;
}

}  // namespace rheo
