#include "models/crossbar/compounds/vector_cells.hpp"

#include <algorithm>
#include <numeric>

#include "models/crossbar/compounds/compounds.hpp"
#include "models/crossbar/compounds/sum_of_planes.hpp"

namespace rheo::crossbar {

std::optional<ParameterFault> VectorParameters::check() const {
  const auto count = static_cast<std::size_t>(cells);
  if (!gamma_vec.empty() && gamma_vec.size() != count) {
    return ParameterFault{"gamma_vec",
                          "expected one number for each of the " + std::to_string(cells) + " cells, or none"};
  }
  if (std::accumulate(gamma_vec.begin(), gamma_vec.end(), 0.0) == 0 && !gamma_vec.empty() &&
      update_policy != UpdatePolicy::single_fixed) {
    return ParameterFault{"gamma_vec", "a sum of zero cannot be written; only single_fixed writes one cell alone"};
  }
  if (first_update_idx >= cells) return ParameterFault{"first_update_idx", "expected one of the cells, from 0"};
  return std::nullopt;
}

std::vector<float> VectorParameters::gains() const {
  if (gamma_vec.empty()) {
    return std::vector<float>(static_cast<std::size_t>(cells), 1.0F / static_cast<float>(cells));
  }
  return {gamma_vec.begin(), gamma_vec.end()};
}

namespace {

class VectorCells final : public SumOfPlanes {
 public:
  explicit VectorCells(const StoreSettings& s)
      : SumOfPlanes(s.shape, s.device.compound.vector.gains()),
        parameters_(s.device.compound.vector),
        choice_key_(s.seed, s.stream, RandomPurpose::choice),
        update_(s.update.settings(s.device.cell.granularity()), s.seed, s.stream) {
    for (std::uint32_t k = 0; k < gains_.size(); ++k) {
      planes_.emplace_back(s.shape, s.device.cell, s.update.coincidences, s.seed, s.stream, k);
    }
  }

  void program(std::span<const float> values) override {
    const auto gain = [this] { return std::accumulate(gains_.begin(), gains_.end(), 0.0F); };
    const auto first = static_cast<std::size_t>(parameters_.first_update_idx);
    const bool reference = gain() == 0;  // of a pair whose second cell stays: only the first is written
    std::vector<float> each(values.begin(), values.end());
    for (float& value : each) value /= reference ? gains_[first] : gain();
    const std::vector<float> zero(reference ? values.size() : 0);
    for (std::size_t k = 0; k < planes_.size(); ++k) planes_[k].program(reference && k != first ? zero : each);
    changed();
  }

  UpdateCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                      ThreadTeam& team) override {
    changed();
    if (parameters_.update_policy == UpdatePolicy::all) {
      PulseCounts pulses = update_(inputs, errors, range, learning_rate, team,
                                   [&](const PulseEvents& events, std::size_t first, std::size_t last) {
                                     std::uint64_t coincidences = 0;
                                     for (CellPlane& plane : planes_) coincidences += plane.apply(events, first, last);
                                     return coincidences;
                                   });
      return pulsed(shape_, std::move(pulses), planes_.size(), 2);
    }
    PulseCounts pulses = update_.to_one_of(
        planes_.size(), [this](std::uint64_t identity) { return cell_of(identity); }, inputs, errors, range,
        learning_rate, team,
        [&](std::size_t plane, const PulseEvents& events, std::size_t first, std::size_t last) {
          return planes_[plane].apply(events, first, last);
        });
    return pulsed(shape_, std::move(pulses), 1, 2);
  }

  UpdateCounts end_batch(std::uint64_t batch, float, ThreadTeam&) override {
    end_batch_of_planes(batch);
    return {};
  }

 private:
  /// The cell that takes a vector.
  [[nodiscard]] std::size_t cell_of(std::uint64_t identity) const {
    const auto first = static_cast<std::uint64_t>(parameters_.first_update_idx);
    switch (parameters_.update_policy) {
      case UpdatePolicy::single_sequential:
        return (first + identity) % planes_.size();
      case UpdatePolicy::single_random: {
        std::uint32_t word = 0;
        random_words(choice_key_, identity, 0, {&word, 1});
        return static_cast<std::size_t>(std::uint64_t{word} * planes_.size() >> 32);
      }
      default:
        return first;
    }
  }

  VectorParameters parameters_;
  RandomKey choice_key_;
  PulseUpdate update_;
};

}  // namespace

std::unique_ptr<WeightStore> make_vector_cells(const StoreSettings& settings) {
  return std::make_unique<VectorCells>(settings);
}

}  // namespace rheo::crossbar
