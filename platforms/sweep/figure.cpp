#include "platforms/sweep/figure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "models/core/suggest.hpp"

namespace rheo::sweep {
namespace {

constexpr std::array<std::string_view, 11> sections{"accuracy",   "time",        "energy", "memory", "area",  "actions",
                                                    "evaluation", "preparation", "attack", "stream", "images"};

void add_figures(std::vector<std::string>& all, const nlohmann::json& node, const std::string& path) {
  for (const auto& [key, value] : node.items()) {
    const std::string name = path.empty() ? key : path + "." + key;
    if (value.is_number()) all.push_back(name);
    if (value.is_object()) add_figures(all, value, name);
  }
}

[[noreturn]] void refuse(const nlohmann::json& report, const nlohmann::json& nearest_node, const std::string& path) {
  std::string hint = did_you_mean(path, figures(report));
  if (hint.empty() && nearest_node.is_object()) {
    std::vector<std::string> there;
    for (const auto& [name, unused] : nearest_node.items()) there.push_back(name);
    hint = fmt::format("; there are {}", fmt::join(there, ", "));
  }
  throw std::out_of_range(fmt::format("the report has no number {}{}", path, hint));
}

}  // namespace

double figure(const nlohmann::json& report, const std::string& path) {
  const nlohmann::json* node = &report;
  std::string rest = path;
  while (true) {
    if (rest.empty() && node->is_number()) return node->get<double>();
    if (rest.empty() && node->is_null()) return std::numeric_limits<double>::quiet_NaN();
    if (!node->is_object()) refuse(report, *node, path);
    // A key may hold dots itself, as actions do: the longest that fits.
    std::string key = rest;
    while (!key.empty() && !node->contains(key)) {
      const std::size_t dot = key.rfind('.');
      key = dot == std::string::npos ? "" : key.substr(0, dot);
    }
    if (key.empty()) refuse(report, *node, path);
    node = &(*node)[key];
    rest = rest.size() == key.size() ? "" : rest.substr(key.size() + 1);
  }
}

std::vector<std::string> figures(const nlohmann::json& report) {
  std::vector<std::string> all;
  for (const auto& [key, value] : report.items()) {
    if (value.is_object() && key != "config") add_figures(all, value, key);
  }
  return all;
}

bool names_figure(const std::string& name) {
  const std::string first = name.substr(0, name.find('.'));
  return first != name && std::ranges::find(sections, first) != sections.end();
}

}  // namespace rheo::sweep
