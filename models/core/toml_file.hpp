#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace rheo {

/// The content of a file. Errors name `where`, what asked for it, and say that `expected` is. Throws InputError.
[[nodiscard]] std::string read_file(const std::filesystem::path& file, const std::string& where,
                                    std::string_view expected);

/// The table that a text is; `name` stands for it in errors, with line and column. Throws InputError.
[[nodiscard]] toml::table parse_toml(std::string_view text, const std::string& name);

/// A number that TOML reads back as a floating-point number, to the same bits.
[[nodiscard]] std::string toml_number(double value);

}  // namespace rheo
