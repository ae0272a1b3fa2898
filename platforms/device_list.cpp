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
    out += wrapped(fmt::format("    {:<24}", entry.key), 28, fmt::format("default {}; {}", entry.value, allowed));
    out += wrapped(std::string(8, ' '), 8, entry.description);
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
  return out;
}

}  // namespace rheo
