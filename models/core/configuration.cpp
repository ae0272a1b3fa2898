#include "models/core/configuration.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "models/core/suggest.hpp"
#include "models/core/toml_file.hpp"

namespace rheo {
namespace {

/// One source of values: a file, or one `--set` word.
struct Layer {
  std::string name;      ///< file name, or "--set key=value"
  bool is_word = false;  ///< a `--set` word has no line and column
  toml::table table;
};

std::string as_text(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& value) {
    if constexpr (toml::is_table<decltype(value)>) {
      out << "a table";
    } else if constexpr (toml::is_array<decltype(value)>) {
      out << "an array";
    } else {
      out << value;
    }
  });
  return out.str();
}

std::string number_text(double value) {
  if (value == unbounded) return "any";
  if (value == -unbounded) return "-any";
  return fmt::format("{}", value);
}

std::string interval(const std::string& low, const std::string& high, bool low_open, bool high_open) {
  if (low_open && high_open) return "";
  if (high_open) return " of at least " + low;
  if (low_open) return " of at most " + high;
  return " from " + low + " to " + high;
}

std::string interval(Range<double> range) {
  return interval(number_text(range.low), number_text(range.high), range.low == -unbounded, range.high == unbounded);
}

std::string interval(Range<std::int64_t> range) {
  return interval(std::to_string(range.low), std::to_string(range.high),
                  range.low == std::numeric_limits<std::int64_t>::min(),
                  range.high == std::numeric_limits<std::int64_t>::max());
}

std::string interval(Range<double> range, Dimension dimension) {
  return interval(format_quantity(range.low, dimension), format_quantity(range.high, dimension),
                  range.low == -unbounded, range.high == unbounded);
}

std::string one_of(std::span<const std::string> allowed) { return fmt::format("one of {}", fmt::join(allowed, ", ")); }

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7F') {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

struct Configuration::Tree {
  std::vector<Layer> layers;  ///< the first that has a key decides
  std::set<std::string> asked;

  struct Found {
    const toml::node* node = nullptr;
    const Layer* layer = nullptr;
  };

  [[nodiscard]] Found find(std::string_view path) const {
    for (const Layer& layer : layers) {
      if (const auto node = layer.table.at_path(path)) return {node.node(), &layer};
    }
    return {};
  }

  [[nodiscard]] static std::string where(const Found& found, std::string_view path) {
    if (found.layer == nullptr) return std::string(path);
    if (found.layer->is_word) return found.layer->name;
    const auto at = found.node->source().begin;
    return fmt::format("{}:{}:{}", found.layer->name, at.line, at.column);
  }

  [[noreturn]] static void refuse(const Found& found, const std::string& path, const std::string& expected) {
    if (found.layer->is_word) throw InputError(found.layer->name, expected);
    throw InputError(where(found, path), fmt::format("{} = {}: {}", path, as_text(*found.node), expected));
  }

  void refuse_unknown(const Layer& layer, const toml::table& table, const std::string& prefix,
                      std::string_view listing) const {
    for (const auto& [key, node] : table) {
      const std::string path = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
      // `"adc.bits" = 8` in quotes is one key with a dot inside, not the key bits of the table adc.
      const bool known_key = asked.contains(path) && key.str().find('.') == std::string_view::npos;
      if (const auto* inner = node.as_table(); inner != nullptr && !known_key) {
        refuse_unknown(layer, *inner, path, listing);
        continue;
      }
      if (known_key) continue;
      const std::vector<std::string> known(asked.begin(), asked.end());
      const std::string at =
          layer.is_word ? layer.name
                        : fmt::format("{}:{}:{}", layer.name, key.source().begin.line, key.source().begin.column);
      for (const std::string& candidate : known) {
        if (candidate.starts_with(path + ".")) {
          throw InputError(at, fmt::format("{}: is a table; expected a key of it, such as {}", path, candidate));
        }
      }
      std::string suggestion = did_you_mean(path, known);
      if (suggestion.empty()) {  // the right word in the wrong table
        for (const std::string& candidate : known) {
          if (candidate.ends_with("." + std::string(key.str()))) suggestion = "; did you mean " + candidate + "?";
        }
      }
      throw InputError(at, fmt::format("{}: no such key{}", path,
                                       suggestion.empty() ? fmt::format("; `{}` prints all", listing) : suggestion));
    }
  }
};

