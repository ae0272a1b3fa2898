#include "models/core/counter_random.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/core/counter_random.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include <hwy/highway.h>

#include "models/core/counter_random-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::HWY_NAMESPACE {

void FillWords(const RandomKey& key, std::uint64_t vector, std::uint64_t block, std::uint32_t* out, std::size_t count) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(RandomWords(d, key, vector, block + i / 4), d, out + i);
  if (i < count) {
    hn::BlendedStore(RandomWords(d, key, vector, block + i / 4), hn::FirstN(d, count - i), d, out + i);
  }
}

void FillNormals(const RandomKey& key, std::uint64_t vector, std::uint64_t block, float* out, std::size_t count) {
  const hn::ScalableTag<std::uint32_t> d;
  const hn::RebindToFloat<decltype(d)> df;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < count; i += lanes) {
    const auto z = NormalFromWords(d, RandomWords(d, key, vector, block + i / 4));
    if (i + lanes <= count) {
      hn::StoreU(z, df, out + i);
    } else {
      hn::BlendedStore(z, hn::FirstN(df, count - i), df, out + i);
    }
  }
}

}  // namespace rheo::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo {
namespace {

HWY_EXPORT(FillWords);
HWY_EXPORT(FillNormals);

/// Stafford's variant 13 of the finaliser of SplitMix64: spreads the bits of seed, stream and purpose.
constexpr std::uint64_t mixed(std::uint64_t z) noexcept {
  z += 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

}  // namespace

RandomKey::RandomKey(std::uint64_t seed, std::uint32_t stream, RandomPurpose purpose) noexcept {
  const std::uint64_t low = mixed(seed ^ mixed((std::uint64_t{stream} << 32) | static_cast<std::uint32_t>(purpose)));
  expand(low, mixed(low));
}

RandomKey RandomKey::from_words(std::uint64_t low, std::uint64_t high) noexcept {
  RandomKey key;
  key.expand(low, high);
  return key;
}

void RandomKey::expand(std::uint64_t low, std::uint64_t high) noexcept {
  for (std::size_t i = 0; i <= rounds; ++i) {
    expanded_[2 * i] = low + i * 0x9E3779B97F4A7C15U;
    expanded_[2 * i + 1] = high + i * 0xBB67AE8584CAA73BU;
  }
}

void random_words(const RandomKey& key, std::uint64_t vector, std::uint64_t block, std::span<std::uint32_t> out) {
  HWY_DYNAMIC_DISPATCH(FillWords)(key, vector, block, out.data(), out.size());
}

void random_normals(const RandomKey& key, std::uint64_t vector, std::uint64_t block, std::span<float> out) {
  HWY_DYNAMIC_DISPATCH(FillNormals)(key, vector, block, out.data(), out.size());
}

}  // namespace rheo
#endif  // HWY_ONCE
