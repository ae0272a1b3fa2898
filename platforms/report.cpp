#include "platforms/report.hpp"

#include <fmt/format.h>

#include <cmath>

#include "platforms/report_sections.hpp"

namespace rheo {
namespace {

using Json = nlohmann::ordered_json;

Json accuracy_json(const Trainer& trainer) {
  double best = 0;
  double last = 0;
  Json epochs = Json::array();
  for (const EpochRecord& r : trainer.state().records) {
    best = std::max(best, r.test_accuracy);
    last = r.test_accuracy;
    epochs.push_back({{"epoch", r.epoch},
                      {"train_loss", r.train_loss},
                      {"train_accuracy", r.train_accuracy},
                      {"test_loss", r.test_loss},
                      {"test_accuracy", r.test_accuracy},
                      {"lr", r.learning_rate},
                      {"momentum", r.momentum}});
  }
  return {{"metric", "top1"}, {"final", last}, {"best", best}, {"epochs", epochs}};
}

double seconds(std::uint64_t ticks) { return static_cast<double>(ticks) * tick_seconds; }

/// Busy time of the units by phase, summed over units.
Json busy_by_phase(AnalogChip& chip, Mode mode) {
  Json json = Json::object();
  for (std::size_t phase = 0; phase < phase_count; ++phase) {
    std::uint64_t ticks = 0;
    for (Component* component : chip.components()) {
      if (dynamic_cast<Unit*>(component) == nullptr) continue;
      for (std::size_t layer = 0; layer < component->busy().layers(); ++layer) {
        ticks += component->busy().ticks({mode, static_cast<Phase>(phase), static_cast<LayerIndex>(layer)});
      }
    }
    json[std::string(phase_names[phase])] = seconds(ticks);
  }
  return json;
}

Json utilisation(AnalogChip& chip, Mode mode) {
  Json json = Json::object();
  const auto total = static_cast<double>(chip.time(mode));
  for (Component* component : chip.components()) {
    const auto busy = static_cast<double>(component->busy().total(mode));
    if (dynamic_cast<Controller*>(component) != nullptr) continue;
    json[component->component_name()] = total > 0 ? busy / total / static_cast<double>(component->parallel()) : 0.0;
  }
  return json;
}

Json memory_json(AnalogChip& chip) {
  std::vector<BufferUse> buffers;
  std::uint64_t bram18k = 0;
  for (Component* component : chip.components()) {
    for (const BufferUse& buffer : component->buffers()) {
      bram18k += buffer.bram18k;
      buffers.push_back(buffer);
    }
  }
  return {{"buffers", buffers_json(buffers)},
          {"bram18k", bram18k},
          {"dram_read_bytes", chip.dram().bytes_read()},
          {"dram_written_bytes", chip.dram().bytes_written()}};
}

Json layers_json(AnalogChip& chip, const EnergyReport& energy, Mode mode) {
  Json layers = Json::array();
  std::size_t first_tile = 0;
  for (std::size_t l = 0; l < chip.mapping().layers.size(); ++l) {
    const MatrixLayer& layer = chip.mapping().layers[l];
    const auto busy = [&](Phase phase) {
      std::uint64_t ticks = 0;
      for (std::size_t t = 0; t < layer.tiles.size(); ++t) {
        ticks += chip.tile(first_tile + t).busy().ticks({mode, phase, static_cast<LayerIndex>(l + 1)});
      }
      return seconds(ticks);
    };
    Json entry{{"name", layer.name},
               {"tiles", layer.tiles.size()},
               {"replicas", layer.assignment.replicas},
               {"rows", layer.inputs},
               {"columns", layer.outputs},
               {"vectors", layer.geometry.positions()},
               {"forward_s", busy(Phase::forward)}};
    if (mode == Mode::training) {
      entry["backward_s"] = busy(Phase::backward);
      entry["update_s"] = busy(Phase::update);
    }
    entry["energy_j"] = energy.by_layer.at(layer.name);
    layers.push_back(entry);
    first_tile += layer.tiles.size();
  }
  return layers;
}

Json time_json(AnalogChip& chip, Mode mode, double simulated, double clock_hz) {
  return {{"simulated_s", simulated},
          {"cycles", static_cast<std::uint64_t>(std::llround(simulated * clock_hz))},
          {"clock_hz", clock_hz},
          {"by_phase", busy_by_phase(chip, mode)},
          {"utilisation", utilisation(chip, mode)}};
}

/// Decisions of the mapping, and what a user may not expect of the reads.
std::vector<std::string> remarks_of(const RunConfiguration& configuration, AnalogChip& chip) {
  std::vector<std::string> remarks = chip.mapping().remarks;
  const auto remark_on = [&](const crossbar::ReadParameters& reads, crossbar::BoundManagement bound, const char* pass) {
    if (reads.read.perfect) {
      remarks.push_back(fmt::format(
          "{}: reads are perfect, converters bypassed in value; their time and energy as on the chip", pass));
    } else if (reads.dac.converted_phases() > 1 && bound != crossbar::BoundManagement::none) {
      remarks.push_back(
          fmt::format("{}: halving a bit-serial input only shifts its phases; bound management repeats "
                      "reads and hardly helps",
                      pass));
    }
  };
  remark_on(configuration.chip.forward_reads(), configuration.chip.management.forward_bound, "forward");
  remark_on(configuration.chip.backward, configuration.chip.management.backward_bound, "backward");
  return remarks;
}

void shares(std::string& text, const Json& parts, double total, std::string_view unit) {
  std::vector<std::pair<double, std::string>> sorted;
  for (const auto& [name, value] : parts.items()) sorted.emplace_back(value.get<double>(), name);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [value, name] : sorted) {
    if (value > 0)
      text += fmt::format("    {:<18} {:>10}  {:5.1f} %\n", name, with_prefix(value, unit), 100 * value / total);
  }
}

}  // namespace

