#include "models/digital/vector_math.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <vector>

// Highway compiles the part between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/digital/vector_math.cpp"
#include "hwy/foreach_target.h"
#include "models/core/elementary-inl.h"
#include "models/digital/vector_access-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::vector_math::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using rheo::HWY_NAMESPACE::Exp;
using rheo::HWY_NAMESPACE::ExpMinusOne;
using rheo::HWY_NAMESPACE::Log;
using rheo::HWY_NAMESPACE::Sigmoid;
using rheo::HWY_NAMESPACE::Tanh;

using Doubles = hn::CappedTag<double, virtual_lanes / 2>;
using HalfFloats = hn::Rebind<float, Doubles>;

// ---- Bias and activation ----

struct Identity {
  Vector operator()(Vector x) const { return x; }
  Vector backward(Vector error, Vector) const { return error; }
};

struct HyperbolicTangent {
  Vector operator()(Vector x) const { return Tanh(Floats(), x); }
  Vector backward(Vector error, Vector y) const { return hn::Mul(error, hn::NegMulAdd(y, y, hn::Set(Floats(), 1.0f))); }
};

struct Relu {
  Vector operator()(Vector x) const { return hn::Max(hn::Zero(Floats()), x); }
  Vector backward(Vector error, Vector y) const { return hn::IfThenElseZero(hn::Gt(y, hn::Zero(Floats())), error); }
};

struct Celu {
  Vector operator()(Vector x) const {
    const Floats d;
    // e^-20 - 1 is -1 in float already. Minimum and maximum take the second operand when one is NaN.
    const Vector negative = hn::Max(hn::Set(d, -20.0f), hn::Min(hn::Zero(d), x));
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, ExpMinusOne(d, negative));
  }
  Vector backward(Vector error, Vector y) const {
    return hn::IfThenElse(hn::Gt(y, hn::Zero(Floats())), error, hn::MulAdd(error, y, error));
  }
};

struct LogisticSigmoid {
  Vector operator()(Vector x) const { return Sigmoid(Floats(), x); }
  Vector backward(Vector error, Vector y) const { return hn::Mul(error, hn::NegMulAdd(y, y, y)); }
};

/// Calls function with the function object of the activation.
template <class Function>
HWY_INLINE void with_activation(Activation activation, const Function& function) {
  switch (activation) {
    case Activation::identity:
      return function(Identity());
    case Activation::tanh:
      return function(HyperbolicTangent());
    case Activation::relu:
      return function(Relu());
    case Activation::celu:
      return function(Celu());
    case Activation::sigmoid:
      return function(LogisticSigmoid());
  }
}

/// Up to this many channels that are no multiple of the lanes, the bias is laid out once as a pattern that repeats with
/// the vectors, so that vectors run across the ends of positions.
constexpr std::size_t pattern_channels = 64;

template <class F>
HWY_INLINE void add_bias_and(float* values, std::size_t positions, std::size_t channels, const float* bias, F f) {
  const Floats d;
  if (channels % lanes == 0 || channels > pattern_channels || positions < 2 * lanes) {
    for (std::size_t p = 0; p < positions; ++p, values += channels) {
      for_vectors(d, channels, [&](std::size_t c, auto access) {
        access.store(f(hn::Add(access.load(values + c), access.load(bias + c))), values + c);
      });
    }
    return;
  }
  float pattern[pattern_channels * lanes];
  const std::size_t period = channels * lanes;
  for (std::size_t i = 0; i < period; ++i) pattern[i] = bias[i % channels];
  std::size_t phase = 0;
  for_vectors(d, positions * channels, [&](std::size_t i, auto access) {
    access.store(f(hn::Add(access.load(values + i), hn::LoadU(d, pattern + phase))), values + i);
    phase = phase + lanes == period ? 0 : phase + lanes;
  });
}

void add_bias_activate(float* values, std::size_t positions, std::size_t channels, const float* bias,
                       Activation activation) {
  with_activation(activation, [&](auto f) { add_bias_and(values, positions, channels, bias, f); });
}

