#include "platforms/sweep/point.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "models/core/suggest.hpp"
#include "platforms/evaluation.hpp"
#include "platforms/stream_fpga/stream_configuration.hpp"

namespace rheo::sweep {
namespace {

/// Takes down every key, and the values that are numbers.
class Numbers : public Parameters {
 public:
  using Parameters::choice;
  explicit Numbers(PointConfiguration& point) : point_(point) {}

  void integer(std::string_view key, std::int64_t& value, Range<std::int64_t> /*range*/,
               std::string_view /*description*/) override {
    number_at(key, static_cast<double>(value));
  }
  void number(std::string_view key, double& value, Range<double> /*range*/, std::string_view /*description*/) override {
    number_at(key, value);
  }
  void quantity(std::string_view key, double& value, Dimension /*dimension*/, Range<double> /*range*/,
                std::string_view /*description*/) override {
    number_at(key, value);
  }
  void numbers(std::string_view key, std::vector<double>& /*values*/, std::size_t /*fewest*/, Range<double> /*range*/,
               std::string_view /*description*/) override {
    point_.keys.push_back(path_ + std::string(key));
  }
  void flag(std::string_view key, bool& value, std::string_view /*description*/) override {
    number_at(key, value ? 1 : 0);
  }
  void text(std::string_view key, std::string& /*value*/, std::string_view /*description*/) override {
    point_.keys.push_back(path_ + std::string(key));
  }
  void choice(std::string_view key, std::string& /*value*/, std::span<const std::string> /*allowed*/,
              std::string_view /*description*/) override {
    point_.keys.push_back(path_ + std::string(key));
  }
  void begin_section(std::string_view key, std::string_view /*description*/) override {
    outer_.push_back(path_);
    path_ += std::string(key) + ".";
  }
  void end_section() override {
    path_ = outer_.back();
    outer_.pop_back();
  }

 private:
  void number_at(std::string_view key, double value) {
    point_.keys.push_back(path_ + std::string(key));
    point_.numbers[point_.keys.back()] = value;
  }

  PointConfiguration& point_;
  std::string path_;
  std::vector<std::string> outer_;
};

std::string hash_of(const std::string& text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

template <class... Structs>
PointConfiguration described(Structs&... parts) {
  PointConfiguration point;
  Numbers numbers(point);
  (parts.describe(numbers), ...);
  std::string values;
  const auto add = [&](auto& part) {
    ConfigurationText text;
    part.describe(text);
    point.text += text.str();
    for (const auto& [key, value] : text.values()) values += key + "=" + value + "\n";
  };
  (add(parts), ...);
  point.hash = hash_of(values);
  return point;
}

constexpr std::array<std::string_view, 10> sections{"accuracy", "time",       "energy",      "memory", "area",
                                                    "actions",  "evaluation", "preparation", "attack", "stream"};

}  // namespace

PointConfiguration resolve(Task task, const std::filesystem::path& file, const std::vector<std::string>& set) {
  if (task == Task::evaluate) {
    EvaluationConfiguration configuration = EvaluationConfiguration::load(file, set);
    return described(configuration.run, configuration);
  }
  if (names_streaming_platform(file, set)) {
    StreamConfiguration configuration = StreamConfiguration::load(file, set);
    return described(configuration);
  }
  RunConfiguration configuration = RunConfiguration::load(file, set);
  return described(configuration);
}

std::string base_hash(const SweepFile& sweep) {
  std::string hash = resolve(sweep.task, sweep.config, sweep.set).hash;
  if (sweep.task == Task::evaluate) {
    std::ifstream in(sweep.weights, std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    hash += hash_of(bytes.str());
  }
  return hash;
}

double figure(const nlohmann::json& report, const std::string& path) {
  const nlohmann::json* node = &report;
  std::string rest = path;
  while (true) {
    if (node->is_number() && rest.empty()) return node->get<double>();
    if (!node->is_object()) throw std::out_of_range(fmt::format("the report has no number {}", path));
    // A key may hold dots itself, as actions do: the longest that fits.
    std::string key = rest;
    while (!key.empty() && !node->contains(key)) {
      const std::size_t dot = key.rfind('.');
      key = dot == std::string::npos ? "" : key.substr(0, dot);
    }
    if (key.empty()) {
      std::vector<std::string> there;
      for (const auto& [name, unused] : node->items()) there.push_back(name);
      throw std::out_of_range(fmt::format("the report has no number {}; there are {}", path, fmt::join(there, ", ")));
    }
    node = &(*node)[key];
    rest = rest.size() == key.size() ? "" : rest.substr(key.size() + 1);
  }
}

bool names_figure(const std::string& name) {
  const std::string first = name.substr(0, name.find('.'));
  return first != name && std::ranges::find(sections, first) != sections.end();
}

}  // namespace rheo::sweep
