#include "models/crossbar/compounds/line_reader.hpp"

#include <algorithm>

#include "models/crossbar/compounds/sum_of_planes.hpp"

namespace rheo::crossbar {
namespace {

constexpr std::size_t padded(std::size_t count) noexcept { return (count + 15) / 16 * 16; }

}  // namespace

LineReader::LineReader(const LineReads& settings, std::uint64_t seed, std::uint32_t stream)
    : settings_(settings), key_(seed, stream, RandomPurpose::line_read) {
  settings_.converters.noise_management = false;
  settings_.converters.max_halvings = 0;
  settings_.converters.output_scale = 1;
}

std::span<float> LineReader::row(const CellPlane& plane, std::size_t line, std::size_t cells, std::uint64_t identity,
                                 UpdateCounts& counts) {
  const PlaneShape& shape = plane.shape();
  values_.assign(padded(shape.outputs), 0.0F);
  std::copy_n(plane.weights().begin() + static_cast<std::ptrdiff_t>(line * shape.row_stride), shape.outputs,
              values_.begin());
  return read(plane, shape.outputs, cells, identity, counts);
}

std::span<float> LineReader::column(const CellPlane& plane, std::size_t line, std::size_t cells, std::uint64_t identity,
                                    UpdateCounts& counts) {
  const PlaneShape& shape = plane.shape();
  values_.assign(padded(shape.inputs), 0.0F);
  for (std::size_t i = 0; i < shape.inputs; ++i) values_[i] = plane.weights()[i * shape.row_stride + line];
  return read(plane, shape.inputs, cells, identity, counts);
}

std::span<float> LineReader::read(const CellPlane& plane, std::size_t length, std::size_t cells, std::uint64_t identity,
                                  UpdateCounts& counts) {
  const float largest = full_scale(plane.parameters());
  float cells_of_line = 0;
  for (std::size_t i = 0; i < length; ++i) {
    cells_of_line += cells == 1 ? settings_.conductance.of_cell(values_[i], largest)
                                : settings_.conductance.of_pair(values_[i], largest);
  }
  ReadSettings settings = settings_.converters;
  const std::uint32_t conductance = per_dac_step(cells_of_line, settings.dac_levels);
  settings.conductance = &conductance;
  // Lines that are not driven add nothing: the one line is the whole matrix.
  const float one = 1;
  const auto count = static_cast<std::uint32_t>(length);
  result_.resize(padded(length));
  const InputBlock in{&one, 1, PatchGeometry::pixels(1, 1, 1), 0, 1};
  const OutputBlock out{result_.data(), length, PatchGeometry::pixels(1, 1, count), 0, count, false};
  counts.reads += analog_read(settings, {values_.data(), 1, length, padded(length)}, in, {0, 1, identity}, key_, out);
  counts.converted += length;
  counts.cells_read += plane.shape().inputs * plane.shape().outputs * cells;
  return std::span(result_).first(length);
}

}  // namespace rheo::crossbar