void activation_backward(float* errors, const float* outputs, std::size_t n, Activation activation) {
  if (activation == Activation::identity) return;
  with_activation(activation, [&](auto f) {
    for_vectors(Floats(), n, [&](std::size_t i, auto access) {
      access.store(f.backward(access.load(errors + i), access.load(outputs + i)), errors + i);
    });
  });
}

// ---- Input and loss ----

void normalise_pixels(const std::uint8_t* in, std::size_t n, float scale, float shift, float* out) {
  const Floats d;
  const hn::Rebind<std::int32_t, Floats> di;
  const hn::Rebind<std::uint8_t, Floats> d8;
  const auto convert = [&](const std::uint8_t* pixels) {
    const Vector value = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(d8, pixels)));
    return hn::MulAdd(value, hn::Set(d, scale), hn::Set(d, shift));
  };
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(convert(in + i), d, out + i);
  if (i < n) {
    std::uint8_t rest[lanes] = {};
    std::copy(in + i, in + n, rest);
    PartVector<Floats>{hn::FirstN(d, n - i)}.store(convert(rest), out + i);
  }
}

/// Sixteen values that depend on the element's index modulo 16 only, whatever the target.
struct Partials {
  Vector part[virtual_lanes / lanes];

  explicit Partials(float value) {
    for (Vector& v : part) v = hn::Set(Floats(), value);
  }

  /// Joins the upper half to the lower until one is left.
  template <class Join>
  float join(Join join_two) const {
    float value[virtual_lanes];
    for (std::size_t k = 0; k < virtual_lanes / lanes; ++k) hn::StoreU(part[k], Floats(), value + k * lanes);
    for (std::size_t width = virtual_lanes / 2; width > 0; width /= 2) {
      for (std::size_t i = 0; i < width; ++i) value[i] = join_two(value[i], value[i + width]);
    }
    return value[0];
  }
};

/// The largest of n values.
HWY_INLINE float largest_of(const float* values, std::size_t n) {
  const Floats d;
  Partials largest(std::numeric_limits<float>::lowest());
  std::size_t part = 0;
  for_vectors(d, n, [&](std::size_t i, auto access) {
    Vector value = access.load(values + i);
    if (i + lanes > n) value = hn::IfThenElse(hn::FirstN(d, n - i), value, largest.part[part]);
    largest.part[part] = earlier_maximum(largest.part[part], value);
    part = (part + 1) % (virtual_lanes / lanes);
  });
  return largest.join([](float a, float b) { return b > a ? b : a; });
}

/// The sum of e^(values[i] - shift); each term also goes to terms[i] if `keep`.
template <bool keep>
HWY_INLINE float sum_of_exponentials(const float* values, std::size_t n, float shift, float* terms) {
  const Floats d;
  Partials sums(0.0f);
  std::size_t part = 0;
  for_vectors(d, n, [&](std::size_t i, auto access) {
    Vector term = Exp(d, hn::Sub(access.load(values + i), hn::Set(d, shift)));
    if constexpr (keep) access.store(term, terms + i);
    if (i + lanes > n) term = hn::IfThenElseZero(hn::FirstN(d, n - i), term);
    sums.part[part] = hn::Add(sums.part[part], term);
    part = (part + 1) % (virtual_lanes / lanes);
  });
  return sums.join([](float a, float b) { return a + b; });
}

HWY_INLINE float logarithm(float x) {
  const hn::FixedTag<float, 4> d;
  return hn::GetLane(Log(d, hn::Set(d, x)));
}

void softmax_cross_entropy(const float* logits, const std::uint8_t* labels, std::size_t images, std::size_t classes,
                           float gradient_scale, float* gradients, float* losses, std::uint8_t* predictions) {
  const Floats d;
  for (std::size_t image = 0; image < images; ++image, logits += classes, gradients += classes) {
    const float largest = largest_of(logits, classes);
    predictions[image] = static_cast<std::uint8_t>(std::find(logits, logits + classes, largest) - logits);
    const std::size_t label = labels[image] < classes ? labels[image] : predictions[image];
    const float label_logit = logits[label] - largest;
    const float sum = sum_of_exponentials<true>(logits, classes, largest, gradients);
    const float label_probability = gradients[label] / sum;
    for_vectors(d, classes, [&](std::size_t c, auto access) {
      const Vector probability = hn::Div(access.load(gradients + c), hn::Set(d, sum));
      access.store(hn::Mul(probability, hn::Set(d, gradient_scale)), gradients + c);
    });
    gradients[label] = (label_probability - 1.0f) * gradient_scale;
    losses[image] = std::min(logarithm(sum) - label_logit, std::numeric_limits<float>::max());
  }
}

