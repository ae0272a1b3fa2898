#include "models/crossbar/device.hpp"

#include <algorithm>

namespace rheo::crossbar {

CellParameters::CellParameters(const CellParameters& other)
    : population(other.population), family_(other.family_), model_(other.model_->clone()) {}

CellParameters& CellParameters::operator=(const CellParameters& other) {
  if (this != &other) *this = CellParameters(other);
  return *this;
}

void CellParameters::select(const std::string& family) {
  if (family == family_) return;
  model_ = make_cell_family(family);
  family_ = family;
}

void DeviceParameters::describe(Parameters& p) {
  p.text("preset", preset, "published device that fills in the values below; `rheo list devices`");
  std::vector<std::string> allowed{"ideal"};
  allowed.insert(allowed.end(), cell_family_names().begin(), cell_family_names().end());
  std::string family = ideal ? "ideal" : cell.family();
  p.choice("family", family, std::span<const std::string>(allowed), "how a cell answers a pulse");
  ideal = family == "ideal";
  if (ideal) return;
  cell.select(family);
  cell.population.describe(p);
  cell.model().describe(p);
  compound.describe(p);
}

}  // namespace rheo::crossbar
