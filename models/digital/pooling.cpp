#include "models/digital/pooling.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <vector>

// Highway compiles the part between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/digital/pooling.cpp"
#include "hwy/foreach_target.h"
#include "models/core/elementary-inl.h"
#include "models/digital/pool_window-inl.h"
#include "models/digital/vector_access-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::vector_math::HWY_NAMESPACE {

using rheo::HWY_NAMESPACE::Sigmoid;

// ---- Max and average ----

/// The common case, which has a path of its own.
HWY_INLINE bool is_two_by_two(const PoolShape& shape) {
  return shape.kernel == 2 && shape.stride == 2 && shape.padding == 0 && !shape.ceiling;
}

void max_pool_forward(const float* in, const PoolShape& shape, float* out) {
  const Floats d;
  if (is_two_by_two(shape)) {
    const std::size_t channels = shape.channels;
    const std::size_t row_size = shape.width * channels;
    const std::size_t columns = shape.out_width();
    for (std::size_t image = 0; image < shape.images; ++image, in += shape.height * row_size) {
      for (std::size_t y = 0; y < shape.out_height(); ++y) {
        const float* upper = in + 2 * y * row_size;
        for (std::size_t x = 0; x < columns; ++x, upper += 2 * channels, out += channels) {
          const float* lower = upper + row_size;
          for_vectors(d, channels, [&](std::size_t c, auto access) {
            const Vector top = earlier_maximum(access.load(upper + c), access.load(upper + channels + c));
            const Vector left = earlier_maximum(top, access.load(lower + c));
            access.store(earlier_maximum(left, access.load(lower + channels + c)), out + c);
          });
        }
      }
    }
    return;
  }
  for_windows(shape, [&](const Window& window, std::size_t image, std::size_t position) {
    for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
      Vector largest = hn::Set(d, -std::numeric_limits<float>::infinity());
      window.for_cells(
          shape, [&](std::size_t cell) { largest = earlier_maximum(largest, access.load(in + image + cell + c)); });
      access.store(largest, out + position + c);
    });
  });
}

void max_pool_backward(const float* output_errors, const float* in, const float* out, const PoolShape& shape,
                       float* input_errors) {
  const Floats d;
  if (is_two_by_two(shape)) {
    const std::size_t channels = shape.channels;
    const std::size_t row_size = shape.width * channels;
    const std::size_t columns = shape.out_width();
    const std::size_t unread_columns = (shape.width - 2 * columns) * channels;
    for (std::size_t image = 0; image < shape.images; ++image) {
      for (std::size_t y = 0; y < shape.out_height(); ++y) {
        for (std::size_t x = 0; x < columns; ++x) {
          for_vectors(d, channels, [&](std::size_t c, auto access) {
            const Vector largest = access.load(out + c);
            Vector error = access.load(output_errors + c);
            for (const std::size_t cell : {std::size_t{0}, channels, row_size, row_size + channels}) {
              const auto hit = hn::Eq(access.load(in + cell + c), largest);
              access.store(hn::IfThenElseZero(hit, error), input_errors + cell + c);
              error = hn::IfThenZeroElse(hit, error);
            }
          });
          in += 2 * channels;
          input_errors += 2 * channels;
          out += channels;
          output_errors += channels;
        }
        std::fill_n(input_errors, unread_columns, 0.0f);
        std::fill_n(input_errors + unread_columns + 2 * columns * channels, unread_columns, 0.0f);
        in += unread_columns + row_size;
        input_errors += unread_columns + row_size;
      }
      const std::size_t unread_rows = (shape.height - 2 * shape.out_height()) * row_size;
      std::fill_n(input_errors, unread_rows, 0.0f);
      in += unread_rows;
      input_errors += unread_rows;
    }
    return;
  }
  std::fill_n(input_errors, shape.input_size(), 0.0f);
  for_windows(shape, [&](const Window& window, std::size_t image, std::size_t position) {
    for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
      const Vector largest = access.load(out + position + c);
      Vector error = access.load(output_errors + position + c);
      window.for_cells(shape, [&](std::size_t cell) {
        float* target = input_errors + image + cell + c;
        const auto hit = hn::Eq(access.load(in + image + cell + c), largest);
        access.store(hn::Add(access.load(target), hn::IfThenElseZero(hit, error)), target);
        error = hn::IfThenZeroElse(hit, error);
      });
    });
  });
}

void average_pool_forward(const float* in, const PoolShape& shape, float* out) {
  const Floats d;
  for_windows(shape, [&](const Window& window, std::size_t image, std::size_t position) {
    const Vector cells = hn::Set(d, static_cast<float>(window.cells()));
    for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
      Vector sum = hn::Zero(d);
      window.for_cells(shape, [&](std::size_t cell) { sum = hn::Add(sum, access.load(in + image + cell + c)); });
      access.store(hn::Div(sum, cells), out + position + c);
    });
  });
}

