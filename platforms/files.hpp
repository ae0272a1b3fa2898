#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace rheo {

/// Folder of the files that come with Rheo: $RHEO_SHARE, or the source tree it was built from.
[[nodiscard]] std::filesystem::path share_folder();

/// Writes the file as a whole or not at all: a temporary name in the same folder, fsync, rename.
/// Throws SimulationError when the disk refuses.
void write_file(const std::filesystem::path& file, std::string_view contents);

/// Throws InputError, naming the option, when `file` could not be written: before the work. An empty name is none.
void require_place(const std::string& option, const std::filesystem::path& file);

/// PARENT/NAME-1, or the first number that does not exist.
[[nodiscard]] std::filesystem::path numbered_folder(const std::filesystem::path& parent, const std::string& name);

/// Holds a run's folder for this process. Throws InputError when another process holds it.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace rheo
