#include "platforms/spiking_configuration.hpp"

#include <fmt/format.h>

#include <bit>
#include <limits>
#include <utility>

namespace rheo {

void check_spiking_data(const Configuration& source, const SpikingDataParameters& data,
                        const spiking::SpikingNetwork& network) {
  using Data = SpikingDataParameters;
  if (data.snr_high < data.snr_low) {
    throw InputError(source.where("data.snr_high"), "is below data.snr_low; expected at least as much");
  }
  if (data.kind == Data::Kind::images) return;
  if (data.kind == Data::Kind::radio_file && data.file.empty()) {
    throw InputError(source.where("data.file"),
                     "is empty; expected RadioML as HDF5 (analysis/radioml2016.py makes one)");
  }
  const TensorShape& in = network.input;
  if (in.channels != 1 || in.height != in.width || !std::has_single_bit(in.width)) {
    throw InputError(source.where("data.kind"),
                     fmt::format("signals lie on a square plane of 2^bits values a side, the input of {} is {} x {}; "
                                 "expected images",
                                 network.name, in.height, in.width));
  }
  if (std::uint64_t{1} << 2 * data.bits != in.values()) {
    throw InputError(source.where("data.bits"),
                     fmt::format("makes a plane of another size than the input of {}, {} x {}: expected {}",
                                 network.name, in.height, in.width, std::countr_zero(in.width)));
  }
  const std::uint32_t classes = data.modulations == Data::Modulations::radioml_2018 ? 24 : 11;
  if (network.classes() != classes) {
    throw InputError(source.where("data.modulations"),
                     fmt::format("has {} classes, the network {}; expected as many", classes, network.classes()));
  }
}

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
  source.refuse_unknown_keys("rheo list keys train-spiking");

  const spiking::SpikingNetwork network = spiking::build_spiking_network(configuration.network);
  check_spiking_data(source, configuration.data, network);
  if (configuration.data.kind != SpikingDataParameters::Kind::images) {
    for (const auto& [key, value] : {std::pair{"training.ticks", configuration.training.ticks},
                                     std::pair{"evaluation.ticks", configuration.evaluation.ticks},
                                     std::pair{"evaluation.epoch_ticks", configuration.evaluation.epoch_ticks}}) {
      if (value > network.ticks) {
        throw InputError(source.where(key),
                         fmt::format("is more than a signal has samples; expected 0 to {}", network.ticks));
      }
    }
  }
  const std::int64_t ticks = configuration.training.ticks > 0 ? configuration.training.ticks : network.ticks;
  if (configuration.training.burn_in >= ticks) {
    throw InputError(source.where("training.burn_in"), "leaves no tick to learn from; expected less than the ticks");
  }
  return configuration;
}

}  // namespace rheo
