#include "models/crossbar/crossbar_array.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "models/core/bytes.hpp"
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
      shape_(PlaneShape::of(inputs, outputs)),
      transposed_stride_(padded_to_16(inputs)),
      settings_(settings),
      forward_path_(path(Direction::forward, seed, stream)),
      backward_path_(path(Direction::backward, seed, stream)) {
  if (inputs == 0 || outputs == 0) throw std::invalid_argument("a crossbar needs at least one row and one column");
  if (is_ideal()) {
    ideal_weights_.resize(shape_.values());
  } else {
    LineReads lines{forward_path_.basic_settings(nullptr), settings_.conductance};
    lines.converters.max_halvings = 0;
    store_ = make_weight_store(shape_, settings_.device, settings_.update, seed, stream, lines);
  }
}

UpdateCounts CrossbarArray::prepare(double seconds, std::uint64_t identity) {
  if (!settings_.device.programmed) return {};
  weights_changed();
  return store_->prepare(seconds, identity);
}

void CrossbarArray::program(std::span<const float> values) {
  if (values.size() != inputs_ * outputs_) throw std::invalid_argument("the weights do not fit the crossbar");
  std::optional<WeightSlices> slices;
  if (settings_.slicing.on()) slices.emplace(settings_.slicing, full_scale());
  std::vector<float> padded(shape_.values());
  for (std::size_t i = 0; i < inputs_; ++i) {
    for (std::size_t j = 0; j < outputs_; ++j) {
      const float value = values[i * outputs_ + j];
      padded[i * shape_.row_stride + j] = slices ? slices->quantised(value) : value;
    }
  }
  if (is_ideal()) {
    ideal_weights_ = std::move(padded);
  } else {
    store_->program(padded);
  }
  weights_changed();
}

std::vector<float> CrossbarArray::weights() const {
  std::vector<float> values;
  values.reserve(inputs_ * outputs_);
  for (std::size_t i = 0; i < inputs_; ++i) {
    const auto row = packed().begin() + static_cast<std::ptrdiff_t>(i * shape_.row_stride);
    values.insert(values.end(), row, row + static_cast<std::ptrdiff_t>(outputs_));
  }
  return values;
}

std::size_t CrossbarArray::cells_per_weight() const noexcept {
  // A cell and the reference for its sign, once a slice.
  return (store_ != nullptr ? store_->cells_per_weight() : 2) * settings_.slicing.pairs();
}

std::size_t CrossbarArray::cells_per_read() const noexcept { return store_ != nullptr ? store_->cells_per_read() : 2; }

std::size_t CrossbarArray::digital_words() const noexcept { return store_ != nullptr ? store_->digital_words() : 0; }

std::span<const CellPlane> CrossbarArray::planes() const noexcept {
  return store_ != nullptr ? store_->planes() : std::span<const CellPlane>();
}

void CrossbarArray::refresh_transposed() {
  if (transposed_current_) return;
  transposed_.assign(outputs_ * transposed_stride_, 0.0F);
  constexpr std::size_t square = 16;  // a cache line of either side
  const float* weights = packed().data();
  for (std::size_t first_i = 0; first_i < inputs_; first_i += square) {
    const std::size_t end_i = std::min(first_i + square, inputs_);
    for (std::size_t first_j = 0; first_j < outputs_; first_j += square) {
      const std::size_t end_j = std::min(first_j + square, outputs_);
      for (std::size_t j = first_j; j < end_j; ++j) {
        for (std::size_t i = first_i; i < end_i; ++i)
          transposed_[j * transposed_stride_ + i] = weights[i * shape_.row_stride + j];
      }
    }
  }
  backward_path_.prepare({transposed_.data(), outputs_, inputs_, transposed_stride_});
  transposed_current_ = true;
}

void CrossbarArray::refresh_conductance() {
  if (conductance_current_) return;
  row_conductance_.assign(padded_to_16(inputs_), 0.0F);
  column_conductance_.assign(padded_to_16(outputs_), 0.0F);
  store_->add_conductances(settings_.conductance, row_conductance_, column_conductance_);
  forward_path_.prepare({packed().data(), inputs_, outputs_, shape_.row_stride});
  conductance_current_ = true;
}

float CrossbarArray::full_scale() const noexcept {
  const PopulationParameters& cells = settings_.device.cell.population;
  const auto scale = static_cast<float>(std::max(cells.w_max, -cells.w_min));
  return std::max(scale, std::numeric_limits<float>::min());
}

ReadPath CrossbarArray::path(Direction direction, std::uint64_t seed, std::uint32_t stream) const {
  const PathShape shape = direction == Direction::forward ? PathShape{inputs_, outputs_, full_scale()}
                                                          : PathShape{outputs_, inputs_, full_scale()};
  return {direction, settings_.reads(direction), settings_.slicing, settings_.conductance, shape, seed, stream};
}

ReadCounts CrossbarArray::forward(const InputBlock& in, const VectorRange& range, const OutputBlock& out, Mode mode,
                                  ThreadTeam& team) {
  const PackedMatrix matrix{packed().data(), inputs_, outputs_, shape_.row_stride};
  if (!is_ideal()) refresh_conductance();
  return shared_out<ReadCounts>(range, 16, team, [&](const VectorRange& part) {
    return forward_path_.read(matrix, row_conductance_.data(), in, part, mode, out, output_scale());
  });
}

ReadCounts CrossbarArray::backward(const InputBlock& in, const VectorRange& range, const OutputBlock& out,
                                   ThreadTeam& team) {
  refresh_transposed();
  const PackedMatrix matrix{transposed_.data(), outputs_, inputs_, transposed_stride_};
  if (!is_ideal()) refresh_conductance();
  const std::size_t grain = overlaps(out) ? out.geometry.positions() : 16;
  return shared_out<ReadCounts>(range, grain, team, [&](const VectorRange& part) {
    return backward_path_.read(matrix, column_conductance_.data(), in, part, Mode::training, out, output_scale());
  });
}

UpdateCounts CrossbarArray::update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                                   float learning_rate, ThreadTeam& team) {
  if (is_ideal()) throw std::logic_error("the ideal device is written, not pulsed");
  if (settings_.slicing.on()) throw std::logic_error("sliced weights are programmed, not pulsed");
  weights_changed();
  return store_->update(inputs, errors, range, learning_rate, team);
}

void CrossbarArray::draw_update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                                float learning_rate, ThreadTeam& team) {
  if (is_ideal()) throw std::logic_error("the ideal device is written, not pulsed");
  store_->draw_update(inputs, errors, range, learning_rate, team);
}

UpdateCounts CrossbarArray::apply_drawn(ThreadTeam& team) {
  weights_changed();
  return store_->apply_drawn(team);
}

UpdateCounts CrossbarArray::end_batch(std::uint64_t batch, float learning_rate, ThreadTeam& team) {
  if (is_ideal()) return {};
  weights_changed();
  return store_->end_batch(batch, learning_rate, team);
}

std::vector<std::byte> CrossbarArray::save_state() const {
  std::vector<std::byte> state;
  if (store_ != nullptr) {
    store_->save(state);
  } else {
    append_bytes<float>(state, ideal_weights_);
  }
  return state;
}

void CrossbarArray::restore_state(std::span<const std::byte> state) {
  if (store_ != nullptr) {
    store_->restore(state);
  } else {
    take_bytes<float>(state, ideal_weights_);
  }
  if (!state.empty()) throw std::invalid_argument("a saved state is longer than the array's");
  weights_changed();
}

}  // namespace rheo::crossbar
