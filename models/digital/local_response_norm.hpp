#pragma once

#include <cstddef>

namespace rheo::vector_math {

/// Local response normalisation within a channel over [images][height][width][channels], floats. With the n x n window
/// around a value (n = `size`; outside the image counts as 0) and s = 1 + alpha / n^2 x sum of squares in the window:
///     y = x s^-beta
/// The power is exp(-beta log s) with the functions of `elementary-inl.h`. Sums run in the scan order of the window, so
/// that the results have the same bits on every instruction set and for any split of a batch into calls.
///
/// Source: Caffe's LRN layer with norm_region WITHIN_CHANNEL; its cifar10_full network has size 3, alpha 5e-5 and
/// beta 0.75, which are the defaults here.
struct LocalResponseShape {
  std::size_t images;
  std::size_t height;
  std::size_t width;
  std::size_t channels;
  std::size_t size = 3;  ///< odd
  float alpha = 5e-5f;   ///< >= 0
  float beta = 0.75f;    ///< >= 0

  std::size_t values() const { return images * height * width * channels; }
};

/// out = y. Throws std::invalid_argument for an even size.
void local_response_norm_forward(const float* in, const LocalResponseShape& shape, float* out);

/// input_errors_i = e_i s_i^-beta - (2 alpha beta / n^2) x_i sum over the window of e_j y_j / s_j.
/// `in` is that of the forward pass. `input_errors` is overwritten and neither `errors` nor `in`.
void local_response_norm_backward(const float* errors, const float* in, const LocalResponseShape& shape,
                                  float* input_errors);

}  // namespace rheo::vector_math
