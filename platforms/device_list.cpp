#include "platforms/device_list.hpp"

#include <fmt/format.h>

#include <sstream>

#include "models/core/configuration.hpp"
#include "models/crossbar/device.hpp"
#include "platforms/device_presets.hpp"

namespace rheo {
namespace {

constexpr std::size_t width = 80;

/// The words of `text` after `head`; further lines begin at `indent`.
std::string wrapped(std::string head, std::size_t indent, const std::string& text) {
  std::istringstream words(text);
  std::string out;
  std::string line = std::move(head);
  bool first = true;
  for (std::string word; words >> word; first = false) {
    if (!first && line.size() + 1 + word.size() > width) {
      out += line + '\n';
      line = std::string(indent, ' ') + word;
      continue;
    }
    line += (first ? "" : " ") + word;
  }
  return out + line + '\n';
}

std::string parameters(const ConfigurationText& text) {
  std::string out;
  for (const ConfigurationText::Entry& entry : text.entries()) {
    const std::string allowed = entry.allowed.empty() ? "true or false" : entry.allowed;
    out += wrapped(fmt::format("    {:<23} ", entry.key), 28, fmt::format("default {}; {}", entry.value, allowed));
    out += wrapped(std::string(8, ' '), 8, entry.description);
  }
  return out;
}

/// The parameters of one kind; those of a transfer rule that others lack once more below it.
std::string compound(std::size_t kind) {
  crossbar::CompoundParameters chosen;
  chosen.kind = static_cast<crossbar::Compound>(kind);
  std::string out = fmt::format("\n  {}\n", crossbar::compound_names[kind]);
  if (chosen.kind != crossbar::Compound::transfer) {
    ConfigurationText text;
    chosen.describe(text);
    return out + parameters(text);
  }
  for (std::size_t rule = 0; rule < crossbar::transfer_rule_names.size(); ++rule) {
    chosen.transfer.rule = static_cast<crossbar::TransferRule>(rule);
    ConfigurationText text;
    chosen.describe(text);
    out += fmt::format("   transfer.rule = {}\n", crossbar::transfer_rule_names[rule]) + parameters(text);
  }
  return out;
}

}  // namespace

std::string device_preset_list() {
  std::string out;
  for (const DevicePreset& preset : device_presets()) {
    out += wrapped(fmt::format("  {:<26}  ", preset.name), 30, preset.description);
  }
  return out;
}

std::string device_family_list() {
  std::string out = "families of cells (device.family); parameters of every family (device.KEY)\n";
  crossbar::PopulationParameters population;
  ConfigurationText common;
  population.describe(common);
  out += parameters(common);
  for (const std::string& name : crossbar::cell_family_names()) {
    const auto family = crossbar::make_cell_family(name);
    out += "\n" + wrapped(fmt::format("  {:<22}  ", name), 26, std::string(family->description()));
    ConfigurationText own;
    family->describe(own);
    out += parameters(own);
  }
  out += "\nweights made of several cells (device.compound = KIND; device.KEY)\n";
  for (std::size_t kind = 0; kind < crossbar::compound_names.size(); ++kind) out += compound(kind);
  out += "\nwritten, not pulsed (device.programmed): PCM for inference (device.pcm.KEY)\n";
  ConfigurationText pcm;
  crossbar::PcmInferenceParameters().describe(pcm);
  return out + parameters(pcm);
}

}  // namespace rheo
