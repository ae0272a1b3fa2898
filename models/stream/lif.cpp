#include "models/stream/lif.hpp"

#include <fmt/format.h>

#include <bit>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"

namespace rheo::stream {
namespace {

constexpr std::size_t lanes = 16;  // values of a row are padded to whole vectors

template <class Lif, class Value>
void fire_all(const Lif& lif, std::span<const Value> sums, std::span<Value> membranes,
              std::span<std::uint64_t> out) noexcept {
  for (std::size_t first = 0; first < membranes.size(); first += 64) {
    std::uint64_t bits = 0;
    const std::size_t count = std::min<std::size_t>(64, membranes.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      bits |= std::uint64_t{lif.fire(membranes[first + i], sums[first + i])} << i;
    }
    out[first / 64] = bits;
  }
}

}  // namespace

WeightMatrix::WeightMatrix(std::span<const std::int32_t> values, std::uint32_t in_features, std::uint32_t out_features,
                           std::uint32_t bits)
    : in_features_(in_features), out_features_(out_features), bits_(bits), row_(round_up(out_features, lanes)) {
  const std::string what = fmt::format("weights {} x {} of {} bits", in_features, out_features, bits);
  if (bits < 2 || bits > 16) throw InputError(what, "expected 2 to 16 bits");
  if (values.size() != std::size_t{in_features} * out_features) {
    throw InputError(what,
                     fmt::format("{} values; expected {}", values.size(), std::size_t{in_features} * out_features));
  }
  const std::int32_t bound = std::int32_t{1} << (bits - 1);
  if (std::uint64_t{in_features} * static_cast<std::uint64_t>(bound) > 0x7FFFFFFF) {
    throw InputError(what, "the largest sum exceeds 31 bits; expected fewer inputs or bits");
  }
  values_.resize(std::size_t{in_features} * row_);
  for (std::size_t i = 0; i < in_features; ++i) {
    for (std::size_t o = 0; o < out_features; ++o) {
      const std::int32_t value = values[i * out_features + o];
      if (value < -bound || value >= bound) {
        throw InputError(what, fmt::format("the value {}; expected {} to {}", value, -bound, bound - 1));
      }
      values_[i * row_ + o] = static_cast<std::int16_t>(value);
    }
  }
}

std::uint32_t WeightMatrix::accumulate(std::span<const std::uint64_t> spikes,
                                       std::span<std::int32_t> sums) const noexcept {
  std::fill(sums.begin(), sums.end(), 0);
  std::int32_t* const to = sums.data();
  std::uint32_t count = 0;
  for (std::size_t word = 0; word < spikes.size(); ++word) {
    for (std::uint64_t left = spikes[word]; left != 0; left &= left - 1) {
      const std::size_t input = word * 64 + static_cast<std::size_t>(std::countr_zero(left));
      const std::int16_t* const row = values_.data() + input * row_;
      for (std::size_t block = 0; block < row_; block += lanes) {
        for (std::size_t o = 0; o < lanes; ++o) to[block + o] += row[block + o];
      }
      ++count;
    }
  }
  return count;
}

void fire(const LifParameters& lif, std::span<const std::int32_t> sums, std::span<std::int32_t> membranes,
          std::span<std::uint64_t> out) noexcept {
  fire_all(lif, sums, membranes, out);
}

void fire(const RealLif& lif, std::span<const float> sums, std::span<float> membranes,
          std::span<std::uint64_t> out) noexcept {
  fire_all(lif, sums, membranes, out);
}

}  // namespace rheo::stream
