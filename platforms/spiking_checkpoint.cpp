#include "platforms/spiking_checkpoint.hpp"

#include "platforms/files.hpp"
#include "workloads/data/hdf5_file.hpp"

namespace rheo {
namespace {

constexpr std::uint64_t version = 1;
constexpr std::size_t columns = 7;

void write_layers(Hdf5Image& image, const std::string& group, const std::vector<std::vector<float>>& layers) {
  image.write(group + "/layers", std::vector<std::uint64_t>{layers.size()});
  for (std::size_t l = 0; l < layers.size(); ++l) image.write(group + "/" + std::to_string(l), layers[l]);
}

std::vector<std::vector<float>> read_layers(Hdf5File& file, const std::string& group) {
  std::vector<std::vector<float>> layers;
  const std::uint64_t count = file.read<std::uint64_t>(group + "/layers").at(0);
  for (std::uint64_t l = 0; l < count; ++l) layers.push_back(file.read<float>(group + "/" + std::to_string(l)));
  return layers;
}

}  // namespace

void write_spiking_checkpoint(const std::filesystem::path& file, const SpikingCheckpoint& c) {
  Hdf5Image image;
  image.write("version", std::vector<std::uint64_t>{version});
  image.write_text("configuration", c.configuration);
  image.write("position", std::vector<std::uint64_t>{c.epoch, c.next_example, c.correct, c.optimiser.updates});
  image.write("sums", std::vector<double>{c.loss_sum, c.wall_s});
  std::vector<double> table;
  for (const SpikingEpoch& r : c.records) {
    table.insert(table.end(), {static_cast<double>(r.epoch), r.train_loss, r.train_accuracy, r.test_accuracy,
                               r.test_accuracy_from, r.learning_rate, r.wall_s});
  }
  image.write("records", table);
  write_layers(image, "weights", c.weights);
  write_layers(image, "first", c.optimiser.first);
  write_layers(image, "second", c.optimiser.second);
  write_file(file, image.bytes());
}

SpikingCheckpoint read_spiking_checkpoint(const std::filesystem::path& file) {
  Hdf5File in(file, "a checkpoint of spiking training");
  try {
    if (in.read<std::uint64_t>("version").at(0) != version) in.refuse("written by another version of Rheo");
    SpikingCheckpoint c;
    c.configuration = in.read_text("configuration");
    const auto position = in.read<std::uint64_t>("position");
    c.epoch = position.at(0);
    c.next_example = position.at(1);
    c.correct = position.at(2);
    c.optimiser.updates = position.at(3);
    const auto sums = in.read<double>("sums");
    c.loss_sum = sums.at(0);
    c.wall_s = sums.at(1);
    const auto table = in.read<double>("records");
    for (std::size_t at = 0; at + columns <= table.size(); at += columns) {
      const double* r = table.data() + at;
      c.records.push_back({static_cast<std::int64_t>(r[0]), r[1], r[2], r[3], r[4], r[5], r[6]});
    }
    c.weights = read_layers(in, "weights");
    c.optimiser.first = read_layers(in, "first");
    c.optimiser.second = read_layers(in, "second");
    in.require_crc();
    return c;
  } catch (const std::out_of_range&) {
    in.refuse("damaged, or not a checkpoint of spiking training");
  }
}

}  // namespace rheo
