#pragma once

#include <cstddef>
#include <cstdint>

/// The arithmetic of the digital vector unit: plain functions over arrays, no simulation time and no costs.
///
/// Tensors are float and channels-last: [images][height][width][channels]. "positions" is the product of every
/// dimension but the channels. Arrays need no alignment; an output may be the same array as an input where its function
/// says so, and never overlaps one otherwise.
///
/// Every function gives the same bits on AVX2 and on AVX-512 and for any split of a batch into calls: each value comes
/// from a fixed sequence of operations rounded one by one (fused multiply-add where written, elementary functions of
/// `elementary-inl.h`), and a sum takes its terms in the order stated. Finite inputs give no NaN. NaN inputs are not
/// hidden (pooling excepted, where a number wins over a NaN that comes after it).
namespace rheo::vector_math {

// ---- Bias and activation ----

enum class Activation : std::uint8_t {
  identity,
  tanh,     ///< at most 1.4 ulp; odd to the bit and monotone
  relu,     ///< max(0, x)
  celu,     ///< alpha = 1: x for x > 0, otherwise e^x - 1, at most 2 ulp
  sigmoid,  ///< 1 / (1 + e^-x), at most 2.5 ulp
};

/// values[p][c] += bias[c], in place.
void add_bias(float* values, std::size_t positions, std::size_t channels, const float* bias);

/// values[p][c] = f(values[p][c] + bias[c]), in place.
void add_bias_activate(float* values, std::size_t positions, std::size_t channels, const float* bias,
                       Activation activation);

/// errors[i] *= f'(x_i), in place, the derivative expressed through the output y = f(x):
/// identity 1; tanh 1 - y^2; relu y > 0; sigmoid y - y^2; celu y > 0 ? 1 : y + 1.
void activation_backward(float* errors, const float* outputs, std::size_t n, Activation activation);

// ---- Input and loss ----

/// out[i] = in[i] * scale + shift with one rounding.
void normalise_pixels(const std::uint8_t* in, std::size_t n, float scale, float shift, float* out);

/// The label of an image that has none, where it is no class.
inline constexpr std::uint8_t no_label = 255;

/// Softmax and its cross-entropy loss, for each image over logits[classes]:
///   gradients = (softmax - onehot(label)) * gradient_scale
///   loss = -log softmax[label], never above the largest float
///   prediction = the first class with the largest logit.
/// An image without a label (`no_label`, where that is no class) counts as labelled with its prediction: its loss is
/// the uncertainty of the softmax, -log of the largest probability. The denominator sums e^(x - max) in sixteen partial
/// sums (class modulo 16) joined by halves. Absolute errors measured with up to 256 classes: softmax below 1e-6, loss
/// below 2e-7 * (1 + loss). `gradients` may be `logits`. Throws std::invalid_argument for no class, more than 256
/// classes or a label out of range.
void softmax_cross_entropy(const float* logits, const std::uint8_t* labels, std::size_t images, std::size_t classes,
                           float gradient_scale, float* gradients, float* losses, std::uint8_t* predictions);

/// out[i][c] = (x - max) - log(sum e^(x - max)), not below the lowest float. Absolute error measured with up to 256
/// classes: below 2e-7 * (1 + |out|). `out` may be `logits`.
void log_softmax(const float* logits, std::size_t images, std::size_t classes, float* out);

// ---- Gradients and the optimiser ----

/// sums[c] += errors[0][c], += errors[1][c], ...: strictly one after the other, so a batch in chunks gives the same
/// bits.
void bias_gradient(const float* errors, std::size_t positions, std::size_t channels, float* sums);

/// Stochastic gradient descent with momentum and weight decay; gradients are zero afterwards:
///   g = gradients + weight_decay * weights;  velocity = momentum * velocity + g;  weights -= learning_rate * velocity
/// each line one fused multiply-add.
void sgd_momentum(float* weights, float* gradients, float* velocity, std::size_t n, float learning_rate, float momentum,
                  float weight_decay);

// ---- Elementwise; `out` may be `a` or `b` ----

/// out = a + b.
void add(const float* a, const float* b, std::size_t n, float* out);

/// out = a + scale * b, one rounding.
void scale_add(const float* a, const float* b, std::size_t n, float scale, float* out);

/// out = a * b.
void multiply(const float* a, const float* b, std::size_t n, float* out);

// ---- Batch normalisation over positions, for each channel ----

/// mean[c], and the biased variance[c] = sum (x - mean)^2 / positions, in two passes; double sums, sequential over the
/// positions, so the results are exact to about the rounding to float. positions >= 1.
void batch_norm_statistics(const float* values, std::size_t positions, std::size_t channels, float* mean,
                           float* variance);

/// out = (x - mean) * (gamma / sqrt(variance + epsilon)) + beta, the last product and sum fused. epsilon > 0. `out` may
/// be `values`.
void batch_norm_forward(const float* values, std::size_t positions, std::size_t channels, const float* mean,
                        const float* variance, const float* gamma, const float* beta, float epsilon, float* out);

/// With xhat = (x - mean) / sqrt(variance + epsilon), db = sum e and dg = sum e * xhat (double sums, sequential over
/// the positions): gamma_gradient += dg, beta_gradient += db,
///   input_errors = gamma / sqrt(variance + epsilon) * (e - db / positions - xhat * dg / positions).
/// `values`, `mean`, `variance` are those of the forward pass. `input_errors` may be `errors`.
void batch_norm_backward(const float* errors, const float* values, std::size_t positions, std::size_t channels,
                         const float* mean, const float* variance, const float* gamma, float epsilon,
                         float* input_errors, float* gamma_gradient, float* beta_gradient);

// ---- Number formats ----
//
// Narrowing rounds to nearest, ties to even; what is too large (infinity included) becomes the largest finite value of
// its sign; subnormals are kept; NaN stays a (quiet) NaN. Widening is exact. The function of one value has the same
// bits as the one of an array.

std::uint16_t fp16_from_float(float value);
float float_from_fp16(std::uint16_t bits);
std::uint16_t bf16_from_float(float value);
float float_from_bf16(std::uint16_t bits);
/// The integer nearest to value / scale, from -127 to 127; NaN becomes 0. scale > 0.
std::int8_t int8_from_float(float value, float scale);
/// code * scale.
float float_from_int8(std::int8_t code, float scale);

void fp16_from_float(const float* in, std::size_t n, std::uint16_t* out);
void float_from_fp16(const std::uint16_t* in, std::size_t n, float* out);
void bf16_from_float(const float* in, std::size_t n, std::uint16_t* out);
void float_from_bf16(const std::uint16_t* in, std::size_t n, float* out);
void int8_from_float(const float* in, std::size_t n, float scale, std::int8_t* out);
void float_from_int8(const std::int8_t* in, std::size_t n, float scale, float* out);

}  // namespace rheo::vector_math
