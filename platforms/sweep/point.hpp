#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "platforms/sweep/sweep_file.hpp"

namespace rheo::sweep {

/// Who reads a point's configuration.
enum class Platform : std::uint8_t { training_chip, evaluated_chip, stream };

/// Of a task with a configuration file and the words laid over it. Throws InputError.
[[nodiscard]] Platform platform_of(Task task, const std::filesystem::path& file, const std::vector<std::string>& set);

/// The resolved configuration of one point, whatever its platform.
struct PointConfiguration {
  std::vector<std::pair<std::string, std::string>> values;  ///< each key with its value as TOML, in order
  std::int64_t seed = 0;
  std::map<std::string, double> numbers;  ///< keys with their values; flags are 0 and 1; texts and lists are left out
  std::vector<std::string> keys;          ///< all

  /// As TOML, a dotted key a line.
  [[nodiscard]] std::string text() const;
  /// Of all keys with their values: 32 hexadecimal digits (XXH3).
  [[nodiscard]] std::string hash() const;
  /// The same with another seed, which decides nothing else of a configuration.
  void set_seed(std::int64_t other);
};

/// Reads what the task reads from the file with the words laid over it. Throws InputError as the task itself would
/// when it starts, as far as that needs neither data nor weights. `numbers`: fill in numbers and keys, too.
[[nodiscard]] PointConfiguration resolve(Platform platform, const std::filesystem::path& file,
                                         const std::vector<std::string>& set, bool numbers);

/// Of what all points share: the base configuration and, where they evaluate, the weights. Throws InputError.
[[nodiscard]] std::string base_hash(const SweepFile& sweep);

}  // namespace rheo::sweep
