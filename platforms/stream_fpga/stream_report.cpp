#include "platforms/stream_fpga/stream_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>

#include "platforms/report_sections.hpp"
#include "platforms/spiking_report.hpp"
#include "platforms/stream_fpga/layer_mapping.hpp"
#include "platforms/stream_fpga/memory_account.hpp"

namespace rheo {
namespace {

using Json = nlohmann::ordered_json;

Json accuracy_json(const spiking::SpikingEvaluation& test) {
  Json json{{"metric", "top1"}, {"final", test.accuracy()}, {"best", test.accuracy()}, {"epochs", Json::array()}};
  const auto by_snr = test.by_snr();
  constexpr double high_snr = 10;
  if (!by_snr.empty() && by_snr.back().snr_db >= high_snr) json["from_10_db"] = test.accuracy(1, high_snr);
  return json;
}

Json snr_json(const spiking::SpikingEvaluation& test) {
  Json rows = Json::array();
  for (const auto& row : test.by_snr()) {
    rows.push_back({{"snr_db", row.snr_db},
                    {"examples", row.examples},
                    {"top1", static_cast<double>(row.correct) / static_cast<double>(row.examples)}});
  }
  return rows;
}

Json memory_json(const StreamChip& chip, const std::map<std::string, std::uint64_t>& actions) {
  const auto bytes = [&actions](const char* name) {
    const auto found = actions.find(name);
    return found == actions.end() ? 0 : (found->second + 7) / 8;
  };
  return {{"buffers", buffers_json(chip.buffers())},
          {"bram18k", chip.bram18k()},
          {"dram_read_bytes", bytes("dram.read")},
          {"dram_written_bytes", bytes("dram.write")}};
}

}  // namespace

Json stream_report(const StreamConfiguration& configuration, const spiking::SpikingNetwork& network,
                   const spiking::SpikingEvaluation& test, const StreamChip& chip, const CostTable& costs,
                   double wall_seconds) {
  const ChipActivity activity = chip.activity();
  const EnergyReport energy = energy_report(activity, Mode::evaluation, costs);
  const auto actions = action_totals(activity, Mode::evaluation);
  const auto examples = static_cast<double>(test.examples());
  const double simulated = chip.seconds();

  Json report;
  report["schema"] = 1;
  report["version"] = RHEO_VERSION;
  report["config"] = configuration_json(configuration);
  report["seed"] = configuration.seed;
  report["examples"] = test.examples();
  report["ticks"] = network.ticks;
  report["accuracy"] = accuracy_json(test);
  Json utilisation = Json::object();
  double busy = 0;
  std::uint64_t events = 0;
  for (const StageUse& stage : chip.stages()) {
    utilisation[stage.name] = static_cast<double>(stage.busy_cycles) / static_cast<double>(chip.cycles());
    busy += static_cast<double>(stage.busy_cycles) / configuration.clock_hz;
    events += stage.events;
  }
  const double interval = chip.tick_interval_cycles();
  report["time"] = {{"simulated_s", simulated},
                    {"cycles", chip.cycles()},
                    {"clock_hz", configuration.clock_hz},
                    {"wall_s", wall_seconds},
                    {"by_phase", {{"forward", busy}}},
                    {"utilisation", utilisation},
                    {"tick_interval_s", interval / configuration.clock_hz},
                    {"classifications_per_s", examples / simulated},
                    {"events", events}};
  report["energy"] = energy_json(energy);
  report["energy"]["per_classification_j"] = energy.total_j / examples;
  report["memory"] = memory_json(chip, actions);
  report["area"] = area_json(area_report(activity.inventory, costs));
  report["actions"] = actions;
  Json spikes_of_classes = Json::array();
  for (std::size_t c = 0; c < test.classes; ++c) {
    std::uint64_t spikes = 0;
    for (std::size_t at = c; at < test.counts.size(); at += test.classes) spikes += test.counts[at];
    spikes_of_classes.push_back(spikes);
  }
  report["output_spikes"] = spikes_of_classes;
  report["confusion"] = confusion_json(test, -std::numeric_limits<double>::infinity());
  std::vector<std::uint64_t> capacities;
  if (configuration.schedule == StreamSchedule::tick_batching) capacities = event_capacities(configuration, network);
  Json layers = Json::array();
  const std::vector<stream::LayerParameters> mapped = map_layers(configuration, network);
  for (std::size_t i = 0; i < mapped.size(); ++i) {
    const LayerSpikes spikes = chip.spikes_into(i);
    const std::uint64_t inputs = mapped[i].geometry.image_values();
    const double cells = static_cast<double>(inputs * network.ticks);
    Json layer{{"name", mapped[i].name},
               {"rows", mapped[i].in_features()},
               {"columns", mapped[i].outputs},
               {"vectors", mapped[i].geometry.positions()},
               {"energy_j", energy.by_layer.at(mapped[i].name)},
               {"spike_ratio", spikes.mean_ratio},
               {"spike_ratio_fullest", spikes.fullest_ratio},
               {"spike_ratio_peak", spikes.peak_ratio},
               {"spike_ratio_printed", network.layers[i].spike_ratio},
               {"tick_batching_bits", spikes.fullest * event_bits(inputs, network.ticks)},
               {"tick_batching_bits_mean", event_buffer_bits(spikes.mean_ratio, inputs, network.ticks)},
               {"binary_tensor_bits", inputs * network.ticks},
               {"events_are_smaller", spikes.fullest * event_bits(inputs, network.ticks) < inputs * network.ticks},
               {"break_even", spikes.mean_ratio * std::log2(cells)},
               {"break_even_fullest", spikes.fullest_ratio * std::log2(cells)}};
    if (configuration.schedule == StreamSchedule::tick_batching) {
      layer["event_bits_peak"] = chip.event_bits_of(i);
      layer["event_bits_capacity"] = capacities[i];
    }
    layers.push_back(layer);
  }
  report["layers"] = layers;
  require_sane_numbers(report, "report");
  // Decibels may be negative.
  if (Json rows = snr_json(test); !rows.empty()) report["accuracy"]["by_snr"] = std::move(rows);
  return report;
}

std::string stream_report_text(const Json& report) {
  const Json& config = report.at("config");
  const Json& time = report.at("time");
  const Json& energy = report.at("energy");
  const auto number = [](const Json& json, const char* key) { return json.at(key).get<double>(); };
  std::string text =
      fmt::format("{} on the streaming FPGA, {}{}, {} examples of {} ticks\n",
                  config.at("workload.network").get<std::string>(), config.at("schedule").get<std::string>(),
                  config.at("zero_skipping").get<std::string>() == "true" ? ", zero-skipping" : "",
                  report.at("examples").get<std::uint64_t>(), report.at("ticks").get<std::uint64_t>());
  text += fmt::format("Accuracy   {:.2f} %", 100 * number(report.at("accuracy"), "final"));
  if (report.at("accuracy").contains("from_10_db")) {
    text += fmt::format("; {:.2f} % at SNR >= 10 dB", 100 * number(report.at("accuracy"), "from_10_db"));
  }
  text += fmt::format("\nTime       {} ({} cycles at {}); {} a tick; {:.4g} classifications a second\n",
                      with_prefix(number(time, "simulated_s"), "s"), time.at("cycles").get<std::uint64_t>(),
                      with_prefix(number(time, "clock_hz"), "Hz"), with_prefix(number(time, "tick_interval_s"), "s"),
                      number(time, "classifications_per_s"));
  text += "           busy:";
  std::string separator;
  for (const auto& [name, value] : time.at("utilisation").items()) {
    text += fmt::format("{} {} {:.1f} %", separator, name, 100 * value.get<double>());
    separator = ",";
  }
  text +=
      fmt::format("\nEnergy     {}, {} a classification; {:.0f} % rests on assumptions\n",
                  with_prefix(number(energy, "total_j"), "J"), with_prefix(number(energy, "per_classification_j"), "J"),
                  100 * number(energy, "assumed_fraction"));
  for (const auto& [name, value] : energy.at("by_component").items()) {
    if (value.get<double>() > 0) {
      text += fmt::format("    {:<10} {:>10}  {:5.1f} %\n", name, with_prefix(value.get<double>(), "J"),
                          100 * value.get<double>() / number(energy, "total_j"));
    }
  }
  text += fmt::format("Memory     {} blocks of 18 Kbit; DRAM read {}, written {}\n",
                      report.at("memory").at("bram18k").get<std::uint64_t>(),
                      with_prefix(number(report.at("memory"), "dram_read_bytes"), "B"),
                      with_prefix(number(report.at("memory"), "dram_written_bytes"), "B"));
  text += fmt::format("Area       {:.4g} mm2; {:.0f} % rests on assumptions\n", number(report.at("area"), "total_mm2"),
                      100 * number(report.at("area"), "assumed_fraction"));
  text +=
      "Layers     spikes at the input: mean, fullest example, largest tick, printed maximum; event buffer of the "
      "fullest "
      "example, p log2 ST of it\n";
  for (const Json& layer : report.at("layers")) {
    text += fmt::format("    {:<8} {:>8.3f} % {:>8.3f} % {:>8.3f} % {:>8.3f} % {:>12} bits {:>7.3g}  {:>10}\n",
                        layer.at("name").get<std::string>(), 100 * number(layer, "spike_ratio"),
                        100 * number(layer, "spike_ratio_fullest"), 100 * number(layer, "spike_ratio_peak"),
                        100 * number(layer, "spike_ratio_printed"), layer.at("tick_batching_bits").get<std::uint64_t>(),
                        number(layer, "break_even_fullest"), with_prefix(number(layer, "energy_j"), "J"));
  }
  if (report.at("layers").front().contains("event_bits_capacity")) {
    text += "Events     bits that the fullest example took, of the buffer's:";
    bool grown = false;
    separator = "";
    for (const Json& layer : report.at("layers")) {
      const auto capacity = layer.at("event_bits_capacity").get<std::uint64_t>();
      text += fmt::format("{} {} {} of {}", separator, layer.at("name").get<std::string>(),
                          layer.at("event_bits_peak").get<std::uint64_t>(),
                          capacity == 0 ? "as many" : std::to_string(capacity));
      separator = ",";
      grown = grown || capacity == 0;
    }
    text += grown ? "\n           buffers as large as these examples take: others may take more, and more block RAM\n"
                  : "\n";
  }
  return text;
}

}  // namespace rheo
