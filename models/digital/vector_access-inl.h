// How vector code walks over arrays of any length: the Highway part shared by the arithmetic of the vector unit.
//
// Include it as the -inl.h headers of Highway are: before the target's code, within the file that foreach_target.h
// repeats.

#if defined(RHEO_MODELS_DIGITAL_VECTOR_ACCESS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RHEO_MODELS_DIGITAL_VECTOR_ACCESS_INL_H_
#undef RHEO_MODELS_DIGITAL_VECTOR_ACCESS_INL_H_
#else
#define RHEO_MODELS_DIGITAL_VECTOR_ACCESS_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::vector_math::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Sums across a vector use this many partial sums on every target.
constexpr std::size_t virtual_lanes = 16;

using Floats = hn::CappedTag<float, virtual_lanes>;
using Vector = hn::Vec<Floats>;
constexpr std::size_t lanes = hn::MaxLanes(Floats());
static_assert(virtual_lanes % lanes == 0);

/// Loads and stores whole vectors.
template <class D>
struct WholeVector {
  hn::Vec<D> load(const hn::TFromD<D>* p) const { return hn::LoadU(D(), p); }
  void store(hn::Vec<D> v, hn::TFromD<D>* p) const { hn::StoreU(v, D(), p); }
};

/// Loads and stores the first lanes; the others read as zero and are not touched in memory.
template <class D>
struct PartVector {
  hn::Mask<D> mask;
  hn::Vec<D> load(const hn::TFromD<D>* p) const { return hn::MaskedLoad(mask, D(), p); }
  void store(hn::Vec<D> v, hn::TFromD<D>* p) const { hn::BlendedStore(v, mask, D(), p); }
};

/// Calls body(offset, access) for consecutive vectors of D that cover n elements.
template <class D, class Body>
HWY_INLINE void for_vectors(D d, std::size_t n, const Body& body) {
  constexpr std::size_t step = hn::MaxLanes(D());
  std::size_t i = 0;
  for (; i + step <= n; i += step) body(i, WholeVector<D>{});
  if (i < n) body(i, PartVector<D>{hn::FirstN(d, n - i)});
}

/// Max(b, a) is a when both are equal: the earlier one stays.
HWY_INLINE Vector earlier_maximum(Vector a, Vector b) { return hn::Max(b, a); }

}  // namespace rheo::vector_math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
