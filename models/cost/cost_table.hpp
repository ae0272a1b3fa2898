#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rheo {

/// What one action or one instance of a part costs, and where that number comes from. SI units.
struct CostEntry {
  std::string name;                    ///< dotted, e.g. "adc.convert.9b"
  std::optional<double> energy;        ///< joules per action
  std::optional<double> static_power;  ///< watts per instance, whether or not anything happens
  std::optional<double> area;          ///< square metres per instance
  std::string node;                    ///< technology of the source, e.g. "32 nm"
  std::string source;
  bool assumption = false;  ///< rests on something no source says; the report shows the share of these
  std::string derivation;   ///< the arithmetic from the source's numbers; an assumption must have one
  std::string original;     ///< the published value, where the entry is scaled from it
  std::string note;
  std::string where;  ///< "FILE:LINE:COLUMN" of the entry
};

/// The costs of a chip, read from a TOML file. Every table with keys of its own is an entry, named by its
/// dotted header:
///
///     [adc.convert.9b]
///     energy = "5.52 pJ"   # at least one of energy, static_power and area, each with its unit
///     node = "32 nm"       # required
///     source = "..."       # required
///
/// Optional: assumption (then derivation is required), derivation, original, note.
class CostTable {
 public:
  /// Throws InputError "FILE:LINE:COLUMN: what is wrong; what is allowed": unreadable, not TOML, an unknown
  /// key, a missing or empty text, a value that is negative or has no unit.
  [[nodiscard]] static CostTable from_file(const std::filesystem::path& file);
  /// `name` stands for the file in error messages.
  [[nodiscard]] static CostTable from_text(std::string_view text, const std::string& name);

  /// All entries, in the order of the file.
  [[nodiscard]] const std::vector<CostEntry>& entries() const noexcept { return entries_; }
  /// The file, as messages name it.
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

  /// Throws InputError naming the entry, the file and the nearest name.
  [[nodiscard]] const CostEntry& entry(std::string_view name) const;

  /// Throw InputError where the entry exists but does not say this.
  [[nodiscard]] double energy(std::string_view name) const;
  [[nodiscard]] double static_power(std::string_view name) const;
  [[nodiscard]] double area(std::string_view name) const;

  /// The same table with one energy multiplied by `factor`, to see what hangs on it.
  /// Throws std::invalid_argument unless factor is finite and not negative.
  [[nodiscard]] CostTable with_energy_scaled(std::string_view name, double factor) const;

 private:
  std::string file_;
  std::vector<CostEntry> entries_;
};

}  // namespace rheo