void average_pool_backward(const float* output_errors, const PoolShape& shape, float* input_errors) {
  const Floats d;
  std::fill_n(input_errors, shape.input_size(), 0.0f);
  for_windows(shape, [&](const Window& window, std::size_t image, std::size_t position) {
    const Vector cells = hn::Set(d, static_cast<float>(window.cells()));
    for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
      const Vector share = hn::Div(access.load(output_errors + position + c), cells);
      window.for_cells(shape, [&](std::size_t cell) {
        float* target = input_errors + image + cell + c;
        access.store(hn::Add(access.load(target), share), target);
      });
    });
  });
}

// ---- Stochastic ----

/// Uniform in (0, 1) as uniform_from_word has it, bit by bit: every step is exact.
template <class Access>
HWY_INLINE Vector uniform(const Access& access, const std::uint32_t* words) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  const auto bits = hn::BitCast(hn::RebindToUnsigned<Floats>(), access.load(reinterpret_cast<const float*>(words)));
  const Vector number = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<9>(bits)));
  return hn::Mul(hn::Add(number, hn::Set(d, 0.5f)), hn::Set(d, 0x1p-23f));
}

/// `words`: one for each output value.
void choose_by_size(const float* in, const PoolShape& shape, const std::uint32_t* words, float* out) {
  const Floats d;
  const Vector zero = hn::Zero(d);
  for_windows(shape, [&](const Window& window, std::size_t image, std::size_t position) {
    for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
      Vector sum = zero;
      window.for_cells(
          shape, [&](std::size_t cell) { sum = hn::Add(sum, hn::Max(access.load(in + image + cell + c), zero)); });
      const Vector threshold = hn::Mul(uniform(access, words + position + c), sum);
      Vector running = zero;
      const std::size_t first = (window.first_row * shape.width + window.first_column) * shape.channels;
      Vector chosen = access.load(in + image + first + c);
      auto open = hn::Eq(zero, zero);
      window.for_cells(shape, [&](std::size_t cell) {
        const Vector value = access.load(in + image + cell + c);
        running = hn::Add(running, hn::Max(value, zero));
        const auto hit = hn::And(open, hn::Gt(running, threshold));
        chosen = hn::IfThenElse(hit, value, chosen);
        open = hn::AndNot(hit, open);
      });
      access.store(chosen, out + position + c);
    });
  });
}

void stochastic_pool_mean(const float* in, const PoolShape& shape, float* out) {
  const Floats d;
  const Vector zero = hn::Zero(d);
  for_windows(shape, [&](const Window& window, std::size_t image, std::size_t position) {
    for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
      Vector sum = zero;
      Vector squares = zero;
      window.for_cells(shape, [&](std::size_t cell) {
        const Vector weight = hn::Max(access.load(in + image + cell + c), zero);
        sum = hn::Add(sum, weight);
        squares = hn::MulAdd(weight, weight, squares);
      });
      // Minimum takes the second operand when the quotient is infinite by infinite.
      const Vector mean = hn::Min(hn::Div(squares, sum), hn::Set(d, hwy::HighestValue<float>()));
      access.store(hn::IfThenElseZero(hn::Gt(sum, zero), mean), out + position + c);
    });
  });
}

// ---- Mixed ----

/// The largest of a window, the first of equals, and the average.
struct Extract {
  Vector largest;
  Vector average;
};

template <class Access>
HWY_INLINE Extract extract(const float* in, const PoolShape& shape, const Window& window, const Access& access) {
  const Floats d;
  Vector largest = hn::Set(d, -std::numeric_limits<float>::infinity());
  Vector sum = hn::Zero(d);
  window.for_cells(shape, [&](std::size_t cell) {
    const Vector value = access.load(in + cell);
    largest = earlier_maximum(largest, value);
    sum = hn::Add(sum, value);
  });
  return {largest, hn::Div(sum, hn::Set(d, static_cast<float>(window.cells())))};
}

/// alpha of every channel.
void mixture(const float* beta, std::size_t channels, float mu, float* alpha) {
  const Floats d;
  for_vectors(d, channels, [&](std::size_t c, auto access) {
    access.store(Sigmoid(d, hn::Mul(hn::Set(d, mu), access.load(beta + c))), alpha + c);
  });
}

void mixed_pool_forward(const float* in, const PoolShape& shape, const float* beta, float mu, float* out) {
  const Floats d;
  std::vector<float> alpha(shape.channels);
  mixture(beta, shape.channels, mu, alpha.data());
  for_windows(shape, [&](const Window& window, std::size_t image, std::size_t position) {
    for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
      const Extract of = extract(in + image + c, shape, window, access);
      const Vector share = access.load(alpha.data() + c);
      const Vector rest = hn::Mul(hn::Sub(hn::Set(d, 1.0f), share), of.average);
      access.store(hn::MulAdd(share, of.largest, rest), out + position + c);
    });
  });
}