ChipActivity chip_activity(AnalogChip& chip) {
  ChipActivity activity;
  for (Component* component : chip.components()) {
    activity.actions.emplace_back(component->actions());
    const auto parts = component->inventory();
    activity.inventory.insert(activity.inventory.end(), parts.begin(), parts.end());
  }
  for (std::size_t mode = 0; mode < mode_count; ++mode) {
    activity.duration_s[mode] = seconds(chip.time(static_cast<Mode>(mode)));
  }
  activity.layers = chip.mapping().layer_names;
  return activity;
}

Json make_report(const RunConfiguration& configuration, const Trainer& trainer, AnalogChip& chip,
                 const CostTable& costs, double wall_seconds) {
  const ChipActivity activity = chip_activity(chip);
  const EnergyReport energy = energy_report(activity, Mode::training, costs);
  const EnergyReport test_energy = energy_report(activity, Mode::evaluation, costs);
  const auto duration = [&](Mode mode) { return activity.duration_s[static_cast<std::size_t>(mode)]; };

  Json report;
  report["schema"] = 1;
  report["version"] = RHEO_VERSION;
  report["config"] = configuration_json(configuration);
  report["seed"] = configuration.seed;
  report["accuracy"] = accuracy_json(trainer);
  report["time"] = time_json(chip, Mode::training, duration(Mode::training), configuration.chip.clock_hz);
  report["time"]["wall_s"] = wall_seconds;
  report["energy"] = energy_json(energy);
  report["memory"] = memory_json(chip);
  report["area"] = area_json(area_report(activity.inventory, costs));
  report["actions"] = action_totals(activity, Mode::training);
  report["layers"] = layers_json(chip, energy, Mode::training);
  report["evaluation"] = {{"simulated_s", duration(Mode::evaluation)},
                          {"energy_j", test_energy.total_j},
                          {"energy_by_component", parts_json(test_energy.by_component)},
                          {"by_phase", busy_by_phase(chip, Mode::evaluation)},
                          {"actions", action_totals(activity, Mode::evaluation)}};
  report["preparation"] = {{"simulated_s", duration(Mode::preparation)},
                           {"energy_j", energy_report(activity, Mode::preparation, costs).total_j}};
  report["images"] = {{"train", trainer.train_images()}, {"test", trainer.test_images()}};
  report["idealised"] = !configuration.chip.device.pulsed();
  report["remarks"] = remarks_of(configuration, chip);
  require_sane_numbers(report, "report");
  return report;
}

