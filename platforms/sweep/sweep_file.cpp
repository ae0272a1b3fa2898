#include "platforms/sweep/sweep_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>

#include "models/core/error.hpp"
#include "models/core/suggest.hpp"
#include "models/core/toml_file.hpp"

namespace rheo::sweep {
namespace {

constexpr std::int64_t most_points = 1'000'000;

Value whole_number(std::int64_t value) { return {std::to_string(value), value}; }
Value real_number(double value) { return {toml_number(value), value}; }

/// Reads tables; remembers the keys that were asked for, so that the others can be refused.
class Reader {
 public:
  Reader(const toml::table& table, std::string file, std::string path)
      : table_(table), file_(std::move(file)), path_(std::move(path)) {}

  [[nodiscard]] const toml::node* find(std::string_view key) {
    known_.emplace_back(key);
    return table_.get(key);
  }
  [[nodiscard]] std::string where(const toml::node& node) const {
    const auto at = node.source().begin;
    return fmt::format("{}:{}:{}", file_, at.line, at.column);
  }
  [[nodiscard]] std::string name(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }
  [[noreturn]] void refuse(std::string_view key, const toml::node& node, const std::string& expected) const {
    throw InputError(where(node), fmt::format("{}: expected {}", name(key), expected));
  }

  void text(std::string_view key, std::string& value, const std::string& expected) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto found = node->value_exact<std::string>();
    if (!found || found->empty()) refuse(key, *node, expected);
    value = *found;
  }
  void integer(std::string_view key, std::int64_t& value, std::int64_t low, std::int64_t high) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto found = node->value_exact<std::int64_t>();
    if (!found || *found < low || *found > high) refuse(key, *node, fmt::format("an integer from {} to {}", low, high));
    value = *found;
  }
  void flag(std::string_view key, bool& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (!node->is_boolean()) refuse(key, *node, "true or false");
    value = node->as_boolean()->get();
  }
  void texts(std::string_view key, std::vector<std::string>& values, const std::string& expected) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (!node->is_array()) refuse(key, *node, expected);
    for (const toml::node& one : *node->as_array()) {
      if (!one.is_string()) refuse(key, one, expected);
      values.push_back(one.as_string()->get());
    }
  }
  template <std::size_t N>
  std::size_t choice(std::string_view key, const std::array<std::string_view, N>& names, std::size_t fallback) {
    const toml::node* node = find(key);
    if (node == nullptr) return fallback;
    const auto found = node->value_exact<std::string>();
    const auto* place = found ? std::ranges::find(names, *found) : names.end();
    if (place == names.end()) {
      const std::vector<std::string> words(names.begin(), names.end());
      refuse(key, *node,
             fmt::format("one of {}{}", fmt::join(names, ", "), found ? did_you_mean(*found, words) : std::string()));
    }
    return static_cast<std::size_t>(place - names.begin());
  }

  void refuse_others() const {
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(known_, key.str()) == known_.end()) {
        throw InputError(where(node), fmt::format("{}: no such key{}; a sweep has {}", name(key.str()),
                                                  did_you_mean(key.str(), known_), fmt::join(known_, ", ")));
      }
    }
  }

 private:
  const toml::table& table_;
  std::string file_, path_;
  std::vector<std::string> known_;
};

const char* const scalar_expected = "a text, a number, true or false, or a list of them";

Value value_of(const toml::node& node, const Reader& reader, const std::string& key) {
  if (const auto* text = node.as_string()) return {nlohmann::json(text->get()).dump(), text->get()};
  if (const auto* number = node.as_integer()) return whole_number(number->get());
  if (const auto* number = node.as_floating_point()) {
    if (!std::isfinite(number->get())) reader.refuse(key, node, "a finite number");
    return real_number(number->get());
  }
  if (const auto* flag = node.as_boolean()) return {flag->get() ? "true" : "false", flag->get()};
  if (const auto* list = node.as_array()) {
    Value all{"", nlohmann::json::array()};
    for (const toml::node& one : *list) {
      const Value value = value_of(one, reader, key);
      all.toml += (all.toml.empty() ? "" : ", ") + value.toml;
      all.json.push_back(value.json);
    }
    all.toml = "[" + all.toml + "]";
    return all;
  }
  reader.refuse(key, node, scalar_expected);
}

