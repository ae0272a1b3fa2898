#include "models/crossbar/compounds/compounds.hpp"

namespace rheo::crossbar {
namespace {

/// One cell a weight.
class SingleCell final : public WeightStore {
 public:
  SingleCell(const PlaneShape& shape, const DeviceParameters& device, const UpdateParameters& update,
             std::uint64_t seed, std::uint32_t stream)
      : plane_(shape, device.cell, update.coincidences, seed, stream, 0),
        update_(update.settings(device.cell.granularity()), seed, stream) {}

  [[nodiscard]] const std::vector<float>& weights() const noexcept override { return plane_.weights(); }
  [[nodiscard]] std::size_t cells_per_weight() const noexcept override { return 1; }
  [[nodiscard]] std::span<const CellPlane> planes() const noexcept override { return {&plane_, 1}; }

  void program(std::span<const float> values) override { plane_.program(values); }

  UpdateCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                      ThreadTeam& team) override {
    UpdateCounts counts;
    counts.pulses = update_(inputs, errors, range, learning_rate, team,
                            [&](const PulseEvents& events, std::size_t first, std::size_t last) {
                              return plane_.apply(events, first, last);
                            });
    return counts;
  }

  UpdateCounts draw_update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                           float learning_rate, ThreadTeam& team) override {
    UpdateCounts counts;
    counts.pulses = update_.draw(inputs, errors, range, learning_rate, team);
    return counts;
  }

  UpdateCounts apply_drawn(ThreadTeam& team) override {
    UpdateCounts counts;
    counts.pulses =
        update_.apply(plane_.shape().inputs, team, [&](const PulseEvents& events, std::size_t first, std::size_t last) {
          return plane_.apply(events, first, last);
        });
    return counts;
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
};

}  // namespace

std::unique_ptr<WeightStore> make_single_cell(const PlaneShape& shape, const DeviceParameters& device,
                                              const UpdateParameters& update, std::uint64_t seed,
                                              std::uint32_t stream) {
  return std::make_unique<SingleCell>(shape, device, update, seed, stream);
}

}  // namespace rheo::crossbar
