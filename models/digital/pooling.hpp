#pragma once

#include <cstddef>
#include <cstdint>

#include "models/core/counter_random.hpp"

/// Pooling of the digital vector unit: plain functions over channels-last float tensors
/// [images][height][width][channels], with the promises of `vector_math.hpp` (the same bits on every instruction set
/// and for any split of a batch into calls).
namespace rheo::vector_math {

/// Square windows over [images][height][width][channels]. Cells outside the image take no part: they never are the
/// maximum and do not count in an average. An output size is floor((size + 2 padding - kernel) / stride) + 1, with
/// `ceiling` rounded up instead, as long as the last window begins inside the image or its leading padding.
struct PoolShape {
  std::size_t images;
  std::size_t height;
  std::size_t width;
  std::size_t channels;
  std::size_t kernel;
  std::size_t stride;
  std::size_t padding = 0;
  bool ceiling = false;

  std::size_t out_height() const { return out_size(height); }
  std::size_t out_width() const { return out_size(width); }
  std::size_t input_size() const { return images * height * width * channels; }
  std::size_t output_size() const { return images * out_height() * out_width() * channels; }

 private:
  std::size_t out_size(std::size_t size) const {
    const std::size_t room = size + 2 * padding - kernel;
    if (!ceiling) return room / stride + 1;
    const std::size_t windows = (room + stride - 1) / stride + 1;
    return (windows - 1) * stride < size + padding ? windows : windows - 1;
  }
};

// The functions throw std::invalid_argument unless kernel >= 1, stride >= 1, padding < kernel, and a window fits.

/// out = largest value of each window, the first in scan order (rows, then columns) among equals. Exact.
void max_pool_forward(const float* in, const PoolShape& shape, float* out);

/// The gradient of each output goes to the first cell in scan order that equals the output; overlapping windows add up
/// in the scan order of the outputs. `in` and `out` are those of the forward pass, `input_errors` is overwritten.
/// The backward pass of max pooling, and of stochastic pooling: there the output is the value of the cell that was
/// chosen, so no index has to be kept (among equal values the first stands for all).
void max_pool_backward(const float* output_errors, const float* in, const float* out, const PoolShape& shape,
                       float* input_errors);

/// out = (sum over the window in scan order) / (cells of the window inside the image). Error: (cells - 1) roundings of
/// the sum and one of the division.
void average_pool_forward(const float* in, const PoolShape& shape, float* out);

/// Each cell receives output_error / cells from every window that holds it, added in the scan order of the outputs.
/// `input_errors` is overwritten.
void average_pool_backward(const float* output_errors, const PoolShape& shape, float* input_errors);

/// Stochastic pooling in training: out = one cell of the window, chosen with the probability max(0, cell) / sum of
/// max(0, cell). The choice is the first cell in scan order whose running sum exceeds u x sum, u uniform in (0, 1) from
/// word [output value of the image] of vector `first_image` + image of the key. A window without a positive cell gives
/// its first cell. Source: Zeiler and Fergus, "Stochastic pooling for regularization of deep convolutional neural
/// networks", ICLR 2013.
void stochastic_pool_forward(const float* in, const PoolShape& shape, const RandomKey& key, std::uint64_t first_image,
                             float* out);

/// Stochastic pooling in evaluation: the mean of what training would choose, sum of w^2 / sum of w with
/// w = max(0, cell), both in scan order; 0 without a positive cell. Never above the largest float.
void stochastic_pool_mean(const float* in, const PoolShape& shape, float* out);

/// Learnable mixture of both, for each channel: out = alpha max + (1 - alpha) average with
/// alpha = 1 / (1 + exp(-mu beta)). The last product and sum are fused.
/// Sources: Yu et al., "Mixed pooling for convolutional neural networks", RSKT 2014; Rasch et al., "RAPA-ConvNets",
/// Front. Neurosci. 13:753, 2019, section 2.2 (mu = 10, beta from 2 / mu on).
void mixed_pool_forward(const float* in, const PoolShape& shape, const float* beta, float mu, float* out);

/// Each cell receives (1 - alpha) error / cells, the first largest of the window alpha error more; windows add up in
/// the scan order of the outputs. beta_gradients[c] += error (max - average) x mu alpha (1 - alpha) for one output
/// after the other, each a fused multiply-add. `in` is that of the forward pass, `input_errors` is overwritten.
void mixed_pool_backward(const float* output_errors, const float* in, const PoolShape& shape, const float* beta,
                         float mu, float* input_errors, float* beta_gradients);

}  // namespace rheo::vector_math
