#include "platforms/spiking_widths.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "platforms/spiking_data.hpp"
#include "workloads/spiking/conversion.hpp"
#include "workloads/spiking/network_file.hpp"

namespace rheo {
namespace {

std::string text_of(const stream::Decay& decay) {
  if (decay.kind == stream::Decay::Kind::shift) return fmt::format("m - (m >> {})", decay.bits);
  return fmt::format("{} m / {} {}", decay.numerator, 1U << decay.bits,
                     decay.rounding == stream::Decay::Rounding::floor ? "floor" : "nearest");
}

void check_leak(const stream::Decay& decay, const spiking::FloatNetwork& network) {
  const bool multiplies = decay.kind == stream::Decay::Kind::multiplier;
  const char* option = multiplies ? "--decay-numerator" : "--decay-bits";
  if (multiplies && decay.numerator >> decay.bits != 0) {
    throw InputError(option, fmt::format("{} is not below 2^{}; expected {} or less", decay.numerator, decay.bits,
                                         (1U << decay.bits) - 1));
  }
  if (!leaks_as_trained(network, decay)) {
    throw InputError(option,
                     fmt::format("leaves {:g} of a membrane a tick, the network was trained with {:g}; expected "
                                 "the same",
                                 decay.factor(), network.decay));
  }
}

}  // namespace

std::string spiking_widths_csv(const SpikingWidthsRequest& request) {
  const spiking::FloatNetwork network = spiking::read_network_file(request.run / "network.h5");
  check_leak(request.decay, network);
  SpikingConfiguration configuration = SpikingConfiguration::load(request.run / "config.toml", request.set);
  if (configuration.network != network.network.name) {
    throw InputError((request.run / "config.toml").string(), fmt::format("is of the network {}, network.h5 of {}",
                                                                         configuration.network, network.network.name));
  }
  const std::size_t ticks = request.ticks == 0 ? network.network.ticks : request.ticks;
  if (configuration.data.kind != SpikingDataParameters::Kind::images && ticks > network.network.ticks) {
    throw InputError("--ticks", fmt::format("{} are more than a signal has samples; expected 0 to {}", ticks,
                                            network.network.ticks));
  }
  configuration.data.train_examples = 1;  // not needed
  ThreadTeam team(request.threads);
  const SpikingExamples examples = load_spiking_examples(configuration, team);
  const std::size_t all = examples.test->examples();
  const std::size_t count = request.examples == 0 ? all : std::min(all, request.examples);
  std::vector<std::uint32_t> chosen(count);
  for (std::size_t i = 0; i < count; ++i) chosen[i] = static_cast<std::uint32_t>(i * all / count);

  const std::uint32_t widest_membrane = std::ranges::max(request.membrane_bits);
  std::vector<spiking::FixedPointWidths> points;
  const auto add = [&](std::uint32_t weight_bits, std::uint32_t membrane_bits, double range) {
    const spiking::FixedPointWidths point{weight_bits, membrane_bits, request.leak_bits, request.decay, range};
    if (std::ranges::find(points, point) == points.end()) points.push_back(point);
  };
  for (const std::uint32_t bits : request.weight_bits) add(bits, widest_membrane, request.membrane_ranges.front());
  for (const double range : request.membrane_ranges) {
    for (const std::uint32_t bits : request.membrane_bits) add(request.held_weight_bits, bits, range);
  }

  std::string csv =
      "weight_bits,membrane_bits,leak_bits,membrane_range,decay,examples,ticks,float_accuracy,accuracy,same_class";
  for (const char* what : {",mismatch_", ",clipped_"}) {
    for (const spiking::SpikingLayer& layer : network.network.layers) csv += what + layer.name;
  }
  csv += "\n";
  for (const spiking::FixedPointWidths& point : points) {
    const spiking::QuantisedNetwork quantised = quantise(network, point);
    const auto result = compare(network, quantised, *examples.test, chosen, ticks, test_presentation, team);
    const auto share = [](std::uint64_t part, std::uint64_t of) {
      return static_cast<double>(part) / static_cast<double>(std::max<std::uint64_t>(of, 1));
    };
    csv += fmt::format("{},{},{},{:g},{},{},{},{:.6g},{:.6g},{:.6g}", point.weight_bits, point.membrane_bits,
                       point.leak_bits, point.membrane_range, text_of(point.decay), count, ticks,
                       share(result.float_correct, count), share(result.integer_correct, count),
                       share(result.same_class, count));
    for (std::size_t l = 0; l < result.differing.size(); ++l) {
      csv += fmt::format(",{:.6g}", share(result.differing[l], result.float_spikes[l]));
    }
    for (std::size_t l = 0; l < result.clipped.size(); ++l) {
      csv += fmt::format(",{:.6g}", share(result.clipped[l], result.updates[l]));
    }
    csv += "\n";
  }
  return csv;
}

}  // namespace rheo