void log_softmax(const float* logits, std::size_t images, std::size_t classes, float* out) {
  const Floats d;
  for (std::size_t image = 0; image < images; ++image, logits += classes, out += classes) {
    const float largest = largest_of(logits, classes);
    const float log_sum = logarithm(sum_of_exponentials<false>(logits, classes, largest, nullptr));
    for_vectors(d, classes, [&](std::size_t c, auto access) {
      const Vector shifted = hn::Sub(access.load(logits + c), hn::Set(d, largest));
      const Vector lowest = hn::Set(d, std::numeric_limits<float>::lowest());
      access.store(hn::Max(lowest, hn::Sub(shifted, hn::Set(d, log_sum))), out + c);
    });
  }
}

// ---- Gradients and the optimiser ----

/// How many adjacent vectors a loop over all positions keeps in registers.
template <std::size_t n>
using VectorCount = std::integral_constant<std::size_t, n>;

/// Calls body(offset, access, VectorCount) for blocks of channels: blocks of four vectors, then single ones.
template <class D, class Body>
HWY_INLINE void for_channel_blocks(D d, std::size_t channels, const Body& body) {
  constexpr std::size_t wide = 4;
  constexpr std::size_t step = wide * hn::MaxLanes(D());
  std::size_t c = 0;
  for (; c + step <= channels; c += step) body(c, WholeVector<D>{}, VectorCount<wide>());
  for_vectors(d, channels - c, [&](std::size_t i, auto access) { body(c + i, access, VectorCount<1>()); });
}

void bias_gradient(const float* errors, std::size_t positions, std::size_t channels, float* sums) {
  for_channel_blocks(Floats(), channels, [&](std::size_t c, auto access, auto vectors) {
    Vector sum[vectors];
    for (std::size_t k = 0; k < vectors; ++k) sum[k] = access.load(sums + c + k * lanes);
    const float* row = errors + c;
    for (std::size_t p = 0; p < positions; ++p, row += channels) {
      for (std::size_t k = 0; k < vectors; ++k) sum[k] = hn::Add(sum[k], access.load(row + k * lanes));
    }
    for (std::size_t k = 0; k < vectors; ++k) access.store(sum[k], sums + c + k * lanes);
  });
}

void sgd_momentum(float* weights, float* gradients, float* velocity, std::size_t n, float learning_rate, float momentum,
                  float weight_decay) {
  const Floats d;
  for_vectors(d, n, [&](std::size_t i, auto access) {
    const Vector weight = access.load(weights + i);
    const Vector gradient = hn::MulAdd(hn::Set(d, weight_decay), weight, access.load(gradients + i));
    const Vector speed = hn::MulAdd(hn::Set(d, momentum), access.load(velocity + i), gradient);
    access.store(speed, velocity + i);
    access.store(hn::NegMulAdd(hn::Set(d, learning_rate), speed, weight), weights + i);
    access.store(hn::Zero(d), gradients + i);
  });
}

// ---- Elementwise ----

void add(const float* a, const float* b, std::size_t n, float* out) {
  for_vectors(Floats(), n, [&](std::size_t i, auto access) {
    access.store(hn::Add(access.load(a + i), access.load(b + i)), out + i);
  });
}

void scale_add(const float* a, const float* b, std::size_t n, float scale, float* out) {
  for_vectors(Floats(), n, [&](std::size_t i, auto access) {
    access.store(hn::MulAdd(hn::Set(Floats(), scale), access.load(b + i), access.load(a + i)), out + i);
  });
}

void multiply(const float* a, const float* b, std::size_t n, float* out) {
  for_vectors(Floats(), n, [&](std::size_t i, auto access) {
    access.store(hn::Mul(access.load(a + i), access.load(b + i)), out + i);
  });
}

// ---- Batch normalisation ----

