#include "models/core/toml_file.hpp"

#include <fmt/format.h>

#include <fstream>

#include "models/core/error.hpp"

namespace rheo {

std::string read_file(const std::filesystem::path& file, const std::string& where, std::string_view expected) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (error && error != std::errc::no_such_file_or_directory)
    throw InputError(where, "cannot be read: " + error.message());
  if (!std::filesystem::exists(status)) throw InputError(where, "no such file");
  if (std::filesystem::is_directory(status))
    throw InputError(where, fmt::format("is a directory; expected {}", expected));
  std::ifstream in(file, std::ios::binary);
  std::string text;
  for (char buffer[4096]; in.read(buffer, sizeof buffer) || in.gcount() > 0;) {
    text.append(buffer, static_cast<std::size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad()) throw InputError(file.string(), "cannot be read");
  return text;
}

toml::table parse_toml(std::string_view text, const std::string& name) {
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    throw InputError(fmt::format("{}:{}:{}", name, at.line, at.column),
                     fmt::format("not valid TOML: {}", error.description()));
  }
}

std::string toml_number(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

}  // namespace rheo