void read_list(Axis& axis, const toml::node& node, const Reader& reader) {
  if (!node.is_array() || node.as_array()->empty()) reader.refuse(axis.key, node, "a list of at least one value");
  std::set<std::string> seen;
  for (const toml::node& one : *node.as_array()) {
    Value value = value_of(one, reader, axis.key);
    if (!seen.insert(value.toml).second) reader.refuse(axis.key, one, "each value once");
    axis.values.push_back(std::move(value));
  }
}

/// 20 and "ns" of "20 ns". Without a number in front, or a unit behind it: no end of a range.
std::optional<std::pair<double, std::string>> quantity_of(const std::string& text) {
  char* rest = nullptr;
  const double number = std::strtod(text.c_str(), &rest);
  if (rest == text.c_str() || *rest != ' ' || rest[1] == '\0') return std::nullopt;
  return std::pair(number, std::string(rest + 1));
}

void read_range(Axis& axis, const toml::node& node, const Reader& reader) {
  const auto refuse = [&] {
    reader.refuse(axis.key, node,
                  "two numbers, as [1, 8], or two quantities of one unit, as "
                  "[\"20 ns\", \"80 ns\"]");
  };
  const toml::array* ends = node.as_array();
  if (ends == nullptr || ends->size() != 2) refuse();
  const toml::node& first = *ends->get(0);
  const toml::node& second = *ends->get(1);
  if (first.is_string() && second.is_string()) {
    const auto low = quantity_of(first.as_string()->get());
    const auto high = quantity_of(second.as_string()->get());
    if (!low || !high || low->second != high->second) refuse();
    axis.low = low->first;
    axis.high = high->first;
    axis.unit = low->second;
  } else if (first.is_number() && second.is_number()) {
    axis.low = *first.value<double>();
    axis.high = *second.value<double>();
    axis.integers = first.is_integer() && second.is_integer();
  } else {
    refuse();
  }
  if (!std::isfinite(axis.low) || !std::isfinite(axis.high) || axis.low >= axis.high) {
    reader.refuse(axis.key, node, "the smaller number first");
  }
  if (axis.kind == Axis::Kind::log_range && axis.low <= 0) {
    reader.refuse(axis.key, node, "numbers above zero for a logarithmic range");
  }
}

Axis read_axis(const std::string& key, const toml::node& node, const std::string& file, SamplingKind sampling) {
  Axis axis;
  axis.key = key;
  const toml::table empty;
  Reader reader(node.is_table() ? *node.as_table() : empty, file, "axes." + key);
  axis.where = reader.where(node);
  if (node.is_array()) {
    read_list(axis, node, Reader(empty, file, "axes"));
    return axis;
  }
  const toml::node* values = reader.find("values");
  const toml::node* range = reader.find("range");
  const toml::node* log_range = reader.find("log_range");
  reader.texts("also", axis.also, "a list of keys");
  reader.integer("steps", axis.steps, 2, most_points);
  reader.refuse_others();
  if ((values != nullptr) + (range != nullptr) + (log_range != nullptr) != 1) {
    throw InputError(axis.where, fmt::format("axes.{}: expected one of values, range, log_range", key));
  }
  const Reader named(empty, file, "axes");
  if (values != nullptr) {
    read_list(axis, *values, named);
    if (axis.steps != 0) throw InputError(axis.where, fmt::format("axes.{}.steps: belongs to a range", key));
    return axis;
  }
  axis.kind = range != nullptr ? Axis::Kind::range : Axis::Kind::log_range;
  read_range(axis, range != nullptr ? *range : *log_range, named);
  const bool countable = axis.integers && axis.kind == Axis::Kind::range && axis.high - axis.low < most_points;
  if (sampling == SamplingKind::grid && axis.steps == 0 && !countable) {
    throw InputError(axis.where,
                     fmt::format("axes.{}.steps: is missing; expected the number of values of a grid", key));
  }
  return axis;
}

bool is_axis(const toml::node& node) {
  if (!node.is_table()) return true;
  const toml::table& table = *node.as_table();
  return std::ranges::any_of(std::array{"values", "range", "log_range", "steps", "also"}, [&](const char* key) {
    const toml::node* value = table.get(key);
    return value != nullptr && !value->is_table();
  });
}

struct Entry {
  std::string key;  ///< dotted
  const toml::node* node;
};