void batch_norm_statistics(const float* values, std::size_t positions, std::size_t channels, float* mean,
                           float* variance) {
  const Doubles d;
  constexpr std::size_t step = hn::MaxLanes(Doubles());
  const auto count = hn::Set(d, static_cast<double>(positions));
  for_channel_blocks(HalfFloats(), channels, [&](std::size_t c, auto access, auto vectors) {
    hn::Vec<Doubles> centre[vectors];
    hn::Vec<Doubles> squares[vectors];
    for (std::size_t k = 0; k < vectors; ++k) centre[k] = squares[k] = hn::Zero(d);
    const float* row = values + c;
    for (std::size_t p = 0; p < positions; ++p, row += channels) {
      for (std::size_t k = 0; k < vectors; ++k) {
        centre[k] = hn::Add(centre[k], hn::PromoteTo(d, access.load(row + k * step)));
      }
    }
    for (std::size_t k = 0; k < vectors; ++k) centre[k] = hn::Div(centre[k], count);
    row = values + c;
    for (std::size_t p = 0; p < positions; ++p, row += channels) {
      for (std::size_t k = 0; k < vectors; ++k) {
        const auto deviation = hn::Sub(hn::PromoteTo(d, access.load(row + k * step)), centre[k]);
        squares[k] = hn::MulAdd(deviation, deviation, squares[k]);
      }
    }
    for (std::size_t k = 0; k < vectors; ++k) {
      access.store(hn::DemoteTo(HalfFloats(), centre[k]), mean + c + k * step);
      access.store(hn::DemoteTo(HalfFloats(), hn::Div(squares[k], count)), variance + c + k * step);
    }
  });
}

/// 1 / sqrt(variance + epsilon) of every channel.
std::vector<float> inverse_deviations(const float* variance, std::size_t channels, float epsilon) {
  std::vector<float> result(channels);
  for (std::size_t c = 0; c < channels; ++c) result[c] = 1.0f / std::sqrt(variance[c] + epsilon);
  return result;
}

void batch_norm_forward(const float* values, std::size_t positions, std::size_t channels, const float* mean,
                        const float* variance, const float* gamma, const float* beta, float epsilon, float* out) {
  std::vector<float> scale = inverse_deviations(variance, channels, epsilon);
  for (std::size_t c = 0; c < channels; ++c) scale[c] *= gamma[c];
  for (std::size_t p = 0; p < positions; ++p, values += channels, out += channels) {
    for_vectors(Floats(), channels, [&](std::size_t c, auto access) {
      const Vector centred = hn::Sub(access.load(values + c), access.load(mean + c));
      access.store(hn::MulAdd(centred, access.load(scale.data() + c), access.load(beta + c)), out + c);
    });
  }
}

void batch_norm_backward(const float* errors, const float* values, std::size_t positions, std::size_t channels,
                         const float* mean, const float* variance, const float* gamma, float epsilon,
                         float* input_errors, float* gamma_gradient, float* beta_gradient) {
  const Floats d;
  const Doubles dd;
  const HalfFloats dh;
  const std::vector<float> inverse = inverse_deviations(variance, channels, epsilon);
  std::vector<float> scale(channels);
  for (std::size_t c = 0; c < channels; ++c) scale[c] = inverse[c] * gamma[c];
  std::vector<float> mean_error(channels);    // sum e / positions
  std::vector<float> mean_product(channels);  // sum e xhat / positions
  const auto count = hn::Set(dd, static_cast<double>(positions));
  constexpr std::size_t step = hn::MaxLanes(Doubles());
  for_channel_blocks(dh, channels, [&](std::size_t first, auto access, auto vectors) {
    hn::Vec<Doubles> sum[vectors];
    hn::Vec<Doubles> products[vectors];
    for (std::size_t k = 0; k < vectors; ++k) sum[k] = products[k] = hn::Zero(dd);
    for (std::size_t p = 0; p < positions; ++p) {
      for (std::size_t k = 0; k < vectors; ++k) {
        const std::size_t c = first + k * step;
        const auto error = hn::PromoteTo(dd, access.load(errors + p * channels + c));
        const auto centred = hn::Sub(access.load(values + p * channels + c), access.load(mean + c));
        const auto normalised = hn::Mul(centred, access.load(inverse.data() + c));
        sum[k] = hn::Add(sum[k], error);
        products[k] = hn::MulAdd(error, hn::PromoteTo(dd, normalised), products[k]);
      }
    }
    for (std::size_t k = 0; k < vectors; ++k) {
      const std::size_t c = first + k * step;
      access.store(hn::Add(access.load(beta_gradient + c), hn::DemoteTo(dh, sum[k])), beta_gradient + c);
      access.store(hn::Add(access.load(gamma_gradient + c), hn::DemoteTo(dh, products[k])), gamma_gradient + c);
      access.store(hn::DemoteTo(dh, hn::Div(sum[k], count)), mean_error.data() + c);
      access.store(hn::DemoteTo(dh, hn::Div(products[k], count)), mean_product.data() + c);
    }
  });
  for (std::size_t p = 0; p < positions; ++p, values += channels, errors += channels, input_errors += channels) {
    for_vectors(d, channels, [&](std::size_t c, auto access) {
      const Vector centred = hn::Sub(access.load(values + c), access.load(mean + c));
      const Vector normalised = hn::Mul(centred, access.load(inverse.data() + c));
      const Vector rest = hn::Sub(access.load(errors + c), access.load(mean_error.data() + c));
      const Vector projected = hn::NegMulAdd(normalised, access.load(mean_product.data() + c), rest);
      access.store(hn::Mul(access.load(scale.data() + c), projected), input_errors + c);
    });
  }
}

