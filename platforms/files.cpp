#include "platforms/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "models/core/error.hpp"

namespace rheo {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file) {
  throw SimulationError(file.string() + ": cannot be written: " + std::strerror(errno));
}

}  // namespace

std::filesystem::path share_folder() {
  const char* folder = std::getenv("RHEO_SHARE");
  return folder != nullptr ? std::filesystem::path(folder) : std::filesystem::path(RHEO_SOURCE_FOLDER);
}

void write_file(const std::filesystem::path& name, std::string_view contents) {
  // What a link points to is replaced, not the link; a device or a pipe must not be replaced by a file.
  std::error_code error;
  const bool link = std::filesystem::is_symlink(name, error);
  const std::filesystem::path file = link ? std::filesystem::weakly_canonical(name, error) : name;
  if (link && error) throw SimulationError(name.string() + ": cannot be written: " + error.message());
  if (const auto status = std::filesystem::status(file, error);
      std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw SimulationError(name.string() + ": cannot be written: not a regular file");
  }
  std::filesystem::path temporary = file;
  temporary += ".partial";
  const auto refuse = [&] {
    const int reason = errno;
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    errno = reason;
    fail(file);
  };
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) refuse();
  bool written = true;
  while (written && !contents.empty()) {
    const ssize_t count = ::write(descriptor, contents.data(), contents.size());
    if (count < 0 && errno == EINTR) continue;
    written = count >= 0;
    if (written) contents.remove_prefix(static_cast<std::size_t>(count));
  }
  written = written && ::fsync(descriptor) == 0;
  if (!written) {
    const int reason = errno;
    ::close(descriptor);
    errno = reason;
    refuse();
  }
  if (::close(descriptor) != 0) refuse();
  if (std::rename(temporary.c_str(), file.c_str()) != 0) refuse();
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) fail(folder);
  const bool synced = ::fsync(directory) == 0;
  ::close(directory);
  if (!synced) fail(folder);
}

void require_place(const std::string& option, const std::filesystem::path& file) {
  if (file.empty()) return;
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    throw InputError(option, file.string() + " is a folder; expected the name of a file");
  }
  if (std::filesystem::exists(file, error) && !std::filesystem::is_regular_file(file, error)) {
    throw InputError(option, file.string() + " is a device or a pipe; expected the name of a file");
  }
  if (file.has_parent_path() && !std::filesystem::is_directory(file.parent_path(), error)) {
    throw InputError(option, file.string() + ": its folder does not exist");
  }
}

std::filesystem::path numbered_folder(const std::filesystem::path& parent, const std::string& name) {
  for (int number = 1;; ++number) {
    std::filesystem::path folder = parent / fmt::format("{}-{}", name, number);
    if (!std::filesystem::exists(folder)) return folder;
  }
}

FolderLock::FolderLock(const std::filesystem::path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw InputError("--out", folder.string() + " cannot be opened: " + std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    throw InputError("--out", folder.string() + " belongs to a run that is going on");
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace rheo
