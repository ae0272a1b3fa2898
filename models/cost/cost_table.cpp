#include "models/cost/cost_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/core/quantity.hpp"
#include "models/core/suggest.hpp"

namespace rheo {
namespace {

/// One key of an entry: a value with a unit, a text, or the flag.
struct QuantityKey {
  std::string_view name;
  Dimension dimension;
  std::optional<double> CostEntry::*member;
};
constexpr std::array<QuantityKey, 3> quantity_keys{{{"energy", Dimension::joules, &CostEntry::energy},
                                                    {"static_power", Dimension::watts, &CostEntry::static_power},
                                                    {"area", Dimension::square_metres, &CostEntry::area}}};

struct TextKey {
  std::string_view name;
  std::string CostEntry::*member;
};
constexpr std::array<TextKey, 5> text_keys{{{"node", &CostEntry::node},
                                            {"source", &CostEntry::source},
                                            {"derivation", &CostEntry::derivation},
                                            {"original", &CostEntry::original},
                                            {"note", &CostEntry::note}}};

constexpr std::string_view flag_key = "assumption";

std::vector<std::string> all_keys() {
  std::vector<std::string> names;
  for (const QuantityKey& key : quantity_keys) names.emplace_back(key.name);
  for (const TextKey& key : text_keys) names.emplace_back(key.name);
  names.emplace_back(flag_key);
  return names;
}

/// Reads the tables of one file into entries.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  void read(const toml::table& table, const std::string& name) {
    bool is_entry = table.empty();
    for (const auto& [key, node] : table) {
      const std::string inner = name.empty() ? std::string(key.str()) : fmt::format("{}.{}", name, key.str());
      if (node.is_table() && !is_key(key.str())) {
        read(*node.as_table(), inner);
      } else if (name.empty()) {
        refuse(key.source(), inner, "is not an entry; expected tables such as [adc.convert.9b]");
      } else {
        is_entry = true;
      }
    }
    if (is_entry && !name.empty()) entries_.push_back({read_entry(table, name), table.source().begin});
  }

  /// The entries in the order of the file.
  [[nodiscard]] std::vector<CostEntry> take() {
    std::ranges::stable_sort(entries_, {},
                             [](const Found& found) { return std::pair(found.position.line, found.position.column); });
    std::vector<CostEntry> entries;
    for (Found& found : entries_) entries.push_back(std::move(found.entry));
    return entries;
  }

 private:
  struct Found {
    CostEntry entry;
    toml::source_position position;
  };

  [[nodiscard]] static bool is_key(std::string_view name) { return std::ranges::count(all_keys(), name) > 0; }

  [[nodiscard]] std::string where(const toml::source_region& at) const {
    return fmt::format("{}:{}:{}", file_, at.begin.line, at.begin.column);
  }

  [[noreturn]] void refuse(const toml::source_region& at, const std::string& name, const std::string& what) const {
    throw InputError(where(at), fmt::format("{} {}", name, what));
  }

  [[nodiscard]] CostEntry read_entry(const toml::table& table, const std::string& name) const {
    CostEntry entry;
    entry.name = name;
    entry.where = where(table.source());
    for (const auto& [key, node] : table) {
      if (!node.is_table() || is_key(key.str())) read_key(key, node, entry);
    }
    if (!entry.energy && !entry.static_power && !entry.area) {
      refuse(table.source(), name, "costs nothing; expected energy, static_power or area");
    }
    if (entry.node.empty()) refuse(table.source(), name, "has no node; expected one such as node = \"32 nm\"");
    if (entry.source.empty()) refuse(table.source(), name, "has no source; expected a citation");
    if (entry.assumption && entry.derivation.empty()) {
      refuse(table.source(), name, "is an assumption without derivation; expected how the value was found");
    }
    return entry;
  }

