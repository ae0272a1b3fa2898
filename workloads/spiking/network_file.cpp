#include "workloads/spiking/network_file.hpp"

#include <array>
#include <cstdio>

#include "workloads/data/hdf5_file.hpp"

namespace rheo::spiking {
namespace {

constexpr std::string_view format = "rheo spiking network 1";
constexpr std::uint32_t most_layers = 100;

std::string group_of(std::size_t layer) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "layer_%02zu/", layer);
  return text.data();
}

}  // namespace

std::string network_file_image(const FloatNetwork& network) {
  const SpikingNetwork& n = network.network;
  Hdf5Image image;
  image.write_text("format", format);
  image.write_text("name", n.name);
  image.write("input", std::vector<std::uint32_t>{n.input.height, n.input.width, n.input.channels});
  image.write("ticks", std::vector<std::uint32_t>{n.ticks});
  image.write("decay", std::vector<double>{network.decay});
  image.write("layers", std::vector<std::uint32_t>{static_cast<std::uint32_t>(n.layers.size())});
  for (std::size_t l = 0; l < n.layers.size(); ++l) {
    const SpikingLayer& layer = n.layers[l];
    const std::string group = group_of(l);
    image.write_text(group + "name", layer.name);
    image.write(group + "shape", std::vector<std::uint32_t>{static_cast<std::uint32_t>(layer.kind), layer.kernel,
                                                            layer.padding, layer.outputs, layer.pool});
    image.write(group + "threshold", std::vector<double>{layer.threshold});
    image.write(group + "ratio", std::vector<double>{layer.spike_ratio});
    image.write(group + "weights", network.weights[l], {n.geometry_of(l).elements(), layer.outputs});
  }
  return image.bytes();
}

FloatNetwork read_network_file(const std::filesystem::path& file) {
  Hdf5File in(file, "a trained spiking network");
  if (in.read_text("format") != format) in.refuse("not a spiking network of this version");
  const auto one = [&]<class Number>(Number, const std::string& path) {
    const std::vector<Number> values = in.read<Number>(path);
    if (values.size() != 1) in.refuse(path + " is not one number");
    return values[0];
  };
  FloatNetwork network;
  SpikingNetwork& n = network.network;
  n.name = in.read_text("name");
  const auto input = in.read<std::uint32_t>("input");
  if (input.size() != 3) in.refuse("input is not three numbers");
  n.input = {input[0], input[1], input[2]};
  n.ticks = one(std::uint32_t{}, "ticks");
  network.decay = one(double{}, "decay");
  const std::uint32_t layers = one(std::uint32_t{}, "layers");
  if (layers == 0 || layers > most_layers) in.refuse("layers is not from 1 to 100");
  for (std::size_t l = 0; l < layers; ++l) {
    const std::string group = group_of(l);
    SpikingLayer layer;
    layer.name = in.read_text(group + "name");
    const auto shape = in.read<std::uint32_t>(group + "shape");
    if (shape.size() != 5 || shape[0] > 1 || shape[1] == 0 || shape[3] == 0 || shape[4] == 0) {
      in.refuse(group + "shape is not that of a layer");
    }
    layer.kind = static_cast<SpikingLayer::Kind>(shape[0]);
    layer.kernel = shape[1];
    layer.padding = shape[2];
    layer.outputs = shape[3];
    layer.pool = shape[4];
    layer.threshold = one(double{}, group + "threshold");
    layer.spike_ratio = one(double{}, group + "ratio");
    n.layers.push_back(layer);
    const TensorShape into = n.input_of(l);
    if (layer.kind == SpikingLayer::Kind::convolution &&
        (into.height + 2 * layer.padding < layer.kernel || into.width + 2 * layer.padding < layer.kernel)) {
      in.refuse(group + "shape is too large for its input");
    }
    if (in.shape(group + "weights") != std::vector<std::uint64_t>{n.geometry_of(l).elements(), layer.outputs}) {
      in.refuse(group + "weights has another shape than its layer");
    }
    network.weights.push_back(in.read<float>(group + "weights"));
  }
  in.require_crc();
  return network;
}

}  // namespace rheo::spiking
