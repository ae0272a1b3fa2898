#include "models/crossbar/crossbar_array.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <stdexcept>

#include "models/crossbar/weight_slices.hpp"

namespace rheo::crossbar {
namespace {

constexpr std::size_t padded_to_16(std::size_t count) noexcept { return (count + 15) / 16 * 16; }

/// Patches that overlap add to the same places: an image is then the smallest piece of work.
bool overlaps(const OutputBlock& out) noexcept {
  return out.accumulate && (out.geometry.kernel_height > 1 || out.geometry.kernel_width > 1);
}

/// Splits the range over the team and sums what the parts return.
template <class Counts, class Work>
Counts shared_out(const VectorRange& range, std::size_t grain, ThreadTeam& team, Work work) {
  Counts sum;
  std::mutex mutex;
  // Parts begin at multiples of the grain from the block's first vector on.
  const std::size_t lead = range.first % grain;
  team.for_ranges(range.count + lead, grain, [&](std::size_t first, std::size_t last) {
    first = std::max(first, lead);
    if (first >= last) return;
    const Counts part = work(VectorRange{range.first - lead + first, last - first, range.identity});
    const std::lock_guard lock(mutex);
    sum += part;
  });
  return sum;
}

}  // namespace

CrossbarArray::CrossbarArray(std::size_t inputs, std::size_t outputs, const ArraySettings& settings, std::uint64_t seed,
                             std::uint32_t stream)
    : inputs_(inputs),
      outputs_(outputs),
      row_stride_(padded_to_16(outputs)),
      transposed_stride_(padded_to_16(inputs)),
      settings_(settings),
      forward_path_(path(Direction::forward, seed, stream)),
      backward_path_(path(Direction::backward, seed, stream)),
      row_key_(seed, stream, RandomPurpose::row_trains),
      column_key_(seed, stream, RandomPurpose::column_trains),
      cycle_key_(seed, stream, RandomPurpose::cycle_to_cycle),
      weights_(inputs * row_stride_) {
  if (inputs == 0 || outputs == 0) throw std::invalid_argument("a crossbar needs at least one row and one column");
  settings_.pulses.dw_min = static_cast<float>(settings_.device.dw_min);
  if (is_ideal()) return;

  const DeviceParameters& device = settings_.device;
  for (std::vector<float>* values : {&step_up_, &step_down_, &bound_low_, &bound_high_}) {
    values->assign(weights_.size(), 0.0F);
  }
  const RandomKey key(seed, stream, RandomPurpose::cell_population);
  const auto dw_min = static_cast<float>(device.dw_min);
  const auto asymmetry = static_cast<float>(device.up_down);
  std::vector<float> xi(4 * row_stride_);
  for (std::size_t i = 0; i < inputs_; ++i) {
    random_normals(key, i, 0, xi);
    for (std::size_t j = 0; j < outputs_; ++j) {
      const float gain = 1.0F + static_cast<float>(device.dw_min_dtod) * xi[j];
      const float r = static_cast<float>(device.up_down_dtod) * xi[row_stride_ + j];
      const std::size_t at = i * row_stride_ + j;
      step_up_[at] = std::abs(dw_min * (gain + r + std::min(asymmetry, 0.0F)));
      step_down_[at] = std::abs(dw_min * (gain - r - std::max(asymmetry, 0.0F)));
      bound_high_[at] = std::max(0.0F, static_cast<float>(device.w_max) *
                                           (1.0F + static_cast<float>(device.w_max_dtod) * xi[2 * row_stride_ + j]));
      bound_low_[at] = std::min(0.0F, static_cast<float>(device.w_min) *
                                          (1.0F + static_cast<float>(device.w_min_dtod) * xi[3 * row_stride_ + j]));
    }
  }
}

void CrossbarArray::program(std::span<const float> values) {
  if (values.size() != inputs_ * outputs_) throw std::invalid_argument("the weights do not fit the crossbar");
  for (std::size_t i = 0; i < inputs_; ++i) {
    for (std::size_t j = 0; j < outputs_; ++j) {
      const std::size_t at = i * row_stride_ + j;
      const float value = values[i * outputs_ + j];
      weights_[at] = is_ideal() ? value : std::clamp(value, bound_low_[at], bound_high_[at]);
      if (settings_.slicing.on()) weights_[at] = WeightSlices(settings_.slicing, full_scale()).quantised(weights_[at]);
    }
  }
  conductance_current_ = transposed_current_ = false;
}

std::vector<float> CrossbarArray::unpacked(const std::vector<float>& packed) const {
  std::vector<float> values;
  values.reserve(inputs_ * outputs_);
  for (std::size_t i = 0; i < inputs_; ++i) {
    const auto row = packed.begin() + static_cast<std::ptrdiff_t>(i * row_stride_);
    values.insert(values.end(), row, row + static_cast<std::ptrdiff_t>(outputs_));
  }
  return values;
}

std::vector<float> CrossbarArray::weights() const { return unpacked(weights_); }

CrossbarArray::Population CrossbarArray::population() const {
  if (is_ideal()) return {};
  return {unpacked(step_up_), unpacked(step_down_), unpacked(bound_low_), unpacked(bound_high_)};
}

void CrossbarArray::refresh_transposed() {
  if (transposed_current_) return;
  transposed_.assign(outputs_ * transposed_stride_, 0.0F);
  for (std::size_t i = 0; i < inputs_; ++i) {
    for (std::size_t j = 0; j < outputs_; ++j) transposed_[j * transposed_stride_ + i] = weights_[i * row_stride_ + j];
  }
  backward_path_.prepare({transposed_.data(), outputs_, inputs_, transposed_stride_});
  transposed_current_ = true;
}

void CrossbarArray::refresh_conductance() {
  if (conductance_current_) return;
  row_conductance_.assign(padded_to_16(inputs_), 0.0F);
  column_conductance_.assign(padded_to_16(outputs_), 0.0F);
  const auto off = static_cast<float>(settings_.conductance.off_ratio);
  // The weight range of a nominal cell spans off..1; a pair of cells carries one weight.
  const float slope = (1.0F - off) / full_scale();
  const bool differential = settings_.conductance.sign == SignScheme::differential;
  for (std::size_t i = 0; i < inputs_; ++i) {
    for (std::size_t j = 0; j < outputs_; ++j) {
      const float w = weights_[i * row_stride_ + j];
      const float pair = differential ? 2.0F * off + slope * std::abs(w) : (1.0F + off) + 0.5F * slope * w;
      row_conductance_[i] += std::max(pair, 0.0F);
      column_conductance_[j] += std::max(pair, 0.0F);
    }
  }
  forward_path_.prepare({weights_.data(), inputs_, outputs_, row_stride_});
  conductance_current_ = true;
}

float CrossbarArray::full_scale() const noexcept {
  const auto scale = static_cast<float>(std::max(settings_.device.w_max, -settings_.device.w_min));
  return std::max(scale, std::numeric_limits<float>::min());
}

ReadPath CrossbarArray::path(Direction direction, std::uint64_t seed, std::uint32_t stream) const {
  const PathShape shape = direction == Direction::forward ? PathShape{inputs_, outputs_, full_scale()}
                                                          : PathShape{outputs_, inputs_, full_scale()};
  return {direction, settings_.reads(direction), settings_.slicing, settings_.conductance, shape, seed, stream};
}

ReadCounts CrossbarArray::forward(const InputBlock& in, const VectorRange& range, const OutputBlock& out, Mode mode,
                                  ThreadTeam& team) {
  const PackedMatrix matrix{weights_.data(), inputs_, outputs_, row_stride_};
  if (!is_ideal()) refresh_conductance();
  return shared_out<ReadCounts>(range, 16, team, [&](const VectorRange& part) {
    return forward_path_.read(matrix, row_conductance_.data(), in, part, mode, out);
  });
}

ReadCounts CrossbarArray::backward(const InputBlock& in, const VectorRange& range, const OutputBlock& out,
                                   ThreadTeam& team) {
  refresh_transposed();
  const PackedMatrix matrix{transposed_.data(), outputs_, inputs_, transposed_stride_};
  if (!is_ideal()) refresh_conductance();
  const std::size_t grain = overlaps(out) ? out.geometry.positions() : 16;
  return shared_out<ReadCounts>(range, grain, team, [&](const VectorRange& part) {
    return backward_path_.read(matrix, column_conductance_.data(), in, part, Mode::training, out);
  });
}

PulseCounts CrossbarArray::update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                                  float learning_rate, ThreadTeam& team) {
  if (is_ideal()) throw std::logic_error("the ideal device is written, not pulsed");
  if (settings_.slicing.on()) throw std::logic_error("sliced weights are programmed, not pulsed");
  constexpr std::size_t group = 1024;  // vectors whose trains wait together
  PulseCounts counts;
  const CellArrays cells{weights_.data(),
                         step_up_.data(),
                         step_down_.data(),
                         bound_low_.data(),
                         bound_high_.data(),
                         row_stride_,
                         static_cast<float>(settings_.device.dw_min_std)};
  std::vector<PulseEvents> parts(team.size());
  for (std::size_t done = 0; done < range.count; done += group) {
    const std::size_t count = std::min(group, range.count - done);
    // Trains do not depend on the weights: vectors are shared out. Cells take them in order: rows are.
    const std::size_t part_size = (count + parts.size() - 1) / parts.size();
    std::mutex mutex;
    team.for_ranges(parts.size(), 1, [&](std::size_t first, std::size_t last) {
      for (std::size_t p = first; p < last; ++p) {
        parts[p].words.clear();
        parts[p].events.clear();
        const std::size_t begin = std::min(count, p * part_size);
        const std::size_t end = std::min(count, begin + part_size);
        const PulseCounts drawn = draw_pulse_trains(settings_.pulses, learning_rate, inputs, errors,
                                                    {range.first + done + begin, end - begin, range.identity}, row_key_,
                                                    column_key_, parts[p]);
        const std::lock_guard lock(mutex);
        counts += drawn;
      }
    });
    team.for_ranges(inputs_, 1, [&](std::size_t first, std::size_t last) {
      std::uint64_t coincidences = 0;
      for (const PulseEvents& part : parts) {
        coincidences += apply_pulse_trains(part, cells, cycle_key_, first, last);
      }
      const std::lock_guard lock(mutex);
      counts.coincidences += coincidences;
    });
  }
  conductance_current_ = transposed_current_ = false;
  return counts;
}

}  // namespace rheo::crossbar