// ---- Number formats ----

using Words = hn::Rebind<std::uint32_t, Floats>;
using HalfWords = hn::Rebind<std::uint16_t, Floats>;
using Halves = hn::Rebind<hwy::float16_t, Floats>;
using Integers = hn::Rebind<std::int32_t, Floats>;
using Bytes = hn::Rebind<std::int8_t, Floats>;

/// out[i] = convert(in[i]) by vectors of the lanes of Floats. The rest goes through a buffer, as narrow types have no
/// masked access.
template <class In, class Out, class Convert>
HWY_INLINE void convert_array(In, Out, const hn::TFromD<In>* in, std::size_t n, hn::TFromD<Out>* out,
                              const Convert& convert) {
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(convert(hn::LoadU(In(), in + i)), Out(), out + i);
  if (i < n) {
    hn::TFromD<In> rest[lanes] = {};
    hn::TFromD<Out> result[lanes];
    std::copy(in + i, in + n, rest);
    hn::StoreU(convert(hn::LoadU(In(), rest)), Out(), result);
    std::copy(result, result + (n - i), out + i);
  }
}

/// x within +-limit; NaN stays, as minimum and maximum take the second operand then.
HWY_INLINE Vector saturate(Vector x, float limit) {
  const Floats d;
  return hn::Max(hn::Set(d, -limit), hn::Min(hn::Set(d, limit), x));
}

void fp16_from_float(const float* in, std::size_t n, std::uint16_t* out) {
  convert_array(Floats(), HalfWords(), in, n, out,
                [](Vector x) { return hn::BitCast(HalfWords(), hn::DemoteTo(Halves(), saturate(x, 65504.0f))); });
}

void float_from_fp16(const std::uint16_t* in, std::size_t n, float* out) {
  convert_array(HalfWords(), Floats(), in, n, out,
                [](auto bits) { return hn::PromoteTo(Floats(), hn::BitCast(Halves(), bits)); });
}

void bf16_from_float(const float* in, std::size_t n, std::uint16_t* out) {
  convert_array(Floats(), HalfWords(), in, n, out, [](Vector x) {
    const Words du;
    const auto bits = hn::BitCast(du, saturate(x, 0x1.fep127f));
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
    const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(hn::Set(du, 0x7fff), odd)));
    const auto quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(du, 0x40));
    const auto is_number = hn::RebindMask(du, hn::Eq(x, x));  // Ne(x, x) is false for NaN in Highway 1.0.3
    return hn::TruncateTo(HalfWords(), hn::IfThenElse(is_number, rounded, quiet));
  });
}

void float_from_bf16(const std::uint16_t* in, std::size_t n, float* out) {
  convert_array(HalfWords(), Floats(), in, n, out,
                [](auto bits) { return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(Words(), bits))); });
}

