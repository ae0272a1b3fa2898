#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/error.hpp"
#include "models/core/parameters.hpp"

namespace rheo {

/// A tree of TOML values that remembers where each came from: a file (with the files it names in `base`)
/// and the `--set key=value` words laid over it. Reading marks what was asked for; what nobody asked for
/// is an error that suggests the nearest key.
class Configuration {
 public:
  /// Reads a file and, below it, the file its key `base` names (relative to the file itself).
  /// Throws InputError: unreadable, a directory, not TOML, `base` in a circle.
  [[nodiscard]] static Configuration from_file(const std::filesystem::path& file);
  /// `name` stands for the file in error messages.
  [[nodiscard]] static Configuration from_text(std::string_view text, const std::string& name);

  Configuration(Configuration&&) noexcept;
  Configuration& operator=(Configuration&&) noexcept;
  ~Configuration();

  /// Lays `key=value` over what is there; a value that is not TOML is taken as a string.
  /// Throws InputError when the word has no '=' or no key.
  void set(std::string_view assignment);

  /// Where a word or a file sets `key` of a table, forgets the table in the files below it: a choice that other keys
  /// belong to takes these with it. Words do not hide one another.
  void replace_table_below(std::string_view table, std::string_view key);

  /// Lays defaults under what is there: keys present in neither keep the struct's own default.
  void add_base(Configuration base);

  /// Fills a struct that describes itself from the whole tree. May be called for several structs.
  /// Throws InputError: wrong type, out of range, not one of the choices.
  template <class Struct>
  void read(Struct& content) {
    const std::unique_ptr<Parameters> reader = make_reader();
    content.describe(*reader);
  }

  /// Throws InputError for the first key that no read() asked for; `listing` is the command that prints all there are.
  void refuse_unknown_keys(std::string_view listing = "rheo list keys") const;

  /// "FILE:LINE:COLUMN: key = value" (or "--set key=value") of a key that is present, for errors found
  /// later on; the key alone when it holds its default.
  [[nodiscard]] std::string where(std::string_view key) const;

 private:
  struct Tree;
  explicit Configuration(std::unique_ptr<Tree> tree);
  [[nodiscard]] std::unique_ptr<Parameters> make_reader();

  std::unique_ptr<Tree> tree_;
};

/// The struct as TOML text that Configuration reads back to the same values, each key with its description. Of a
/// variation it holds what differs from the base.
class ConfigurationText : public Parameters {
 public:
  using Parameters::choice;
  void integer(std::string_view key, std::int64_t& value, Range<std::int64_t> range,
               std::string_view description) override;
  void number(std::string_view key, double& value, Range<double> range, std::string_view description) override;
  void quantity(std::string_view key, double& value, Dimension dimension, Range<double> range,
                std::string_view description) override;
  void numbers(std::string_view key, std::vector<double>& values, std::size_t fewest, Range<double> range,
               std::string_view description) override;
  void flag(std::string_view key, bool& value, std::string_view description) override;
  void text(std::string_view key, std::string& value, std::string_view description) override;
  void choice(std::string_view key, std::string& value, std::span<const std::string> allowed,
              std::string_view description) override;
  void begin_section(std::string_view key, std::string_view description) override;
  void end_section() override;
  void begin_variation(std::string_view key, std::string_view description) override;
  void end_variation() override;

  [[nodiscard]] std::string str() const;
  /// Each key with its value as text, in order: what a comparison of two configurations needs.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& values() const noexcept { return values_; }

  /// What there is to know of one key.
  struct Entry {
    std::string key, value, description;
    std::string allowed;     ///< as "a number from 0 to 1"; empty: anything of its kind
    bool retimable = false;  ///< see Parameters::retimable()
  };
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }

 private:
  void line(std::string_view key, const std::string& value, std::string_view description, const std::string& allowed);

  struct Section {
    std::string header;
    std::string keys;
  };

  std::vector<std::string> path_;
  std::vector<Section> sections_{1};  ///< in order; the keys outside of any come first
  std::vector<std::size_t> open_{0};  ///< those that have begun and not ended
  std::vector<bool> marked_{false};   ///< of the open ones: all their keys are retimable
  std::string variation_;             ///< "key." of the variation that is open
  std::vector<std::pair<std::string, std::string>> values_;
  std::vector<Entry> entries_;
};

}  // namespace rheo
