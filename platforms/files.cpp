#include "platforms/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "models/core/error.hpp"

namespace rheo {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file) {
  throw SimulationError(file.string() + ": cannot be written: " + std::strerror(errno));
}

void sync(const std::filesystem::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags);
  if (descriptor < 0) fail(path);
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!synced) fail(path);
}

}  // namespace

void publish_file(const std::filesystem::path& temporary, const std::filesystem::path& file) {
  sync(temporary, O_RDONLY);
  if (std::rename(temporary.c_str(), file.c_str()) != 0) fail(file);
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  sync(folder, O_RDONLY | O_DIRECTORY);
}

void write_file(const std::filesystem::path& file, std::string_view contents) {
  std::filesystem::path temporary = file;
  temporary += ".partial";
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (descriptor < 0) fail(temporary);
  while (!contents.empty()) {
    const ssize_t written = ::write(descriptor, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      ::close(descriptor);
      std::filesystem::remove(temporary);
      fail(temporary);
    }
    contents.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(descriptor);
  publish_file(temporary, file);
}

}  // namespace rheo