void int8_from_float(const float* in, std::size_t n, float scale, std::int8_t* out) {
  convert_array(Floats(), Bytes(), in, n, out, [scale](Vector x) {
    const Floats d;
    const Vector quotient = hn::Div(x, hn::Set(d, scale));
    const Vector number = hn::IfThenElseZero(hn::Eq(quotient, quotient), quotient);
    return hn::DemoteTo(Bytes(), hn::NearestInt(saturate(number, 127.0f)));
  });
}

void float_from_int8(const std::int8_t* in, std::size_t n, float scale, float* out) {
  convert_array(Bytes(), Floats(), in, n, out, [scale](auto codes) {
    const Floats d;
    return hn::Mul(hn::ConvertTo(d, hn::PromoteTo(Integers(), codes)), hn::Set(d, scale));
  });
}

}  // namespace rheo::vector_math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::vector_math {

namespace {

HWY_EXPORT(add_bias_activate);
HWY_EXPORT(activation_backward);
HWY_EXPORT(normalise_pixels);
HWY_EXPORT(softmax_cross_entropy);
HWY_EXPORT(log_softmax);
HWY_EXPORT(bias_gradient);
HWY_EXPORT(sgd_momentum);
HWY_EXPORT(add);
HWY_EXPORT(scale_add);
HWY_EXPORT(multiply);
HWY_EXPORT(batch_norm_statistics);
HWY_EXPORT(batch_norm_forward);
HWY_EXPORT(batch_norm_backward);
HWY_EXPORT(fp16_from_float);
HWY_EXPORT(float_from_fp16);
HWY_EXPORT(bf16_from_float);
HWY_EXPORT(float_from_bf16);
HWY_EXPORT(int8_from_float);
HWY_EXPORT(float_from_int8);

void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

}  // namespace

void add_bias(float* values, std::size_t positions, std::size_t channels, const float* bias) {
  add_bias_activate(values, positions, channels, bias, Activation::identity);
}

void add_bias_activate(float* values, std::size_t positions, std::size_t channels, const float* bias,
                       Activation activation) {
  HWY_DYNAMIC_DISPATCH(add_bias_activate)(values, positions, channels, bias, activation);
}

void activation_backward(float* errors, const float* outputs, std::size_t n, Activation activation) {
  HWY_DYNAMIC_DISPATCH(activation_backward)(errors, outputs, n, activation);
}

void normalise_pixels(const std::uint8_t* in, std::size_t n, float scale, float shift, float* out) {
  HWY_DYNAMIC_DISPATCH(normalise_pixels)(in, n, scale, shift, out);
}

void softmax_cross_entropy(const float* logits, const std::uint8_t* labels, std::size_t images, std::size_t classes,
                           float gradient_scale, float* gradients, float* losses, std::uint8_t* predictions) {
  require(classes >= 1 && classes <= 256, "softmax: from 1 to 256 classes");
  require(
      std::all_of(labels, labels + images, [&](std::uint8_t label) { return label < classes || label == no_label; }),
      "softmax: a label is not one of the classes");
  HWY_DYNAMIC_DISPATCH(softmax_cross_entropy)
  (logits, labels, images, classes, gradient_scale, gradients, losses, predictions);
}

void log_softmax(const float* logits, std::size_t images, std::size_t classes, float* out) {
  require(classes >= 1, "softmax: at least 1 class");
  HWY_DYNAMIC_DISPATCH(log_softmax)(logits, images, classes, out);
}

void bias_gradient(const float* errors, std::size_t positions, std::size_t channels, float* sums) {
  HWY_DYNAMIC_DISPATCH(bias_gradient)(errors, positions, channels, sums);
}

void sgd_momentum(float* weights, float* gradients, float* velocity, std::size_t n, float learning_rate, float momentum,
                  float weight_decay) {
  HWY_DYNAMIC_DISPATCH(sgd_momentum)(weights, gradients, velocity, n, learning_rate, momentum, weight_decay);
}

void add(const float* a, const float* b, std::size_t n, float* out) { HWY_DYNAMIC_DISPATCH(add)(a, b, n, out); }

void scale_add(const float* a, const float* b, std::size_t n, float scale, float* out) {
  HWY_DYNAMIC_DISPATCH(scale_add)(a, b, n, scale, out);
}