/// Looks each key up and stores what it finds; what it does not find keeps its default.
template <class TreeType>
class ConfigurationReader final : public Parameters {
 public:
  using Parameters::choice;
  explicit ConfigurationReader(TreeType& tree) : tree_(tree) {}

  void integer(std::string_view key, std::int64_t& value, Range<std::int64_t> range, std::string_view) override {
    const std::string path = ask(key);
    const auto found = tree_.find(path);
    if (!found.node) return;
    const auto number = found.node->template value_exact<std::int64_t>();
    if (!number || *number < range.low || *number > range.high) {
      TreeType::refuse(found, path, "expected an integer" + interval(range));
    }
    value = *number;
  }

  void number(std::string_view key, double& value, Range<double> range, std::string_view) override {
    const std::string path = ask(key);
    const auto found = tree_.find(path);
    if (!found.node) return;
    const auto number = found.node->is_number() ? found.node->template value<double>() : std::nullopt;
    if (!number || !std::isfinite(*number) || *number < range.low || *number > range.high) {
      TreeType::refuse(found, path, "expected a number" + interval(range));
    }
    value = *number;
  }

  void quantity(std::string_view key, double& value, Dimension dimension, Range<double> range,
                std::string_view) override {
    const std::string path = ask(key);
    const auto found = tree_.find(path);
    if (!found.node) return;
    double read = 0;
    if (const auto text = found.node->template value_exact<std::string>()) {
      try {
        read = parse_quantity(*text, dimension);
      } catch (const std::invalid_argument& error) {
        TreeType::refuse(found, path, error.what());
      }
    } else {
      TreeType::refuse(
          found, path,
          fmt::format("expected a value with a unit, such as {}", toml_string(format_quantity(value, dimension))));
    }
    if (read < range.low || read > range.high) {
      TreeType::refuse(found, path, "expected a value" + interval(range, dimension));
    }
    value = read;
  }

  void numbers(std::string_view key, std::vector<double>& values, std::size_t fewest, Range<double> range,
               std::string_view) override {
    const std::string path = ask(key);
    const auto found = tree_.find(path);
    if (!found.node) return;
    const std::string wanted = fmt::format("expected a list of at least {} numbers{}", fewest, interval(range));
    const auto* list = found.node->as_array();
    if (list == nullptr || list->size() < fewest) TreeType::refuse(found, path, wanted);
    std::vector<double> read;
    for (const toml::node& entry : *list) {
      const auto number = entry.is_number() ? entry.value<double>() : std::nullopt;
      if (!number || !std::isfinite(*number) || *number < range.low || *number > range.high) {
        TreeType::refuse(found, path, wanted);
      }
      read.push_back(*number);
    }
    values = std::move(read);
  }

  void flag(std::string_view key, bool& value, std::string_view) override {
    const std::string path = ask(key);
    const auto found = tree_.find(path);
    if (!found.node) return;
    const auto read = found.node->template value_exact<bool>();
    if (!read) TreeType::refuse(found, path, "expected true or false");
    value = *read;
  }

  void text(std::string_view key, std::string& value, std::string_view) override {
    const std::string path = ask(key);
    const auto found = tree_.find(path);
    if (!found.node) return;
    const auto read = found.node->template value_exact<std::string>();
    if (!read) TreeType::refuse(found, path, "expected a text in quotation marks");
    value = *read;
  }