void mixed_pool_backward(const float* output_errors, const float* in, const PoolShape& shape, const float* beta,
                         float mu, float* input_errors, float* beta_gradients) {
  const Floats d;
  std::vector<float> alpha(shape.channels);
  mixture(beta, shape.channels, mu, alpha.data());
  std::fill_n(input_errors, shape.input_size(), 0.0f);
  for_windows(shape, [&](const Window& window, std::size_t image, std::size_t position) {
    const Vector cells = hn::Set(d, static_cast<float>(window.cells()));
    for_vectors(d, shape.channels, [&](std::size_t c, auto access) {
      const Extract of = extract(in + image + c, shape, window, access);
      const Vector error = access.load(output_errors + position + c);
      const Vector share = access.load(alpha.data() + c);
      const Vector rest = hn::Sub(hn::Set(d, 1.0f), share);
      const Vector slope = hn::Mul(hn::Mul(hn::Set(d, mu), share), rest);
      const Vector contrast = hn::Mul(error, hn::Sub(of.largest, of.average));
      access.store(hn::MulAdd(contrast, slope, access.load(beta_gradients + c)), beta_gradients + c);
      const Vector everywhere = hn::Div(hn::Mul(rest, error), cells);
      Vector peak = hn::Mul(share, error);
      window.for_cells(shape, [&](std::size_t cell) {
        float* target = input_errors + image + cell + c;
        const auto hit = hn::Eq(access.load(in + image + cell + c), of.largest);
        const Vector change = hn::Add(everywhere, hn::IfThenElseZero(hit, peak));
        access.store(hn::Add(access.load(target), change), target);
        peak = hn::IfThenZeroElse(hit, peak);
      });
    });
  });
}

}  // namespace rheo::vector_math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::vector_math {

namespace {

HWY_EXPORT(max_pool_forward);
HWY_EXPORT(max_pool_backward);
HWY_EXPORT(average_pool_forward);
HWY_EXPORT(average_pool_backward);
HWY_EXPORT(choose_by_size);
HWY_EXPORT(stochastic_pool_mean);
HWY_EXPORT(mixed_pool_forward);
HWY_EXPORT(mixed_pool_backward);

void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

void check(const PoolShape& shape) {
  require(shape.kernel >= 1 && shape.stride >= 1, "pooling: kernel and stride must be at least 1");
  require(shape.padding < shape.kernel, "pooling: padding must be smaller than the kernel");
  require(shape.kernel <= std::min(shape.height, shape.width) + 2 * shape.padding,
          "pooling: the kernel must fit into the padded image");
}

}  // namespace

void max_pool_forward(const float* in, const PoolShape& shape, float* out) {
  check(shape);
  HWY_DYNAMIC_DISPATCH(max_pool_forward)(in, shape, out);
}

void max_pool_backward(const float* output_errors, const float* in, const float* out, const PoolShape& shape,
                       float* input_errors) {
  check(shape);
  HWY_DYNAMIC_DISPATCH(max_pool_backward)(output_errors, in, out, shape, input_errors);
}

void average_pool_forward(const float* in, const PoolShape& shape, float* out) {
  check(shape);
  HWY_DYNAMIC_DISPATCH(average_pool_forward)(in, shape, out);
}

void average_pool_backward(const float* output_errors, const PoolShape& shape, float* input_errors) {
  check(shape);
  HWY_DYNAMIC_DISPATCH(average_pool_backward)(output_errors, shape, input_errors);
}

void stochastic_pool_forward(const float* in, const PoolShape& shape, const RandomKey& key, std::uint64_t first_image,
                             float* out) {
  check(shape);
  PoolShape one = shape;
  one.images = 1;
  std::vector<std::uint32_t> words(one.output_size());
  for (std::size_t image = 0; image < shape.images; ++image) {
    random_words(key, first_image + image, 0, words);
    HWY_DYNAMIC_DISPATCH(choose_by_size)(in, one, words.data(), out);
    in += one.input_size();
    out += one.output_size();
  }
}

void stochastic_pool_mean(const float* in, const PoolShape& shape, float* out) {
  check(shape);
  HWY_DYNAMIC_DISPATCH(stochastic_pool_mean)(in, shape, out);
}

void mixed_pool_forward(const float* in, const PoolShape& shape, const float* beta, float mu, float* out) {
  check(shape);
  HWY_DYNAMIC_DISPATCH(mixed_pool_forward)(in, shape, beta, mu, out);
}

void mixed_pool_backward(const float* output_errors, const float* in, const PoolShape& shape, const float* beta,
                         float mu, float* input_errors, float* beta_gradients) {
  check(shape);
  HWY_DYNAMIC_DISPATCH(mixed_pool_backward)(output_errors, in, shape, beta, mu, input_errors, beta_gradients);
}

}  // namespace rheo::vector_math
#endif  // HWY_ONCE