Json evaluation_report(const RunConfiguration& configuration, AnalogChip& chip, const CostTable& costs,
                       std::size_t images) {
  const ChipActivity activity = chip_activity(chip);
  const EnergyReport energy = energy_report(activity, Mode::evaluation, costs);
  Json report;
  report["schema"] = 1;
  report["version"] = RHEO_VERSION;
  report["config"] = configuration_json(configuration);
  report["seed"] = configuration.seed;
  report["images"] = {{"test", images}};
  report["time"] = time_json(chip, Mode::evaluation, activity.duration_s[static_cast<std::size_t>(Mode::evaluation)],
                             configuration.chip.clock_hz);
  report["energy"] = energy_json(energy);
  report["memory"] = memory_json(chip);
  report["area"] = area_json(area_report(activity.inventory, costs));
  report["actions"] = action_totals(activity, Mode::evaluation);
  report["layers"] = layers_json(chip, energy, Mode::evaluation);
  report["idealised"] = !configuration.chip.device.pulsed();
  report["remarks"] = remarks_of(configuration, chip);
  require_sane_numbers(report, "report");
  return report;
}

std::string evaluation_text(const Json& report) {
  const Json& config = report.at("config");
  const auto key = [&](const char* name) { return config.at(name).get<std::string>(); };
  const auto images = report.at("images").at("test").get<double>();
  const Json& accuracy = report.at("accuracy");
  const auto percent = [](const Json& share) { return 100 * share.get<double>(); };
  std::string text = fmt::format("{} on {}, device {}, seed {}: {} test images\n", key("workload.network"),
                                 key("workload.dataset"), key("device.preset"), report.at("seed").get<std::int64_t>(),
                                 report.at("images").at("test").get<std::uint64_t>());
  text += fmt::format("Accuracy   {:.2f} %", percent(accuracy.at("final")));
  const auto predictions = accuracy.at("predictions_per_image").get<double>();
  if (predictions > 1) {
    text += fmt::format(" by majority of {:.2f} predictions an image; {:.2f} % by the first", predictions,
                        percent(accuracy.at("single_prediction")));
  }
  text += '\n';
  if (report.contains("attack")) {
    const Json& attack = report.at("attack");
    text +=
        fmt::format("Attack     {}, epsilon {}", attack.at("kind").get<std::string>(), attack.at("epsilon").get<int>());
    if (attack.contains("signal_to_noise_db")) {
      text += fmt::format(" ({:.1f} dB)", attack.at("signal_to_noise_db").get<double>());
    }
    text += fmt::format(": {:.2f} %; {:.2f} % of what was right stays right\n", percent(attack.at("accuracy")),
                        percent(attack.at("kept")));
  }
  const Json& energy = report.at("energy");
  const auto seconds = report.at("time").at("simulated_s").get<double>();
  const auto joules = energy.at("total_j").get<double>();
  text += fmt::format("Time       {} an image\nEnergy     {} an image; {:.0f} % rests on assumptions\n",
                      with_prefix(seconds / images, "s"), with_prefix(joules / images, "J"),
                      percent(energy.at("assumed_fraction")));
  Json an_image = energy.at("by_component");
  for (Json& part : an_image) part = part.get<double>() / images;
  shares(text, an_image, joules / images, "J");
  for (const Json& remark : report.at("remarks")) text += "Remark     " + remark.get<std::string>() + "\n";
  return text;
}

