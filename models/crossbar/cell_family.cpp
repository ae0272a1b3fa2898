#include "models/crossbar/cell_family.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "models/crossbar/device.hpp"

namespace rheo::crossbar {

// One function a file in families/; the list of files is the list of families.
#define RHEO_CELL_FAMILY(name) std::unique_ptr<CellFamily> make_##name();
#include "cell_families.inc"
#undef RHEO_CELL_FAMILY

namespace {

using Maker = std::unique_ptr<CellFamily> (*)();

const std::vector<std::pair<std::string_view, Maker>>& makers() {
  static const std::vector<std::pair<std::string_view, Maker>> list{
#define RHEO_CELL_FAMILY(name) {#name, make_##name},
#include "cell_families.inc"
#undef RHEO_CELL_FAMILY
  };
  return list;
}

}  // namespace

double CellFamily::granularity(const PopulationParameters& population) const { return population.dw_min; }

void CellFamily::complete(const PopulationParameters&, std::span<const float>, Cell&) const {}

std::span<const std::string> cell_family_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, maker] : makers()) all.emplace_back(name);
    return all;
  }();
  return names;
}

std::unique_ptr<CellFamily> make_cell_family(std::string_view name) {
  const auto found =
      std::find_if(makers().begin(), makers().end(), [&](const auto& entry) { return entry.first == name; });
  if (found == makers().end()) throw std::invalid_argument("no such family of cells: " + std::string(name));
  return found->second();
}

}  // namespace rheo::crossbar
