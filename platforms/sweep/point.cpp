#include "platforms/sweep/point.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <fstream>
#include <sstream>

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
PointConfiguration described(bool with_numbers, std::int64_t seed, Structs&... parts) {
  PointConfiguration point;
  point.seed = seed;
  if (with_numbers) {
    Numbers numbers(point);
    (parts.describe(numbers), ...);
  }
  const auto add = [&](auto& part) {
    ConfigurationText text;
    part.describe(text);
    point.values.insert(point.values.end(), text.values().begin(), text.values().end());
  };
  (add(parts), ...);
  return point;
}

}  // namespace

std::string PointConfiguration::text() const {
  std::string text;
  for (const auto& [key, value] : values) text += key + " = " + value + "\n";
  return text;
}

std::string PointConfiguration::hash() const {
  std::string text;
  for (const auto& [key, value] : values) text += key + "=" + value + "\n";
  return hash_of(text);
}

void PointConfiguration::set_seed(std::int64_t other) {
  seed = other;
  for (auto& [key, value] : values) {
    if (key == "seed") value = std::to_string(other);
  }
  if (const auto found = numbers.find("seed"); found != numbers.end()) found->second = static_cast<double>(other);
}

Platform platform_of(Task task, const std::filesystem::path& file, const std::vector<std::string>& set) {
  if (task == Task::evaluate) return Platform::evaluated_chip;
  return names_streaming_platform(file, set) ? Platform::stream : Platform::training_chip;
}

PointConfiguration resolve(Platform platform, const std::filesystem::path& file, const std::vector<std::string>& set,
                           bool numbers) {
  switch (platform) {
    case Platform::evaluated_chip: {
      EvaluationConfiguration configuration = EvaluationConfiguration::load(file, set);
      return described(numbers, configuration.run.seed, configuration.run, configuration);
    }
    case Platform::stream: {
      StreamConfiguration configuration = StreamConfiguration::load(file, set);
      return described(numbers, configuration.seed, configuration);
    }
    case Platform::training_chip:
      break;
  }
  RunConfiguration configuration = RunConfiguration::load(file, set);
  return described(numbers, configuration.seed, configuration);
}

std::string base_hash(const SweepFile& sweep) {
  const Platform platform = platform_of(sweep.task, sweep.config, sweep.set);
  std::string hash = resolve(platform, sweep.config, sweep.set, false).hash();
  if (sweep.task == Task::evaluate) {
    std::ifstream in(sweep.weights, std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    hash += hash_of(bytes.str());
  }
  return hash;
}

}  // namespace rheo::sweep