  void choice(std::string_view key, std::string& value, std::span<const std::string> allowed,
              std::string_view) override {
    const std::string path = ask(key);
    const auto found = tree_.find(path);
    if (!found.node) return;
    const auto read = found.node->template value_exact<std::string>();
    if (!read || std::find(allowed.begin(), allowed.end(), *read) == allowed.end()) {
      TreeType::refuse(found, path, "expected " + one_of(allowed) + (read ? did_you_mean(*read, allowed) : ""));
    }
    value = *read;
  }

  void begin_section(std::string_view key, std::string_view) override { path_.emplace_back(key); }
  void end_section() override { path_.pop_back(); }
  [[nodiscard]] bool fills_in() const override { return true; }

 private:
  std::string ask(std::string_view key) {
    std::string path = path_.empty() ? std::string(key) : fmt::format("{}.{}", fmt::join(path_, "."), key);
    tree_.asked.insert(path);
    return path;
  }

  TreeType& tree_;
  std::vector<std::string> path_;
};

Configuration::Configuration(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
Configuration::Configuration(Configuration&&) noexcept = default;
Configuration& Configuration::operator=(Configuration&&) noexcept = default;
Configuration::~Configuration() = default;

Configuration Configuration::from_file(const std::filesystem::path& file) {
  auto tree = std::make_unique<Tree>();
  std::set<std::filesystem::path> seen;
  std::filesystem::path next = file;
  std::string where = file.string();
  while (true) {
    std::error_code error;
    const std::filesystem::path canonical = std::filesystem::weakly_canonical(next, error);
    if (!seen.insert(error ? next : canonical).second) {
      throw InputError(where, "the files name each other in a circle");
    }
    Layer layer{next.string(), false, parse_toml(read_file(next, where, "a TOML file"), next.string())};
    tree->layers.push_back(std::move(layer));
    const auto base = tree->layers.back().table["base"];
    if (!base) break;
    const Tree::Found found{base.node(), &tree->layers.back()};
    const auto name = base.value_exact<std::string>();
    if (!name || name->empty()) Tree::refuse(found, "base", "expected the name of a TOML file");
    next = next.parent_path() / *name;
    where = fmt::format("{}: base = {}", Tree::where(found, "base"), toml_string(*name));
  }
  tree->asked.insert("base");
  return Configuration(std::move(tree));
}

Configuration Configuration::from_text(std::string_view text, const std::string& name) {
  auto tree = std::make_unique<Tree>();
  tree->layers.push_back({name, false, parse_toml(text, name)});
  return Configuration(std::move(tree));
}

void Configuration::set(std::string_view assignment) {
  const std::string name = "--set " + std::string(assignment);
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw InputError(name, "expected key=value, such as adc.bits=8");
  }
  if (assignment.find('\n') != std::string_view::npos) throw InputError(name, "expected one line");
  const std::string_view key = assignment.substr(0, equals);
  const std::string_view value = assignment.substr(equals + 1);
  toml::table table;
  try {
    table = toml::parse(fmt::format("{} = {}", key, value));
  } catch (const toml::parse_error&) {
    try {
      table = toml::parse(fmt::format("{} = {}", key, toml_string(value)));
    } catch (const toml::parse_error&) {
      throw InputError(name, "not a key and a value; expected key=value, such as adc.bits=8");
    }
  }
  if (table.contains("base")) throw InputError(name, "base belongs into a file");
  tree_->layers.insert(tree_->layers.begin(), Layer{name, true, std::move(table)});
}

void Configuration::replace_table_below(std::string_view table, std::string_view key) {
  const std::string path = fmt::format("{}.{}", table, key);
  bool chosen = false;
  for (Layer& layer : tree_->layers) {
    if (chosen && !layer.is_word) layer.table.erase(table);
    chosen = chosen || static_cast<bool>(layer.table.at_path(path));
  }
}

void Configuration::add_base(Configuration base) {
  for (Layer& layer : base.tree_->layers) tree_->layers.push_back(std::move(layer));
  tree_->asked.merge(base.tree_->asked);
}

