#include "models/digital/local_response_norm.hpp"

#include <stdexcept>
#include <vector>

// Highway compiles the part between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/digital/local_response_norm.cpp"
#include "hwy/foreach_target.h"
#include "models/core/elementary-inl.h"
#include "models/digital/pool_window-inl.h"
#include "models/digital/vector_access-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::vector_math::HWY_NAMESPACE {

using rheo::HWY_NAMESPACE::Exp;
using rheo::HWY_NAMESPACE::Log;

/// The window around every value.
HWY_INLINE PoolShape windows_of(const LocalResponseShape& s) {
  return {s.images, s.height, s.width, s.channels, s.size, 1, (s.size - 1) / 2};
}

/// alpha / n^2.
HWY_INLINE float strength(const LocalResponseShape& s) {
  return s.alpha / static_cast<float>(static_cast<double>(s.size) * static_cast<double>(s.size));
}

/// s of one window.
template <class Access>
HWY_INLINE Vector scale_of(const float* in, const PoolShape& shape, const Window& window, float strength,
                           const Access& access) {
  const Floats d;
  Vector squares = hn::Zero(d);
  window.for_cells(shape, [&](std::size_t cell) {
    const Vector value = access.load(in + cell);
    squares = hn::MulAdd(value, value, squares);
  });
  return hn::MulAdd(hn::Set(d, strength), squares, hn::Set(d, 1.0f));
}

/// s^-beta; s may be infinite.
HWY_INLINE Vector power_of(Vector s, float beta) {
  const Floats d;
  return Exp(d, hn::Mul(hn::Set(d, -beta), Log(d, s)));
}

void local_response_norm_forward(const float* in, const LocalResponseShape& norm, float* out) {
  const PoolShape shape = windows_of(norm);
  for_windows(shape, [&](const Window& window, std::size_t image, std::size_t position) {
    for_vectors(Floats(), shape.channels, [&](std::size_t c, auto access) {
      const Vector s = scale_of(in + image + c, shape, window, strength(norm), access);
      access.store(hn::Mul(access.load(in + position + c), power_of(s, norm.beta)), out + position + c);
    });
  });
}

void local_response_norm_backward(const float* errors, const float* in, const LocalResponseShape& norm,
                                  float* input_errors) {
  const Floats d;
  PoolShape shape = windows_of(norm);
  shape.images = 1;
  const std::size_t values = shape.input_size();
  std::vector<float> direct(values);  // e s^-beta
  std::vector<float> ratio(values);   // e y / s
  const Vector factor = hn::Set(d, 2.0f * strength(norm) * norm.beta);
  for (std::size_t image = 0; image < norm.images; ++image) {
    for_windows(shape, [&](const Window& window, std::size_t, std::size_t position) {
      for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
        const Vector s = scale_of(in + c, shape, window, strength(norm), access);
        const Vector passed = hn::Mul(access.load(errors + position + c), power_of(s, norm.beta));
        access.store(passed, direct.data() + position + c);
        // x / s stays finite whatever the square of x does.
        access.store(hn::Mul(passed, hn::Div(access.load(in + position + c), s)), ratio.data() + position + c);
      });
    });
    for_windows(shape, [&](const Window& window, std::size_t, std::size_t position) {
      for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
        Vector sum = hn::Zero(d);
        window.for_cells(shape, [&](std::size_t cell) { sum = hn::Add(sum, access.load(ratio.data() + cell + c)); });
        const Vector pull = hn::Mul(factor, access.load(in + position + c));
        access.store(hn::NegMulAdd(pull, sum, access.load(direct.data() + position + c)), input_errors + position + c);
      });
    });
    errors += values;
    in += values;
    input_errors += values;
  }
}

}  // namespace rheo::vector_math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::vector_math {

namespace {

HWY_EXPORT(local_response_norm_forward);
HWY_EXPORT(local_response_norm_backward);

void check(const LocalResponseShape& shape) {
  if (shape.size % 2 == 0) throw std::invalid_argument("local response normalisation: the window's size must be odd");
}

}  // namespace

void local_response_norm_forward(const float* in, const LocalResponseShape& shape, float* out) {
  check(shape);
  HWY_DYNAMIC_DISPATCH(local_response_norm_forward)(in, shape, out);
}

void local_response_norm_backward(const float* errors, const float* in, const LocalResponseShape& shape,
                                  float* input_errors) {
  check(shape);
  HWY_DYNAMIC_DISPATCH(local_response_norm_backward)(errors, in, shape, input_errors);
}

}  // namespace rheo::vector_math
#endif  // HWY_ONCE