/// The entries of nested tables, in the order of the file. A table without any would say nothing: it is refused.
template <class Leaf>
std::vector<Entry> leaves(const toml::table& table, const Leaf& is_leaf, const Reader& reader, const std::string& path,
                          const std::string& expected) {
  if (table.empty()) throw InputError(reader.where(table), fmt::format("{}: is empty; expected {}", path, expected));
  const std::string prefix = path.substr(0, path.find('.'));  // "axes", which the keys below it leave out
  std::vector<Entry> all;
  for (const auto& [key, node] : table) {
    const std::string name = path + "." + std::string(key.str());
    if (is_leaf(node)) {
      all.push_back({name.substr(prefix.size() + 1), &node});
    } else {
      const std::vector<Entry> below = leaves(*node.as_table(), is_leaf, reader, name, expected);
      all.insert(all.end(), below.begin(), below.end());
    }
  }
  std::ranges::stable_sort(all, {}, [](const Entry& entry) {
    const auto at = entry.node->source().begin;
    return std::pair(at.line, at.column);
  });
  return all;
}

constexpr std::array<std::string_view, 5> sampling_names{"grid", "random", "latin_hypercube", "sobol", "nsga2"};
constexpr std::array<std::string_view, 2> task_names{"run", "evaluate"};

Sampling read_sampling(const toml::node* node, const std::string& file) {
  Sampling sampling;
  if (node == nullptr) return sampling;
  if (!node->is_table()) {
    const auto at = node->source().begin;
    throw InputError(fmt::format("{}:{}:{}", file, at.line, at.column), "sampling: expected a table");
  }
  Reader reader(*node->as_table(), file, "sampling");
  sampling.kind = static_cast<SamplingKind>(reader.choice("kind", sampling_names, 0));
  if (sampling.kind != SamplingKind::grid) reader.integer("seed", sampling.seed, 0, 0xFFFFFFFF);
  if (sampling.kind == SamplingKind::nsga2) {
    reader.integer("population", sampling.population, 8, 100'000);
    reader.integer("generations", sampling.generations, 0, 100'000);
    if (sampling.population % 4 != 0) {
      reader.refuse("population", *node->as_table()->get("population"), "a multiple of four");
    }
  } else if (sampling.kind != SamplingKind::grid) {
    reader.integer("points", sampling.points, 1, most_points);
    if (sampling.points == 0) {
      throw InputError(reader.where(*node), "sampling.points: is missing; expected how many points to sample");
    }
  }
  reader.refuse_others();
  return sampling;
}

}  // namespace

Value Axis::value(double number) const {
  if (integers) return whole_number(std::llround(number));
  const double rounded = std::strtod(fmt::format("{:.6g}", number).c_str(), nullptr);
  if (unit.empty()) return real_number(rounded);
  const std::string text = fmt::format("{} {}", rounded, unit);
  return {nlohmann::json(text).dump(), text};
}

Value Axis::at(double position) const {
  const auto part = [&](double parts) { return std::min(std::floor(position * parts), parts - 1); };
  if (kind == Kind::list) return values[static_cast<std::size_t>(part(static_cast<double>(values.size())))];
  if (kind == Kind::range) return value(integers ? low + part(high - low + 1) : low + position * (high - low));
  return value(low * std::pow(high / low, position));
}

std::vector<Value> Axis::grid() const {
  if (kind == Kind::list) return values;
  std::vector<Value> all;
  if (steps == 0) {
    for (double i = low; i <= high; ++i) all.push_back(value(i));
    return all;
  }
  for (std::int64_t i = 0; i < steps; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(steps - 1);
    Value next = value(kind == Kind::range ? low + t * (high - low) : low * std::pow(high / low, t));
    if (all.empty() || all.back().toml != next.toml) all.push_back(std::move(next));
  }
  return all;
}

SweepFile SweepFile::load(const std::filesystem::path& file) {
  SweepFile sweep = parse(read_file(file, file.string(), "a sweep"), file);
  std::error_code error;
  if (sweep.task == Task::evaluate && !std::filesystem::is_regular_file(sweep.weights, error)) {
    throw InputError(sweep.weights_where, sweep.weights.string() + ": no such file");
  }
  return sweep;
}

SweepFile SweepFile::parse(const std::string& text, const std::filesystem::path& file) {
  SweepFile sweep;
  sweep.text = text;
  sweep.where = file.string();
  const std::string& name = sweep.where;
  const toml::table root = parse_toml(sweep.text, name);
  sweep.name = file.stem().string();
  Reader reader(root, name, "");

  std::string config, weights;
  reader.text("config", config, "the configuration file of the points");
  if (config.empty()) throw InputError(name, "config: is missing; expected the configuration file of the points");
  // operator/ keeps an absolute path as it is.
  sweep.config = (file.parent_path() / config).lexically_normal();
  sweep.task = static_cast<Task>(reader.choice("task", task_names, 0));
  if (sweep.task == Task::evaluate) {
    reader.text("weights", weights, "the HDF5 file of the weights");
    if (weights.empty())
      throw InputError(name, "weights: is missing; expected the HDF5 file of the weights to evaluate");
    sweep.weights = (file.parent_path() / weights).lexically_normal();
    sweep.weights_where = reader.where(*root.get("weights"));
  }
  reader.texts("set", sweep.set, "a list of texts, as [\"workload.epochs=2\"]");
  reader.integer("repeats", sweep.repeats, 1, 10'000);
  reader.flag("keep", sweep.keep);
  sweep.sampling = read_sampling(reader.find("sampling"), name);

  const auto table = [&](const char* key) -> const toml::table* {
    const toml::node* node = reader.find(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) reader.refuse(key, *node, "a table");
    return node->as_table();
  };
  std::set<std::string> keys;
  const auto once = [&](const std::string& key, const std::string& where) {
    if (key == "seed") throw InputError(where, "axes.seed: seeds are not an axis; `repeats` repeats points over seeds");
    if (!keys.insert(key).second) throw InputError(where, fmt::format("axes: {} is moved by two axes", key));
  };
  if (const toml::table* axes = table("axes")) {
    for (const Entry& entry : leaves(*axes, is_axis, reader, "axes", "a configuration key and its values")) {
      Axis axis = read_axis(entry.key, *entry.node, name, sweep.sampling.kind);
      if (sweep.sampling.kind == SamplingKind::nsga2 && axis.kind == Axis::Kind::list && axis.values.size() < 2) {
        throw InputError(axis.where,
                         fmt::format("axes.{}: nsga2 wants two values at least; one belongs into set", axis.key));
      }
      once(axis.key, axis.where);
      for (const std::string& other : axis.also) once(other, axis.where);
      sweep.axes.push_back(std::move(axis));
    }
  }
  if (sweep.axes.empty()) throw InputError(name, "axes: is missing; expected at least one key and its values");
  if (const toml::table* objectives = table("objectives")) {
    const auto is_goal = [](const toml::node& node) { return !node.is_table(); };
    for (const Entry& entry :
         leaves(*objectives, is_goal, reader, "objectives", "a figure of the reports and its goal")) {
      const auto goal = entry.node->value_exact<std::string>();
      if (!goal || (*goal != "min" && *goal != "max")) {
        reader.refuse("objectives." + entry.key, *entry.node, "\"min\" or \"max\"");
      }
      // In quotation marks a name may stand there a second time.
      if (std::ranges::find(sweep.objectives, entry.key, &Objective::name) != sweep.objectives.end()) {
        reader.refuse("objectives." + entry.key, *entry.node, "each figure once");
      }
      sweep.objectives.push_back({entry.key, *goal == "max" ? Goal::max : Goal::min, reader.where(*entry.node)});
    }
  }
  if (sweep.sampling.kind == SamplingKind::nsga2 && sweep.objectives.size() < 2) {
    throw InputError(name, "objectives: nsga2 searches a front between at least two of them");
  }
  if (const toml::node* constraints = reader.find("constraints")) {
    std::vector<std::string> texts;
    reader.texts("constraints", texts, "a list of texts, as [\"adc.bits <= 9\"]");
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string where = reader.where(*constraints->as_array()->get(i));
      try {
        sweep.constraints.push_back({Expression(texts[i]), where});
      } catch (const std::invalid_argument& error) {
        throw InputError(where,
                         fmt::format("constraints: \"{}\": {}; expected as \"adc.bits <= 9\"", texts[i], error.what()));
      }
    }
  }
  reader.refuse_others();

  if (sweep.sampling.kind == SamplingKind::grid) {
    double points = static_cast<double>(sweep.repeats);
    for (const Axis& axis : sweep.axes) points *= static_cast<double>(axis.grid().size());
    if (points > most_points) {
      throw InputError(name, fmt::format("axes: a grid of {:.0f} points; expected at most {}", points, most_points));
    }
  }
  return sweep;
}

}  // namespace rheo::sweep