void multiply(const float* a, const float* b, std::size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(multiply)(a, b, n, out);
}

void batch_norm_statistics(const float* values, std::size_t positions, std::size_t channels, float* mean,
                           float* variance) {
  require(positions >= 1, "batch normalisation: at least 1 position");
  HWY_DYNAMIC_DISPATCH(batch_norm_statistics)(values, positions, channels, mean, variance);
}

void batch_norm_forward(const float* values, std::size_t positions, std::size_t channels, const float* mean,
                        const float* variance, const float* gamma, const float* beta, float epsilon, float* out) {
  HWY_DYNAMIC_DISPATCH(batch_norm_forward)
  (values, positions, channels, mean, variance, gamma, beta, epsilon, out);
}

void batch_norm_backward(const float* errors, const float* values, std::size_t positions, std::size_t channels,
                         const float* mean, const float* variance, const float* gamma, float epsilon,
                         float* input_errors, float* gamma_gradient, float* beta_gradient) {
  require(positions >= 1, "batch normalisation: at least 1 position");
  HWY_DYNAMIC_DISPATCH(batch_norm_backward)
  (errors, values, positions, channels, mean, variance, gamma, epsilon, input_errors, gamma_gradient, beta_gradient);
}

// ---- Number formats, one value ----

std::uint16_t fp16_from_float(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000;
  const std::uint32_t magnitude = bits & 0x7fffffff;
  std::uint32_t result;
  if (magnitude > 0x7f800000) {
    result = 0x7e00 | (magnitude >> 13 & 0x3ff);  // a quiet NaN with the upper part of its payload
  } else if (magnitude >= 0x477fe000) {
    result = 0x7bff;  // 65504
  } else if (magnitude >= 0x38800000) {
    result = (magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13;
  } else {
    // Below 2^-14: adding 0.5 makes the addition round to a multiple of 2^-24.
    result = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000;
  }
  return static_cast<std::uint16_t>(sign | result);
}

float float_from_fp16(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
  const std::uint32_t exponent = bits >> 10 & 0x1f;
  const std::uint32_t fraction = bits & 0x3ff;
  std::uint32_t magnitude = ((exponent + 112) << 23) | (fraction << 13);
  if (exponent == 0) magnitude = std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24f);
  if (exponent == 31) magnitude = 0x7f800000 | (fraction << 13) | (fraction != 0 ? 0x400000 : 0);
  return std::bit_cast<float>(sign | magnitude);
}

std::uint16_t bf16_from_float(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  const std::uint32_t sign = bits & 0x80000000;
  const std::uint32_t magnitude = std::min<std::uint32_t>(bits & 0x7fffffff, 0x7f7f0000);
  return static_cast<std::uint16_t>((sign | (magnitude + 0x7fff + (magnitude >> 16 & 1))) >> 16);
}

float float_from_bf16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

std::int8_t int8_from_float(float value, float scale) {
  const float quotient = value / scale;
  if (std::isnan(quotient)) return 0;
  return static_cast<std::int8_t>(std::nearbyint(std::clamp(quotient, -127.0f, 127.0f)));
}

float float_from_int8(std::int8_t code, float scale) { return static_cast<float>(code) * scale; }

// ---- Number formats, arrays ----

void fp16_from_float(const float* in, std::size_t n, std::uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(fp16_from_float)(in, n, out);
}

void float_from_fp16(const std::uint16_t* in, std::size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(float_from_fp16)(in, n, out);
}

void bf16_from_float(const float* in, std::size_t n, std::uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(bf16_from_float)(in, n, out);
}

void float_from_bf16(const std::uint16_t* in, std::size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(float_from_bf16)(in, n, out);
}

void int8_from_float(const float* in, std::size_t n, float scale, std::int8_t* out) {
  HWY_DYNAMIC_DISPATCH(int8_from_float)(in, n, scale, out);
}

void float_from_int8(const std::int8_t* in, std::size_t n, float scale, float* out) {
  HWY_DYNAMIC_DISPATCH(float_from_int8)(in, n, scale, out);
}

}  // namespace rheo::vector_math
#endif  // HWY_ONCE
