#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "models/core/error.hpp"

struct gzFile_s;

namespace rheo {

/// Length and CRC-32 (zlib's) of a file's content after decompression: tells a published file from another.
/// It guards against damage and mix-ups, not against forgery.
struct ContentCheck {
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;
  bool operator==(const ContentCheck&) const = default;
};

/// The content of a file, plain or gzip-compressed (recognised by content, not by name), read from front to back with
/// its running length and CRC. As with gzip itself, bytes that follow a compressed stream and do not start another one
/// are ignored.
class Content {
 public:
  /// `kind` says what the file should be ("an IDX file"), for errors. Throws InputError "FILE: what is wrong; what is
  /// expected": missing, not a regular file, unreadable.
  Content(const std::filesystem::path& file, std::string kind);

  /// Fills `bytes` as far as the content reaches; returns how many it got. Throws InputError on damage.
  std::size_t read(std::span<std::uint8_t> bytes);

  [[noreturn]] void too_short(std::uint64_t expected) const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Whether the compressed stream broke off.
  [[nodiscard]] bool ends_early() const noexcept { return ends_early_; }
  [[nodiscard]] const ContentCheck& check() const noexcept { return check_; }

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };

  std::string name_;
  std::unique_ptr<gzFile_s, Close> file_;
  ContentCheck check_;
  bool ends_early_ = false;
};

}  // namespace rheo
