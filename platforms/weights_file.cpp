#include "platforms/weights_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "models/core/error.hpp"
#include "platforms/files.hpp"
#include "models/core/hdf5.hpp"

namespace rheo {
namespace {

using Shape = std::vector<hsize_t>;

std::vector<float> read(hid_t group, const std::string& name, const Shape& expected, const std::string& where) {
  Shape shape;
  std::vector<float> values;
  try {
    values = hdf5::read<float>(group, name, shape);
  } catch (const std::runtime_error&) {
    throw InputError(where, "absent, or no numbers");
  }
  if (shape != expected) {
    throw InputError(where, fmt::format("has the shape [{}]; expected [{}] of this network and its replicas",
                                        fmt::join(shape, ", "), fmt::join(expected, ", ")));
  }
  if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); })) {
    throw InputError(where, "holds a value that is not finite");
  }
  return values;
}

}  // namespace

void write_weights(const std::filesystem::path& file, const Mapping& mapping, const AnalogChip::NetworkValues& values) {
  std::string image;
  try {
    image = hdf5::file_image([&](hid_t out) {
      const hdf5::Handle layers = hdf5::new_group(out, "layers");
      for (std::size_t l = 0; l < mapping.layers.size(); ++l) {
        const MatrixLayer& layer = mapping.layers[l];
        std::vector<float> weights;
        std::vector<float> bias;
        for (const rapa::KernelMatrix& replica : values.layers[l]) {
          weights.insert(weights.end(), replica.weights.begin(), replica.weights.end());
          bias.insert(bias.end(), replica.bias.begin(), replica.bias.end());
        }
        const hdf5::Handle group = hdf5::new_group(layers.get(), layer.name);
        const hsize_t replicas = values.layers[l].size();
        hdf5::write(group.get(), "weights", weights, {replicas, layer.inputs, layer.outputs});
        hdf5::write(group.get(), "bias", bias, {replicas, layer.outputs});
      }
      if (mapping.mixtures.empty()) return;
      const hdf5::Handle mixtures = hdf5::new_group(out, "mixtures");
      for (std::size_t m = 0; m < mapping.mixtures.size(); ++m) {
        hdf5::write(mixtures.get(), mapping.mixtures[m].name, values.mixtures[m], {values.mixtures[m].size()});
      }
    });
  } catch (const std::runtime_error&) {
    throw SimulationError(file.string() + ": the weights cannot be put together");
  }
  write_file(file, image);
}

AnalogChip::NetworkValues read_weights(const std::filesystem::path& file, const Mapping& mapping) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    throw InputError(file.string(), "no such file; expected weights as `rheo run` leaves them");
  }
  const auto opened = [&](const auto& open, const std::string& what) {
    try {
      return open();
    } catch (const std::runtime_error&) {
      throw InputError(file.string(), what);
    }
  };
  const hdf5::Handle in = opened([&] { return hdf5::open_file(file.string()); },
                                 "is no HDF5 file; expected weights as `rheo run` leaves them");
  AnalogChip::NetworkValues values;
  for (const MatrixLayer& layer : mapping.layers) {
    const std::string path = "layers/" + layer.name;
    const hdf5::Handle group = opened([&] { return hdf5::open_group(in.get(), path); },
                                      "has no group " + path + "; expected the layers of this network");
    const hsize_t replicas = layer.assignment.replicas;
    const std::string where = file.string() + ": " + path;
    const auto weights = read(group.get(), "weights", {replicas, layer.inputs, layer.outputs}, where + "/weights");
    const auto bias = read(group.get(), "bias", {replicas, layer.outputs}, where + "/bias");
    auto& all = values.layers.emplace_back();
    for (std::size_t r = 0; r < replicas; ++r) {
      const auto part = [&](const std::vector<float>& of, std::size_t count) {
        const auto begin = of.begin() + static_cast<std::ptrdiff_t>(r * count);
        return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(count));
      };
      all.push_back({layer.inputs, layer.outputs, part(weights, std::size_t{layer.inputs} * layer.outputs),
                     part(bias, layer.outputs)});
    }
  }
  for (const PoolMixture& mixture : mapping.mixtures) {
    const std::string path = "mixtures/" + mixture.name;
    values.mixtures.push_back(read(in.get(), path, {mixture.channels}, file.string() + ": " + path));
  }
  return values;
}

}  // namespace rheo
