#include "platforms/run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/core/error.hpp"
#include "platforms/files.hpp"

namespace rheo {
namespace {

/// Refuses another configuration, naming the first key whose value differs.
void require_same(const std::filesystem::path& saved, const RunConfiguration& configuration) {
  RunConfiguration before = RunConfiguration::load(saved, {});
  RunConfiguration now = configuration;
  ConfigurationText a;
  ConfigurationText b;
  before.describe(a);
  now.describe(b);
  // A key of a variation stands only where it differs from the base: one of the two may have more keys.
  const auto value_in = [](const ConfigurationText& text, const std::string& key) -> std::string {
    const auto found =
        std::find_if(text.values().begin(), text.values().end(), [&](const auto& entry) { return entry.first == key; });
    return found == text.values().end() ? "not set" : found->second;
  };
  for (const ConfigurationText* text : {&a, &b}) {
    for (const auto& [key, value] : text->values()) {
      const std::string old_value = value_in(a, key);
      const std::string new_value = value_in(b, key);
      if (old_value == new_value) continue;
      throw InputError(key, fmt::format("is {} now, but {} has {}; a run is resumed with its own configuration",
                                        new_value, saved.string(), old_value));
    }
  }
}

}  // namespace

std::string resolved(const RunConfiguration& configuration) {
  RunConfiguration copy = configuration;
  ConfigurationText text;
  copy.describe(text);
  return text.str();
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  const auto status = std::filesystem::status(folder, error);
  if (error && error != std::errc::no_such_file_or_directory) {
    throw InputError("--out", folder.string() + " cannot be used: " + error.message());
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_directory(status)) {
    throw InputError("--out", folder.string() + " is a file; expected a folder that does not exist yet");
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_empty(folder)) {
    throw InputError("--out",
                     folder.string() + " exists already; --resume goes on with it, another folder starts anew");
  }
  std::filesystem::create_directories(folder, error);
  if (error) throw InputError("--out", folder.string() + " cannot be made: " + error.message());
}

std::filesystem::path prepare_run_folder(const RunConfiguration& configuration, const std::filesystem::path& out,
                                         const std::string& name, bool resume) {
  const std::filesystem::path folder = out.empty() ? numbered_folder("runs", name) : out;
  const std::filesystem::path config = folder / "config.toml";
  if (resume) {
    std::error_code error;
    if (!std::filesystem::exists(config, error)) {
      throw InputError("--resume", folder.string() + " holds no run; name its folder with --out");
    }
    require_same(config, configuration);
    return folder;
  }
  make_folder(folder);
  const FolderLock lock(folder);
  write_file(config, resolved(configuration));
  return folder;
}

}  // namespace rheo
