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

namespace {

void describe_cell(CellParameters& cell, Parameters& p, const std::string& family) {
  cell.select(family);
  cell.population.describe(p);
  cell.model().describe(p);
}

bool changes_by_itself(const CellParameters& cell) noexcept {
  return cell.population.lifetime > 0 || cell.population.diffusion > 0;
}

}  // namespace

bool DeviceParameters::acts_at_end_of_batch() const noexcept {
  if (!pulsed()) return false;
  return changes_by_itself(cell) || (compound.kind == Compound::transfer && changes_by_itself(slow_cell())) ||
         compound.acts_at_end_of_batch();
}

void DeviceParameters::describe(Parameters& p) {
  p.text("preset", preset, "published device that fills in the values below; `rheo list devices`");
  std::vector<std::string> allowed{"ideal", "pcm_inference"};
  allowed.insert(allowed.end(), cell_family_names().begin(), cell_family_names().end());
  std::string family = ideal ? "ideal" : programmed ? "pcm_inference" : cell.family();
  p.choice("family", family, std::span<const std::string>(allowed), "how a cell answers a pulse");
  ideal = family == "ideal";
  programmed = family == "pcm_inference";
  if (programmed) pcm.describe(p);
  if (!pulsed()) return;
  describe_cell(cell, p, family);
  compound.describe(p);
  if (compound.kind != Compound::transfer) return;
  // What the file does not say of the slow cell is as it is of the fast one.
  if (!slow) slow = cell;
  p.begin_section("slow", "the slow cell, where it is not like the fast one");
  std::string slow_family = slow->family();
  p.choice("family", slow_family, cell_family_names(), "how it answers a pulse");
  describe_cell(*slow, p, slow_family);
  p.end_section();
}

std::optional<ParameterFault> DeviceParameters::check() const {
  if (!pulsed()) return std::nullopt;
  if (auto fault = cell.model().check()) return fault;
  if (compound.kind == Compound::transfer) {
    if (auto fault = slow_cell().model().check()) {
      fault->key = "slow." + fault->key;
      return fault;
    }
  }
  const bool pair =
      compound.kind == Compound::one_sided ||
      (compound.kind == Compound::mixed_precision && compound.mixed_precision.device == WrittenCells::one_sided);
  if (pair && compound.one_sided.copy_inverted && !(cell.population.w_min < 0)) {
    return ParameterFault{"one_sided.copy_inverted",
                          "a mirrored cell is pulsed down from zero; expected w_min below zero"};
  }
  return compound.check();
}

}  // namespace rheo::crossbar
