#include "models/crossbar/compounds/line_writer.hpp"

#include "models/crossbar/compounds/sum_of_planes.hpp"

namespace rheo::crossbar {
namespace {

/// Noise of the cells is keyed by vectors: those written here are none of the run's.
constexpr std::uint64_t own_identities = std::uint64_t{1} << 61;

}  // namespace

LineWriter::LineWriter(const PlaneShape& shape, const PulseSettings& settings, std::uint64_t seed, std::uint32_t stream,
                       std::uint32_t generators)
    : shape_(shape), update_(settings, seed, stream, generators) {}

UpdateCounts LineWriter::row(CellPlane& plane, std::size_t line, std::span<const float> values, float learning_rate,
                             std::size_t cells, std::uint64_t identity) {
  one_hot_.assign(shape_.inputs, 0.0F);
  one_hot_[line] = 1;
  return write(plane, one_hot_, values, learning_rate, cells, identity);
}

UpdateCounts LineWriter::column(CellPlane& plane, std::size_t line, std::span<const float> values, float learning_rate,
                                std::size_t cells, std::uint64_t identity) {
  one_hot_.assign(shape_.outputs, 0.0F);
  one_hot_[line] = 1;
  return write(plane, values, one_hot_, learning_rate, cells, identity);
}

UpdateCounts LineWriter::write(CellPlane& plane, std::span<const float> x, std::span<const float> d,
                               float learning_rate, std::size_t cells, std::uint64_t identity) {
  const auto block = [](std::span<const float> values) {
    const auto count = static_cast<std::uint32_t>(values.size());
    return InputBlock{values.data(), count, PatchGeometry::pixels(1, 1, count), 0, count};
  };
  PulseCounts pulses = update_(
      block(x), block(d), {0, 1, own_identities + identity}, learning_rate, alone_,
      [&](const PulseEvents& events, std::size_t first, std::size_t last) { return plane.apply(events, first, last); });
  return pulsed(shape_, std::move(pulses), 1, cells);
}

}  // namespace rheo::crossbar
