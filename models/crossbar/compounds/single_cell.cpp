#include <utility>

#include "models/crossbar/compounds/compounds.hpp"
#include "models/crossbar/compounds/sum_of_planes.hpp"

namespace rheo::crossbar {
namespace {

/// One cell a weight.
class SingleCell final : public WeightStore {
 public:
  explicit SingleCell(const StoreSettings& s)
      : plane_(s.shape, s.device.cell, s.update.coincidences, s.seed, s.stream, 0),
        update_(s.update.settings(s.device.cell.granularity()), s.seed, s.stream) {}

  [[nodiscard]] const std::vector<float>& weights() const override { return plane_.weights(); }
  [[nodiscard]] std::size_t cells_per_weight() const noexcept override { return 2; }
  [[nodiscard]] std::span<const CellPlane> planes() const noexcept override { return {&plane_, 1}; }
  void add_conductances(const ConductanceParameters& law, std::span<float> rows,
                        std::span<float> columns) const override {
    add_pair_conductances(law, plane_, rows, columns);
  }

  void program(std::span<const float> values) override { plane_.program(values); }

  UpdateCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                      ThreadTeam& team) override {
    PulseCounts pulses = update_(inputs, errors, range, learning_rate, team,
                                 [&](const PulseEvents& events, std::size_t first, std::size_t last) {
                                   return plane_.apply(events, first, last);
                                 });
    return pulsed(plane_.shape(), std::move(pulses), 1, 2);
  }

  void draw_update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                   ThreadTeam& team) override {
    drawn_ += update_.draw(inputs, errors, range, learning_rate, team);
  }

  UpdateCounts apply_drawn(ThreadTeam& team) override {
    drawn_ +=
        update_.apply(plane_.shape().inputs, team, [&](const PulseEvents& events, std::size_t first, std::size_t last) {
          return plane_.apply(events, first, last);
        });
    return pulsed(plane_.shape(), std::exchange(drawn_, {}), 1, 2);
  }

  UpdateCounts end_batch(std::uint64_t batch, float, ThreadTeam&) override {
    plane_.end_batch(batch);
    return {};
  }

  void save(std::vector<std::byte>& to) const override { plane_.save(to); }
  void restore(std::span<const std::byte>& from) override { plane_.restore(from); }

 private:
  CellPlane plane_;
  PulseUpdate update_;
  PulseCounts drawn_;  ///< of trains that wait
};

}  // namespace

std::unique_ptr<WeightStore> make_single_cell(const StoreSettings& settings) {
  return std::make_unique<SingleCell>(settings);
}

}  // namespace rheo::crossbar
