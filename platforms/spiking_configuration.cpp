#include "platforms/spiking_configuration.hpp"

#include <limits>

namespace rheo {

void SpikingConfiguration::describe(Parameters& p) {
  p.integer("seed", seed, {0, std::numeric_limits<std::int64_t>::max()}, "of all random numbers");
  const std::vector<std::string>& names = spiking::spiking_networks();
  p.choice("network", network, std::span<const std::string>(names), "the spiking network");
  p.quantity("checkpoint_interval", checkpoint_interval, Dimension::seconds, {0, 1e9},
             "wall time between two checkpoints at least");
  p.section("data", data, "examples");
  p.section("training", training, "how the network learns, on the host");
  p.section("evaluation", evaluation, "how it is tested");
}

std::string SpikingConfiguration::text() const {
  SpikingConfiguration copy = *this;
  ConfigurationText text;
  copy.describe(text);
  return text.str();
}

SpikingConfiguration SpikingConfiguration::load(const std::filesystem::path& file,
                                                const std::vector<std::string>& set) {
  Configuration source = Configuration::from_file(file);
  for (const std::string& word : set) source.set(word);
  SpikingConfiguration configuration;
  source.read(configuration);
  source.refuse_unknown_keys();

  using Data = SpikingDataParameters;
  const Data& data = configuration.data;
  if (data.snr_high < data.snr_low) {
    throw InputError(source.where("data.snr_high"), "is below data.snr_low; expected at least as much");
  }
  if (data.kind == Data::Kind::radio_file && data.file.empty()) {
    throw InputError(source.where("data.file"),
                     "is empty; expected RadioML as HDF5 (analysis/radioml2016.py makes one)");
  }
  const spiking::SpikingNetwork network = spiking::build_spiking_network(configuration.network);
  if (data.kind != Data::Kind::images && std::uint64_t{1} << 2 * data.bits != network.input.values()) {
    throw InputError(source.where("data.bits"),
                     "makes a plane of another size than the input of " + network.name + ", 16 x 16: expected 4");
  }
  const bool of_2018 = data.modulations == Data::Modulations::radioml_2018;
  if (data.kind != Data::Kind::images && network.classes() != (of_2018 ? 24U : 11U)) {
    throw InputError(source.where("data.modulations"), std::string("has ") + (of_2018 ? "24" : "11") +
                                                           " classes, the network " +
                                                           std::to_string(network.classes()) + "; expected as many");
  }
  const std::int64_t ticks = configuration.training.ticks > 0 ? configuration.training.ticks : network.ticks;
  if (configuration.training.burn_in >= ticks) {
    throw InputError(source.where("training.burn_in"), "leaves no tick to learn from; expected less than the ticks");
  }
  return configuration;
}

}  // namespace rheo
