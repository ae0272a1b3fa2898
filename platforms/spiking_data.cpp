#include "platforms/spiking_data.hpp"

#include "workloads/spiking/data/image_spikes.hpp"
#include "workloads/spiking/data/radio_file.hpp"
#include "workloads/spiking/data/radio_set.hpp"

namespace rheo {
namespace {

using Data = SpikingDataParameters;

const std::vector<std::string>& names_of(Data::Modulations modulations) {
  return modulations == Data::Modulations::radioml_2018 ? spiking::modulations_2018() : spiking::modulations_2016();
}

SpikingExamples generated_radio(const SpikingConfiguration& c, const spiking::SpikingNetwork& network,
                                ThreadTeam& team) {
  spiking::RadioSetRequest request;
  request.modulations = names_of(c.data.modulations);
  request.snr_low = c.data.snr_low;
  request.snr_high = c.data.snr_high;
  request.snr_step = c.data.snr_step;
  request.ticks = network.ticks;
  request.bits = static_cast<std::uint32_t>(c.data.bits);
  request.range = c.data.range;
  request.seed = static_cast<std::uint64_t>(c.seed);
  SpikingExamples examples;
  request.examples = static_cast<std::size_t>(c.data.train_examples > 0 ? c.data.train_examples : 22'000);
  examples.train = std::make_unique<spiking::RadioSet>(generate_radio_set(request, team));
  request.examples = static_cast<std::size_t>(c.data.test_examples > 0 ? c.data.test_examples : 5'720);
  request.test = true;
  examples.test = std::make_unique<spiking::RadioSet>(generate_radio_set(request, team));
  return examples;
}

SpikingExamples radio_of_file(const SpikingConfiguration& c, const spiking::SpikingNetwork& network) {
  spiking::RadioFileRequest request;
  request.file = c.data.file;
  request.modulations = names_of(c.data.modulations);
  request.snr_low = c.data.snr_low;
  request.snr_high = c.data.snr_high;
  request.ticks = network.ticks;
  request.bits = static_cast<std::uint32_t>(c.data.bits);
  request.range = c.data.range;
  // 90 % for training, 10 % for validation, as the thesis has it: every tenth example.
  SpikingExamples examples;
  request.first = 0;
  request.last = 9;
  request.examples = static_cast<std::size_t>(c.data.train_examples);
  examples.train = std::make_unique<spiking::RadioSet>(read_radio_file(request));
  request.first = 9;
  request.last = 10;
  request.examples = static_cast<std::size_t>(c.data.test_examples);
  examples.test = std::make_unique<spiking::RadioSet>(read_radio_file(request));
  return examples;
}

SpikingExamples image_spikes(const SpikingConfiguration& c, const spiking::SpikingNetwork& network) {
  const auto wanted = [](std::int64_t configured) { return configured == 0 ? all_samples : configured; };
  SpikingExamples examples;
  examples.images = std::make_unique<Dataset>(
      load_dataset(c.data.images, c.data.data_dir, wanted(c.data.train_examples), wanted(c.data.test_examples)));
  const ImageSet& set = examples.images->train;
  if (set.height != network.input.height || set.width != network.input.width || set.channels != 1 ||
      set.classes != network.classes()) {
    throw InputError("data.images", c.data.images + " does not fit " + network.name + ": expected images of " +
                                        std::to_string(network.input.height) + " x " +
                                        std::to_string(network.input.width) + " pixels, one channel, " +
                                        std::to_string(network.classes()) + " classes");
  }
  const auto seed = static_cast<std::uint64_t>(c.seed);
  examples.train = std::make_unique<spiking::ImageSpikes>(examples.images->train, c.data.rate, seed, 0);
  examples.test = std::make_unique<spiking::ImageSpikes>(examples.images->test, c.data.rate, seed, 1);
  return examples;
}

}  // namespace

SpikingExamples load_spiking_examples(const SpikingConfiguration& configuration, ThreadTeam& team) {
  const spiking::SpikingNetwork network = spiking::build_spiking_network(configuration.network);
  switch (configuration.data.kind) {
    case Data::Kind::radio:
      return generated_radio(configuration, network, team);
    case Data::Kind::radio_file:
      return radio_of_file(configuration, network);
    case Data::Kind::images:
      return image_spikes(configuration, network);
  }
  return {};
}

}  // namespace rheo
