#include "platforms/mapping/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"

namespace rheo {
namespace {

constexpr std::uint64_t most_tiles = 16384;

/// Where part `part` of `parts` even parts begins.
std::uint32_t share(std::uint32_t total, std::uint32_t parts, std::uint32_t part) {
  return static_cast<std::uint32_t>(std::uint64_t{total} * part / parts);
}

void require_possible(const ChipConfiguration& chip, ProgramSet programs) {
  if (chip.slicing.on() && programs == ProgramSet::training) {
    throw InputError("slicing.slices",
                     "the network is trained, and sliced weights can only be programmed; expected 0");
  }
  if (chip.buffer.capacity > static_cast<double>(data_map::host - data_map::buffer)) {
    throw InputError("buffer.capacity", "expected at most 1 GiB: the window of the host begins there");
  }
  if (chip.numbers.activations == NumberFormat::uint8 || chip.numbers.gradients == NumberFormat::uint8) {
    throw InputError(chip.numbers.activations == NumberFormat::uint8 ? "numbers.activations" : "numbers.gradients",
                     "uint8 holds no signs; expected fp32, fp16, bf16 or int8");
  }
}

}  // namespace

Placement::Placement(const Graph& graph, const ChipConfiguration& configuration, const MappingRequest& requested)
    : chip(configuration),
      request(requested),
      buffer("buffer", data_map::buffer, chip.buffer.capacity, mapping.buffer),
      dram("dram", data_map::dram, chip.dram.capacity, mapping.dram) {
  require_possible(chip, request.programs);
  network = read_network(graph, mapping);
  share_positions();
  place_tiles();
  choose_formats();
  place_host_window(graph.input_shape());
  place_parameters();
  place_batch();
}

void Placement::share_positions() {
  mapping.same_start = request.tiling.same_start;
  std::size_t convolutions = 0;
  for (std::size_t l = 0; l < mapping.layers.size(); ++l) {
    MatrixLayer& layer = mapping.layers[l];
    const PatchGeometry& g = layer.geometry;
    layer.assignment.positions = static_cast<std::uint32_t>(g.positions());
    if (!layer.convolution || convolutions == rapa::TilingParameters::most_layers) continue;
    const rapa::LayerTiling& tiling = request.tiling.layers[convolutions];
    const std::string where = "rapa.conv" + std::to_string(++convolutions);
    layer.assignment =
        rapa::assign(tiling, g.out_height(), g.out_width(), request.seed, static_cast<std::uint32_t>(l), where);
    if (layer.assignment.regions > 0 && (g.out_height() != g.height || g.out_width() != g.width)) {
      throw InputError(where + ".scheme", "image_pad wants a convolution that keeps the size of the plane");
    }
    if (!layer.assignment.uses_table()) continue;
    mapping.remarks.push_back(fmt::format("{}: {}, {} of {} positions an image on {} {}", layer.name,
                                          rapa::scheme_names[std::size_t(tiling.scheme)], layer.assignment.positions,
                                          g.positions(), layer.assignment.replicas,
                                          layer.assignment.replicas == 1 ? "matrix" : "replicas of the matrix"));
  }
  for (std::size_t i = convolutions; i < rapa::TilingParameters::most_layers; ++i) {
    if (request.tiling.layers[i] == rapa::LayerTiling{}) continue;
    throw InputError("rapa.conv" + std::to_string(i + 1) + ".scheme",
                     fmt::format("the network has {} convolutions; expected none", convolutions));
  }
}

void Placement::place_tiles() {
  std::uint16_t unit = unit_index::first_tile;
  for (std::size_t l = 0; l < mapping.layers.size(); ++l) {
    MatrixLayer& layer = mapping.layers[l];
    const auto down = static_cast<std::uint32_t>(ceil_divide(layer.inputs, static_cast<std::uint64_t>(chip.tile.rows)));
    const auto across =
        static_cast<std::uint32_t>(ceil_divide(layer.outputs, static_cast<std::uint64_t>(chip.tile.columns)));
    const std::uint32_t replicas = layer.assignment.replicas;
    if (unit + std::uint64_t{down} * across * replicas > most_tiles) {
      throw InputError(chip.tile.rows < chip.tile.columns ? "tile.rows" : "tile.columns",
                       fmt::format("the network needs more than {} tiles; expected larger ones", most_tiles));
    }
    for (std::uint32_t i = 0; i < replicas * down; ++i) {
      const std::uint32_t r = i % down;
      for (std::uint32_t c = 0; c < across; ++c) {
        TilePlacement tile;
        tile.unit = unit++;
        tile.layer = static_cast<std::uint16_t>(l);
        tile.replica = static_cast<std::uint16_t>(i / down);
        tile.first_input = share(layer.inputs, down, r);
        tile.inputs = share(layer.inputs, down, r + 1) - tile.first_input;
        tile.first_output = share(layer.outputs, across, c);
        tile.outputs = share(layer.outputs, across, c + 1) - tile.first_output;
        layer.tiles.push_back(tile);
      }
    }
    if (down * across > 1) {
      mapping.remarks.push_back(fmt::format("{}: {} x {} split evenly over {} x {} tiles", layer.name, layer.inputs,
                                            layer.outputs, down, across));
    }
  }
}

/// Memory holds the configured formats, but partial sums that commands add to are fp32: rounding them after
/// every command would make the result depend on the blocking. So are the logits and their gradient.
void Placement::choose_formats() {
  auto& tensors = network.tensors;
  for (Tensor& tensor : tensors) {
    tensor.format = chip.numbers.activations;
    tensor.error_format = chip.numbers.gradients;
  }
  tensors.back().error_format = NumberFormat::fp32;
  for (const Step& step : network.steps) {
    if (step.kind != Step::Kind::matrix) continue;
    const MatrixLayer& layer = mapping.layers[step.layer];
    if (layer.tiles.front().inputs < layer.inputs) keep_fp32(tensors[step.out].format, tensors[step.out].name);
    if ((step.in != 0 || request.programs == ProgramSet::probe) && adds_errors(layer))
      keep_fp32(tensors[step.in].error_format, "errors of " + tensors[step.in].name);
  }
}

void Placement::keep_fp32(NumberFormat& format, const std::string& name) {
  if (format != NumberFormat::fp32) mapping.remarks.push_back(name + ": partial sums are kept in fp32");
  format = NumberFormat::fp32;
}

bool Placement::adds_errors(const MatrixLayer& layer) {
  return layer.geometry.kernel_height > 1 || layer.geometry.kernel_width > 1 ||
         layer.tiles.front().outputs < layer.outputs;
}

void Placement::place_host_window(const TensorShape& images) {
  HostLayout& host = mapping.host;
  const std::uint64_t batch = request.batch_size;
  host.batch_limit = request.batch_size;
  host.images = 0;
  host.labels = aligned(batch * images.values());
  host.results = host.labels + aligned(batch);
  host.bytes = host.results + aligned(batch * 2 * sizeof(float));
}

void Placement::place_parameters() {
  const bool trained = request.programs == ProgramSet::training;
  for (MatrixLayer& layer : mapping.layers) {
    const std::uint64_t bytes = std::uint64_t{layer.assignment.replicas} * layer.outputs * sizeof(float);
    layer.bias = buffer.take(layer.name + ".bias", bytes);
    if (!trained) continue;
    layer.bias_gradient = buffer.take(layer.name + ".bias.gradient", bytes);
    layer.bias_velocity = buffer.take(layer.name + ".bias.velocity", bytes);
  }
  for (MatrixLayer& layer : mapping.layers) {
    const std::uint64_t bytes = layer.assignment.replicas * layer.matrix_bytes();
    if (written()) {
      layer.weights = buffer.take(layer.name + ".weights", bytes);
    } else {
      layer.weights = dram.take(layer.name + ".initial weights", bytes);
    }
    if (trained && accumulates()) {
      layer.gradient = buffer.take(layer.name + ".gradient", bytes);
      layer.velocity = buffer.take(layer.name + ".velocity", bytes);
    }
  }
  for (MatrixLayer& layer : mapping.layers) {
    if (layer.assignment.order.empty()) continue;
    layer.table = buffer.take(layer.name + ".assignment", layer.table_bytes());
  }
  for (PoolMixture& mixture : mapping.mixtures) {
    const std::uint64_t bytes = mixture.channels * sizeof(float);
    mixture.parameters = buffer.take(mixture.name + ".mixture", 2 * bytes);
    mixture.velocity = buffer.take(mixture.name + ".mixture.velocity", bytes);
  }
}

void Placement::place_batch() {
  auto& tensors = network.tensors;
  const std::uint64_t batch = request.batch_size;
  for (std::size_t t = 0; t + 1 < tensors.size(); ++t) {
    tensors[t].dram = dram.take(tensors[t].name + ".activations", batch * activation_bytes(t));
  }
  for (const Step& step : network.steps) {
    if (step.kind != Step::Kind::matrix) continue;
    tensors[step.out].error_dram = dram.take(tensors[step.out].name + ".errors", batch * error_bytes(step.out));
  }
  if (request.programs == ProgramSet::probe) place_probed();
  for (MatrixLayer& layer : mapping.layers) {
    if (layer.assignment.drawn) layer.table = dram.take(layer.name + ".assignments", batch * layer.table_bytes());
  }
}

void Placement::place_probed() {
  const auto scale = [](NumberFormat format, double scale) {
    return format == NumberFormat::fp32 ? 1.0F : static_cast<float>(scale);
  };
  Tensor& images = network.tensors.front();
  images.error_dram = dram.take(images.name + ".errors", std::uint64_t{request.batch_size} * error_bytes(0));
  mapping.probed_gradient = {images.name, images.shape, images.error_format,
                             scale(images.error_format, chip.numbers.gradient_scale), images.error_dram};
  for (std::size_t t = 0; t + 1 < network.tensors.size(); ++t) {
    const Tensor& tensor = network.tensors[t];
    mapping.probed.push_back(
        {tensor.name, tensor.shape, tensor.format, scale(tensor.format, chip.numbers.activation_scale), tensor.dram});
  }
}

bool Placement::feeds_matrix(std::size_t tensor) const {
  return std::any_of(network.steps.begin(), network.steps.end(),
                     [&](const Step& step) { return step.kind == Step::Kind::matrix && step.in == tensor; });
}

std::uint64_t Placement::activation_bytes(std::size_t t) const {
  return std::uint64_t{network.tensors[t].shape.values()} * bytes_of(network.tensors[t].format);
}

std::uint64_t Placement::error_bytes(std::size_t t) const {
  return std::uint64_t{network.tensors[t].shape.values()} * bytes_of(network.tensors[t].error_format);
}

}  // namespace rheo
