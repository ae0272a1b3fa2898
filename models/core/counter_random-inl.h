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
  HWY_UNROLL(6)
  for (int i = 1; i < RandomKey::rounds; ++i) state = hn::AESRound(state, round_key(i));
  state = hn::AESLastRound(state, round_key(RandomKey::rounds));
  return hn::BitCast(d, state);
}

/// Consecutive words of one vector's stream for loops that store in between: round keys and counter stay in registers,
/// which the compiler cannot arrange by itself, as stores might change them.
template <class D>
class WordStream {
 public:
  HWY_INLINE WordStream(D d, const RandomKey& key) {
    const hn::Repartition<std::uint64_t, D> d64;
    const hn::Repartition<std::uint8_t, D> d8;
    const auto keys = key.expanded();
    HWY_UNROLL(8)
    for (int i = 0; i <= RandomKey::rounds; ++i) keys_[i] = hn::BitCast(d8, hn::LoadDup128(d64, keys + 2 * i));
    step_ = hn::OddEven(hn::Set(d64, hn::Lanes(d) / 4), hn::Zero(d64));
  }

  /// The next words begin at 128-bit block `block` of vector `vector`.
  HWY_INLINE void Seek(std::uint64_t vector, std::uint64_t block) {
    const hn::Repartition<std::uint64_t, D> d64;
    const auto blocks = hn::Add(hn::Set(d64, block), hn::ShiftRight<1>(hn::Iota(d64, 0)));
    counter_ = hn::OddEven(blocks, hn::Set(d64, vector));
  }

  HWY_INLINE hn::Vec<D> Next() {
    const hn::Repartition<std::uint8_t, D> d8;
    auto state = hn::Xor(hn::BitCast(d8, counter_), keys_[0]);
    HWY_UNROLL(6)
    for (int i = 1; i < RandomKey::rounds; ++i) state = hn::AESRound(state, keys_[i]);
    state = hn::AESLastRound(state, keys_[RandomKey::rounds]);
    counter_ = hn::Add(counter_, step_);
    return hn::BitCast(D(), state);
  }

 private:
  hn::Vec<hn::Repartition<std::uint8_t, D>> keys_[RandomKey::rounds + 1];
  hn::Vec<hn::Repartition<std::uint64_t, D>> counter_, step_;
};

/// One standard normal variate from each word. Loops keep one, so that its table stays in registers.
template <class DU>
class NormalMap {
 public:
  HWY_INLINE NormalMap() {
#if HWY_TARGET <= HWY_AVX3
    HWY_UNROLL(4)
    for (int k = 0; k < 4; ++k) {
      low_[k] = hn::Load(hn::RebindToFloat<DU>(), normal_table[k]);
      high_[k] = hn::Load(hn::RebindToFloat<DU>(), normal_table[k] + 16);
    }
#endif
  }

  HWY_INLINE hn::Vec<hn::RebindToFloat<DU>> operator()(hn::Vec<DU> words) const {
    const DU du;
    const hn::RebindToFloat<DU> df;
    const hn::RebindToSigned<DU> di;
    // The tail probability p = ((word mod 2^31) | 1) / 2^32 and the sign bit make the variate.
    const auto magnitude = hn::OrAnd(hn::Set(du, 1U), words, hn::Set(du, 0x7FFFFFFFU));
    const auto bits = hn::BitCast(du, hn::ConvertTo(df, hn::BitCast(di, magnitude)));
    const auto m = hn::BitCast(df, hn::OrAnd(hn::Set(du, 0x3F800000U), bits, hn::Set(du, 0x7FFFFFU)));
    const auto octave = hn::ShiftRight<23>(bits);
#if HWY_TARGET <= HWY_AVX3
    const auto coefficient = [&](int k) HWY_ATTR {
      return hn::Vec<decltype(df)>{_mm512_permutex2var_ps(low_[k].raw, octave.raw, high_[k].raw)};
    };
#else
    const auto index = hn::BitCast(di, hn::And(octave, hn::Set(du, 31U)));
    const auto coefficient = [&](int k) HWY_ATTR { return hn::GatherIndex(df, normal_table[k], index); };
#endif
    auto z = hn::MulAdd(coefficient(3), m, coefficient(2));
    z = hn::MulAdd(z, m, coefficient(1));
    z = hn::MulAdd(z, m, coefficient(0));
#if HWY_TARGET <= HWY_AVX3
    // z ^ (words & sign) in one instruction
    return hn::BitCast(df, hn::Vec<DU>{_mm512_ternarylogic_epi32(hn::BitCast(du, z).raw, words.raw,
                                                                 hn::Set(du, 0x80000000U).raw, 0x78)});
#else
    return hn::Xor(z, hn::BitCast(df, hn::And(words, hn::Set(du, 0x80000000U))));
#endif
  }

 private:
#if HWY_TARGET <= HWY_AVX3
  hn::Vec<hn::RebindToFloat<DU>> low_[4], high_[4];
#endif
};

/// The same for a word now and then.
template <class DU>
HWY_INLINE hn::Vec<hn::RebindToFloat<DU>> NormalFromWords(DU, hn::Vec<DU> words) {
  return NormalMap<DU>()(words);
}

}  // namespace rheo::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