std::string report_text(const Json& report) {
  const Json& config = report.at("config");
  const auto key = [&](const char* name) { return config.at(name).get<std::string>(); };
  const Json& time = report.at("time");
  const Json& energy = report.at("energy");
  const Json& area = report.at("area");
  const Json& memory = report.at("memory");
  std::string text = fmt::format("{} on {}, device {}, seed {}\n", key("workload.network"), key("workload.dataset"),
                                 key("device.preset"), report.at("seed").get<std::int64_t>());
  text += "\n  epoch   train loss   train acc   test loss   test acc        lr   momentum\n";
  for (const Json& e : report.at("accuracy").at("epochs")) {
    text += fmt::format(
        "  {:>5} {:>12.4f} {:>9.2f} % {:>11.4f} {:>8.2f} % {:>9.4g} {:>10.4g}\n", e.at("epoch").get<int>(),
        e.at("train_loss").get<double>(), 100 * e.at("train_accuracy").get<double>(), e.at("test_loss").get<double>(),
        100 * e.at("test_accuracy").get<double>(), e.at("lr").get<double>(), e.at("momentum").get<double>());
  }
  text += fmt::format("\nAccuracy   {:.2f} % at the end, {:.2f} % at best (test set)\n",
                      100 * report.at("accuracy").at("final").get<double>(),
                      100 * report.at("accuracy").at("best").get<double>());
  if (report.at("idealised").get<bool>() && key("device.family") == "pcm_inference") {
    text +=
        "           Training is idealised: gradient, momentum and weights are kept and computed in the on-chip buffer\n"
        "           and written to the cells after every batch, with programming noise; values depend on simulated "
        "time.\n";
  } else if (report.at("idealised").get<bool>()) {
    text +=
        "           The device is idealised: floating-point weights, converters bypassed in value, gradient,\n"
        "           momentum and weights kept in the on-chip buffer; time and converter energy as on the chip.\n";
  }
  text += fmt::format("Time       {} of training on the chip ({:.4g} cycles at {}); {} of testing\n",
                      with_prefix(time.at("simulated_s").get<double>(), "s"), time.at("cycles").get<double>(),
                      with_prefix(time.at("clock_hz").get<double>(), "Hz"),
                      with_prefix(report.at("evaluation").at("simulated_s").get<double>(), "s"));
  text += "           Busy time of the units by phase (phases overlap):\n";
  for (const auto& [name, value] : time.at("by_phase").items()) {
    text += fmt::format("    {:<18} {:>10}\n", name, with_prefix(value.get<double>(), "s"));
  }
  text += "           Utilisation:";
  int column = 0;
  for (const auto& [name, value] : time.at("utilisation").items()) {
    text += fmt::format("{}{} {:.1f} %", column++ % 5 == 0 ? "\n    " : ", ", name, 100 * value.get<double>());
  }
  text += fmt::format("\nEnergy     {} of training, {} of testing; {:.0f} % rests on assumptions\n",
                      with_prefix(energy.at("total_j").get<double>(), "J"),
                      with_prefix(report.at("evaluation").at("energy_j").get<double>(), "J"),
                      100 * energy.at("assumed_fraction").get<double>());
  shares(text, energy.at("by_component"), energy.at("total_j").get<double>(), "J");
  text += fmt::format("Memory     {} blocks of 18 Kbit; DRAM read {}, written {}\n",
                      memory.at("bram18k").get<std::uint64_t>(),
                      with_prefix(memory.at("dram_read_bytes").get<double>(), "B"),
                      with_prefix(memory.at("dram_written_bytes").get<double>(), "B"));
  for (const Json& buffer : memory.at("buffers")) {
    text += fmt::format("    {:<18} {:>10} of {}\n", buffer.at("name").get<std::string>(),
                        with_prefix(buffer.at("peak_bits").get<double>() / 8, "B"),
                        with_prefix(buffer.at("capacity_bits").get<double>() / 8, "B"));
  }
  text += fmt::format("Area       {:.4g} mm2; {:.0f} % rests on assumptions\n", area.at("total_mm2").get<double>(),
                      100 * area.at("assumed_fraction").get<double>());
  text += "Layers\n    name       tiles      matrix   vectors    forward   backward     update     energy\n";
  for (const Json& layer : report.at("layers")) {
    text += fmt::format(
        "    {:<10} {:>5} {:>11} {:>9} {:>10} {:>10} {:>10} {:>10}\n", layer.at("name").get<std::string>(),
        layer.at("tiles").get<int>(), fmt::format("{}x{}", layer.at("rows").get<int>(), layer.at("columns").get<int>()),
        layer.at("vectors").get<int>(), with_prefix(layer.at("forward_s").get<double>(), "s"),
        with_prefix(layer.at("backward_s").get<double>(), "s"), with_prefix(layer.at("update_s").get<double>(), "s"),
        with_prefix(layer.at("energy_j").get<double>(), "J"));
  }
  for (const Json& remark : report.at("remarks")) text += "Remark     " + remark.get<std::string>() + "\n";
  return text;
}

}  // namespace rheo
