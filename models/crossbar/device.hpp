#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/core/parameters.hpp"
#include "models/crossbar/cell_family.hpp"
#include "models/crossbar/compound.hpp"
#include "models/crossbar/pcm_inference.hpp"

namespace rheo::crossbar {

/// What the cells of all families have in common. Names as in aihwkit's PulsedDevice.
///
/// Cell (xi: independent standard normal variates, one set per cell, drawn once):
///   gain = 1 + dw_min_dtod xi1 (log-normal: exp(dw_min_dtod xi1)), r = up_down_dtod xi2
///   step up   = |dw_min (gain + r + min(up_down, 0))|
///   step down = |dw_min (gain - r - max(up_down, 0))|
///   bounds    = w_max (1 + w_max_dtod xi3), w_min (1 + w_min_dtod xi4), exchanged when the lower is above, then
///               the upper >= 0 >= the lower by their magnitudes
/// Corrupt cells are stuck between the bounds within +-corrupt_devices_range of 0.
/// Once a mini-batch: w <- (w - b)(1 - 1 / lifetime) + b, then w <- w + diffusion xi, b the reset bias.
/// Source: Gokmen and Vlasov 2016, doi:10.3389/fnins.2016.00333.
struct PopulationParameters {
  double dw_min = 0.001;
  double dw_min_dtod = 0.3;
  bool dw_min_dtod_log_normal = false;
  double dw_min_std = 0.3;
  double up_down = 0.0;
  double up_down_dtod = 0.01;
  double w_max = 0.6;
  double w_max_dtod = 0.3;
  double w_min = -0.6;
  double w_min_dtod = 0.3;
  double write_noise_std = 0.0;
  double corrupt_devices_prob = 0.0;
  double corrupt_devices_range = 0.1;
  double lifetime = 0.0;
  double lifetime_dtod = 0.0;
  double diffusion = 0.0;
  double diffusion_dtod = 0.0;
  double reset = 0.0;
  double reset_dtod = 0.0;
  double reset_std = 0.01;

  void describe(Parameters& p) {
    p.number("dw_min", dw_min, {1e-9, 1.0}, "mean step of one pulse, weight units");
    p.number("dw_min_dtod", dw_min_dtod, {0.0, 10.0}, "device-to-device deviation of the step, relative");
    p.flag("dw_min_dtod_log_normal", dw_min_dtod_log_normal, "steps spread log-normally instead of normally");
    p.number("dw_min_std", dw_min_std, {0.0, 100.0}, "cycle-to-cycle deviation of the step, relative");
    p.number("up_down", up_down, {-1.0, 1.0}, "mean difference between up and down steps, relative");
    p.number("up_down_dtod", up_down_dtod, {0.0, 10.0}, "device-to-device deviation of that difference, relative");
    p.number("w_max", w_max, {0.0, 1e6}, "mean upper bound, weight units");
    p.number("w_max_dtod", w_max_dtod, {0.0, 10.0}, "its device-to-device deviation, relative");
    p.number("w_min", w_min, {-1e6, 0.0}, "mean lower bound, weight units");
    p.number("w_min_dtod", w_min_dtod, {0.0, 10.0}, "its device-to-device deviation, relative");
    p.number("write_noise_std", write_noise_std, {0.0, 1e6}, "noise of what reads see after a write, in steps dw_min");
    p.number("corrupt_devices_prob", corrupt_devices_prob, {0.0, 1.0}, "share of cells that are stuck");
    p.number("corrupt_devices_range", corrupt_devices_range, {0.0, 1e6},
             "largest magnitude where they are stuck, weight units");
    p.number("lifetime", lifetime, {0.0, 1e18}, "mini-batches in which a weight decays by a factor e; 0: no decay");
    p.number("lifetime_dtod", lifetime_dtod, {0.0, 10.0}, "its device-to-device deviation, relative");
    p.number("diffusion", diffusion, {0.0, 1e6}, "deviation of the random walk per mini-batch, weight units");
    p.number("diffusion_dtod", diffusion_dtod, {0.0, 10.0}, "its device-to-device deviation, relative");
    p.number("reset", reset, {-1e6, 1e6}, "where a reset and the decay lead, weight units");
    p.number("reset_dtod", reset_dtod, {0.0, 1e6}, "its device-to-device deviation, weight units");
    p.number("reset_std", reset_std, {0.0, 1e6}, "its cycle-to-cycle deviation, weight units");
  }
};

/// One kind of cell: its family with the family's parameters, and its population. A value: copies are deep.
class CellParameters {
 public:
  CellParameters() : CellParameters("constant_step") {}
  explicit CellParameters(const std::string& family) : family_(family), model_(make_cell_family(family)) {}
  CellParameters(const CellParameters& other);
  CellParameters& operator=(const CellParameters& other);
  CellParameters(CellParameters&&) noexcept = default;
  CellParameters& operator=(CellParameters&&) noexcept = default;
  ~CellParameters() = default;

  PopulationParameters population;

  [[nodiscard]] const std::string& family() const noexcept { return family_; }
  [[nodiscard]] CellFamily& model() noexcept { return *model_; }
  [[nodiscard]] const CellFamily& model() const noexcept { return *model_; }
  [[nodiscard]] double granularity() const { return model_->granularity(population); }

  /// Takes another family with its default parameters; nothing changes when it is the same.
  void select(const std::string& family);

 private:
  std::string family_;
  std::unique_ptr<CellFamily> model_;
};

/// The devices at the cross-points: what carries a weight.
struct DeviceParameters {
  std::string preset = "GokmenVlasov";  ///< the file that the other values come from
  bool ideal = false;                   ///< floating-point weights, no converters, gradient accumulated digitally
  bool programmed = false;              ///< written, not pulsed: PCM inference, gradient accumulated digitally
  PcmInferenceParameters pcm;           ///< of programmed cells
  CellParameters cell;
  CompoundParameters compound;
  std::optional<CellParameters> slow;  ///< the slow cell of a transfer where it is not like the fast one

  /// Whether weights change by pulses; else the chip computes them digitally and writes them.
  [[nodiscard]] bool pulsed() const noexcept { return !ideal && !programmed; }
  [[nodiscard]] const CellParameters& slow_cell() const noexcept { return slow ? *slow : cell; }
  /// Whether the end of a mini-batch does something: decay, diffusion, transfers, refreshes.
  [[nodiscard]] bool acts_at_end_of_batch() const noexcept;

  void describe(Parameters& p);
  /// What is wrong with the parameters together, if anything.
  [[nodiscard]] std::optional<ParameterFault> check() const;
};

}  // namespace rheo::crossbar
