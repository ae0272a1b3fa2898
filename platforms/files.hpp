#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace rheo {

/// Writes the file as a whole or not at all: a temporary name in the same folder, fsync, rename.
/// Throws SimulationError when the disk refuses.
void write_file(const std::filesystem::path& file, std::string_view contents);

/// Makes a finished temporary file durable and gives it its name.
void publish_file(const std::filesystem::path& temporary, const std::filesystem::path& file);

}  // namespace rheo
