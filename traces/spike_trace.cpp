#include "traces/spike_trace.hpp"

#include <bit>
#include <stdexcept>
#include <utility>

#include "models/core/error.hpp"
#include "traces/columns.hpp"
#include "traces/labels.hpp"

namespace rheo {

using namespace traces;

struct SpikeTrace::Columns {
  hdf5::Handle file;
  ColumnWriter<std::uint64_t> example;
  ColumnWriter<std::uint16_t> tick, layer;
  ColumnWriter<std::uint64_t> neuron;

  explicit Columns(hdf5::Handle opened)
      : file(std::move(opened)),
        example(file.get(), "/spikes/example", Storage::compressed),
        tick(file.get(), "/spikes/tick", Storage::compressed),
        layer(file.get(), "/spikes/layer", Storage::compressed),
        neuron(file.get(), "/spikes/neuron", Storage::compressed) {}
};

namespace {

hdf5::Handle new_file(const std::filesystem::path& name, std::uint32_t ticks,
                      const std::vector<SpikeTrace::Layer>& layers) {
  hdf5::Handle file(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  write_attribute<std::uint64_t>(file.get(), "schema", 1);
  write_attribute<std::uint64_t>(file.get(), "ticks", ticks);
  std::vector<std::string> names;
  std::vector<std::uint64_t> neurons;
  for (const SpikeTrace::Layer& layer : layers) {
    names.push_back(layer.name);
    neurons.push_back(layer.neurons);
  }
  write_names(hdf5::new_group(file.get(), "names").get(), "layers", names);
  hdf5::write(hdf5::new_group(file.get(), "layers").get(), "neurons", neurons, {neurons.size()});
  const hdf5::Handle spikes = hdf5::new_group(file.get(), "spikes");
  create_column<std::uint64_t>(spikes.get(), "example", Storage::compressed);
  create_column<std::uint16_t>(spikes.get(), "tick", Storage::compressed);
  create_column<std::uint16_t>(spikes.get(), "layer", Storage::compressed);
  create_column<std::uint64_t>(spikes.get(), "neuron", Storage::compressed);
  return file;
}

}  // namespace

SpikeTrace::SpikeTrace(std::filesystem::path file, std::uint32_t ticks, const std::vector<Layer>& layers)
    : file_(std::move(file)), unfinished_(file_.string() + ".part"), ticks_(ticks) {
  try {
    columns_ = std::make_unique<Columns>(new_file(unfinished_, ticks, layers));
  } catch (const std::runtime_error&) {
    throw SimulationError(unfinished_.string() + " cannot be written");
  }
}

SpikeTrace::~SpikeTrace() {
  columns_.reset();
  std::error_code ignored;  // finished: it is not there
  std::filesystem::remove(unfinished_, ignored);
}

void SpikeTrace::frame(std::size_t layer, std::uint64_t frame, std::span<const std::uint64_t> spikes) {
  if (refused_) return;
  try {
    for (std::size_t word = 0; word < spikes.size(); ++word) {
      for (std::uint64_t bits = spikes[word]; bits != 0; bits &= bits - 1) {
        columns_->example.add(frame / ticks_);
        columns_->tick.add(static_cast<std::uint16_t>(frame % ticks_));
        columns_->layer.add(static_cast<std::uint16_t>(layer));
        columns_->neuron.add(64 * word + static_cast<std::uint64_t>(std::countr_zero(bits)));
      }
    }
  } catch (const std::runtime_error&) {
    refused_ = true;
  }
}

void SpikeTrace::finish() {
  try {
    if (refused_) throw std::runtime_error("HDF5 refused");
    columns_->example.flush();
    columns_->tick.flush();
    columns_->layer.flush();
    columns_->neuron.flush();
    columns_.reset();
    std::filesystem::rename(unfinished_, file_);
  } catch (const std::runtime_error& error) {
    throw SimulationError(file_.string() + " cannot be written: " + error.what());
  }
}

}  // namespace rheo
