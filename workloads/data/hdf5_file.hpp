#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/error.hpp"

namespace rheo {

/// An HDF5 file that is put together in memory: what the disk refuses cannot leave half a file. A path is
/// "group/.../name"; groups appear as they are named. Numbers: float, double, std::int32_t, std::uint8_t,
/// std::uint32_t, std::uint64_t. Throws SimulationError when HDF5 refuses.
class Hdf5Image {
 public:
  Hdf5Image();
  ~Hdf5Image();
  Hdf5Image(const Hdf5Image&) = delete;
  Hdf5Image& operator=(const Hdf5Image&) = delete;

  /// `shape` empty: one dimension.
  template <class Number>
  void write(const std::string& path, std::span<const Number> values, std::vector<std::uint64_t> shape = {});
  template <class Number>
  void write(const std::string& path, const std::vector<Number>& values, std::vector<std::uint64_t> shape = {}) {
    write(path, std::span<const Number>(values), std::move(shape));
  }
  /// As bytes.
  void write_text(const std::string& path, std::string_view text);

  /// The file, with the CRC-32 of everything written, in order, as "crc32".
  [[nodiscard]] std::string bytes();

 private:
  std::int64_t file_;
  unsigned long crc_ = 0;
};

/// An HDF5 file to read. Throws InputError "FILE: what is wrong".
class Hdf5File {
 public:
  /// `kind` says what the file should be ("a trained network"), for errors.
  Hdf5File(const std::filesystem::path& file, std::string kind);
  ~Hdf5File();
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  [[nodiscard]] bool has(const std::string& path) const;
  [[nodiscard]] std::vector<std::uint64_t> shape(const std::string& path) const;
  /// All values, converted to this kind of number.
  template <class Number>
  [[nodiscard]] std::vector<Number> read(const std::string& path);
  /// `count` of the outermost dimension from `first` on.
  template <class Number>
  [[nodiscard]] std::vector<Number> read_part(const std::string& path, std::uint64_t first, std::uint64_t count);
  [[nodiscard]] std::string read_text(const std::string& path);

  /// After reading everything in the order of writing: the content is that of Hdf5Image::bytes().
  void require_crc();

  [[noreturn]] void refuse(const std::string& fault) const;

 private:
  std::string name_, kind_;
  std::int64_t file_;
  unsigned long crc_ = 0;
};

}  // namespace rheo
