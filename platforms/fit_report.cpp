#include <fmt/format.h>

#include <algorithm>

#include "models/core/configuration.hpp"
#include "platforms/device_fit.hpp"

namespace rheo {
namespace {

/// A value with as many digits as its error leaves.
std::string rounded(const FittedParameter& p) { return fmt::format("{:.3g}", p.value); }

std::string joined(const std::vector<std::string>& words, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  for (const std::string& word : words) {
    if (column > indent && column + 2 + word.size() > 80) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += "  ";
      column += 2;
    }
    out += word;
    column += word.size();
  }
  return out;
}

/// What the measurement says nothing about.
std::vector<std::string> open_questions(const MeasuredResponse& measured, const FamilyFit& fit) {
  std::vector<std::string> open;
  for (const FittedParameter& p : fit.parameters) {
    if (!p.identified) open.push_back(p.key);
  }
  if (!measured.has_spread) {
    for (const char* key : {"dw_min_dtod", "up_down_dtod", "w_max_dtod", "w_min_dtod"}) open.emplace_back(key);
  } else {
    open.emplace_back("up_down_dtod");
  }
  const std::string& family = fit.device.cell.family();
  if (family == "linear_step") open.insert(open.end(), {"gamma_up_dtod", "gamma_down_dtod"});
  if (family.starts_with("pow_step")) open.insert(open.end(), {"pow_gamma_dtod", "pow_up_down_dtod"});
  if (family == "exp_step") open.insert(open.end(), {"a (scales gamma: 1)", "b (scales A: 0)"});
  if (family.ends_with("_reference")) open.insert(open.end(), {"reference_mean", "reference_std"});
  return open;
}

}  // namespace

std::string fit_report(const std::string& file, const MeasuredResponse& measured, const std::vector<FamilyFit>& fits) {
  double low = 0;
  double high = 0;
  for (const Spread& s : measured.after) {
    low = std::min(low, s.mean);
    high = std::max(high, s.mean);
  }
  std::string out =
      fmt::format("{}: {} pulses up, {} down, weights {:.4g} to {:.4g}, {}\n\n", file, measured.up(), measured.down(),
                  low, high, measured.has_spread ? "spread over cells" : "no spread over cells");
  out += fmt::format("  {:<22}{:>8}{:>10}  {}\n", "family", "AICc", "residual", "parameters");
  for (const FamilyFit& fit : fits) {
    std::vector<std::string> words;
    for (const FittedParameter& p : fit.parameters) {
      words.push_back(fmt::format("{} {}{}", p.key, rounded(p), p.identified ? "" : "?"));
    }
    out += fmt::format("  {:<22}{:>8.1f}{:>8.2f} %  {}\n", fit.device.cell.family(), fit.criterion, 100 * fit.residual,
                       joined(words, 44));
  }
  const FamilyFit& best = fits.front();
  out += fmt::format("\nproposed: {}\n", best.device.cell.family());
  for (const FittedParameter& p : best.parameters) {
    out += p.identified ? fmt::format("  {:<18} = {:<10.4g} +- {:.2g}\n", p.key, p.value, p.error)
                        : fmt::format("  {:<18} = {:<10.4g} not identified\n", p.key, p.value);
  }
  if (!measured.has_spread) {
    out += fmt::format("  {:<18} = {:<10.4g} from the spread of the increments\n", "dw_min_std",
                       best.device.cell.population.dw_min_std);
  } else if (best.device.cell.population.write_noise_std > 0) {
    out += fmt::format("  {:<18} = {:<10.4g} from the spread before the first pulse\n", "write_noise_std",
                       best.device.cell.population.write_noise_std);
  }
  for (std::size_t f = 1; f < fits.size(); ++f) {
    if (fits[f].criterion - best.criterion < 4) {
      out += fmt::format("  as good within the sampling error: {}\n", fits[f].device.cell.family());
    }
  }
  std::vector<std::string> open = open_questions(measured, best);
  out += "  the data do not tell: " + joined(open, 24) + "\n";
  return out;
}

std::string fit_preset(const std::string& file, const MeasuredResponse& measured, const FamilyFit& fit) {
  std::string name;
  for (const char c : file) name += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  std::string out = fmt::format(
      "# Fit of {} to {}.\n# By `rheo device fit`: residual {:.2f} % of the range of the mean "
      "weight, {} pulses up, {} down.\n",
      fit.device.cell.family(), name, 100 * fit.residual, measured.up(), measured.down());
  out += fmt::format("# The data do not tell: {}.\n", fmt::join(open_questions(measured, fit), ", "));
  out += fmt::format("[device]\nfamily = \"{}\"\n", fit.device.cell.family());
  crossbar::CellParameters cell = fit.device.cell;
  ConfigurationText text;
  cell.population.describe(text);
  cell.model().describe(text);
  for (const auto& [key, value] : text.values()) out += key + " = " + value + "\n";
  return out;
}

}  // namespace rheo