std::unique_ptr<Parameters> Configuration::make_reader() { return std::make_unique<ConfigurationReader<Tree>>(*tree_); }

void Configuration::refuse_unknown_keys(std::string_view listing) const {
  for (const Layer& layer : tree_->layers) tree_->refuse_unknown(layer, layer.table, "", listing);
}

std::string Configuration::where(std::string_view key) const {
  const auto found = tree_->find(key);
  if (found.node == nullptr) return std::string(key);
  if (found.layer->is_word) return found.layer->name;
  return fmt::format("{}: {} = {}", Tree::where(found, key), key, as_text(*found.node));
}

void ConfigurationText::line(std::string_view key, const std::string& value, std::string_view description,
                             const std::string& allowed) {
  const bool retimable = take_mark() || marked_.back();
  const std::string path = path_.empty() ? std::string(key) : fmt::format("{}.{}", fmt::join(path_, "."), key);
  if (!variation_.empty()) {
    const std::pair<std::string, std::string> base{path.substr(variation_.size()), value};
    if (std::find(values_.begin(), values_.end(), base) != values_.end()) return;
  }
  values_.emplace_back(path, value);
  entries_.push_back({path, value, std::string(description), allowed, retimable});
  sections_[open_.back()].keys +=
      fmt::format("{} = {}  # {}{}\n", key, value, description, allowed.empty() ? "" : " (" + allowed + ")");
}

void ConfigurationText::integer(std::string_view key, std::int64_t& value, Range<std::int64_t> range,
                                std::string_view description) {
  line(key, std::to_string(value), description, "an integer" + interval(range));
}

void ConfigurationText::number(std::string_view key, double& value, Range<double> range, std::string_view description) {
  line(key, toml_number(value), description, "a number" + interval(range));
}

void ConfigurationText::quantity(std::string_view key, double& value, Dimension dimension, Range<double> range,
                                 std::string_view description) {
  line(key, toml_string(format_quantity(value, dimension)), description, "a value" + interval(range, dimension));
}

void ConfigurationText::numbers(std::string_view key, std::vector<double>& values, std::size_t fewest,
                                Range<double> range, std::string_view description) {
  std::vector<std::string> words;
  for (const double value : values) words.push_back(toml_number(value));
  line(key, fmt::format("[{}]", fmt::join(words, ", ")), description,
       fmt::format("a list of at least {} numbers{}", fewest, interval(range)));
}

void ConfigurationText::flag(std::string_view key, bool& value, std::string_view description) {
  line(key, value ? "true" : "false", description, "");
}

void ConfigurationText::text(std::string_view key, std::string& value, std::string_view description) {
  line(key, toml_string(value), description, "");
}

void ConfigurationText::choice(std::string_view key, std::string& value, std::span<const std::string> allowed,
                               std::string_view description) {
  line(key, toml_string(value), description, one_of(allowed));
}

void ConfigurationText::begin_section(std::string_view key, std::string_view description) {
  path_.emplace_back(key);
  marked_.push_back(take_mark() || marked_.back());
  open_.push_back(sections_.size());
  sections_.push_back({fmt::format("\n# {}\n[{}]\n", description, fmt::join(path_, ".")), ""});
}

void ConfigurationText::end_section() {
  path_.pop_back();
  open_.pop_back();
  marked_.pop_back();
}

void ConfigurationText::begin_variation(std::string_view key, std::string_view description) {
  path_.emplace_back(key);
  variation_ = fmt::format("{}.", fmt::join(path_, "."));
  marked_.push_back(take_mark());
  open_.push_back(sections_.size());
  sections_.push_back({"", fmt::format("\n# {}: {}\n", key, description)});
}

void ConfigurationText::end_variation() {
  variation_.clear();
  end_section();
}

std::string ConfigurationText::str() const {
  std::string text;
  for (const Section& section : sections_) {
    if (!section.keys.empty()) text += section.header + section.keys;
  }
  return text;
}

}  // namespace rheo
