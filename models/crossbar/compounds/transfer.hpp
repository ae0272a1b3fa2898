#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "models/core/parameters.hpp"
#include "models/crossbar/pulse_update.hpp"

namespace rheo::crossbar {

/// How what is read from A reaches C.
enum class TransferRule : std::uint8_t {
  direct,    ///< Tiki-Taka v1: the read line is the error of a pulsed update of C
  buffered,  ///< Tiki-Taka v2, with choppers c-TTv2: summed in digital first
  dynamic,   ///< AGAD: the buffer takes the difference to the mean of the chopper period before
};
inline constexpr std::array<std::string_view, 3> transfer_rule_names{"direct", "buffered", "dynamic"};

/// Transfer (Tiki-Taka): w = gamma s A + C (s: the choppers' signs, +1 without). The gradient is pulsed into the fast
/// cells A; after every `transfer_every` vectors (or mini-batches) the next line of A is read through the output
/// converters, as a forward read of a one-hot input is, and handed on to the slow cells C. A drifts to its symmetry
/// point where the gradient vanishes, so C forgets the asymmetry that plain updates of such cells settle at.
/// Lines: rows of the crossbar, one an input (transfer_columns, aihwkit's name for them), else columns.
///
///   pulses into A   lr_A = fast_lr (x lr if scale_fast_lr); fast_lr 0: lr
///     auto_scale: lr_A = fast_lr train_length dw_A / (m_x m_d) (x lr if scale_fast_lr), m the running means of the
///     largest |x|, |d| of a vector: m <- m + (1 - auto_momentum) / vectors of the batch (largest - m), from the first;
///     vectors of zeros do not count
///   transfer        lr_C = transfer_lr (x lr if scale_transfer_lr)
///   direct          C <- C + lr_C r by a pulsed update, r the line read; A's line is reset with with_reset_prob
///   buffered        H <- H + s r lr_C / g, g = buffer_granularity dw_A (x auto_granularity / (lines transfer_every))
///                   (correct_gradient_magnitudes: g x dw_C / dw_A x lr_A). Where |H| >= 1, n = trunc(H), at most
///                   train_length of `transfer_update`: a pulsed update of C by `step` n dw_C, then
///                   H <- momentum H (forget_buffer) or H - (1 - momentum) n
///   dynamic         the same with r - (mean of A's line in the chopper period before) in place of r; the mean weighs
///                   the newest read by min(1, tail_weightening / period). No pulses before the first period is over.
///   choppers        the sign of line i switches after its read with in_chop_prob (in_chop_random), or every
///                   max(2, ceil(1 / in_chop_prob)) rounds; those of the outputs after a whole round, with
///                   out_chop_prob
///
/// C may be of another kind than A: [device.slow], which else repeats the fast cell. Two planes, no longer chains.
/// transfer_every in mini-batches is rounded up to whole ones; in vectors to the nearest number, at least 1.
/// Source: Gokmen and Haensch 2020, doi:10.3389/fnins.2020.00103; Gokmen 2021, doi:10.3389/frai.2021.699148; Rasch et
/// al. 2024, doi:10.1038/s41467-024-51221-z; TransferCompound, ChoppedTransferCompound, DynamicTransferCompound of
/// aihwkit.
struct TransferParameters {
  TransferRule rule = TransferRule::direct;
  double gamma = 0.0;
  double transfer_every = 1.0;
  bool units_in_mbatch = true;
  std::int64_t n_reads_per_transfer = 1;
  bool transfer_columns = true;
  bool random_selection = false;
  double with_reset_prob = 0.0;
  double fast_lr = 1.0;
  bool scale_fast_lr = true;
  double transfer_lr = 1.0;
  bool scale_transfer_lr = true;

  // buffered, dynamic
  double in_chop_prob = 0.1;
  bool in_chop_random = true;
  double out_chop_prob = 0.0;
  double buffer_granularity = 1.0;
  double auto_granularity = 0.0;
  double step = 1.0;
  double momentum = 0.0;
  bool forget_buffer = true;
  bool auto_scale = false;
  double auto_momentum = 0.99;
  bool correct_gradient_magnitudes = false;

  // dynamic
  double buffer_cap = 0.0;
  double tail_weightening = 5.0;

  UpdateParameters direct_update;  ///< of C, direct
  UpdateParameters step_update{    ///< of C, buffered and dynamic: a slot a pulse
                               .train_length = 1,
                               .update_management = false,
                               .length_management = false};

  [[nodiscard]] const UpdateParameters& transfer_update() const noexcept {
    return rule == TransferRule::direct ? direct_update : step_update;
  }

  /// Only the parameters of the chosen rule are known.
  void describe(Parameters& p);
};

}  // namespace rheo::crossbar