  void read_key(const toml::key& key, const toml::node& node, CostEntry& entry) const {
    const std::string name = fmt::format("{}.{}", entry.name, key.str());
    for (const QuantityKey& known : quantity_keys) {
      if (key.str() == known.name) {
        entry.*known.member = read_quantity(node, name, known.dimension);
        return;
      }
    }
    for (const TextKey& known : text_keys) {
      if (key.str() == known.name) {
        const auto text = node.value_exact<std::string>();
        if (!text || text->empty()) refuse(node.source(), name, "is not a text; expected words in quotes");
        entry.*known.member = *text;
        return;
      }
    }
    if (key.str() == flag_key) {
      const auto flag = node.value_exact<bool>();
      if (!flag) refuse(node.source(), name, "is not a flag; expected true or false");
      entry.assumption = *flag;
      return;
    }
    const std::vector<std::string> keys = all_keys();
    const std::string meant = nearest(key.str(), keys);
    const std::string allowed = meant.empty() ? fmt::format("expected one of {}", fmt::join(keys, ", "))
                                              : fmt::format("did you mean {}.{}?", entry.name, meant);
    throw InputError(where(key.source()), fmt::format("{}: no such key; {}", name, allowed));
  }

  [[nodiscard]] double read_quantity(const toml::node& node, const std::string& name, Dimension dimension) const {
    const auto text = node.value_exact<std::string>();
    try {
      // Anything but a text has no unit, which an empty text lacks as well.
      const double value = parse_quantity(text.value_or(""), dimension);
      if (value < 0.0) refuse(node.source(), fmt::format("{} = {}", name, *text), "is negative; expected 0 or more");
      return value;
    } catch (const std::invalid_argument& error) {
      throw InputError(where(node.source()), text ? fmt::format("{} = \"{}\": {}", name, *text, error.what())
                                                  : fmt::format("{}: {}", name, error.what()));
    }
  }

  const std::string& file_;
  std::vector<Found> entries_;
};

/// What to look at when no entry has a similar name.
std::string components_of(const std::vector<CostEntry>& entries) {
  std::vector<std::string> names;
  for (const CostEntry& entry : entries) {
    std::string component = entry.name.substr(0, entry.name.find('.'));
    if (std::ranges::count(names, component) == 0) names.push_back(std::move(component));
  }
  return fmt::format("; it has entries of {}", fmt::join(names, ", "));
}

double present(const std::optional<double>& value, const CostEntry& entry, std::string_view key) {
  if (!value) throw InputError(entry.where, fmt::format("{} has no {}; expected one, 0 included", entry.name, key));
  return *value;
}

}  // namespace

CostTable CostTable::from_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) throw InputError(file.string(), "no such file; expected a cost table");
  if (std::filesystem::is_directory(file, error)) {
    throw InputError(file.string(), "is a directory; expected a cost table");
  }
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad() || !in.is_open()) throw InputError(file.string(), "cannot be read; expected a cost table");
  return from_text(text, file.string());
}

CostTable CostTable::from_text(std::string_view text, const std::string& name) {
  CostTable table;
  table.file_ = name;
  Reader reader(table.file_);
  try {
    reader.read(toml::parse(text, name), "");
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    throw InputError(fmt::format("{}:{}:{}", name, at.line, at.column),
                     fmt::format("not valid TOML: {}", error.description()));
  }
  table.entries_ = reader.take();
  if (table.entries_.empty()) throw InputError(name + ":1:1", "no entries; expected tables such as [adc.convert.9b]");
  return table;
}

const CostEntry& CostTable::entry(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &CostEntry::name);
  if (found != entries_.end()) return *found;
  std::vector<std::string> names;
  for (const CostEntry& entry : entries_) names.push_back(entry.name);
  const std::string hint = did_you_mean(name, names);
  throw InputError(file_, fmt::format("no entry {}{}", name, hint.empty() ? components_of(entries_) : hint));
}

double CostTable::energy(std::string_view name) const {
  const CostEntry& found = entry(name);
  return present(found.energy, found, "energy");
}

double CostTable::static_power(std::string_view name) const {
  const CostEntry& found = entry(name);
  return present(found.static_power, found, "static_power");
}

double CostTable::area(std::string_view name) const {
  const CostEntry& found = entry(name);
  return present(found.area, found, "area");
}

CostTable CostTable::with_energy_scaled(std::string_view name, double factor) const {
  if (!std::isfinite(factor) || factor < 0.0) {
    throw std::invalid_argument(fmt::format("a cost cannot be multiplied by {}", factor));
  }
  const double scaled = energy(name) * factor;
  CostTable copy = *this;
  std::ranges::find(copy.entries_, name, &CostEntry::name)->energy = scaled;
  return copy;
}

}  // namespace rheo
