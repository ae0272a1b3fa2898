#include "platforms/spiking_widths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "platforms/spiking_data.hpp"
#include "workloads/spiking/conversion.hpp"
#include "workloads/spiking/network_file.hpp"

namespace rheo {

std::string spiking_widths_csv(const SpikingWidthsRequest& request) {
  const spiking::FloatNetwork network = spiking::read_network_file(request.run / "network.h5");
  SpikingConfiguration configuration = SpikingConfiguration::load(request.run / "config.toml", {});
  configuration.data.train_examples = 1;  // not needed
  ThreadTeam team(request.threads);
  const SpikingExamples examples = load_spiking_examples(configuration, team);
  const std::size_t all = examples.test->examples();
  const std::size_t count = request.examples == 0 ? all : std::min(all, request.examples);
  std::vector<std::uint32_t> chosen(count);
  for (std::size_t i = 0; i < count; ++i) chosen[i] = static_cast<std::uint32_t>(i * all / count);
  const std::size_t ticks = request.ticks == 0 ? network.network.ticks : request.ticks;

  const std::uint32_t widest_weight = std::ranges::max(request.weight_bits);
  const std::uint32_t widest_membrane = std::ranges::max(request.membrane_bits);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> points;
  for (const std::uint32_t bits : request.weight_bits) points.emplace_back(bits, widest_membrane);
  for (const std::uint32_t bits : request.membrane_bits) {
    if (bits != widest_membrane) points.emplace_back(widest_weight, bits);
  }

  std::string csv = "weight_bits,membrane_bits,leak_bits,examples,ticks,float_accuracy,accuracy,same_class";
  for (const spiking::SpikingLayer& layer : network.network.layers) csv += ",mismatch_" + layer.name;
  csv += "\n";
  for (const auto& [weight_bits, membrane_bits] : points) {
    const spiking::QuantisedNetwork quantised =
        quantise(network, {weight_bits, membrane_bits, request.leak_bits, spiking::FixedPointDecay{}});
    const auto result = compare(network, quantised, *examples.test, chosen, ticks, 0, team);
    const auto share = [&](std::size_t part) { return static_cast<double>(part) / static_cast<double>(count); };
    csv += fmt::format("{},{},{},{},{},{:.6g},{:.6g},{:.6g}", weight_bits, membrane_bits, request.leak_bits, count,
                       ticks, share(result.float_correct), share(result.integer_correct), share(result.same_class));
    for (std::size_t l = 0; l < result.differing.size(); ++l) {
      csv += fmt::format(",{:.6g}", static_cast<double>(result.differing[l]) /
                                        static_cast<double>(std::max<std::uint64_t>(result.float_spikes[l], 1)));
    }
    csv += "\n";
  }
  return csv;
}

}  // namespace rheo
