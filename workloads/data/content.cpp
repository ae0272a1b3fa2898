#include "workloads/data/content.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace rheo {

void Content::Close::operator()(gzFile_s* file) const { gzclose(file); }

Content::Content(const std::filesystem::path& file, std::string kind) : name_(file.string()) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) throw InputError(name_, "no such file");
  if (error) throw InputError(name_, error.message());
  if (status.type() == std::filesystem::file_type::directory) {
    throw InputError(name_, "a directory; expected " + kind);
  }
  if (status.type() != std::filesystem::file_type::regular) {
    throw InputError(name_, "not a regular file; expected " + kind);
  }
  errno = 0;
  file_.reset(gzopen(file.c_str(), "rb"));
  if (!file_) throw InputError(name_, fmt::format("cannot be opened: {}", std::strerror(errno ? errno : ENOMEM)));
}

std::size_t Content::read(std::span<std::uint8_t> bytes) {
  const int got = gzread(file_.get(), bytes.data(), static_cast<unsigned>(bytes.size()));
  int code = Z_OK;
  const std::string text = gzerror(file_.get(), &code);
  if (code == Z_BUF_ERROR) {
    ends_early_ = true;  // the compressed stream breaks off: what came before it still counts as found
  } else if (code == Z_ERRNO) {
    throw InputError(name_, fmt::format("cannot be read: {}", std::strerror(errno)));
  } else if (got < 0 || code != Z_OK) {
    throw InputError(name_, fmt::format("damaged gzip data after {} bytes of content ({})", check_.bytes, text));
  }
  const std::size_t count = got > 0 ? static_cast<std::size_t>(got) : 0;
  check_.bytes += count;
  check_.crc32 = static_cast<std::uint32_t>(::crc32(check_.crc32, bytes.data(), static_cast<unsigned>(count)));
  return count;
}

void Content::too_short(std::uint64_t expected) const {
  throw InputError(name_, fmt::format("truncated{}: {} bytes found; expected {}", ends_early_ ? " gzip stream" : "",
                                      check_.bytes, expected));
}

}  // namespace rheo
