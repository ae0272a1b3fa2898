// The step follows a table over the range of the cell, interpolated linearly between equidistant nodes:
//   m = +-step f((w - low) / (high - low)), s = dw_min_std |m|
// PiecewiseStep of aihwkit.
#include "models/crossbar/device.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/crossbar/families/piecewise_step.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "models/crossbar/families/apply_pulses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rheo::crossbar::HWY_NAMESPACE {
namespace {

struct PiecewiseStep {
  const CellArrays& cells;
  std::span<const float> up_table;
  std::span<const float> down_table;

  // own[0] = 1 / (high - low)
  template <class At>
  HWY_INLINE void operator()(const At& at, Lane w, LaneMask up, Lane& mean, Lane& deviation) const {
    const LaneTag df;
    const IndexTag di;
    const Lane step = hn::IfThenElse(up, at(cells.step_up), hn::Neg(at(cells.step_down)));
    const auto sections = static_cast<float>(up_table.size() - 1);
    const Lane inside = hn::Mul(hn::Sub(w, at(cells.bound_low)), at(cells.own[0]));
    const Lane place = hn::Mul(hn::Max(hn::Min(inside, hn::Set(df, 1.0F)), hn::Zero(df)), hn::Set(df, sections));
    const Lane node = hn::Min(hn::Floor(place), hn::Set(df, std::max(sections - 1.0F, 0.0F)));
    const Lane part = hn::Sub(place, node);
    const Indices left = hn::ConvertTo(di, node);
    const Indices right = hn::Min(hn::Add(left, hn::Set(di, 1)), hn::Set(di, static_cast<std::int32_t>(sections)));
    const auto between = [&](std::span<const float> table) HWY_ATTR {
      const Lane a = hn::GatherIndex(df, table.data(), left);
      const Lane b = hn::GatherIndex(df, table.data(), right);
      return hn::MulAdd(part, hn::Sub(b, a), a);
    };
    mean = hn::Mul(step, hn::IfThenElse(up, between(up_table), between(down_table)));
    deviation = hn::Mul(mean, hn::Set(df, cells.cycle_to_cycle));
  }
};

}  // namespace

std::uint64_t ApplyPiecewiseStep(const PulseApplication& pulses, std::span<const float> up,
                                 std::span<const float> down) {
  return ApplyEvents(PiecewiseStep{pulses.cells, up, down}, pulses);
}

}  // namespace rheo::crossbar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheo::crossbar {
namespace {

HWY_EXPORT(ApplyPiecewiseStep);

class Family final : public CellFamily {
 public:
  [[nodiscard]] std::unique_ptr<CellFamily> clone() const override { return std::make_unique<Family>(*this); }
  [[nodiscard]] std::string_view description() const noexcept override {
    return "the step follows a table over the range of the cell";
  }
  void describe(Parameters& p) override {
    p.numbers("piecewise_up", up_, 1, {0.0, 1e6}, "up steps relative to dw_min at equidistant weights, low to high");
    p.numbers("piecewise_down", down_, 1, {0.0, 1e6}, "down steps, the same");
  }
  [[nodiscard]] std::optional<ParameterFault> check() const override {
    if (up_.size() == down_.size()) return std::nullopt;
    return ParameterFault{"piecewise_down",
                          "expected as many numbers as piecewise_up has, " + std::to_string(up_.size())};
  }
  [[nodiscard]] double granularity(const PopulationParameters& p) const override {
    const double middle = p.dw_min * up_[up_.size() / 2];
    return middle > 0 ? middle : p.dw_min;
  }
  /// 1 / (high - low)
  [[nodiscard]] std::size_t own_values() const noexcept override { return 1; }
  void complete(const PopulationParameters&, std::span<const float>, Cell& cell) const override {
    const float range = cell.bound_high - cell.bound_low;
    cell.own[0] = range > 0 ? 1.0F / range : 0.0F;
    if (!(range > 0)) cell.step_up = cell.step_down = 0;
  }
  std::uint64_t apply(const PulseApplication& pulses) const override {
    const std::vector<float> up(up_.begin(), up_.end());
    const std::vector<float> down(down_.begin(), down_.end());
    return HWY_DYNAMIC_DISPATCH(ApplyPiecewiseStep)(pulses, up, down);
  }

 private:
  std::vector<double> up_{1.0};
  std::vector<double> down_{1.0};
};

}  // namespace

std::unique_ptr<CellFamily> make_piecewise_step() { return std::make_unique<Family>(); }

}  // namespace rheo::crossbar
#endif  // HWY_ONCE
