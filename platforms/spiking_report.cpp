#include "platforms/spiking_report.hpp"

#include <fmt/format.h>

#include <limits>

namespace rheo {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

Json confusion_json(const spiking::SpikingEvaluation& test, double snr_from) {
  const std::vector<std::uint64_t> table = test.confusion(snr_from);
  Json rows = Json::array();
  for (std::size_t c = 0; c < test.classes; ++c) {
    rows.push_back(std::vector<std::uint64_t>(table.begin() + static_cast<std::ptrdiff_t>(c * test.classes),
                                              table.begin() + static_cast<std::ptrdiff_t>((c + 1) * test.classes)));
  }
  return rows;
}

Json spiking_report(const SpikingConfiguration& configuration, const spiking::SpikingNetwork& network,
                    const std::vector<std::string>& classes, const spiking::SpikingEvaluation& test,
                    const std::vector<SpikingEpoch>& records, double wall_s) {
  constexpr double all = -std::numeric_limits<double>::infinity();
  const double from = configuration.evaluation.snr_from;
  const std::vector<spiking::SpikingEvaluation::AtSnr> by_snr = test.by_snr();

  Json report;
  report["schema"] = 1;
  report["kind"] = "spiking training on the host";
  report["network"] = {{"name", network.name}, {"weights", network.weights()}, {"neurons", network.neurons()}};
  report["seed"] = configuration.seed;
  report["test_examples"] = test.examples();
  report["ticks"] = test.ticks;
  report["classes"] = classes;
  report["accuracy"] = {{"top1", test.accuracy()}, {"top5", test.accuracy(5, all)}};
  if (!by_snr.empty()) {
    report["accuracy"]["snr_from_db"] = from;
    report["accuracy"]["top1_from"] = test.accuracy(1, from);
    report["accuracy"]["top5_from"] = test.accuracy(5, from);
    Json rows = Json::array();
    for (const auto& row : by_snr) {
      rows.push_back({{"snr_db", row.snr_db},
                      {"examples", row.examples},
                      {"top1", static_cast<double>(row.correct) / static_cast<double>(row.examples)}});
    }
    report["accuracy"]["by_snr"] = rows;
    report["confusion_from"] = confusion_json(test, from);
  }
  report["confusion"] = confusion_json(test, all);
  Json layers = Json::array();
  for (std::size_t l = 0; l < test.spikes.size(); ++l) {
    const bool output = l == network.layers.size();
    std::vector<double> by_tick;
    for (const std::uint64_t count : test.spikes[l]) {
      by_tick.push_back(static_cast<double>(count) /
                        (static_cast<double>(test.values[l]) * static_cast<double>(test.examples())));
    }
    layers.push_back({{"input_of", output ? "(output)" : network.layers[l].name},
                      {"values", test.values[l]},
                      {"printed", output ? 0.0 : network.layers[l].spike_ratio},
                      {"mean", test.spike_ratio(l)},
                      {"fullest_example", test.fullest_ratio(l)},
                      {"largest", static_cast<double>(test.largest[l]) / test.values[l]},
                      {"by_tick", by_tick}});
  }
  report["spike_ratio"] = layers;
  Json epochs = Json::array();
  for (const SpikingEpoch& r : records) {
    Json row{{"epoch", r.epoch},
             {"train_loss", r.train_loss},
             {"train_accuracy", r.train_accuracy},
             {"test_accuracy", r.test_accuracy}};
    if (!by_snr.empty()) row["test_accuracy_from"] = r.test_accuracy_from;
    row["lr"] = r.learning_rate;
    row["wall_s"] = r.wall_s;
    epochs.push_back(row);
  }
  report["epochs"] = epochs;
  report["wall_s"] = wall_s;
  return report;
}

std::string spiking_report_text(const Json& report) {
  const Json& accuracy = report["accuracy"];
  std::string text =
      fmt::format("Network      {}, {} weights, {} neurons\n", report["network"]["name"].get<std::string>(),
                  report["network"]["weights"].get<std::uint64_t>(), report["network"]["neurons"].get<std::uint64_t>());
  text += fmt::format("Accuracy     {:.2f} % of {} test examples ({:.2f} % among five), {} ticks\n",
                      100 * accuracy["top1"].get<double>(), report["test_examples"].get<std::uint64_t>(),
                      100 * accuracy["top5"].get<double>(), report["ticks"].get<std::uint64_t>());
  if (accuracy.contains("top1_from")) {
    text += fmt::format("             {:.2f} % at SNR >= {:g} dB ({:.2f} % among five)\n",
                        100 * accuracy["top1_from"].get<double>(), accuracy["snr_from_db"].get<double>(),
                        100 * accuracy["top5_from"].get<double>());
  }
  text += "Spike ratio  ";
  std::string separator;
  for (const Json& layer : report["spike_ratio"]) {
    text += fmt::format("{}{} {:.2f} %", separator, layer["input_of"].get<std::string>(),
                        100 * layer["mean"].get<double>());
    separator = ", ";
  }
  return text + fmt::format("\nTrained in   {:.0f} s on this computer\n", report["wall_s"].get<double>());
}

std::string curve_csv(const std::vector<SpikingEpoch>& records) {
  std::string csv = "epoch,train_loss,train_accuracy,test_accuracy,test_accuracy_from,lr,wall_s\n";
  for (const SpikingEpoch& r : records) {
    csv += fmt::format("{},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.1f}\n", r.epoch, r.train_loss, r.train_accuracy,
                       r.test_accuracy, r.test_accuracy_from, r.learning_rate, r.wall_s);
  }
  return csv;
}

std::string accuracy_csv(const Json& report) {
  std::string csv = "snr_db,examples,top1\n";
  for (const Json& row : report["accuracy"].value("by_snr", Json::array())) {
    csv += fmt::format("{:g},{},{:.6g}\n", row["snr_db"].get<double>(), row["examples"].get<std::uint64_t>(),
                       row["top1"].get<double>());
  }
  return csv;
}

std::string confusion_csv(const Json& report) {
  std::string csv = "label";
  for (const Json& name : report["classes"]) csv += "," + name.get<std::string>();
  csv += "\n";
  for (std::size_t c = 0; c < report["classes"].size(); ++c) {
    csv += report["classes"][c].get<std::string>();
    for (const Json& count : report["confusion"][c]) csv += fmt::format(",{}", count.get<std::uint64_t>());
    csv += "\n";
  }
  return csv;
}

std::string spike_ratio_csv(const Json& report) {
  std::string csv = "input_of,values,printed,mean,fullest_example,largest\n";
  for (const Json& layer : report["spike_ratio"]) {
    csv +=
        fmt::format("{},{},{:g},{:.6g},{:.6g},{:.6g}\n", layer["input_of"].get<std::string>(),
                    layer["values"].get<std::uint64_t>(), layer["printed"].get<double>(), layer["mean"].get<double>(),
                    layer["fullest_example"].get<double>(), layer["largest"].get<double>());
  }
  return csv;
}

}  // namespace rheo
