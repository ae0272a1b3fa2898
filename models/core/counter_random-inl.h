// Highway part of counter_random.hpp: included once per target, between HWY_BEFORE_NAMESPACE and
// HWY_AFTER_NAMESPACE of the including file's foreach_target loop.
#if defined(RHEO_COUNTER_RANDOM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef RHEO_COUNTER_RANDOM_INL_H
#undef RHEO_COUNTER_RANDOM_INL_H
#else
#define RHEO_COUNTER_RANDOM_INL_H
#endif

#include <hwy/highway.h>

#include "models/core/counter_random.hpp"
#include "models/core/normal_table.hpp"

HWY_BEFORE_NAMESPACE();
namespace rheo::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The Lanes(d) words that begin at 128-bit block `block` of vector `vector`.
template <class D>
HWY_INLINE hn::Vec<D> RandomWords(D d, const RandomKey& key, std::uint64_t vector, std::uint64_t block) {
  const hn::Repartition<std::uint64_t, D> d64;
  const hn::Repartition<std::uint8_t, D> d8;
  const auto keys = key.expanded();
  const auto round_key = [&](int i) HWY_ATTR { return hn::BitCast(d8, hn::LoadDup128(d64, keys + 2 * i)); };
  const auto blocks = hn::Add(hn::Set(d64, block), hn::ShiftRight<1>(hn::Iota(d64, 0)));
  auto state = hn::BitCast(d8, hn::OddEven(blocks, hn::Set(d64, vector)));
  state = hn::Xor(state, round_key(0));
  for (int i = 1; i < RandomKey::rounds; ++i) state = hn::AESRound(state, round_key(i));
  state = hn::AESLastRound(state, round_key(RandomKey::rounds));
  return hn::BitCast(d, state);
}

/// One standard normal variate from each word.
template <class DU>
HWY_INLINE hn::Vec<hn::RebindToFloat<DU>> NormalFromWords(DU du, hn::Vec<DU> words) {
  const hn::RebindToFloat<DU> df;
  const hn::RebindToSigned<DU> di;
  // The tail probability p = ((word mod 2^31) | 1) / 2^32 and the sign bit make the variate.
  const auto magnitude = hn::Or(hn::And(words, hn::Set(du, 0x7FFFFFFFU)), hn::Set(du, 1U));
  const auto bits = hn::BitCast(du, hn::ConvertTo(df, hn::BitCast(di, magnitude)));
  const auto m = hn::BitCast(df, hn::Or(hn::And(bits, hn::Set(du, 0x7FFFFFU)), hn::Set(du, 0x3F800000U)));
  const auto octave = hn::ShiftRight<23>(bits);
#if HWY_TARGET <= HWY_AVX3
  const auto coefficient = [&](int k) HWY_ATTR {
    return hn::Vec<decltype(df)>{
        _mm512_permutex2var_ps(_mm512_load_ps(normal_table[k]), octave.raw, _mm512_load_ps(normal_table[k] + 16))};
  };
#else
  const auto index = hn::BitCast(di, hn::And(octave, hn::Set(du, 31U)));
  const auto coefficient = [&](int k) HWY_ATTR { return hn::GatherIndex(df, normal_table[k], index); };
#endif
  auto z = hn::MulAdd(coefficient(3), m, coefficient(2));
  z = hn::MulAdd(z, m, coefficient(1));
  z = hn::MulAdd(z, m, coefficient(0));
  return hn::Xor(z, hn::BitCast(df, hn::And(words, hn::Set(du, 0x80000000U))));
}

}  // namespace rheo::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
