#include "models/crossbar/compounds/one_sided.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "models/core/bytes.hpp"
#include "models/core/error.hpp"
#include "models/crossbar/compounds/compounds.hpp"
#include "models/crossbar/compounds/every.hpp"
#include "models/crossbar/compounds/line_reader.hpp"
#include "models/crossbar/compounds/line_writer.hpp"
#include "models/crossbar/compounds/sum_of_planes.hpp"

namespace rheo::crossbar {
namespace {

/// Plane 0 holds g+, plane 1 g-; mirrored: -g-, in cells like those of plane 0 that only step down.
class OneSided final : public SumOfPlanes {
 public:
  explicit OneSided(const StoreSettings& s)
      : SumOfPlanes(s.shape, {1.0F, s.device.compound.one_sided.copy_inverted ? 1.0F : -1.0F}),
        parameters_(s.device.compound.one_sided),
        w_max_(static_cast<float>(s.device.cell.population.w_max)),
        update_(s.update.settings(s.device.cell.granularity()), s.seed, s.stream),
        reader_(s.reads, s.seed, s.stream),
        writer_(s.shape, parameters_.refresh_update.settings(s.device.cell.granularity()), s.seed, s.stream, 1) {
    for (const std::uint32_t plane : {0U, 1U}) {
      planes_.emplace_back(s.shape, s.device.cell, s.update.coincidences, s.seed, s.stream, plane,
                           mirrored() ? 0U : plane);
    }
  }

  /// The pair needs no reference.
  [[nodiscard]] std::size_t cells_per_weight() const noexcept override { return 2; }
  [[nodiscard]] std::size_t cells_per_read() const noexcept override { return 2; }

  void add_conductances(const ConductanceParameters& law, std::span<float> rows,
                        std::span<float> columns) const override {
    for (const CellPlane& plane : planes_) {
      const float largest = full_scale(plane.parameters());
      for (std::size_t i = 0; i < shape_.inputs; ++i) {
        for (std::size_t j = 0; j < shape_.outputs; ++j) {
          const float cell = law.of_cell(plane.weights()[i * shape_.row_stride + j], largest);
          rows[i] += cell;
          columns[j] += cell;
        }
      }
    }
  }

  void program(std::span<const float> values) override {
    std::vector<float> part(values.size());
    std::transform(values.begin(), values.end(), part.begin(), [](float w) { return std::max(w, 0.0F); });
    planes_[0].program(part);
    std::transform(values.begin(), values.end(), part.begin(),
                   [this](float w) { return mirrored() ? std::min(w, 0.0F) : std::max(-w, 0.0F); });
    planes_[1].program(part);
    seen_ = 0;
    changed();
  }

  UpdateCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                      ThreadTeam& team) override {
    UpdateCounts counts;
    const auto every = parameters_.units_in_mbatch ? 0 : static_cast<std::uint64_t>(parameters_.refresh_every);
    const PulseSelection down = mirrored() ? PulseSelection::down_only : PulseSelection::down_as_up;
    with_event_every(
        every, range, seen_,
        [&](const VectorRange& part) {
          PulseCounts pulses = update_(inputs, errors, part, learning_rate, team,
                                       [&](const PulseEvents& events, std::size_t first, std::size_t last) {
                                         return planes_[0].apply(events, first, last, PulseSelection::up_only) +
                                                planes_[1].apply(events, first, last, down);
                                       });
          // Up and down pulses are played one after the other, each to one cell of the pair.
          counts += pulsed(shape_, std::move(pulses), 1, 1);
        },
        [&] { refresh(counts); });
    changed();
    return counts;
  }

  UpdateCounts end_batch(std::uint64_t batch, float, ThreadTeam&) override {
    UpdateCounts counts;
    end_batch_of_planes(batch);
    if (parameters_.units_in_mbatch && parameters_.refresh_every > 0 &&
        ++seen_ % static_cast<std::uint64_t>(parameters_.refresh_every) == 0) {
      refresh(counts);
    }
    return counts;
  }

  void save(std::vector<std::byte>& to) const override {
    SumOfPlanes::save(to);
    append_bytes<std::uint64_t>(to, std::array{seen_, refreshes_});
  }
  void restore(std::span<const std::byte>& from) override {
    SumOfPlanes::restore(from);
    std::array<std::uint64_t, 2> numbers{};
    take_bytes<std::uint64_t>(from, numbers);
    seen_ = numbers[0];
    refreshes_ = numbers[1];
  }

 private:
  [[nodiscard]] bool mirrored() const noexcept { return parameters_.copy_inverted; }

  /// Whether a pair has too little room left.
  [[nodiscard]] bool spent(float plus, float minus) const noexcept {
    const auto upper = static_cast<float>(parameters_.refresh_upper_thres) * w_max_;
    const auto lower = static_cast<float>(parameters_.refresh_lower_thres) * w_max_;
    return std::max(plus, minus) > upper && std::min(plus, minus) > lower;
  }

  void refresh(UpdateCounts& counts) {
    const float sign = mirrored() ? -1.0F : 1.0F;
    std::vector<std::uint32_t> columns;
    std::array<std::vector<float>, 2> differences;
    for (std::size_t i = 0; i < shape_.inputs; ++i) {
      const std::uint64_t identity = 2 * (refreshes_ * shape_.inputs + i);
      const auto first = reader_.row(planes_[0], i, 1, identity, counts);
      const std::vector<float> plus(first.begin(), first.end());
      const auto minus = reader_.row(planes_[1], i, 1, identity + 1, counts);
      columns.clear();
      for (std::vector<float>& d : differences) d.assign(shape_.outputs, 0.0F);
      for (std::size_t j = 0; j < shape_.outputs; ++j) {
        const float g = sign * minus[j];
        if (!spent(plus[j], g)) continue;
        columns.push_back(static_cast<std::uint32_t>(j));
        (plus[j] > g ? differences[0] : differences[1])[j] = std::abs(plus[j] - g);
      }
      if (columns.empty()) continue;
      counts.cells_reset += 2 * columns.size();
      for (std::size_t k = 0; k < 2; ++k) {
        planes_[k].reset_cells(i, columns, refreshes_);
        // An update steps against its error: up by -1, a mirrored g- down by +1.
        const float direction = k == 1 && mirrored() ? 1.0F : -1.0F;
        for (float& d : differences[k]) d *= direction;
        counts += writer_.row(planes_[k], i, differences[k], 1.0F, 1, identity + k);
      }
    }
    ++refreshes_;
    changed();
  }

  OneSidedParameters parameters_;
  float w_max_;
  PulseUpdate update_;
  LineReader reader_;
  LineWriter writer_;
  std::uint64_t seen_ = 0;       ///< batches, or vectors, since the weights were written
  std::uint64_t refreshes_ = 0;  ///< so far: they key the random numbers
};

}  // namespace

std::unique_ptr<WeightStore> make_one_sided(const StoreSettings& settings) {
  const auto require_pulses = [](UpdateMode mode, const char* key) {
    if (mode != UpdateMode::none_with_device) return;
    throw InputError(key, "a one-sided pair takes pulses; expected another mode than none_with_device");
  };
  require_pulses(settings.update.mode, "tile.update_mode");
  require_pulses(settings.device.compound.one_sided.refresh_update.mode, "device.one_sided.refresh_update.update_mode");
  return std::make_unique<OneSided>(settings);
}

}  // namespace rheo::crossbar
