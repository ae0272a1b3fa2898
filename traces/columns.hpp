#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/core/hdf5.hpp"

namespace rheo::traces {

/// Rows of a chunk of a column: of one that grows by the command, and of one that grows by the program.
inline constexpr hsize_t long_chunk = 8192;
inline constexpr hsize_t short_chunk = 64;

/// How a column lies on the disk.
enum class Storage : std::uint8_t {
  compressed,  ///< shuffle and gzip 1; written a whole chunk at a time
  plain,       ///< with a checksum
};

/// Creates an empty column that can grow.
template <class T>
void create_column(hid_t parent, const std::string& name, Storage storage) {
  const bool compressed = storage == Storage::compressed;
  const hsize_t chunk = compressed ? long_chunk : short_chunk;
  const hsize_t none = 0;
  const hsize_t unlimited = H5S_UNLIMITED;
  const hdf5::Handle space(H5Screate_simple(1, &none, &unlimited), H5Sclose);
  const hdf5::Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  hdf5::check(H5Pset_obj_track_times(creation.get(), false));
  hdf5::check(H5Pset_chunk(creation.get(), 1, &chunk));
  if (compressed) {
    hdf5::check(H5Pset_shuffle(creation.get()));
    hdf5::check(H5Pset_deflate(creation.get(), 1));
  } else {
    hdf5::check(H5Pset_fletcher32(creation.get()));
  }
  const hdf5::Handle set(
      H5Dcreate2(parent, name.c_str(), hdf5::type_of<T>(), space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
      H5Dclose);
}

/// Appends to a column. Rows wait until a chunk is full, or for flush().
template <class T>
class ColumnWriter {
 public:
  ColumnWriter(hid_t file, const std::string& path, Storage storage)
      : set_(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose),
        chunk_(storage == Storage::plain ? short_chunk : long_chunk) {
    waiting_.reserve(chunk_);
  }

  void add(T value) {
    waiting_.push_back(value);
    if ((written_ + waiting_.size()) % chunk_ == 0) flush();
  }
  void add(std::span<const char> values) {
    for (const char value : values) add(static_cast<T>(value));
  }
  /// So that readers find what was added. A part of a chunk is written again when the rest of it is there.
  void flush() {
    if (waiting_.empty()) return;
    const hsize_t count = waiting_.size();
    const hsize_t rows = written_ + count;
    hdf5::check(H5Dset_extent(set_.get(), &rows));
    const hdf5::Handle in_file(H5Dget_space(set_.get()), H5Sclose);
    hdf5::check(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, &written_, nullptr, &count, nullptr));
    const hdf5::Handle in_memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
    hdf5::check(H5Dwrite(set_.get(), hdf5::type_of<T>(), in_memory.get(), in_file.get(), H5P_DEFAULT, waiting_.data()));
    hdf5::check(H5Dflush(set_.get()));
    written_ = rows;
    waiting_.clear();
  }

 private:
  hdf5::Handle set_;
  std::size_t chunk_;
  hsize_t written_ = 0;
  std::vector<T> waiting_;
};

/// Reads a column from its first row on, in pieces.
template <class T>
class ColumnReader {
 public:
  ColumnReader(hid_t file, const std::string& path) : set_(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose) {
    const hdf5::Handle space(H5Dget_space(set_.get()), H5Sclose);
    const hssize_t rows = H5Sget_simple_extent_npoints(space.get());
    if (rows < 0 || H5Sget_simple_extent_ndims(space.get()) != 1) throw std::runtime_error("HDF5 refused");
    rows_ = static_cast<hsize_t>(rows);
  }

  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  [[nodiscard]] bool at_end() const noexcept { return next_ == piece_.size() && first_ + piece_.size() == rows_; }
  /// The next row; std::runtime_error behind the last.
  [[nodiscard]] T peek() {
    if (next_ == piece_.size()) load();
    return piece_[next_];
  }
  T take() {
    const T value = peek();
    ++next_;
    return value;
  }
  /// The next rows, as many as fit.
  void take(std::span<T> rows) {
    while (!rows.empty()) {
      if (next_ == piece_.size()) load();
      const std::size_t count = std::min(rows.size(), piece_.size() - next_);
      std::copy_n(piece_.begin() + static_cast<std::ptrdiff_t>(next_), count, rows.begin());
      next_ += count;
      rows = rows.subspan(count);
    }
  }
  [[nodiscard]] std::vector<T> take_all() {
    std::vector<T> all;
    while (!at_end()) all.push_back(take());
    return all;
  }

 private:
  static constexpr hsize_t most = 4 * long_chunk;

  void load() {
    first_ += piece_.size();
    const hsize_t count = std::min(most, rows_ - first_);
    if (count == 0) throw std::runtime_error("a column ends too early");
    piece_.resize(count);
    const hdf5::Handle in_file(H5Dget_space(set_.get()), H5Sclose);
    hdf5::check(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, &first_, nullptr, &count, nullptr));
    const hdf5::Handle in_memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
    hdf5::check(H5Dread(set_.get(), hdf5::type_of<T>(), in_memory.get(), in_file.get(), H5P_DEFAULT, piece_.data()));
    next_ = 0;
  }

  hdf5::Handle set_;
  hsize_t rows_ = 0;
  hsize_t first_ = 0;  ///< row of the file where the piece begins
  std::vector<T> piece_;
  std::size_t next_ = 0;  ///< in the piece
};

}  // namespace rheo::traces
